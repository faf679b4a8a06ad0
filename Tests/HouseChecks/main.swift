// Checks of the source tree that no compiler makes: the graph of modules, words, sizes, the status path. `scripts/graph` and
// `scripts/lint` call it from the package's root.
//   house-checks graph MANIFEST   prints the graph; fails on an arrow that docs/architecture.md does not draw
//   house-checks lint             words, sizes, costly imports, the status path

import Foundation

let tree = SourceTree(root: FileManager.default.currentDirectoryPath)
let arguments = CommandLine.arguments.dropFirst()
let problems: [String]
switch (arguments.first, arguments.count) {
case ("graph", 2): problems = try tree.checkGraph(manifest: arguments.last ?? "")
case ("lint", 1): problems = try tree.lint()
default:
    FileHandle.standardError.write(Data("Usage: house-checks graph MANIFEST | lint\n".utf8))
    exit(2)
}
for problem in problems { FileHandle.standardError.write(Data("\(problem)\n".utf8)) }
exit(problems.isEmpty ? 0 : 1)
