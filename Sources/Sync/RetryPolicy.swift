// Decides when to retry a failure that may pass, and when to give up. Pure: each call passes the time and the random
// chance.

package import ProviderSDK

/// How syncs retry failures that may pass.
package struct RetryPolicy: Sendable, Equatable {
    /// The pause after the first failure; each further failure in a row doubles it.
    var firstPause = Duration.milliseconds(400)
    /// The longest pause between two tries, unless the provider asks for a longer one.
    var backoffMax = Duration.seconds(60)
    /// How long failures in a row are retried.
    package var failingTimeMax: Duration
    /// The longest pause that a provider can ask for; a longer one is a failure.
    var pauseMax = Duration.seconds(900)
    /// How long refusals for too many requests are retried without a page in between.
    package var limitedTimeMax = SyncLimits.limitedTimeMax

    package init(
        firstPause: Duration = Duration.milliseconds(400), backoffMax: Duration = Duration.seconds(60),
        failingTimeMax: Duration, pauseMax: Duration = Duration.seconds(900),
        limitedTimeMax: Duration = SyncLimits.limitedTimeMax
    ) {
        self.firstPause = firstPause
        self.backoffMax = backoffMax
        self.failingTimeMax = failingTimeMax
        self.pauseMax = pauseMax
        self.limitedTimeMax = limitedTimeMax
    }

    /// Returns how long to wait before the next try; nil when there is none.
    ///
    /// - Parameters:
    ///   - failures: the number of failures in a row, including this one.
    ///   - failingFor: the time since the first of them.
    ///   - chance: a number from 0 to 1 that spreads the retries of simultaneous failures.
    package func pause(after error: ProviderError, failures: Int, failingFor: Duration, chance: Double) -> Duration? {
        switch error.kind {
        case .transient:
            let pause = backoff(failures) * (0.5 + chance / 2)
            return failingFor + pause <= failingTimeMax ? pause : nil
        case .rateLimited(let after):
            let requested = after ?? firstPause
            guard requested <= pauseMax else { return nil }
            // The host's own limiter refuses without a status. That limit is known, so a longer pause gains nothing.
            guard error.status != nil else { return requested + .milliseconds(250) * chance }
            guard failingFor <= limitedTimeMax else { return nil }
            let least = failures > 1 ? backoff(failures - 1) : .zero
            return max(requested, least) + min(requested / 4 + .milliseconds(250), .seconds(10)) * chance
        default: return nil
        }
    }

    private func backoff(_ failures: Int) -> Duration {
        min(backoffMax, firstPause * (1 << min(max(failures - 1, 0), 16)))
    }
}

extension ProviderError {
    /// Whether a later try cannot help without a change elsewhere.
    var isDefinite: Bool {
        switch kind {
        case .transient, .rateLimited: false
        default: true
        }
    }
}
