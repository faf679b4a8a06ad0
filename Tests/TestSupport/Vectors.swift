// Where files of test vectors lie: the project's own, and case sets of other projects where the environment names a folder of them.

package import Foundation

/// Files of test vectors.
package enum Vectors {
    /// `Tests/Vectors`, which every clone has; its README says how the files are made.
    package static let own = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Vectors")

    /// The folder that `CASES_DIRECTORY` names, with case sets of other projects; without the variable, `shared/cases` beside the
    /// clone.
    package static let others = folder("CASES_DIRECTORY", orBeside: "cases")

    private static let allPayloads = folder("PAYLOADS_DIRECTORY", orBeside: "fixtures")

    /// Payloads that others published of this provider, in the folder that `PAYLOADS_DIRECTORY` names or in `shared/fixtures` beside
    /// the clone; nil where there are none.
    package static func payloads(of provider: String) -> URL? {
        let folder = allPayloads.appending(path: provider)
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }

    private static func folder(_ variable: String, orBeside name: String) -> URL {
        ProcessInfo.processInfo.environment[variable].map { URL(filePath: $0) }
            ?? own.appending(path: "../../../shared/\(name)").standardized
    }

    /// The file or folder `path` of the other projects' case sets, where it is present.
    package static func other(_ path: String) -> URL? {
        let file = others.appending(path: path)
        return FileManager.default.fileExists(atPath: file.path) ? file : nil
    }
}
