// What is known of renewing a connection's token: the request that was begun, whether its outcome is known, and when the next may
// be made. Pure: no clock and no I/O; RefreshService carries out what it says.

import ProviderSDK

/// How renewing the token of a connection stands.
///
/// A refresh is three durable steps: ``begin(at:)`` before anything is sent, then the new pair with ``succeed()``, or
/// ``fail(_:pause:seed:at:)``. A stop between them leaves the intent, which the next ``begin(at:)`` takes for an outcome that is
/// unknown: both tokens are still there, and the answer to the same refresh token decides.
struct RefreshState: Sendable, Equatable {
    /// A token request that is under way, or whose end was never seen.
    struct Intent: Sendable, Equatable {
        /// Which pair of tokens it spends.
        let generation: Int
        let at: Timestamp
        /// 1 for the first request with this pair.
        let attempt: Int
    }

    /// Counts the pairs of tokens that were stored.
    var generation = 0
    var intent: Intent?
    /// Since when it is unknown whether the provider replaced the pair; nil when it is known that it did not.
    var unknownSince: Timestamp?
    /// Requests that failed since the last good one.
    var failures = 0
    /// What the last failure meant; nil after a good refresh.
    var lastFailure: RefreshFailure.Reason?
    /// Before this moment no request is made unless a person asks for it.
    var nextAttemptAt: Timestamp?
    /// When the last request was begun.
    var lastAttemptAt: Timestamp?

    /// Whether the pair may have been replaced at the provider without our knowing.
    var isUnknown: Bool { unknownSince != nil || intent != nil }

    /// Begins a request; to be made durable before the request is sent.
    @discardableResult
    mutating func begin(at now: Timestamp) -> Intent {
        if let intent { unknownSince = unknownSince ?? intent.at }
        let attempt = max(failures, intent?.attempt ?? 0) + 1
        let intent = Intent(generation: generation, at: now, attempt: attempt)
        self.intent = intent
        lastAttemptAt = now
        return intent
    }

    /// A new pair came; to be made durable with it.
    mutating func succeed() {
        generation += 1
        intent = nil
        unknownSince = nil
        failures = 0
        lastFailure = nil
        nextAttemptAt = nil
    }

    /// No new pair came.
    ///
    /// - Parameters:
    ///   - pause: how long the provider asked to wait.
    ///   - seed: the connection's id, so that connections that failed together do not come back together.
    mutating func fail(_ failure: RefreshFailure.Reason, pause: Duration?, seed: String, at now: Timestamp) {
        if failure == .unknown { unknownSince = unknownSince ?? intent?.at ?? now }
        intent = nil
        failures += 1
        lastFailure = failure
        guard failure != .revoked else {
            nextAttemptAt = nil
            return
        }
        let backoff = RefreshPolicy.backoff(failure, failures: failures, seed: seed)
        nextAttemptAt = now.advanced(by: max(backoff, min(pause ?? .zero, RefreshPolicy.pauseMax)))
    }

    /// How long no request may be made; nil when one may.
    func wait(at now: Timestamp) -> Duration? {
        guard let nextAttemptAt, nextAttemptAt > now else { return nil }
        return nextAttemptAt.duration(since: now)
    }
}

/// The numbers of refreshing.
enum RefreshPolicy {
    /// How long before its end a token is replaced, at most and without jitter.
    static let marginMax = Duration.seconds(300)
    /// The longest pause that a provider can ask for.
    static let pauseMax = Duration.seconds(86_400)

    /// How long before its end a token of this life is replaced: five minutes to ten, by connection, and never more than a fifth
    /// of its life.
    ///
    /// - Parameter life: nil when it is not known.
    static func margin(life: Duration?, seed: String) -> Duration {
        let margin = min(marginMax, (life ?? .seconds(3600)) / 10)
        return margin * (1 + Jitter.fraction(seed))
    }

    /// How long before the death of what dies of disuse it is used: a quarter of its life, a little less by connection.
    static func keepAliveMargin(life: Duration, seed: String) -> Duration {
        life / 4 * (0.8 + 0.2 * Jitter.fraction(seed))
    }

    /// The pause after the `failures`th failure in a row: doubled each time, and cut by up to a half by connection.
    ///
    /// An outcome that is unknown is asked after soon and often, since a replaced token is taken only for a while.
    static func backoff(_ failure: RefreshFailure.Reason, failures: Int, seed: String) -> Duration {
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
        // FNV-1a, mixed by the finaliser of SplitMix64.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ (salt &* 0x9E37_79B9_7F4A_7C15)
        for byte in seed.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((hash ^ (hash >> 31)) >> 11) * 0x1p-53
    }
}
