// The keys of the host for code that seals, opens and signs. Their storage and rotation are implemented elsewhere.

package import Cryptography

/// The keys of the host.
///
/// Each call returns the current value, which stays usable after a rotation.
package protocol KeySource: Sendable {
    /// The keys; one key signs, and all keys verify.
    var ring: KeyRing { get }
    /// Seals and opens credentials.
    var sealer: Sealer { get }
    /// Signs and verifies the host's own sessions.
    var sessionTokens: RingTokens { get }
}
