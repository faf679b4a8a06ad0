// What is known of renewing a connection's token: the request that was begun, whether its outcome is known, and when the next may
// be made. Pure: no clock and no I/O; RefreshService carries out what it says.

import Primitives
package import ProviderSDK

/// How renewing the token of a connection stands.
///
/// A refresh is three durable steps: ``begin(at:)`` before anything is sent, then the new pair with ``succeed()``, or
/// ``fail(_:pause:seed:at:)``. A stop between them leaves the intent, which the next ``begin(at:)`` takes for an outcome that is
/// unknown: both tokens are still there, and the answer to the same refresh token decides.
package struct RefreshState: Sendable, Equatable {
    /// A token request that is under way, or whose end was never seen.
    package struct Intent: Sendable, Equatable {
        /// Which pair of tokens it spends.
        package let generation: Int
        package let at: Timestamp
        /// 1 for the first request with this pair.
        package let attempt: Int
    }

    /// Counts the pairs of tokens that were stored.
    package private(set) var generation = 0
    private(set) var intent: Intent?
    /// Since when it is unknown whether the provider replaced the pair; nil when it is known that it did not.
    private(set) var unknownSince: Timestamp?
    /// Requests that failed since the last good one.
    package private(set) var failures = 0
    /// What the last failure meant; nil after a good refresh.
    package private(set) var lastFailure: RefreshFailure.Reason?
    /// Before this moment no request is made unless a person asks for it.
    package private(set) var nextAttemptAt: Timestamp?
    /// When the last request was begun.
    private(set) var lastAttemptAt: Timestamp?

    /// The state before the first request, with a count of earlier pairs.
    package init(generation: Int = 0) { self.generation = generation }

    /// Whether the pair may have been replaced at the provider without our knowing.
    package var isUnknown: Bool { unknownSince != nil || intent != nil }

    /// Begins a request; to be made durable before the request is sent.
    @discardableResult
    package mutating func begin(at now: Timestamp) -> Intent {
        if let intent { unknownSince = unknownSince ?? intent.at }
        let attempt = max(failures, intent?.attempt ?? 0) + 1
        let intent = Intent(generation: generation, at: now, attempt: attempt)
        self.intent = intent
        lastAttemptAt = now
        return intent
    }

    /// A new pair came; to be made durable with it.
    package mutating func succeed() {
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
    package mutating func fail(_ failure: RefreshFailure.Reason, pause: Duration?, seed: String, at now: Timestamp) {
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
    package func wait(at now: Timestamp) -> Duration? {
        guard let nextAttemptAt, nextAttemptAt > now else { return nil }
        return nextAttemptAt.duration(since: now)
    }
}

// MARK: Stored form

extension RefreshState {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("generation", generation)
            if let intent {
                writer.key("intent")
                writer.object { writer in
                    writer.member("generation", intent.generation)
                    writer.moment("at", intent.at)
                    writer.member("attempt", intent.attempt)
                }
            }
            if let unknownSince { writer.moment("unknownSince", unknownSince) }
            if failures > 0 { writer.member("failures", failures) }
            if let lastFailure { writer.member("lastFailure", lastFailure.rawValue) }
            if let nextAttemptAt { writer.moment("nextAttemptAt", nextAttemptAt) }
            if let lastAttemptAt { writer.moment("lastAttemptAt", lastAttemptAt) }
        }
    }

    package init(decoding value: JSONValue) {
        generation = value.count("generation") ?? 0
        if let stored = value["intent"], let at = stored.moment("at") {
            intent = Intent(
                generation: stored.count("generation") ?? generation, at: at, attempt: stored.count("attempt") ?? 1)
        }
        unknownSince = value.moment("unknownSince")
        failures = value.count("failures") ?? 0
        lastFailure = value["lastFailure"]?.string.flatMap(RefreshFailure.Reason.init)
        nextAttemptAt = value.moment("nextAttemptAt")
        lastAttemptAt = value.moment("lastAttemptAt")
    }
}
