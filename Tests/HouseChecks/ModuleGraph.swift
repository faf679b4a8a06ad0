// The graph of the package's modules, and the graph that docs/architecture.md draws. Reads text that it is given; knows no files.

import Foundation

/// The modules of a package and the modules that each one uses.
struct ModuleGraph: Equatable {
    /// Who uses whom: the modules that a module depends on, sorted, by module.
    private(set) var arrows: [String: Set<String>] = [:]

    /// An arrow from a module to a module that it uses.
    struct Arrow: Hashable, CustomStringConvertible {
        let from: String
        let to: String

        var description: String { "\(from) → \(to)" }
    }

    /// All arrows.
    var all: Set<Arrow> {
        Set(arrows.flatMap { from, targets in targets.map { Arrow(from: from, to: $0) } })
    }

    /// The arrows that `drawing` does not have.
    func arrows(missingFrom drawing: ModuleGraph) -> [Arrow] {
        all.subtracting(drawing.all).sorted { "\($0)" < "\($1)" }
    }

    /// The arrows that no path in `drawing` follows: a drawing may leave out an arrow that a longer way implies.
    func arrows(againstTheFlowOf drawing: ModuleGraph) -> [Arrow] {
        all.filter { !drawing.reachable(from: $0.from).contains($0.to) }.sorted { "\($0)" < "\($1)" }
    }

    /// The modules that `module` uses, directly or through others.
    private func reachable(from module: String) -> Set<String> {
        var found: Set<String> = []
        var rest = [module]
        while let next = rest.popLast() {
            for target in arrows[next, default: []] where found.insert(target).inserted { rest.append(target) }
        }
        return found
    }

    mutating func add(_ from: String, _ targets: [String]) {
        arrows[from, default: []].formUnion(targets)
    }

    /// A cycle, as the modules along it; nil when there is none.
    func cycle() -> [String]? {
        var finished: Set<String> = []
        var path: [String] = []
        func visit(_ module: String) -> [String]? {
            if let start = path.firstIndex(of: module) { return Array(path[start...]) + [module] }
            guard !finished.contains(module) else { return nil }
            path.append(module)
            for next in arrows[module, default: []].sorted() {
                if let found = visit(next) { return found }
            }
            path.removeLast()
            finished.insert(module)
            return nil
        }
        for module in arrows.keys.sorted() {
            if let found = visit(module) { return found }
        }
        return nil
    }
}

extension ModuleGraph {
    /// The part of `swift package dump-package` that is read.
    private struct Manifest: Decodable {
        struct Target: Decodable {
            let name: String
            let type: String
            let path: String?
            let dependencies: [Dependency]
        }

        struct Dependency: Decodable {
            let byName: [String?]?
            let target: [String?]?
            let product: [String?]?

            private enum CodingKeys: String, CodingKey { case byName, target, product }

            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: CodingKeys.self)
                func name(_ key: CodingKeys) throws -> [String?]? {
                    guard container.contains(key) else { return nil }
                    var list = try container.nestedUnkeyedContainer(forKey: key)
                    return [try list.decode(String.self)]
                }
                byName = try name(.byName)
                target = try name(.target)
                product = try name(.product)
            }

            var name: String? { (byName ?? target ?? product)?.first ?? nil }
        }

        let targets: [Target]
    }

    /// The graph of the modules that lie under `Sources`, from the output of `swift package dump-package`.
    ///
    /// Tests, plugins and the C headers are left out: tests may use anything, a plugin uses the SDK alone, and a C header is no room.
    init(manifest: Data) throws {
        let manifest = try JSONDecoder().decode(Manifest.self, from: manifest)
        let modules = manifest.targets.filter { $0.type != "system" && ($0.path ?? "").hasPrefix("Sources/") }
        let headers = Set(manifest.targets.filter { $0.type == "system" }.map(\.name))
        for target in modules {
            add(target.name, target.dependencies.compactMap(\.name).filter { !headers.contains($0) })
        }
    }

    /// The graph that a page lists: every row `| A | B, C |` of a table whose first heading is `module`.
    init(table page: String) {
        var isInTable = false
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard line.hasPrefix("|"), cells.count >= 2 else {
                isInTable = false
                continue
            }
            if cells[0] == "module" {
                isInTable = true
            } else if isInTable, !cells[0].hasPrefix("-") {
                let targets = cells[1].split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
                add(cells[0], targets.filter { $0 != "—" })
            }
        }
    }

    /// The graph that a page draws: every line `A --> B & C` in its first `mermaid` block that holds such a line.
    init(drawing page: String) {
        var isInBlock = false
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.hasPrefix("```") {
                if isInBlock, !arrows.isEmpty { return }
                isInBlock = line == "```mermaid"
                continue
            }
            guard isInBlock, let arrow = line.range(of: " --> ") else { continue }
            func names(_ side: Substring) -> [String] {
                side.split(separator: "&").map { $0.trimmingCharacters(in: .whitespaces) }
            }
            for from in names(line[..<arrow.lowerBound]) { add(from, names(line[arrow.upperBound...])) }
        }
    }

    /// The graph for people: one module a line, with what it uses.
    var listing: String {
        arrows.keys.sorted().map { module in
            let targets = arrows[module, default: []].sorted()
            return targets.isEmpty ? module : "\(module) → \(targets.joined(separator: ", "))"
        }.joined(separator: "\n")
    }
}
