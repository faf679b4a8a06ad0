// The keys of a running host: the ring of its file and the values derived from it, replaced as a whole when the ring changes.
// A key is durable in the file before it is used.

import ConnectionModel
package import Cryptography
import Glibc
import ProviderSDK
import Synchronization
import Users

/// The reason why the keys were not changed.
struct KeyChangeError: Error, CustomStringConvertible {
    let description: String
}

/// The keys of the host, which can be rotated while they are in use.
///
/// Get a key each time you need one. A value that you already hold stays usable after a rotation.
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

    /// The path of the file that stores the ring.
    package let path: String
    private let derived: Mutex<Derived>
    /// The lock for a change, which writes the file.
    private let change = Mutex<Void>(())

    /// Creates the keys of `ring`, which is the content of the file at `path`.
    package init(_ ring: KeyRing, path: String) throws(CryptographyError) {
        derived = Mutex(try Derived(ring))
        self.path = path
    }

    package var ring: KeyRing { derived.withLock { $0.ring } }
    /// Seals and opens credentials.
    package var sealer: Sealer { derived.withLock { $0.sealer } }
    /// Signs and verifies the host's own sessions.
    package var sessionTokens: RingTokens { derived.withLock { $0.tokens } }

    /// Creates a new primary key; the other keys still open and verify.
    ///
    /// Blocks while the file is written. When this throws, the keys are unchanged.
    ///
    /// - Returns: the id of the new key.
    package func rotate() throws -> String {
        try replace { try $0.rotated() }.primaryID
    }

    /// Removes retired keys.
    ///
    /// Texts that only these keys open are lost.
    package func remove(_ ids: [String]) throws {
        guard !ids.isEmpty else { return }
        _ = try replace { try ids.reduce($0) { try $0.removing($1) } }
    }

    /// When the file was last changed; nil when the time cannot be read.
    var changedAt: Timestamp? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return Timestamp(milliseconds: Int64(status.st_mtim.tv_sec) * 1000)
    }

    private func replace(_ change: (KeyRing) throws -> KeyRing) throws -> KeyRing {
        try self.change.withLock { _ in
            let present = ring
            // Do not overwrite a key that another process has added to the file.
            guard try KeyRing.load(path: path).ids == present.ids else {
                throw KeyChangeError(description: "\(path) has changed since it was read: restart the host first.")
            }
            let new = try Derived(change(present))
            try new.ring.save(path: path)
            derived.withLock { $0 = new }
            return new.ring
        }
    }
}
