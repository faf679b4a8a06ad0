// Reads the configuration from environment variables: INTEGRATION_HOST_ and the key, words separated by underscores or not.

import ConnectionModel
import Primitives

/// Applies environment variables to a ``Configuration``.
package struct ConfigurationEnvironment {
    package static let prefix = "INTEGRATION_HOST_"
    /// The variable, without the prefix, that names the configuration file.
    package static let file = "CONFIG"

    private let variables: [String: String]

    package init(_ variables: [String: String]) { self.variables = variables }

    /// Sets what the variables say; an empty one counts as not set.
    ///
    /// - Returns: the names of variables that have the prefix but match no setting.
    package func apply(to configuration: inout Configuration) throws(ConfigurationError) -> [String] {
        var unknown: [String] = []
        for (name, given) in variables.sorted(by: { $0.key < $1.key }) where name.hasPrefix(Self.prefix) {
            // A file of variables with Windows line ends leaves a CR behind every value.
            let value = given.last?.isNewline == true ? String(given.dropLast()) : given
            if value.isEmpty { continue }
            let key = String(name.dropFirst(Self.prefix.count))
            if try !apply(key, value, name: name, to: &configuration) { unknown.append(name) }
        }
        return unknown
    }

    private func apply(
        _ key: String, _ value: String, name: String, to configuration: inout Configuration
    ) throws(ConfigurationError) -> Bool {
        let variable = key.replacing("_", with: "").uppercased()
        if variable == Self.file { return true }
        guard let setting = SettingsTable.all.first(where: { $0.variables.contains(variable) }) else {
            return applyProvider(key, value, name: name, to: &configuration)
        }
        try SettingText(variable: name, value).apply(to: &configuration, setting)
        return true
    }

    /// The variable that one without a setting most probably stands for; nil when none is near.
    package static func nearest(to name: String) -> String? {
        let known = SettingsTable.all.flatMap { $0.isVariable ? [$0.path] : [] }.map { path in
            // `dataDirectory` becomes DATA_DIRECTORY.
            prefix
                + path.joined(separator: "_").reduce(into: "") { text, letter in
                    if letter.isUppercase, text.last?.isLowercase == true || text.last == "_" { text.append("_") }
                    text.append(letter)
                }.uppercased()
        }
        return NearestName.of(name, in: known)
    }

    /// Sets `PROVIDERS_<ID>_<KEY>`; keys that the plugin's manifest names are matched once the plugins are loaded.
    private func applyProvider(
        _ key: String, _ value: String, name: String, to configuration: inout Configuration
    ) -> Bool {
        let words = key.split(separator: "_").map { $0.lowercased() }
        guard words.count >= 3, words[0] == ProviderSettingsTable.key else { return false }
        let id = words[1]
        if configuration.providers[id] == nil { configuration.places.set([words[0], id], name) }
        var provider = configuration.providers[id] ?? ProviderConfiguration()
        defer { configuration.providers[id] = provider }
        let member = words[2...].joined()
        let endpoints = ProviderSettingsTable.endpoints
        if let text = ProviderSettingsTable.texts.first(where: { !$0.isFile && $0.key.lowercased() == member }) {
            text.set(&provider, value)
        } else if member.hasPrefix(endpoints), member.utf8.count > endpoints.utf8.count {
            let endpoint = String(member.dropFirst(endpoints.count))
            // Variables have no capitals, so this finds the name as the file writes it.
            let known = provider.endpoints.keys.first { $0.lowercased() == endpoint } ?? endpoint
            provider.endpoints[known] = value
            configuration.places.set([words[0], id, endpoints, known], name)
        } else {
            let known = provider.settings.keys.first { $0.lowercased() == member } ?? member
            provider.settings[known] = .init(value: Secret(value))
            configuration.places.set([words[0], id, known], name)
        }
        return true
    }
}
