// The result of sealing secrets again with another key.

import ProviderSDK

/// What became of a user's sealed secrets.
package struct ResealOutcome: Sendable, Equatable {
    /// Secrets that were sealed again.
    package var resealed = 0
    /// Connections with a secret that could not be opened.
    package var unreadable: [String] = []
    /// Users whose documents could not be read or written.
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
