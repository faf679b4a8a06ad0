// A JSON document written as XML, for providers that answer XML unless asked for JSON. The provider decides which members become
// attributes.

import ProviderSDK

struct XMLText {
    private let attributes: Set<String>
    /// The element for one entry of the array that `name` holds.
    private let entry: (String) -> String
    private var text = ""

    /// A writer that turns the members named into attributes of their element.
    init(attributes: Set<String> = [], entry: @escaping (String) -> String = { $0 }) {
        self.attributes = attributes
        self.entry = entry
    }

    /// `value` as the content of an element.
    mutating func document(_ name: String, _ fields: [(String, String)] = [], _ value: JSONValue) -> String {
        text = #"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#
        element(name, fields, value)
        return text
    }

    private mutating func element(_ name: String, _ fields: [(String, String)], _ value: JSONValue) {
        var fields = fields
        var members = value.members ?? []
        for member in members where attributes.contains(member.key) {
            fields.append((member.key, scalar(member.value)))
        }
        members.removeAll { attributes.contains($0.key) }
        text += "<\(name)"
        for (field, content) in fields { text += " \(field)=\"\(Encoded.html(content))\"" }
        text += ">"
        if value.kind == .object {
            for member in members { child(member.key, member.value) }
        } else {
            text += Encoded.html(scalar(value))
        }
        text += "</\(name)>"
    }

    private mutating func child(_ name: String, _ value: JSONValue) {
        guard let array = value.array else {
            if !value.isNull { element(name, [], value) }
            return
        }
        let inner = entry(name)
        if inner == name {
            for value in array { element(name, [], value) }
        } else {
            text += "<\(name)>"
            for value in array { element(inner, [], value) }
            text += "</\(name)>"
        }
    }

    private func scalar(_ value: JSONValue) -> String {
        value.string ?? value.number?.text ?? value.boolean.map(String.init) ?? ""
    }
}
