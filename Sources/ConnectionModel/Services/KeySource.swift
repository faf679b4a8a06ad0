// The keys of the host as those see them who seal, open and sign. Which keys there are, and when they change, is known elsewhere.

package import Cryptography

/// The keys of the host; each call returns what holds now, and stays usable over a rotation.
package protocol KeySource: Sendable {
    /// The keys themselves; what is signed with one is verified with all.
    var ring: KeyRing { get }
    /// Seals and opens credentials.
    var sealer: Sealer { get }
    /// Signs and verifies the host's own sessions.
    var sessionTokens: RingTokens { get }
}
