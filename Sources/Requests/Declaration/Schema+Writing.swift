// A shape as a schema of OpenAPI 3.1, which is JSON Schema 2020-12.

package import ProviderSDK

extension Schema {
    /// Writes the schema; a named one as a reference, unless this is its own definition.
    package func write(isDefinition: Bool = false, to writer: inout JSONWriter) {
        writer.object { writer in
            if let name, !isDefinition {
                let reference = "#/components/schemas/\(name)"
                guard isNullable else { return writer.member("$ref", reference) }
                writer.key("anyOf")
                writer.array { writer in
                    writer.object { writer in writer.member("$ref", reference) }
                    writer.object { writer in writer.member("type", "null") }
                }
                return
            }
            if let note { writer.member("description", note) }
            writeForm(isNullable: isNullable && !isDefinition, to: &writer)
            if let shownExample {
                writer.key("examples")
                writer.array { writer in writer.value(shownExample) }
            }
        }
    }

    private func writeForm(isNullable: Bool, to writer: inout JSONWriter) {
        func type(_ name: String, _ writer: inout JSONWriter) {
            if isNullable { writer.member("type", [name, "null"]) } else { writer.member("type", name) }
        }
        switch form {
        case .anything: break
        case .boolean: type("boolean", &writer)
        case .number: type("number", &writer)
        case .integer(let range):
            type("integer", &writer)
            if let range {
                if range.lowerBound > .min { writer.member("minimum", .number(JSONNumber(range.lowerBound))) }
                if range.upperBound < .max { writer.member("maximum", .number(JSONNumber(range.upperBound))) }
            }
        case .text(let bytesMax, let isEmptyAllowed, let format):
            type("string", &writer)
            if !isEmptyAllowed { writer.member("minLength", 1) }
            // A text of so many bytes has at most as many characters.
            if let bytesMax { writer.member("maxLength", bytesMax) }
            if let format { writer.member("format", format.rawValue) }
        case .choice(let values):
            type("string", &writer)
            writer.key("enum")
            writer.array { writer in
                for value in values { writer.value(value) }
                if isNullable { writer.null() }
            }
        case .list(let element, let countMax):
            type("array", &writer)
            writer.key("items")
            element.write(to: &writer)
            if let countMax { writer.member("maxItems", countMax) }
        case .object(let members, let rest):
            type("object", &writer)
            writeMembers(members, rest, to: &writer)
        case .either(let schemas):
            writer.key("anyOf")
            writer.array { writer in
                for schema in schemas { schema.write(to: &writer) }
                if isNullable { writer.object { writer in writer.member("type", "null") } }
            }
        }
    }

    private func writeMembers(_ members: [Member], _ rest: Schema?, to writer: inout JSONWriter) {
        if !members.isEmpty {
            writer.key("properties")
            writer.object { writer in
                for member in members {
                    writer.key(member.name)
                    member.schema.write(to: &writer)
                }
            }
        }
        let required = members.filter(\.isRequired).map(\.name)
        if !required.isEmpty { writer.member("required", required) }
        guard let rest else { return writer.member("additionalProperties", false) }
        writer.key("additionalProperties")
        rest.write(to: &writer)
    }
}
