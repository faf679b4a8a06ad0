// The folder of the audit log: `audit/<sequence>.log`, where the sequence is that of the first line. Finds, reads and names files; knows
// lines only by their ends.

import Primitives
package import StoreFiles

/// The files of an audit log.
package struct AuditFolder: Sendable {
    /// The name of the folder in the data directory.
    package static let name = "audit"

    /// A file by its name.
    package struct File: Sendable, Equatable {
        package let name: String
        /// The sequence of the first line.
        package let first: Int
    }

    /// A file of which only the beginning counts, because lines are being added.
    package struct Extent: Sendable, Equatable {
        package let file: File
        /// The bytes that count; nil for the whole file.
        package let bytes: Int?

        package init(file: File, bytes: Int?) {
            self.file = file
            self.bytes = bytes
        }
    }

    let directory: Directory

    /// Returns the name of the file that begins with a line.
    static func name(first sequence: Int) -> String {
        let digits = String(sequence)
        return String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits + ".log"
    }

    /// Reads a file's name; nil for any other name.
    package static func file(_ name: String) -> File? {
        guard name.utf8.count == 20, name.hasSuffix(".log"), name.utf8.prefix(16).allSatisfy({ 0x30...0x39 ~= $0 }),
            let first = Int(name.prefix(16)), first > 0
        else { return nil }
        return File(name: name, first: first)
    }

    /// Opens the folder below `root`; nil when it does not exist.
    package static func open(in root: Directory) throws(StoreError) -> AuditFolder? {
        do throws(CallFailure) {
            return try root.subdirectory(name).map { AuditFolder(directory: $0) }
        } catch { throw error.asStoreError }
    }

    /// The folder, for copies of its files.
    package var source: Directory { directory }

    /// The files in the order of their lines.
    package func files() throws(StoreError) -> [File] {
        do throws(CallFailure) {
            return try directory.names().compactMap(Self.file).sorted { $0.first < $1.first }
        } catch { throw error.asStoreError }
    }

    /// Follows the chain through all files, and returns what is wrong, in sentences.
    package func check() throws(StoreError) -> [String] {
        var check = AuditCheck()
        for file in try files() { try check.read(Extent(file: file, bytes: nil), in: self) }
        let report = check.report
        return report.found.map { "\($0)" }
            + (report.missingThrough.map { ["the first \($0) lines are missing"] } ?? [])
    }

    /// The path of a file in the data directory, for messages.
    func path(of file: File) -> String { directory.path(of: file.name) }

    /// Reads a file, or the first bytes of it; nil when it was dropped meanwhile.
    func bytes(of extent: Extent) throws(StoreError) -> [UInt8]? {
        let contents: Directory.Contents
        do throws(CallFailure) {
            contents = try directory.read(extent.file.name, bytesMax: AuditLimits.readBytesMax)
        } catch { throw error.asStoreError }
        switch contents {
        case .absent: return nil
        case .notARegularFile: throw .corrupt(path: path(of: extent.file), .notARegularFile)
        case .oversized: throw .corrupt(path: path(of: extent.file), .oversized)
        case .bytes(let bytes): return extent.bytes.map { Array(bytes.prefix($0)) } ?? bytes
        }
    }
}

/// The lines of a file without their ends, and what stands behind the last end.
struct AuditLines: Sequence, IteratorProtocol {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// What is left: after the last whole line, the bytes of an unfinished one.
    var remainder: Int { rest.count }

    mutating func next() -> ArraySlice<UInt8>? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { rest = rest[(end + 1)...] }
        return rest[..<end]
    }
}
