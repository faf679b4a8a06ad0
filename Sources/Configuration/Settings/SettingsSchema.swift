// The JSON Schema of the configuration file, for editors, made from the table of settings.

import ConnectionModel
import ProviderSDK

/// The JSON Schema (draft 2020-12) of the configuration file.
package enum SettingsSchema {
    /// The schema as text with one member a line.
    package static var text: String { lines(document, indent: "") }

    private static func lines(_ value: JSONValue, indent: String) -> String {
        guard let members = value.members, !members.isEmpty else {
            return String(decoding: value.serialized, as: UTF8.self)
        }
        let inner = indent + "  "
        let texts = members.map { key, value in
            "\(inner)\(String(decoding: JSONValue.string(key).serialized, as: UTF8.self)): \(lines(value, indent: inner))"
        }
        return "{\n\(texts.joined(separator: ",\n"))\n\(indent)}"
    }

    private static var document: JSONValue {
        var root = Node()
        for group in SettingsTable.groups { root.add(group.path, of: group) }
        for setting in SettingsTable.all where setting.isInFile { root.add(setting.path, setting.schema) }
        var members = root.members(at: [])
        members.append((ProviderSettingsTable.key, providers))
        members.append((ConfigurationFile.schema, ["type": "string"]))
        return [
            "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Configuration of integration-host",
            "type": "object", "properties": .object(members), "additionalProperties": false,
        ]
    }

    /// The objects and settings of the file as a tree.
    private struct Node {
        private var settings: [(path: [String], schema: JSONValue)] = []
        private var groups: [SettingGroup] = []

        mutating func add(_ path: [String], _ schema: JSONValue) { settings.append((path, schema)) }

        mutating func add(_ path: [String], of group: SettingGroup) { groups.append(group) }

        /// The members directly below `path`.
        func members(at path: [String]) -> [(key: String, value: JSONValue)] {
            var members: [(key: String, value: JSONValue)] = []
            for setting in settings where setting.path.count == path.count + 1 && setting.path.starts(with: path) {
                members.append((setting.path[path.count], setting.schema))
            }
            for group in groups where group.path.count == path.count + 1 && group.path.starts(with: path) {
                members.append((group.path[path.count], object(of: group)))
            }
            return members
        }

        private func object(of group: SettingGroup) -> JSONValue {
            let object: JSONValue = [
                "type": "object", "description": .string(group.documentation),
                "properties": .object(members(at: group.path)), "additionalProperties": false,
            ]
            guard group.shorthand != nil else { return object }
            return ["oneOf": [object, ["type": "string", "minLength": 1]]]
        }
    }

    private static var providers: JSONValue {
        [
            "type": "object", "description": "the providers' settings, by provider id",
            "additionalProperties": provider(
                and: [(ProviderSettingsTable.variants, ["type": "object", "additionalProperties": provider(and: [])])]),
        ]
    }

    private static func provider(and others: [(String, JSONValue)]) -> JSONValue {
        let text: JSONValue = ["type": "string", "minLength": 1]
        var members: [(key: String, value: JSONValue)] = ProviderSettingsTable.texts.map { setting in
            (setting.key, ["type": "string", "minLength": 1, "description": .string(setting.documentation)])
        }
        members.append(
            (
                ProviderSettingsTable.endpoints,
                ["type": "object", "additionalProperties": ["type": "string", "format": "uri"]]
            ))
        members += others.map { (key: $0.0, value: $0.1) }
        return [
            "type": "object", "properties": .object(members),
            // Only the plugin knows its other settings.
            "additionalProperties": ["oneOf": [text, ["type": "number"]]],
        ]
    }
}

extension Setting {
    /// The schema of its value.
    fileprivate var schema: JSONValue {
        let text = documentation.replacing("`", with: "")
        func number(_ value: Int) -> JSONValue { .number(JSONNumber(Int64(value))) }
        func integer(_ range: ClosedRange<Int>) -> JSONValue {
            ["type": "integer", "minimum": number(range.lowerBound), "maximum": number(range.upperBound)]
        }
        var members: [(key: String, value: JSONValue)]
        switch kind {
        case .text, .path: members = [("type", "string"), ("minLength", 1)]
        case .texts: members = [("type", "array"), ("items", ["type": "string", "minLength": 1])]
        case .boolean: members = [("type", "boolean")]
        case .integer(let range, _): members = integer(range).members ?? []
        case .integers(let count, let range, _):
            members = [
                ("type", "array"), ("items", integer(range)), ("minItems", number(count.lowerBound)),
                ("maxItems", number(count.upperBound)),
            ]
        case .word(let words, _):
            members = [("type", "string"), ("enum", .array(words.map(JSONValue.string)))]
        }
        return .object(members + [(key: "description", value: .string(text))])
    }
}
