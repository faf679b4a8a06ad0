// The keys of a running host: the ring of its file with what is derived from it, replaced as a whole when the ring changes. A key
// is in the file, durably, before anything is made with it.

import ConnectionModel
package import Cryptography
import Glibc
import ProviderSDK
import Synchronization

/// Why the keys were not changed.
struct KeyChangeError: Error, CustomStringConvertible {
    let description: String
}

/// The keys of the host, which can be rotated while they are used.
///
/// Whoever needs one asks each time; a value that was asked for stays usable over a rotation.
package final class HostKeys: KeySource {
    private struct Derived: Sendable {
        let ring: KeyRing
        let sealer: Sealer
        let tokens: RingTokens

        init(_ ring: KeyRing) throws(CryptographyError) {
            self.ring = ring
            sealer = try Sealer(ring)
            tokens = try RingTokens(ring)
        }
    }

    /// The file of the ring.
    package let path: String
    private let derived: Mutex<Derived>
    /// Held over a change, which writes the file.
    private let change = Mutex<Void>(())

    /// The keys of `ring`, which is what the file at `path` holds.
    package init(_ ring: KeyRing, path: String) throws(CryptographyError) {
        derived = Mutex(try Derived(ring))
        self.path = path
    }

    package var ring: KeyRing { derived.withLock { $0.ring } }
    /// Seals and opens credentials.
    package var sealer: Sealer { derived.withLock { $0.sealer } }
    /// Signs and verifies the host's own sessions.
    package var sessionTokens: RingTokens { derived.withLock { $0.tokens } }

    /// Makes a new primary key; the others still open and verify.
    ///
    /// Blocks for the writing of the file. When this throws, what is used is as before.
    ///
    /// - Returns: the id of the new key.
    package func rotate() throws -> String {
        try replace { try $0.rotated() }.primaryID
    }

    /// Removes retired keys.
    ///
    /// What only they open is lost.
    package func remove(_ ids: [String]) throws {
        guard !ids.isEmpty else { return }
        _ = try replace { try ids.reduce($0) { try $0.removing($1) } }
    }

    /// When the file was changed last; nil when it cannot be told.
    var changedAt: Timestamp? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return Timestamp(milliseconds: Int64(status.st_mtim.tv_sec) * 1000)
    }

    private func replace(_ change: (KeyRing) throws -> KeyRing) throws -> KeyRing {
        try self.change.withLock { _ in
            let present = ring
            // A key that somebody else has put into the file must not be written over.
            guard try KeyRing.load(path: path).ids == present.ids else {
                throw KeyChangeError(description: "\(path) was changed since it was read: start the host again first.")
            }
            let new = try Derived(change(present))
            try new.ring.save(path: path)
            derived.withLock { $0 = new }
            return new.ring
        }
    }
}
