// Estimates a provider's own time from the `Date` field of its answers. Changes at a provider carry the time of that
// clock, and the host's clock may be wrong. It knows neither requests nor syncs.

package import Primitives
package import ProviderSDK
import Synchronization

/// The clock of one provider, estimated from its answers.
package final class ProviderClock: Sendable {
    /// The most that a provider's clock may be ahead of the host's.
    ///
    /// A clock that is behind has no bound. Reading changes since a moment too early reads too much, but misses
    /// nothing.
    package static let aheadMax = Duration.seconds(86_400)

    /// The `Date` of the last answer, and the monotonic time of that answer.
    private let lastDate = Mutex<(moment: Timestamp, at: MonotonicInstant)?>(nil)

    package init() {}

    /// Records the `Date` of an answer (RFC 9110 section 6.6.1).
    ///
    /// Ignores an answer whose date is missing or implausible.
    ///
    /// - Parameters:
    ///   - now: the host's clock.
    ///   - instant: the same moment of the monotonic clock.
    package func observe(_ response: ProviderResponse, now: Timestamp, at instant: MonotonicInstant) {
        guard let date = response.header("date").flatMap({ Timestamp(httpDate: $0) }),
            date <= now.advanced(by: Self.aheadMax)
        else { return }
        lastDate.withLock { $0 = (date, instant) }
    }

    /// The provider's time at an instant before its last answer; nil when no answer had a date.
    ///
    /// `Date` has whole seconds, so the result may be up to a second early.
    package func moment(at instant: MonotonicInstant) -> Timestamp? {
        guard let lastDate = lastDate.withLock({ $0 }) else { return nil }
        return lastDate.moment.advanced(by: .zero - max(.zero, lastDate.at - instant))
    }
}
