// The bytes of what a repair set aside, for a person who has to decide about it. Reads a bounded part, and knows no format.

import DocumentStore
import Glibc
import StoreFiles

extension DataDirectory {
    /// Returns the bytes of a file that a repair set aside, or of the files in a folder, up to a bound; empty when it cannot be read.
    ///
    /// Of a file that was kept in part they are the bytes that were lost, and those of the documents that miss a change.
    public func setAside(_ problem: CheckReport.Problem) async -> [UInt8] {
        guard let copy = problem.copy else { return [] }
        let bytes = (try? await threads.run { () throws(StoreError) -> [UInt8] in self.read(copy) }) ?? []
        guard let lost = problem.lost else { return bytes }
        var found = lost.bytes.flatMap { bytes[$0.clamped(to: bytes.indices)] + [0] }
        for key in lost.documents where found.count < StorageLimits.setAsideBytesMax {
            found += (try? await documents.load(key, keeping: false))?.bytes ?? []
        }
        return found
    }

    private func read(_ copy: String) -> [UInt8] {
        let parts = copy.split(separator: "/").map(String.init)
        guard parts.count == 2, let folder = try? walk.subdirectory(parts[0], of: root) else { return [] }
        if let inner = try? walk.subdirectory(parts[1], of: folder) {
            var bytes: [UInt8] = []
            for name in ((try? walk.names(inner)) ?? []).sorted() where bytes.count < StorageLimits.setAsideBytesMax {
                bytes += contents(of: name, in: inner)
            }
            return bytes
        }
        return contents(of: parts[1], in: folder)
    }

    private func contents(of name: String, in folder: Directory) -> [UInt8] {
        guard let read = try? folder.read(name, bytesMax: StorageLimits.setAsideBytesMax), case .bytes(let bytes) = read
        else { return [] }
        return bytes
    }
}
