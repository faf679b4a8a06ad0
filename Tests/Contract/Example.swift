// Compares answers with the examples of a document, which tests quote as they stand there: the same members in the same order, the
// same types, the same values but for those that differ from one host to another.

import ProviderSDK
import Testing

/// A JSON example of a document.
struct Example {
    private let example: JSONValue
    /// Paths whose values differ: of the same type, and in the same form where the example shows a moment.
    private let varying: Set<String>
    /// Paths that may be null besides.
    private let nullable: Set<String>
    /// The members that stand behind those of the example, by the path of their object.
    private let behind: [String: [String]]

    /// The example `text`; members are named by their path, such as `connections.id`.
    init(
        _ text: String, varying: Set<String> = [], nullable: Set<String> = [], behind: [String: [String]] = [:]
    ) throws {
        example = try JSONValue.parse(Array(text.utf8))
        self.varying = varying
        self.nullable = nullable
        self.behind = behind
    }

    /// Expects `answer` to be like the example.
    func expect(_ answer: JSONValue, _ location: SourceLocation = #_sourceLocation) {
        compare(answer, example, at: "", location)
    }

    private func compare(_ answer: JSONValue, _ expected: JSONValue, at path: String, _ location: SourceLocation) {
        if answer.isNull, nullable.contains(path) { return }
        #expect(answer.kind == expected.kind, "“\(path)” in \(answer)", sourceLocation: location)
        guard answer.kind == expected.kind else { return }
        if let members = expected.members, let found = answer.members {
            let names = members.map(\.key) + (behind[path] ?? [])
            #expect(found.map(\.key) == names, "“\(path)” in \(answer)", sourceLocation: location)
            for (key, value) in members {
                compare(answer[key] ?? .null, value, at: path.isEmpty ? key : "\(path).\(key)", location)
            }
        } else if let elements = expected.array, let found = answer.array {
            if varying.contains(path) {
                // As many as there are, each like the first.
                for element in found { compare(element, elements[0], at: path + "[]", location) }
            } else {
                #expect(found.count == elements.count, "“\(path)” in \(answer)", sourceLocation: location)
                for (element, value) in zip(found, elements) { compare(element, value, at: path, location) }
            }
        } else if varying.contains(path) || varying.contains(path + "[]") {
            compareForms(answer, expected, at: path, location)
        } else {
            #expect(answer == expected, "“\(path)”", sourceLocation: location)
        }
    }

    /// A moment is told to the second or to the millisecond, as the example tells it, and in UTC.
    private func compareForms(_ answer: JSONValue, _ expected: JSONValue, at path: String, _ location: SourceLocation) {
        guard let text = answer.string, let shown = expected.string, Timestamp(iso8601: shown) != nil else { return }
        #expect(Timestamp(iso8601: text) != nil, "“\(path)”: \(text)", sourceLocation: location)
        #expect(
            text.utf8.count == shown.utf8.count && text.hasSuffix("Z"), "“\(path)”: \(text)", sourceLocation: location)
    }
}
