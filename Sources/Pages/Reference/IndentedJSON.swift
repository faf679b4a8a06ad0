// JSON in lines for people. Shows values as they are.

import ProviderSDK

extension JSONValue {
    /// The value with one member or element a line; short lists of plain values stay on one line.
    var indented: String { indented(after: "") }

    private func indented(after space: String) -> String {
        let inner = space + "  "
        if let members {
            guard !members.isEmpty else { return "{}" }
            let lines = members.map { inner + "\(JSONValue.string($0.key)): " + $0.value.indented(after: inner) }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(space)}"
        }
        guard let array else { return description }
        guard array.contains(where: { $0.kind == .object || $0.kind == .array }) else {
            return "[" + array.map(\.description).joined(separator: ", ") + "]"
        }
        return "[\n" + array.map { inner + $0.indented(after: inner) }.joined(separator: ",\n") + "\n\(space)]"
    }
}
