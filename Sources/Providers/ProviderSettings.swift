// Checks the operator's settings of one provider against its manifest. Knows no provider by name.

import Configuration
import ConnectionModel
import Primitives
import ProviderSDK

/// Checks the settings of one provider.
struct ProviderSettings {
    private let manifest: ProviderManifest
    private let configuration: Configuration
    private let endpointNames: Set<String>

    init(_ manifest: ProviderManifest, _ configuration: Configuration) {
        self.manifest = manifest
        self.configuration = configuration
        endpointNames = Self.endpointNames(manifest)
    }

    /// Returns the settings with their keys spelled as in the manifest.
    ///
    /// - Throws: ``ConfigurationError`` for the first mistake.
    func resolved() throws(ConfigurationError) -> ProviderConfiguration {
        let place = ["providers", manifest.id]
        var resolved = configuration.providers[manifest.id] ?? .init()
        let settings = resolved.settings
        resolved.settings = [:]
        for (key, setting) in settings.sorted(by: { $0.key < $1.key }) {
            // Environment variables come in lower case.
            guard let known = manifest.operatorSettings.first(where: { $0.key == key || $0.key.lowercased() == key })
            else {
                let names = manifest.operatorSettings.map(\.key).sorted()
                let question = NearestName.question(key, in: names + Configuration.providerKeys)
                let list =
                    names.isEmpty
                    ? ": remove it" : ": besides the common ones there are \(names.joined(separator: ", "))"
                throw configuration.error(
                    place + [key],
                    "\(manifest.name) has no setting “\(key)”\(question.isEmpty ? list : question)")
            }
            if let problem = problem(setting, known) { throw configuration.error(place + [key], problem) }
            resolved.settings[known.key] = setting
        }
        resolved.endpoints = try endpoints(resolved.endpoints, place)
        for (variant, settings) in resolved.variants.sorted(by: { $0.key < $1.key }) {
            let place = place + ["variants", variant]
            guard manifest.variants.contains(where: { $0.id == variant }) else {
                let names = manifest.variants.map(\.id).joined(separator: ", ")
                throw configuration.error(
                    place,
                    "\(manifest.name) has no variant “\(variant)”: "
                        + (names.isEmpty ? "remove it" : "there are \(names)"))
            }
            if let key = settings.settings.keys.min() {
                throw configuration.error(place + [key], "a variant has no setting “\(key)”: remove it")
            }
            resolved.variants[variant]?.endpoints = try endpoints(settings.endpoints, place)
        }
        return resolved
    }

    /// Returns what is wrong with a value; nil when the setting can have it.
    private func problem(_ setting: ProviderConfiguration.Setting, _ known: ProviderSetting) -> String? {
        switch manifest.kind(of: known) {
        case .text:
            return setting.isNumber ? "“\(known.key)” must be a text" : nil
        case .integer(let range):
            guard let number = JSONNumber(setting.value.value)?.integer, let value = Int(exactly: number),
                range ~= value
            else { return "“\(known.key)” must be an integer from \(range.lowerBound) to \(range.upperBound)" }
            return nil
        @unknown default: return nil
        }
    }

    private func endpoints(_ given: [String: String], _ place: [String]) throws(ConfigurationError) -> [String: String]
    {
        var endpoints: [String: String] = [:]
        for (name, url) in given.sorted(by: { $0.key < $1.key }) {
            let place = place + ["endpoints", name]
            guard let known = endpointNames.first(where: { $0 == name || $0.lowercased() == name }) else {
                throw configuration.error(
                    place,
                    "\(manifest.name) has no endpoint “\(name)”: there are \(endpointNames.sorted().joined(separator: ", "))"
                )
            }
            guard WebOrigin(of: url) != nil, !Configuration.hasQueryOrFragment(url) else {
                throw configuration.error(
                    place, "the endpoint “\(name)” must be an absolute http or https URL without query and fragment")
            }
            endpoints[known] = url
        }
        return endpoints
    }

    /// The names of the endpoints that the provider's requests can go to.
    private static func endpointNames(_ manifest: ProviderManifest) -> Set<String> {
        var names: Set = ["api"]
        names.formUnion(manifest.endpoints.keys)
        for variant in manifest.variants { names.formUnion(variant.endpoints.keys) }
        for dataType in manifest.dataTypes {
            names.formUnion([dataType.list, dataType.changes].compactMap { $0?.request.endpoint })
        }
        names.formUnion(manifest.actions.map(\.request.endpoint))
        names.formUnion(
            manifest.offeredActions.flatMap { [$0.request, $0.lookUp?.request].compactMap { $0?.endpoint } })
        if let request = manifest.identity?.request { names.insert(request.endpoint) }
        if case .oauth2(let oauth) = manifest.auth {
            names.formUnion(["authorize", "token", "revoke", "userinfo"])
            if let hop = oauth.secondExchange { names.insert(hop.endpoint) }
            if case .accessToken(let style) = oauth.refresh { names.insert(style.endpoint) }
        }
        return names
    }
}
