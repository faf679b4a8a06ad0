// When a delivery that failed is tried again. Pure: chance comes with the call.

import ProviderSDK

/// The pauses between the attempts of one event.
package struct WebhookSchedule: Sendable, Equatable {
    /// The pause after the first failure, the second, and so on; after one more the event is given up.
    package var pauses = HostLimits.webhookPauses

    package init(pauses: [Duration] = HostLimits.webhookPauses) {
        self.pauses = pauses
    }

    /// The longest pause that an endpoint can ask for.
    static let retryAfterMax = Duration.seconds(86_400)
    /// Failures over which an event keeps those behind it waiting, so that their order holds.
    static let orderedFailuresMax = 4

    /// Attempts of one event at most.
    package var attemptsMax: Int { pauses.count + 1 }

    /// How long to wait after a failure; nil when it was the last attempt.
    ///
    /// - Parameters:
    ///   - failures: failures so far, this one included.
    ///   - retryAfter: what the endpoint asked for; the pause is at least that, up to ``retryAfterMax``.
    ///   - chance: from 0 to 1; spreads attempts over a fifth of the pause to either side.
    package func pause(after failures: Int, retryAfter: Duration?, chance: Double) -> Duration? {
        guard 1...pauses.count ~= failures else { return nil }
        let pause = pauses[failures - 1] * (0.8 + 0.4 * chance)
        return max(pause, min(retryAfter ?? .zero, Self.retryAfterMax))
    }
}
