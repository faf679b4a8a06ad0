// A response that a route rendered from a user, cached apart from the user. The route defines the content of the bytes.

package import ProviderSDK

/// A rendered status report.
package final class RenderedStatus: Sendable {
    package let bytes: [UInt8]
    /// The number of integrations in the report.
    package let count: Int
    /// The number of expired integrations in the report.
    package let expiredCount: Int
    private let validUntil: Timestamp?

    package init(_ bytes: [UInt8], count: Int, expiredCount: Int, validUntil: Timestamp?) {
        // A copy of the exact size: the buffer that was written to may be twice as large.
        self.bytes = unsafe [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, count in
            unsafe count = buffer.initialize(fromContentsOf: bytes)
        }
        self.count = count
        self.expiredCount = expiredCount
        self.validUntil = validUntil
    }

    /// Whether the report is still correct at `now`.
    package func isValid(at now: Timestamp) -> Bool { validUntil.map { now < $0 } ?? true }
}
