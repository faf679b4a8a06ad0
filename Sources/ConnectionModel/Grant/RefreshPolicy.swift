// How long to pause after a failed refresh. Pure numbers, spread over connections.

import Primitives
import ProviderSDK

/// The timing of refreshes.
package enum RefreshPolicy {
    /// The longest pause that a provider can request.
    package static let pauseMax = Duration.seconds(86_400)

    /// The pauses after the provider called the grant dead, once and twice; after one more time it is dead.
    ///
    /// Providers are known to say so while the grant is alive, for a moment or for minutes.
    static let refusalPauses: [Duration] = [.seconds(2), .seconds(600)]

    /// Returns how long to wait before the provider is asked again whether the grant is dead; nil when it has been asked enough.
    static func pause(afterRefusals refusals: Int) -> Duration? {
        refusalPauses.indices.contains(refusals - 1) ? refusalPauses[refusals - 1] : nil
    }

    /// Returns the pause after the given number of failures in a row.
    ///
    /// It doubles each time and is shortened by up to half, depending on the connection.
    ///
    /// After an unknown outcome the pauses are short, because a provider accepts a replaced token only for a while.
    package static func backoff(_ failure: RefreshFailure.Reason, failures: Int, seed: String) -> Duration {
        let (first, last): (Duration, Duration) =
            switch failure {
            case .transient, .unknown: (.seconds(2), .seconds(300))
            case .rateLimited: (.seconds(5), .seconds(900))
            case .revoked, .scopeLost, .misconfigured: (.seconds(60), .seconds(3600))
            }
        let doubled = min(last, first * (1 << min(max(failures - 1, 0), 16)))
        return doubled * (1 - 0.5 * Jitter.fraction(seed, salt: UInt64(failures)))
    }
}
