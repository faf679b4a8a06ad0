// The files of the package, and the checks that are made of them.

import Foundation

/// The package's files under its root.
struct SourceTree {
    let root: String

    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
    }

    /// The files under `folders` whose names end with `suffix`, as paths from the root, sorted.
    private func files(in folders: [String], suffix: String) -> [String] {
        folders.flatMap { folder -> [String] in
            let names = FileManager.default.enumerator(atPath: "\(root)/\(folder)")?.compactMap { $0 as? String } ?? []
            return names.filter { $0.hasSuffix(suffix) && !$0.contains(".build") }.map { "\(folder)/\($0)" }
        }.sorted()
    }

    /// Prints the graph of the modules, and returns what is wrong with it.
    ///
    /// - Parameter manifest: the file that holds the output of `swift package dump-package`.
    func checkGraph(manifest: String) throws -> [String] {
        let graph = try ModuleGraph(manifest: Data(contentsOf: URL(fileURLWithPath: manifest)))
        print(graph.listing)
        let page = try text("docs/architecture.md")
        let table = ModuleGraph(table: page)
        var problems = graph.arrows(missingFrom: table).map { "docs/architecture.md does not list the arrow \($0)." }
        problems += table.arrows(missingFrom: graph).map { "docs/architecture.md lists \($0), which is not in use." }
        problems += graph.arrows(againstTheFlowOf: ModuleGraph(drawing: page)).map {
            "docs/architecture.md draws no way for the arrow \($0)."
        }
        if let cycle = graph.cycle() { problems.append("The modules form a cycle: \(cycle.joined(separator: " → ")).") }
        for file in files(in: ["Sources"], suffix: ".swift") {
            let module = String(file.split(separator: "/")[1])
            let source = try text(file)
            problems += graph.undeclaredImports(of: source, in: file, module: module).map(\.description)
            if source.contains("@_exported") { problems.append("\(file): @_exported hides an arrow.") }
        }
        return problems
    }

    /// Returns what is wrong with words, sizes, costly imports and the status path.
    func lint() throws -> [String] {
        let sources = files(in: ["Sources", "Plugins"], suffix: ".swift")
        let tests = files(in: ["Tests", "Benchmarks"], suffix: ".swift").filter { !$0.contains("/Fixtures/") }
        let pages = files(in: ["docs"], suffix: ".md") + ["README.md", "CONTRIBUTING.md", "SECURITY.md"]
        let words = WordList(try text("scripts/words.txt"))
        var problems: [String] = []
        for file in sources + pages { problems += words.findings(in: try text(file), file: file).map(\.description) }
        for file in sources {
            let source = try text(file)
            problems += HotPath.violations(in: source, file: file)
            problems += ModuleGraph.costlyImports(of: source, in: file)
        }
        var lines: [String: Int] = [:]
        for file in sources + tests { lines[file] = try text(file).utf8.count { $0 == UInt8(ascii: "\n") } }
        return problems + SizeBounds.violations(lines)
    }
}
