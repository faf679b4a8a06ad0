// Which test reaches which limit. The table is Tests/limits.txt: a line for each pair, the limit first. A limit that no test reaches
// is a problem.

import Foundation

/// The tests that reach the limits of docs/limits.md.
struct LimitTests {
    /// A line of the table.
    struct Row {
        /// The type and the name of the limit, with a dot between them.
        let limit: String
        /// The limit that the test was written for, as docs/limits.md shows it; nil where the test names the constant.
        let value: String?
        /// The name of the test; nil where the line has none.
        let test: String?
    }

    /// The tests of the package: their names, with the text of their files.
    private let sources: [String: [String]]
    let rows: [Row]

    /// Reads the table and all tests.
    ///
    /// - Parameter root: the package's folder.
    init(root: URL) throws {
        let folder = root.appending(path: "Tests")
        var sources: [String: [String]] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) where path.hasSuffix(".swift") {
            let text = try String(contentsOf: folder.appending(path: path), encoding: .utf8)
            for match in text.matches(of: /\n\s*@Test\(\s*"([^"]+)"/) {
                sources[String(match.1), default: []].append(text)
            }
        }
        self.sources = sources
        let table = folder.appending(path: "limits.txt")
        rows = try String(contentsOf: table, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
            let cells = $0.split(separator: " | ", maxSplits: 1).map(String.init)
            let limit = cells[0].split(separator: " = ", maxSplits: 1).map(String.init)
            return Row(
                limit: limit[0], value: limit.count > 1 ? limit[1] : nil,
                test: cells.count > 1 ? cells[1] : nil)
        }
    }

    /// What is wrong with the table, in sentences; empty where it holds for `sections`.
    func problems(_ sections: [LimitSection]) -> [String] {
        var problems: [String] = []
        var values: [String: String] = [:]
        for section in sections { for row in section.rows { values["\(section.type).\(row.name)"] = row.value } }
        for limit in values.keys.sorted() where !rows.contains(where: { $0.limit == limit }) {
            problems.append("\(limit) has no line: name the test that reaches it from both sides.")
        }
        for row in rows {
            guard let value = values[row.limit] else {
                problems.append("\(row.limit) is no limit.")
                continue
            }
            guard let test = row.test else {
                problems.append("\(row.limit): the line names no test.")
                continue
            }
            guard let texts = sources[test] else {
                problems.append("\(row.limit): there is no test “\(test)”.")
                continue
            }
            let name = row.limit.split(separator: ".").last.map(String.init) ?? ""
            if let known = row.value {
                if known != value { problems.append("\(row.limit) is \(value) now: see that “\(test)” reaches it.") }
            } else if !texts.contains(where: { Self.names(name, in: $0) }) {
                problems.append("\(row.limit): the file of “\(test)” does not name it.")
            }
        }
        return problems
    }

    /// Whether `text` has the identifier `name`.
    private static func names(_ name: String, in text: String) -> Bool {
        text.ranges(of: name).contains { range in
            func isPart(_ character: Character) -> Bool { character.isLetter || character.isNumber || character == "_" }
            let before = range.lowerBound > text.startIndex ? text[text.index(before: range.lowerBound)] : " "
            let after = range.upperBound < text.endIndex ? text[range.upperBound] : " "
            return !isPart(before) && !isPart(after)
        }
    }
}
