// Reads paths: strictly, and as earlier versions did where a path is not well formed. Knows no values.

extension ValuePath {
    /// The steps of a well-formed path; nil for any other text.
    static func strictSteps(of text: [UInt8]) -> [Step]? {
        var steps: [Step] = []
        var rest = text[...]
        while !rest.isEmpty {
            let count = steps.count
            let name = rest.prefix { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "[") && $0 != UInt8(ascii: "]") }
            if !name.isEmpty { steps.append(step(named: name)) }
            rest = rest[name.endIndex...]
            while rest.first == UInt8(ascii: "[") {
                guard let (step, length) = bracketed(rest) else { return nil }
                steps.append(step)
                rest = rest.dropFirst(length)
            }
            guard steps.count > count else { return nil }
            guard let separator = rest.popFirst() else { break }
            guard separator == UInt8(ascii: "."), !rest.isEmpty else { return nil }
        }
        return steps
    }

    /// The step in brackets that `text` begins with, and its length.
    private static func bracketed(_ text: ArraySlice<UInt8>) -> (step: Step, length: Int)? {
        let inside = text.dropFirst()
        if inside.first == UInt8(ascii: "'") {
            let name = inside.dropFirst().prefix { $0 != UInt8(ascii: "'") }
            guard !name.isEmpty, inside[name.endIndex...].starts(with: "']".utf8) else { return nil }
            return (.name(JSONName(Array(name))), name.count + 4)
        }
        let content = inside.prefix { $0 != UInt8(ascii: "]") && $0 != UInt8(ascii: "[") }
        guard content.endIndex < text.endIndex, text[content.endIndex] == UInt8(ascii: "]") else { return nil }
        if content.isEmpty { return (.each, 2) }
        let sides = content.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, !sides[0].isEmpty else { return nil }
        return (.first(name: JSONName(Array(sides[0])), equals: Array(sides[1])), content.count + 2)
    }

    private static func step(named name: ArraySlice<UInt8>) -> Step {
        let isPosition = name.count <= 6 && name.allSatisfy { $0 &- 0x30 < 10 }
        return isPosition ? .position(name.reduce(0) { $0 * 10 + Int($1 - 0x30) }) : .name(JSONName(Array(name)))
    }

    /// The steps of any text, as SDK 1.0 read it.
    static func lenientSteps(of text: String) -> [Step] {
        var steps: [Step] = []
        for part in text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: true) {
            let pieces = part.split(separator: UInt8(ascii: "["), omittingEmptySubsequences: false)
            if let name = pieces.first, !name.isEmpty { steps.append(step(named: Array(name)[...])) }
            for piece in pieces.dropFirst() {
                let inside = piece.prefix { $0 != UInt8(ascii: "]") }
                let sides = inside.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                steps.append(
                    sides.count == 2 ? .first(name: JSONName(Array(sides[0])), equals: Array(sides[1])) : .each)
            }
        }
        return steps
    }
}
