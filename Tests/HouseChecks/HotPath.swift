// The rule for code on the status path: what crosses a module there is `public` or `@inlinable`, because a call to a plain `package`
// function costs 2.6 times as much, and to a generic one 10 times. Reads text that it is given; knows no files.

/// The rule for files that lie on the status path.
struct HotPath {
    /// The line with which a file says that it lies on the status path.
    static let marker = "// Status path:"

    /// The functions of `source` that break the rule, as `file:line: text`; empty for a file without the marker.
    static func violations(in source: String, file: String) -> [String] {
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.contains(where: { $0.hasPrefix(marker) }) else { return [] }
        return lines.indices.compactMap { index in
            let words = lines[index].split(separator: " ")
            guard words.contains("package"), isCallable(words), !isInlinable(lines, index) else { return nil }
            return "\(file):\(index + 1): \(lines[index].drop { $0 == " " })"
        }
    }

    private static func isCallable(_ words: [Substring]) -> Bool {
        words.contains { word in
            word == "func" || word == "var" || word.hasPrefix("init") || word.hasPrefix("subscript")
        }
    }

    private static func isInlinable(_ lines: [Substring], _ index: Int) -> Bool {
        func isMarked(_ line: Substring) -> Bool { line.contains("@inlinable") || line.contains("@usableFromInline") }
        return isMarked(lines[index]) || (index > 0 && isMarked(lines[index - 1]))
    }
}
