// The result of sealing secrets again with another key.

import ProviderSDK

/// The result of sealing a user's secrets again.
package struct ResealOutcome: Sendable, Equatable {
    /// The number of secrets that were sealed again.
    package var resealed = 0
    /// The connections with a secret that could not be opened.
    package var unreadable: [String] = []
    /// The number of users whose documents could not be read or written.
    package var failures = 0

    package init(resealed: Int = 0, unreadable: [String] = [], failures: Int = 0) {
        self.resealed = resealed
        self.unreadable = unreadable
        self.failures = failures
    }

    package static func += (left: inout ResealOutcome, right: ResealOutcome) {
        left.resealed += right.resealed
        left.unreadable += right.unreadable
        left.failures += right.failures
    }
}
