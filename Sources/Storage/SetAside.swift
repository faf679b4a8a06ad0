// The bytes of what a repair set aside, for a person who has to decide about it. Reads a bounded part, and knows no format.

import Glibc
import StoreFiles

extension DataDirectory {
    /// Returns the bytes of a file that a repair set aside, or of the files in a folder, up to a bound; empty when it cannot be read.
    ///
    /// - Parameter copy: its path, as ``CheckReport/Problem/copy`` has it.
    public func setAside(_ copy: String) async -> [UInt8] {
        let bytes = try? await threads.run { () throws(StoreError) -> [UInt8] in self.read(copy) }
        return bytes ?? []
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
