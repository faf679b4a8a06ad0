// The constants outside of the types of limits whose names say that they bound something. Each is a row of docs/limits.md, or a line of
// Tests/limits-elsewhere.txt, which says why it is none. Knows how a declaration looks, not what it means.

import Foundation

/// The constants of the host's modules that look like limits.
struct LimitScan {
    /// `Type.name` of each constant; the type is the outermost one of its file.
    let constants: Set<String>
    /// The lines of the table: `Type.name`, and why it has no row.
    let table: [(constant: String, reason: String)]

    /// Modules that are no part of a host, and types whose limits have a page section or are named where sections are checked.
    private static let others = ["ProviderSandbox/", "IntegrationHostSandbox/"]

    /// Reads all sources and the table.
    ///
    /// - Parameter root: the package's folder.
    init(root: URL) throws {
        let sources = root.appending(path: "Sources")
        // A constant, or a public property with a default, whose name ends as that of a limit.
        let declaration =
            /^ +(?:(?:public |package |private |fileprivate |nonisolated )*static (?:let|var)|(?:public |package )var) (\w+(?:Max|Min|Kept))\b.*=/
        var constants: Set<String> = []
        for path in try FileManager.default.subpathsOfDirectory(atPath: sources.path)
        where path.hasSuffix(".swift") && !Self.others.contains(where: path.hasPrefix) {
            let text = try String(contentsOf: sources.appending(path: path), encoding: .utf8)
            var type = ""
            for line in text.split(separator: "\n") {
                if let found = line.firstMatch(of: /^(?:[a-z@]\S* )*(?:enum|struct|class|actor|extension) (\w+)/) {
                    type = String(found.1)
                } else if let found = line.firstMatch(of: declaration) {
                    constants.insert("\(type).\(found.1)")
                }
            }
        }
        self.constants = constants
        let file = root.appending(path: "Tests/limits-elsewhere.txt")
        table = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
            let cells = $0.split(separator: " | ", maxSplits: 1).map(String.init)
            return (cells[0], cells.count > 1 ? cells[1] : "")
        }
    }

    /// What is wrong with the table, in sentences; empty where it and the rows of `sections` name every constant once.
    func problems(_ sections: [LimitSection]) -> [String] {
        var problems: [String] = []
        var covered: Set<String> = []
        for section in sections {
            for name in section.rows.map(\.name) + section.others { covered.insert("\(section.type).\(name)") }
        }
        let listed = Set(table.map(\.constant))
        if listed.count < table.count { problems.append("A constant has two lines.") }
        for (constant, reason) in table {
            if !constants.contains(constant) { problems.append("\(constant) is no constant of the sources.") }
            if covered.contains(constant) { problems.append("\(constant) has a row, and needs no line.") }
            if reason.isEmpty { problems.append("\(constant) has no reason.") }
        }
        for constant in constants.subtracting(covered).subtracting(listed).sorted() {
            problems.append("\(constant) has neither a row nor a line that says why.")
        }
        return problems
    }
}
