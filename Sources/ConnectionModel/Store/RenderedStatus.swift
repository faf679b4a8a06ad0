// An answer that a route rendered from a user, as it is kept beside the decoded user. What the bytes say is the route's.

package import ProviderSDK

/// A rendered status report.
package final class RenderedStatus: Sendable {
    package let bytes: [UInt8]
    /// How many integrations are in it.
    package let count: Int
    /// How many of them are expired.
    package let expiredCount: Int
    private let validUntil: Timestamp?

    package init(_ bytes: [UInt8], count: Int, expiredCount: Int, validUntil: Timestamp?) {
        self.bytes = bytes
        self.count = count
        self.expiredCount = expiredCount
        self.validUntil = validUntil
    }

    /// Whether what it says is still true at `now`.
    package func isValid(at now: Timestamp) -> Bool { validUntil.map { now < $0 } ?? true }
}
