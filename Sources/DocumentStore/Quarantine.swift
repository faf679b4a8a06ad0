// Damaged documents that were set aside: `<name>.json.corrupt-<seconds since 1970>-<4 hex digits>` beside where they
// were. A copy blocks its key until it is restored or discarded.

import Glibc
import Primitives
import StoreFiles
import Synchronization

/// Copies of damaged documents that block their keys.
package final class Quarantine: Sendable {
    /// The folder of the data directory that damaged files and streams are moved to.
    package static let folderName = "quarantine"
    private static let mark = ".corrupt-"

    // The copies of every shard that was asked about once: an absent document is common, a copy is not.
    private let copies = Mutex<[String: [String: String]]>([:])

    /// The copy set aside for `name`, if there is one now.
    func copy(of name: String, in shard: Directory) throws(StoreError) -> String? {
        if let known = copies.withLock({ $0[shard.path] }), known[name] == nil { return nil }
        // Looked up again whenever there is one, so that an operator who moves it away needs no restart.
        return try scan(shard)[name]
    }

    private func scan(_ shard: Directory) throws(StoreError) -> [String: String] {
        var found: [String: String] = [:]
        do throws(CallFailure) {
            for name in try shard.names() {
                if let original = Self.original(of: name) { found[original] = name }
            }
        } catch { throw error.asStoreError }
        let result = found
        copies.withLock { $0[shard.path] = result }
        return result
    }

    /// The document name that a copy was made from.
    package static func original(of name: String) -> String? {
        let bytes = Array(name.utf8)
        let mark = Array(Self.mark.utf8)
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else { return nil }
        let original = String(decoding: bytes[..<start], as: UTF8.self)
        return DocumentLocation.isDocumentName(original) ? original : nil
    }

    /// Renames `name`; durable on return.
    func setAside(_ name: String, in shard: Directory, gate: WriteGate) throws(StoreError) {
        let path = shard.path(of: name)
        let copy = "\(name)\(Self.mark)\(time(nil))-\(Hex.encode(randomBytes(2)))"
        do throws(CallFailure) {
            try shard.fileSystem.rename(name, in: shard.fd, to: copy, in: shard.fd, replacing: false, path: path)
        } catch {
            if error.errno == ENOENT { return }
            throw gate.error(for: error)
        }
        copies.withLock { $0[shard.path] = nil }
        do throws(CallFailure) { try shard.sync() } catch { throw gate.unknownOutcome(error) }
    }

    /// Removes every copy of `name`; durable on return.
    func discard(_ name: String, in shard: Directory, gate: WriteGate) throws(StoreError) {
        do throws(CallFailure) {
            for copy in try shard.names() where Self.original(of: copy) == name {
                try shard.fileSystem.unlink(copy, in: shard.fd, path: shard.path(of: copy))
            }
        } catch { throw gate.error(for: error) }
        copies.withLock { $0[shard.path] = nil }
        do throws(CallFailure) { try shard.sync() } catch { throw gate.unknownOutcome(error) }
    }
}
