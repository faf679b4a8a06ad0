// The value of every setting and where it comes from, for `config show`. No secret is in it.

import ProviderSDK

/// The settings as they count once the file, the environment and the flags are merged.
package struct EffectiveSettings {
    /// One setting.
    private struct Row {
        let key: String
        /// Its value; nil when it has none or must not be shown.
        let value: JSONValue?
        let isSecret: Bool
        /// Where it was given; nil for a default.
        let origin: String?

        /// Its value for a person.
        var text: String {
            if isSecret { return "(hidden)" }
            guard let value else { return "(none)" }
            return value.string ?? value.array.map { $0.map { $0.string ?? Self.json($0) }.joined(separator: ", ") }
                ?? Self.json(value)
        }

        private static func json(_ value: JSONValue) -> String { String(decoding: value.serialized, as: UTF8.self) }
    }

    private let rows: [Row]

    package init(_ configuration: Configuration) {
        rows =
            SettingsTable.all.map { setting in
                let value = setting.value(in: configuration)
                let isSecret = setting.isSecret && value != nil && value?.array?.isEmpty != true
                return Row(
                    key: setting.path.joined(separator: "."), value: isSecret ? nil : value, isSecret: isSecret,
                    origin: configuration.places.origin(of: setting.path))
            }
            + configuration.providers.sorted { $0.key < $1.key }.flatMap { id, provider in
                Self.rows(of: provider, [ProviderSettingsTable.key, id], configuration.places)
            }
    }

    private static func rows(
        of provider: ProviderConfiguration, _ path: [String], _ places: ConfigurationPlaces
    ) -> [Row] {
        func row(_ path: [String], _ value: JSONValue?, isSecret: Bool = false, from other: [String]? = nil) -> Row {
            Row(
                key: path.joined(separator: "."), value: isSecret ? nil : value, isSecret: isSecret,
                origin: places.origin(of: path) ?? other.flatMap { places.origin(of: $0) } ?? places.place(of: path))
        }
        var rows: [Row] = []
        if let id = provider.clientID { rows.append(row(path + ["clientId"], .string(id))) }
        if provider.clientSecret != nil {
            rows.append(row(path + ["clientSecret"], nil, isSecret: true, from: path + ["clientSecretFile"]))
        }
        for (name, url) in provider.endpoints.sorted(by: { $0.key < $1.key }) {
            rows.append(row(path + [ProviderSettingsTable.endpoints, name], .string(url)))
        }
        // Only the plugin knows whether one of these is a secret.
        for name in provider.settings.keys.sorted() { rows.append(row(path + [name], nil, isSecret: true)) }
        for (name, variant) in provider.variants.sorted(by: { $0.key < $1.key }) {
            rows += Self.rows(of: variant, path + [ProviderSettingsTable.variants, name], places)
        }
        return rows
    }

    /// The settings in three columns: the key, the value, and where it was given.
    package var text: String {
        let keyWidth = rows.map(\.key.count).max() ?? 0
        let valueWidth = min(40, rows.map(\.text.count).max() ?? 0)
        return rows.map { row in
            let key = row.key + String(repeating: " ", count: keyWidth - row.key.count)
            let value = row.text + String(repeating: " ", count: max(0, valueWidth - row.text.count))
            return "\(key)  \(value)  \(row.origin ?? "default")"
        }.joined(separator: "\n")
    }

    /// The settings as a JSON object.
    package var json: String {
        let settings = rows.map { row -> JSONValue in
            [
                "key": .string(row.key), "value": row.value ?? .null, "secret": .boolean(row.isSecret),
                "origin": .string(row.origin ?? "default"),
            ]
        }
        let document: JSONValue = ["settings": .array(settings)]
        return String(decoding: document.serialized, as: UTF8.self)
    }
}

extension Setting {
    /// Its value in `configuration` as JSON, to compare; nil when it has none.
    func text(in configuration: Configuration) -> [UInt8]? { value(in: configuration)?.serialized }

    /// Its value in `configuration`; nil when it has none.
    fileprivate func value(in configuration: Configuration) -> JSONValue? {
        switch kind {
        case .text(let access), .path(let access), .word(_, let access):
            access.get(configuration).map(JSONValue.string)
        case .texts(_, let access): access.get(configuration).map { .array($0.map(JSONValue.string)) }
        case .boolean(let access): access.get(configuration).map(JSONValue.boolean)
        case .integer(_, let access): access.get(configuration).map { .number(JSONNumber(Int64($0))) }
        case .integers(_, _, let access):
            access.get(configuration).map { .array($0.map { .number(JSONNumber(Int64($0))) }) }
        }
    }
}
