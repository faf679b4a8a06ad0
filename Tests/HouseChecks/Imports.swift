// The imports of a module's sources, held against what Package.swift allows: SwiftPM lets a file import a module that its target
// does not name, if something else has built it.

/// An import that the module's target does not declare.
struct UndeclaredImport: Equatable, CustomStringConvertible {
    let file: String
    let module: String
    let imported: String

    var description: String { "\(file): \(module) imports \(imported), which Package.swift does not give it" }
}

extension ModuleGraph {
    /// Modules that cost every host ten megabytes of memory as soon as one file imports them.
    private static let costlyModules: Set<String> = ["Foundation", "FoundationEssentials", "FoundationNetworking"]

    /// What is wrong with the imports of a source file of the program, as sentences.
    static func costlyImports(of source: String, in file: String) -> [String] {
        imports(of: source).filter(costlyModules.contains).map {
            "\(file): \($0) costs every host ten megabytes; do without it."
        }
    }

    /// The modules that a source file imports.
    static func imports(of source: String) -> [String] {
        source.split(separator: "\n").compactMap { line in
            var words = line.split(separator: " ")
            while let first = words.first, first.hasPrefix("@") || ["public", "package", "internal"].contains(first) {
                words.removeFirst()
            }
            guard words.first == "import" else { return nil }
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            return words.dropFirst().first { !kinds.contains($0) }.map { String($0.split(separator: ".")[0]) }
        }
    }

    /// The imports of `source` that are modules of this graph and that `module` does not declare; `@_exported` is never allowed.
    func undeclaredImports(of source: String, in file: String, module: String) -> [UndeclaredImport] {
        Self.imports(of: source).filter { name in
            arrows.keys.contains(name) && name != module && !arrows[module, default: []].contains(name)
        }.map { UndeclaredImport(file: file, module: module, imported: $0) }
    }
}
