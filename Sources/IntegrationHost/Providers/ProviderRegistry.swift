// All providers of this installation, by id. Checks the operator's settings against the manifests.

import ProviderSDK

/// The providers.
struct ProviderRegistry: Sendable {
    /// In the order of their ids.
    let providers: [ConfiguredProvider]
    private let byID: [String: Int]

    /// The providers of `plugins` with their settings.
    ///
    /// - Throws: ``ConfigurationError`` for a setting that no manifest knows.
    init(_ plugins: [LoadedPlugin], configuration: Configuration) throws(ConfigurationError) {
        var providers: [ConfiguredProvider] = []
        for plugin in plugins {
            let manifest = plugin.provider.manifest
            let settings = try Self.resolved(configuration.providers[manifest.id] ?? .init(), for: manifest)
            providers.append(ConfiguredProvider(plugin, configuration: settings))
        }
        self.providers = providers.sorted { $0.id < $1.id }
        byID = Dictionary(uniqueKeysWithValues: self.providers.enumerated().map { ($1.id, $0) })
    }

    /// The provider `id`; nil when there is none.
    subscript(id: String) -> ConfiguredProvider? { byID[id].map { providers[$0] } }

    /// The settings with their keys spelled as the manifest spells them.
    private static func resolved(
        _ configuration: ProviderConfiguration, for manifest: ProviderManifest
    ) throws(ConfigurationError) -> ProviderConfiguration {
        var resolved = configuration
        resolved.settings = [:]
        for (key, setting) in configuration.settings {
            // Environment variables come in lower case.
            guard let known = manifest.settings.first(where: { $0.key == key || $0.key.lowercased() == key }) else {
                let names = manifest.settings.map(\.key).sorted().joined(separator: ", ")
                throw ConfigurationError(
                    place: setting.place,
                    problem: "\(manifest.name) has no setting “\(key)”: "
                        + (names.isEmpty ? "remove it" : "besides the common ones there are \(names)"))
            }
            resolved.settings[known.key] = setting
        }
        for (variant, settings) in configuration.variants {
            guard manifest.variants.contains(where: { $0.id == variant }) else {
                throw ConfigurationError(
                    place: "providers.\(manifest.id).variants",
                    problem: "\(manifest.name) has no variant “\(variant)”: remove it")
            }
            if let stray = settings.settings.first {
                throw ConfigurationError(
                    place: stray.value.place, problem: "a variant has no setting “\(stray.key)”: remove it")
            }
        }
        return resolved
    }
}
