// Describes a plugin and its conformance problems to the operator. Reads the manifest and nothing else.

import ProviderSDK
package import Providers

/// A report on one plugin.
package struct PluginReport {
    package let plugin: LoadedPlugin
    /// The conformance checks that this plugin fails, one sentence each.
    package let problems: [String]

    package init(_ plugin: LoadedPlugin) {
        self.plugin = plugin
        problems = ProviderConformance(plugin.provider).problems()
    }

    package var text: String {
        let manifest = plugin.provider.manifest
        var lines: [(name: String, value: String)] = []
        func line(_ name: String, _ values: [String], separator: String = "\n") {
            lines.append((name, values.filter { !$0.isEmpty }.joined(separator: separator)))
        }
        line("plugin", ["\(manifest.name) \(manifest.version) (\(manifest.id))"])
        line("file", [plugin.path])
        line("what for", [manifest.category, manifest.description], separator: ": ")
        line("connected", [connected(manifest.auth)])
        line("endpoints", manifest.endpoints.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })
        line("variants", manifest.variants.map { "\($0.id) (\($0.name))" }, separator: ", ")
        line("settings", manifest.operatorSettings.map { setting($0, manifest) })
        line("data types", manifest.dataTypes.map(dataType))
        line("rate limits", manifest.rateLimits.map(rateLimit))
        line("actions", manifest.actions.map(\.name), separator: ", ")
        line("webhooks", manifest.webhooks.map { ["signed, in \($0.header)"] } ?? [])
        if let facts = manifest.facts { line("facts", facts.lines) }
        line("verdict", problems.isEmpty ? ["conformance checks passed"] : problems)
        return lines.filter { !$0.value.isEmpty }.map { name, value in
            let margin = String(repeating: " ", count: 13)
            return name + margin.dropFirst(name.utf8.count) + value.replacing("\n", with: "\n" + margin)
        }.joined(separator: "\n")
    }

    private func connected(_ auth: AuthKind) -> String {
        switch auth {
        case .oauth2(let oauth): "with OAuth 2.0, \(oauth.pkce == .s256 ? "with" : "without") PKCE"
        case .apiKey(let key):
            "with a key, sent in \((key.send.headers + key.send.query).map(\.name).joined(separator: ", "))"
        case .accountID: "with an account id"
        case .linkToken: "with a token of the provider's bot"
        case .none: "without a credential"
        @unknown default: "in a way this host does not know"
        }
    }

    private func setting(_ setting: ProviderSetting, _ manifest: ProviderManifest) -> String {
        var kind = "text"
        if case .integer(let range) = manifest.kind(of: setting) {
            kind = "integer \(range.lowerBound) to \(range.upperBound)"
        }
        var notes = [kind]
        if setting.isSecret { notes.append("secret") }
        if setting.isRequired { notes.append("required") }
        if let value = setting.defaultValue { notes.append("default \(value)") }
        return "\(setting.key) (\(notes.joined(separator: ", "))): \(setting.description)"
    }

    private func dataType(_ type: DataType) -> String {
        let scopes = type.scopes.isEmpty ? "" : "; needs \(type.scopes.joined(separator: ", "))"
        let changes = type.incremental == nil ? "all records each time" : "changes only, after the first time"
        return "\(type.name): \(type.mapping.fields.map(\.name).joined(separator: ", "))\n  reads \(changes)\(scopes)"
    }

    private func rateLimit(_ limit: RateLimit) -> String {
        let who = limit.scope == .account ? "for each account" : "for all connections"
        let seconds = limit.interval.components.seconds
        return "\(limit.requests) requests in \(seconds) s \(who)" + (limit.name.map { ", “\($0)” only" } ?? "")
    }
}
