// The schedule of delivery retries. Pure: the caller passes a random number.

import ProviderSDK

/// The pauses between the attempts to deliver one event.
package struct DeliverySchedule: Sendable, Equatable {
    /// The pauses unless they are configured: ten attempts in three days.
    package static let pausesDefault: [Duration] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400].map {
        .seconds($0)
    }

    /// The pauses after the first failure, the second, and so on.
    ///
    /// After one more failure the event is dropped.
    package var pauses: [Duration]

    package init(pauses: [Duration] = DeliverySchedule.pausesDefault) {
        self.pauses = pauses
    }

    /// The longest pause that an endpoint can request.
    static let retryAfterMax = Duration.seconds(86_400)
    /// The number of failures for which an event blocks those behind it, so that they stay in order.
    static let orderedFailuresMax = 4

    /// The maximum number of attempts for one event.
    package var attemptsMax: Int { pauses.count + 1 }

    /// Returns the pause after a failure, or nil when it was the last attempt.
    ///
    /// - Parameters:
    ///   - failures: the number of failures so far, including this one.
    ///   - retryAfter: the pause that the endpoint requested; the result is at least this, up to ``retryAfterMax``.
    ///   - chance: a random number from 0 to 1; it varies the pause by up to a fifth in either direction.
    package func pause(after failures: Int, retryAfter: Duration?, chance: Double) -> Duration? {
        guard 1...pauses.count ~= failures else { return nil }
        let pause = pauses[failures - 1] * (0.8 + 0.4 * chance)
        return max(pause, min(retryAfter ?? .zero, Self.retryAfterMax))
    }
}
