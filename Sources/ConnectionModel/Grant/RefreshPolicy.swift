// When a token is replaced, and how long to pause after a failed refresh. Pure numbers, spread over connections.

import Primitives
import ProviderSDK

/// The timing of refreshes.
package enum RefreshPolicy {
    /// The longest time before its expiry that a token is replaced, without jitter.
    static let marginMax = Duration.seconds(300)
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

    /// Returns how long before its expiry a token with this lifetime is replaced.
    ///
    /// The result is five to ten minutes, depending on the connection, and at most a fifth of the lifetime.
    ///
    /// - Parameter life: the lifetime; nil when it is not known.
    package static func margin(life: Duration?, seed: String) -> Duration {
        let margin = min(marginMax, (life ?? .seconds(3600)) / 10)
        return margin * (1 + Jitter.fraction(seed))
    }

    /// Returns how long before its expiry a token that expires when unused is refreshed.
    ///
    /// The result is a quarter of its lifetime, or slightly less depending on the connection.
    package static func keepAliveMargin(life: Duration, seed: String) -> Duration {
        life / 4 * (0.8 + 0.2 * Jitter.fraction(seed))
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

/// Numbers that differ between connections and stay the same after a restart.
enum Jitter {
    /// Returns a number from 0 to below 1, which is always the same for the same bytes.
    static func fraction(_ seed: String, salt: UInt64 = 0) -> Double {
        let hash = SplitMix64.mix(FNV1a.hash(seed.utf8, salt: salt &* 0x9E37_79B9_7F4A_7C15))
        return Double(hash >> 11) * 0x1p-53
    }
}
