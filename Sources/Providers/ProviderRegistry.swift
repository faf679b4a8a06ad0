// All providers of this installation, by id. The operator's settings are checked against their manifests.

package import Configuration
import Primitives
import ProviderSDK

/// The providers of this installation.
package struct ProviderRegistry: Sendable {
    /// The providers in the order of their ids.
    package let providers: [ConfiguredProvider]
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
        self.providers = providers.sorted { $0.id < $1.id }
        byID = Dictionary(uniqueKeysWithValues: self.providers.enumerated().map { ($1.id, $0) })
        warnings = try Self.unused(rejections, byID.keys.sorted(), configuration)
    }

    /// The provider `id`; nil when there is none.
    package subscript(id: String) -> ConfiguredProvider? { byID[id].map { providers[$0] } }

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
