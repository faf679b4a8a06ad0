// The words that this project does not use, and the places that use them. Reads text that it is given; knows no files.

import Foundation

/// A list of words, each with what to write instead.
struct WordList {
    /// A word or phrase to avoid.
    struct Entry {
        let word: String
        let instead: String
    }

    /// A place that uses one of the words.
    struct Finding: Equatable, CustomStringConvertible {
        let file: String
        let line: Int
        let word: String
        let instead: String

        var description: String { "\(file):\(line): “\(word)”: write \(instead)" }
    }

    let entries: [Entry]

    /// Reads a list: one `word | what to write instead` a line; a line that begins with `#` is a comment.
    init(_ text: String) {
        entries = text.split(separator: "\n").compactMap { line in
            guard !line.hasPrefix("#"), let bar = line.firstIndex(of: "|") else { return nil }
            return Entry(
                word: line[..<bar].trimmingCharacters(in: .whitespaces).lowercased(),
                instead: line[line.index(after: bar)...].trimmingCharacters(in: .whitespaces))
        }
    }

    /// The places in `text` that use a word of the list as a whole word, in any case.
    ///
    /// Quotations are left out: lines that begin with `>`, and a word that stands alone in backticks or quotation marks. Such a word is a
    /// value of an interface or a name in the code.
    func findings(in text: String, file: String) -> [Finding] {
        var findings: [Finding] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard !line.drop(while: { $0 == " " }).hasPrefix(">") else { continue }
            let line = line.lowercased()
            for entry in entries where Self.contains(line, entry.word) {
                findings.append(Finding(file: file, line: index + 1, word: entry.word, instead: entry.instead))
            }
        }
        return findings
    }

    private static func contains(_ line: String, _ word: String) -> Bool {
        var rest = line[...]
        while let found = rest.range(of: word) {
            let isStart =
                found.lowerBound == line.startIndex || !isPartOfWord(line[line.index(before: found.lowerBound)])
            let isEnd = found.upperBound == line.endIndex || !isPartOfWord(line[found.upperBound])
            if isStart, isEnd, !isQuoted(line, found) { return true }
            rest = rest[found.upperBound...]
        }
        return false
    }

    private static func isQuoted(_ line: String, _ range: Range<String.Index>) -> Bool {
        guard range.lowerBound > line.startIndex, range.upperBound < line.endIndex else { return false }
        let mark = line[line.index(before: range.lowerBound)]
        return (mark == "`" || mark == "\"") && line[range.upperBound] == mark
    }

    private static func isPartOfWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }
}
