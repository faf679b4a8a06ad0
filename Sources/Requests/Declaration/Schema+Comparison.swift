// Compares a value with a shape. Reports the first difference in words.

package import ProviderSDK

extension Schema {
    /// Returns where and how `value` differs from the shape; nil when it does not.
    ///
    /// - Parameter path: the place of the value in its document, for the words.
    package func mismatch(_ value: JSONValue, at path: String = "the body") -> String? {
        if value.isNull {
            if case .anything = form { return nil }
            return isNullable ? nil : "\(path) is null"
        }
        switch form {
        case .anything: return nil
        case .boolean: return value.boolean == nil ? "\(path) is no boolean" : nil
        case .number: return value.number == nil ? "\(path) is no number" : nil
        case .integer(let range):
            guard let integer = value.integer else { return "\(path) is no integer" }
            return range.map { $0 ~= integer } ?? true ? nil : "\(path) is out of range"
        case .text(let bytesMax, let isEmptyAllowed, let format):
            guard let text = value.string else { return "\(path) is no text" }
            if !isEmptyAllowed, text.isEmpty { return "\(path) is empty" }
            if let bytesMax, text.utf8.count > bytesMax { return "\(path) is too long" }
            if format == .moment, Timestamp(iso8601: text) == nil { return "\(path) is no moment" }
            return nil
        case .choice(let values):
            guard let text = value.string else { return "\(path) is no text" }
            return values.contains(text) ? nil : "\(path) is “\(text)”, which is none of \(values)"
        case .list(let element, let countMax):
            guard let elements = value.array else { return "\(path) is no array" }
            if let countMax, elements.count > countMax { return "\(path) has too many elements" }
            return elements.enumerated().lazy.compactMap { element.mismatch($1, at: "\(path)[\($0)]") }.first
        case .object(let members, let rest): return mismatch(value, members, rest, at: path)
        case .either(let schemas):
            return schemas.contains { $0.mismatch(value) == nil } ? nil : "\(path) has none of the shapes"
        }
    }

    private func mismatch(_ value: JSONValue, _ members: [Member], _ rest: Schema?, at path: String) -> String? {
        guard let found = value.members else { return "\(path) is no object" }
        for member in members {
            guard let own = value[member.name] else {
                if member.isRequired { return "\(path) lacks “\(member.name)”" }
                continue
            }
            if let mismatch = member.schema.mismatch(own, at: "\(path).\(member.name)") { return mismatch }
        }
        for (name, value) in found where !members.contains(where: { $0.name == name }) {
            guard let rest else { return "\(path) has “\(name)”, which is not declared" }
            if let mismatch = rest.mismatch(value, at: "\(path).\(name)") { return mismatch }
        }
        return nil
    }
}
