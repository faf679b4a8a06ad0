// What time it is by a provider's own clock, from the `Date` of its answers: changes at a provider are told by that clock, and the
// host's may be wrong. It knows neither requests nor syncs.

package import Primitives
package import ProviderSDK
import Synchronization

/// The clock of one provider, as far as its answers tell.
package final class ProviderClock: Sendable {
    /// How far ahead of the host's clock a provider's is believed.
    ///
    /// One that is behind is believed however far that is: whoever reads changes since a moment too early reads too much, and misses
    /// nothing.
    package static let aheadMax = Duration.seconds(86_400)

    /// The moment that the last answer named, and when that was by the monotonic clock.
    private let told = Mutex<(moment: Timestamp, at: MonotonicInstant)?>(nil)

    package init() {}

    /// Takes in the `Date` of an answer (RFC 9110 section 6.6.1); an answer without one, or with one that cannot be, tells nothing.
    ///
    /// - Parameters:
    ///   - now: the host's clock.
    ///   - instant: the same moment of the monotonic clock.
    package func observe(_ response: ProviderResponse, now: Timestamp, at instant: MonotonicInstant) {
        guard let date = response.header("date").flatMap({ Timestamp(httpDate: $0) }),
            date <= now.advanced(by: Self.aheadMax)
        else { return }
        told.withLock { $0 = (date, instant) }
    }

    /// The provider's time at an instant before its last answer; nil when it has not told any.
    ///
    /// `Date` has whole seconds, so that this may be up to a second too early.
    package func moment(at instant: MonotonicInstant) -> Timestamp? {
        guard let told = told.withLock({ $0 }) else { return nil }
        return told.moment.advanced(by: .zero - max(.zero, told.at - instant))
    }
}
