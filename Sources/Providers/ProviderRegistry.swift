// All providers of this installation, by id. The operator's settings are checked against their manifests.

package import Configuration
import Primitives
import ProviderSDK
import Synchronization

/// The providers of this installation.
package struct ProviderRegistry: Sendable {
    /// The providers in the order of their ids, with the settings that count now.
    package var providers: [ConfiguredProvider] { current.all }
    private let current: CurrentProviders
    /// Warnings, one sentence each, about unused settings whose plugin may be a refused one.
    package let warnings: [String]
    /// The plugins that were refused.
    package let rejections: [PluginRejection]
    private let byID: [String: Int]

    /// Creates the providers of `plugins` with their settings.
    ///
    /// - Parameter rejections: the refused plugins; settings for them are not a configuration mistake.
    /// - Throws: ``ConfigurationError`` for a setting that no manifest knows, or a value that the setting cannot have.
    package init(
        _ plugins: [LoadedPlugin], rejections: [PluginRejection] = [], configuration: Configuration
    ) throws(ConfigurationError) {
        var providers: [ConfiguredProvider] = []
        for plugin in plugins {
            let settings = try ProviderSettings(plugin.provider.manifest, configuration).resolved()
            providers.append(ConfiguredProvider(plugin, configuration: settings))
        }
        self.rejections = rejections
        let sorted = providers.sorted { $0.id < $1.id }
        current = CurrentProviders(sorted)
        byID = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1.id, $0) })
        warnings = try Self.unused(rejections, byID.keys.sorted(), configuration)
    }

    /// The provider `id`; nil when there is none.
    package subscript(id: String) -> ConfiguredProvider? { byID[id].map { current[$0] } }

    /// Returns the same providers with the settings of another configuration.
    package func reconfigured(_ configuration: Configuration) throws(ConfigurationError) -> ProviderRegistry {
        try ProviderRegistry(
            providers.map { LoadedPlugin(provider: $0.provider, path: $0.path, digest: $0.digest) },
            rejections: rejections, configuration: configuration)
    }

    /// Takes over the settings of `other`, which ``reconfigured(_:)`` has made of this registry, for all its copies.
    ///
    /// What has begun with a provider ends with the settings that it began with.
    package func adopt(_ other: ProviderRegistry) { current.set(other.providers) }

    /// Returns warnings for settings of missing providers.
    ///
    /// Throws unless their plugin may be among the refused ones.
    private static func unused(
        _ rejections: [PluginRejection], _ known: [String], _ configuration: Configuration
    ) throws(ConfigurationError) -> [String] {
        var warnings: [String] = []
        for (id, settings) in configuration.providers.sorted(by: { $0.key < $1.key })
        where !known.contains(id) && !settings.isOptional {
            guard rejections.contains(where: { $0.providerID == nil || $0.providerID == id }) else {
                let names = known.isEmpty ? "no plugin was found" : "there are \(known.joined(separator: ", "))"
                let question = NearestName.question(id, in: known)
                throw configuration.error(
                    ["providers", id],
                    "there is no provider “\(id)”\(question.isEmpty ? ": \(names); correct the id, or remove it" : question)"
                )
            }
            warnings.append(
                "\(configuration.places.place(of: ["providers", id])): the settings of “\(id)” are not used: "
                    + "no plugin for it was loaded, and some were refused."
            )
        }
        return warnings
    }
}

/// The providers of a registry, whose settings may change while they are in use.
private final class CurrentProviders: Sendable {
    private let providers: Mutex<[ConfiguredProvider]>

    init(_ providers: [ConfiguredProvider]) { self.providers = Mutex(providers) }

    var all: [ConfiguredProvider] { providers.withLock { $0 } }

    subscript(index: Int) -> ConfiguredProvider { providers.withLock { $0[index] } }

    func set(_ changed: [ConfiguredProvider]) { providers.withLock { $0 = changed } }
}
