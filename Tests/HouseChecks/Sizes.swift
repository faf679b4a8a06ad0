// The bounds on sizes: of a module, a folder and a file. Counts what it is given; knows no files.

/// The bounds on sizes of the source tree.
struct SizeBounds {
    /// Lines of one module of the host.
    static let moduleLinesMax = 4000
    /// Lines of the program that wires the modules.
    static let programLinesMax = 2000
    /// Source files directly in one folder.
    static let folderFilesMax = 20
    /// Lines of one file.
    static let fileLinesMax = 500

    /// Modules that may be larger: each is one closed subject.
    static let unboundedModules: Set<String> = ["ProviderSDK", "HTTPServer", "ProviderSandbox"]

    /// The name of the program's module.
    static let program = "IntegrationHost"

    /// What is too large, one sentence each.
    ///
    /// - Parameter files: the lines of every source file, by its path from the package's root, such as `Sources/Sync/SyncEngine.swift`.
    static func violations(_ files: [String: Int]) -> [String] {
        var moduleLines: [String: Int] = [:]
        var folderFiles: [String: Int] = [:]
        var found: [String] = []
        for (path, lines) in files.sorted(by: { $0.key < $1.key }) {
            let parts = path.split(separator: "/").map(String.init)
            guard parts.count > 2 else { continue }
            if parts[0] == "Sources" { moduleLines[parts[1], default: 0] += lines }
            folderFiles[parts.dropLast().joined(separator: "/"), default: 0] += 1
            if lines > fileLinesMax { found.append("\(path) has \(lines) lines; at most \(fileLinesMax).") }
        }
        for (module, lines) in moduleLines.sorted(by: { $0.key < $1.key }) where !unboundedModules.contains(module) {
            let bound = module == program ? programLinesMax : moduleLinesMax
            if lines > bound { found.append("The module \(module) has \(lines) lines; at most \(bound).") }
        }
        for (folder, count) in folderFiles.sorted(by: { $0.key < $1.key }) where count > folderFilesMax {
            found.append("\(folder) holds \(count) files; at most \(folderFilesMax).")
        }
        return found
    }
}
