// When a token is replaced and how long a refresh that failed pauses: numbers alone, spread over connections.

import Primitives
import ProviderSDK

/// The numbers of refreshing.
package enum RefreshPolicy {
    /// How long before its end a token is replaced, at most and without jitter.
    static let marginMax = Duration.seconds(300)
    /// The longest pause that a provider can ask for.
    package static let pauseMax = Duration.seconds(86_400)

    /// How long before its end a token of this life is replaced: five minutes to ten, by connection, and never more than a fifth
    /// of its life.
    ///
    /// - Parameter life: nil when it is not known.
    package static func margin(life: Duration?, seed: String) -> Duration {
        let margin = min(marginMax, (life ?? .seconds(3600)) / 10)
        return margin * (1 + Jitter.fraction(seed))
    }

    /// How long before the death of what dies of disuse it is used: a quarter of its life, a little less by connection.
    package static func keepAliveMargin(life: Duration, seed: String) -> Duration {
        life / 4 * (0.8 + 0.2 * Jitter.fraction(seed))
    }

    /// The pause after the `failures`th failure in a row: doubled each time, and cut by up to a half by connection.
    ///
    /// An outcome that is unknown is asked after soon and often, since a replaced token is taken only for a while.
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

/// Numbers that differ from connection to connection and are the same after a restart.
enum Jitter {
    /// A number from 0 to below 1, the same for the same bytes.
    static func fraction(_ seed: String, salt: UInt64 = 0) -> Double {
        let hash = SplitMix64.mix(FNV1a.hash(seed.utf8, salt: salt &* 0x9E37_79B9_7F4A_7C15))
        return Double(hash >> 11) * 0x1p-53
    }
}
