// `integration-host providers`: lists the plugins found in the plugin folders, and the refused ones with the reason.

import Configuration
import Observability
import PluginLoading
import Processes
import ProviderSDK
import Providers
import Sessions

enum ProvidersCommand {
    static func run(_ arguments: Arguments) throws {
        let configuration = try Configuration.load(arguments)
        let loader = try PluginFolders.load(configuration)
        let registry = try ProviderRegistry(
            loader.plugins, rejections: loader.rejections, configuration: configuration)
        for warning in registry.warnings {
            Log(level: .warning).warning("Settings are not used.", ["reason": .text(warning)])
        }
        // `serve` accepts every configuration that this command accepts.
        try configuration.placing { () throws(ConfigurationError) in
            try SessionSchemes.check(configuration.sessions, allowsPlainHTTP: configuration.allowPrivateAddresses)
        }
        if arguments.has("--json") {
            StandardOutput.line(json(registry, loader.rejections))
        } else {
            StandardOutput.line(text(registry, loader.rejections))
        }
    }

    private static func text(_ registry: ProviderRegistry, _ rejections: [PluginRejection]) -> String {
        var lines = registry.providers.map { provider in
            let types = provider.manifest.dataTypes.map(\.name).joined(separator: ", ")
            let state = provider.isAvailable ? "available" : "not configured"
            let facts = provider.manifest.facts.map { "\n    " + $0.lines.joined(separator: "\n    ") } ?? ""
            return
                "\(provider.id)  \(provider.manifest.name) \(provider.manifest.version)  \(state)  [\(types)]  \(provider.path)"
                + facts
        }
        if lines.isEmpty { lines.append("No provider was found.") }
        lines += rejections.map { "refused  \($0)" }
        return lines.joined(separator: "\n")
    }

    private static func json(_ registry: ProviderRegistry, _ rejections: [PluginRejection]) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("providers")
            writer.array { writer in
                for provider in registry.providers {
                    writer.object { writer in
                        writer.member("id", provider.id)
                        writer.member("name", provider.manifest.name)
                        writer.member("version", provider.manifest.version)
                        writer.member("isAvailable", provider.isAvailable)
                        writer.key("dataTypes")
                        writer.array { writer in
                            for type in provider.manifest.dataTypes { dataType(type, to: &writer) }
                        }
                        writer.member("alwaysRequestedScopes", provider.manifest.scopes.always)
                        writer.member("variants", provider.manifest.variants.map(\.id))
                        writer.member("path", provider.path)
                        if let facts = provider.manifest.facts { Self.facts(facts, to: &writer) }
                    }
                }
            }
            writer.key("refused")
            writer.array { writer in
                for rejection in rejections {
                    writer.object { writer in
                        writer.member("path", rejection.path)
                        writer.member("reason", rejection.description)
                    }
                }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// The sources of what a plugin says about its provider.
    private static func facts(_ facts: ProviderFacts, to writer: inout JSONWriter) {
        writer.key("facts")
        writer.object { writer in
            writer.member("verified", facts.verified.rawValue)
            writer.member("date", facts.date)
            writer.member("sources", facts.sources)
            writer.key("unverified")
            writer.array { writer in
                for fact in facts.unverified {
                    writer.object { writer in
                        writer.member("place", fact.place)
                        writer.member("note", fact.note)
                    }
                }
            }
        }
    }

    /// A data type with the provider's scopes that it needs, and the scopes that allow more of it to be read.
    private static func dataType(_ type: DataType, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("name", type.name)
            writer.member("neededScopes", type.scopes)
            writer.member("optionalScopes", type.optionalScopes)
        }
    }
}
