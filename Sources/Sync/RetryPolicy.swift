// When what failed in a way that may pass is tried again, and when it is given up. Pure: the time and the chance come with the call.

package import ProviderSDK

/// How failures that may pass are sat through.
package struct RetryPolicy: Sendable, Equatable {
    /// The pause after the first failure; each further one in a row doubles it.
    var firstPause = Duration.milliseconds(400)
    /// The longest pause between two tries that nobody asked for.
    var backoffMax = Duration.seconds(60)
    /// How long failures in a row are sat through.
    package var failingTimeMax = SyncLimits.retryTime
    /// The longest pause that a provider asks for and gets; a longer one is a failure.
    var pauseMax = Duration.seconds(900)
    /// How long a provider's refusals for too many requests are sat through without a single page between them.
    package var limitedTimeMax = SyncLimits.limitedTimeMax

    package init(
        firstPause: Duration = Duration.milliseconds(400), backoffMax: Duration = Duration.seconds(60),
        failingTimeMax: Duration = SyncLimits.retryTime, pauseMax: Duration = Duration.seconds(900),
        limitedTimeMax: Duration = SyncLimits.limitedTimeMax
    ) {
        self.firstPause = firstPause
        self.backoffMax = backoffMax
        self.failingTimeMax = failingTimeMax
        self.pauseMax = pauseMax
        self.limitedTimeMax = limitedTimeMax
    }

    /// How long to wait before the next try; nil when there is to be none.
    ///
    /// - Parameters:
    ///   - failures: failures in a row, this one included.
    ///   - failingFor: the time since the first of them.
    ///   - chance: from 0 to 1; spreads the tries of those that failed together.
    package func pause(after error: ProviderError, failures: Int, failingFor: Duration, chance: Double) -> Duration? {
        switch error.kind {
        case .transient:
            let pause = backoff(failures) * (0.5 + chance / 2)
            return failingFor + pause <= failingTimeMax ? pause : nil
        case .rateLimited(let after):
            let told = after ?? firstPause
            guard told <= pauseMax else { return nil }
            // The host's own budget answers without a status: that limit is known, and nothing is gained by staying away longer.
            guard error.status != nil else { return told + .milliseconds(250) * chance }
            guard failingFor <= limitedTimeMax else { return nil }
            let least = failures > 1 ? backoff(failures - 1) : .zero
            return max(told, least) + min(told / 4 + .milliseconds(250), .seconds(10)) * chance
        default: return nil
        }
    }

    private func backoff(_ failures: Int) -> Duration {
        min(backoffMax, firstPause * (1 << min(max(failures - 1, 0), 16)))
    }
}

extension ProviderError {
    /// Whether nothing but a change elsewhere helps: not a later try.
    var isDefinite: Bool {
        switch kind {
        case .transient, .rateLimited: false
        default: true
        }
    }
}
