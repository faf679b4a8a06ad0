// Where files of test vectors lie: the project's own, and case sets of other projects where the environment names a folder of them.

package import Foundation

/// Files of test vectors.
package enum Vectors {
    /// `Tests/Vectors`, which every clone has; its README says how the files are made.
    package static let own = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Vectors")

    /// The folder that `CASES_DIRECTORY` names, with case sets of other projects; nil without the variable.
    package static let others = ProcessInfo.processInfo.environment["CASES_DIRECTORY"].map { URL(filePath: $0) }

    /// The file or folder `path` of the other projects' case sets, where it is present.
    package static func other(_ path: String) -> URL? {
        others.map { $0.appending(path: path) }.flatMap { FileManager.default.fileExists(atPath: $0.path) ? $0 : nil }
    }
}
