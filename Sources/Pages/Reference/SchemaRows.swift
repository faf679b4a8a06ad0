// A schema of the OpenAPI document as rows for people: each member with its place, its type in words, and its note.

import ProviderSDK

/// A member of a JSON body.
struct SchemaRow: Sendable, Equatable {
    /// The place in the body: `connection.settings.webhookUrl`, `records[].id`.
    let name: String
    let type: String
    let note: String
    let isRequired: Bool
    /// The record types that the member can hold, by name.
    var records: [String] = []
}

/// Reads the schemas of a document.
struct SchemaReader {
    /// Levels of members within members that are shown.
    static let depthMax = 8

    let document: JSONValue

    /// The members of `schema`, those of inner objects below them.
    func rows(_ schema: JSONValue, in place: String = "", depth: Int = 0) -> [SchemaRow] {
        guard depth < Self.depthMax else { return [] }
        let schema = resolved(schema)
        let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
        var rows: [SchemaRow] = []
        for (name, member) in schema["properties"]?.members ?? [] {
            rows += self.rows(of: member, at: place + name, isRequired: required.contains(name), depth: depth)
        }
        if let rest = schema["additionalProperties"], rest.members != nil {
            rows += self.rows(of: rest, at: place + "<name>", isRequired: false, depth: depth)
        }
        if let items = schema["items"], place.isEmpty { rows += self.rows(items, in: "[].", depth: depth + 1) }
        return rows
    }

    private func rows(of member: JSONValue, at place: String, isRequired: Bool, depth: Int) -> [SchemaRow] {
        let note = resolved(member)["description"]?.string ?? member["description"]?.string ?? ""
        var row = SchemaRow(name: place, type: type(member), note: note, isRequired: isRequired)
        row.records = records(member)
        guard row.records.isEmpty else { return [row] }
        let (inner, isList) = element(member)
        return [row] + rows(inner, in: place + (isList ? "[]." : "."), depth: depth + 1)
    }

    /// The object within a member, also within a list or beside null, and whether it stands in a list.
    private func element(_ member: JSONValue) -> (JSONValue, isList: Bool) {
        let member = single(member)
        guard let items = member["items"] else { return (member, false) }
        return (single(items), true)
    }

    /// What a schema is besides null.
    private func single(_ schema: JSONValue) -> JSONValue {
        let choices = (schema["anyOf"]?.array ?? []).filter { $0["type"]?.string != "null" }
        return choices.count == 1 ? resolved(choices[0]) : resolved(schema)
    }

    /// The names of the record types that a member can hold.
    private func records(_ member: JSONValue) -> [String] {
        (single(member)["anyOf"]?.array ?? []).compactMap { choice in
            choice["$ref"]?.string?.split(separator: "/").last.map(String.init)
        }.filter { $0.contains(".") }
    }

    /// The type in words.
    func type(_ schema: JSONValue) -> String {
        let types = schema["type"]?.array?.compactMap(\.string) ?? []
        let isNullable =
            types.contains("null") || schema["anyOf"]?.array?.contains { $0["type"]?.string == "null" } ?? false
        let own = single(schema)
        let name = word(own)
        return (isNullable ? ReferenceWords.orNull(name) : name) + bound(own)
    }

    private func word(_ schema: JSONValue) -> String {
        if let values = schema["enum"]?.array?.compactMap(\.string) { return ReferenceWords.oneOf(values) }
        if !records(schema).isEmpty { return ReferenceWords.oneOfRecords }
        if let choices = schema["anyOf"]?.array {
            return ReferenceWords.oneOf(choices.map(word))
        }
        let type = schema["type"]?.string ?? schema["type"]?.array?.compactMap(\.string).first { $0 != "null" }
        switch type {
        case "array":
            let items = single(schema["items"] ?? .null)
            return ReferenceWords.listOf(items["type"]?.string == "object" ? "objects" : word(items))
        case "string":
            switch schema["format"]?.string {
            case "date-time": return ReferenceWords.moment
            case "uri": return ReferenceWords.url
            default: return ReferenceWords.text
            }
        case .some(let type): return type
        case nil: return ReferenceWords.any
        }
    }

    /// The greatest length or number, in words; empty without one.
    private func bound(_ schema: JSONValue) -> String {
        if let characters = schema["maxLength"]?.integer { return ReferenceWords.atMostCharacters(characters) }
        if let elements = schema["maxItems"]?.integer { return ReferenceWords.atMost(elements) }
        guard let greatest = schema["maximum"]?.integer, greatest < 1 << 40 else { return "" }
        return ReferenceWords.atMost(greatest)
    }

    /// What a reference leads to; any other value is itself.
    func resolved(_ value: JSONValue) -> JSONValue {
        guard let reference = value["$ref"]?.string, reference.hasPrefix("#/") else { return value }
        return reference.dropFirst(2).split(separator: "/").reduce(document) { $0[String($1)] ?? .null }
    }
}
