// The refresh state of a connection: the started request, whether its outcome is known, and when the next request is allowed.
// Pure: no clock and no I/O. RefreshService carries out the requests.

import Primitives
package import ProviderSDK
package import StoredValues

/// The refresh state of a connection's token.
///
/// A refresh has durable steps: ``begin(at:)`` before anything is sent, then ``succeed()`` with the new pair, or
/// ``fail(_:pause:seed:at:)``. A stop in between leaves the intent, and the next ``begin(at:)`` treats its outcome as unknown. Both
/// tokens are still stored, so the response to the same refresh token decides.
package struct RefreshState: Sendable, Equatable {
    /// A token request that is in progress, or whose end was not recorded.
    package struct Intent: Sendable, Equatable {
        /// The number of the token pair that the request uses.
        package let generation: Int
        @Moment package private(set) var at: Timestamp
        /// The number of the request with this pair, from 1.
        package let attempt: Int
    }

    /// The number of token pairs that were stored.
    package private(set) var generation = 0
    private(set) var intent: Intent?
    /// Since when it is unknown whether the provider replaced the pair; nil when the provider did not.
    @OptionalMoment private(set) var unknownSince: Timestamp?
    /// The number of failed requests since the last success.
    package private(set) var failures = 0
    /// How often in a row the provider called the grant dead; such an answer may be passing.
    package private(set) var refusals = 0
    /// The class of the last failure; nil after a success.
    package private(set) var lastFailure: RefreshFailure.Reason?
    /// The moment before which only a user can start a request.
    @OptionalMoment package private(set) var nextAttemptAt: Timestamp?
    /// When the last request was started.
    @OptionalMoment private(set) var lastAttemptAt: Timestamp?

    /// The state before the first request, with the number of earlier pairs.
    package init(generation: Int = 0) { self.generation = generation }

    /// Whether the provider may have replaced the pair without the host's knowledge.
    package var isUnknown: Bool { unknownSince != nil || intent != nil }

    /// Whether the provider called the grant dead and will be asked once more.
    package var isDoubted: Bool { 1..<RefreshPolicy.refusalPauses.count + 1 ~= refusals }

    /// Records the start of a request.
    ///
    /// Make this durable before you send the request.
    @discardableResult
    package mutating func begin(at now: Timestamp) -> Intent {
        if let intent { unknownSince = unknownSince ?? intent.at }
        let attempt = max(failures, intent?.attempt ?? 0) + 1
        let intent = Intent(generation: generation, at: now, attempt: attempt)
        self.intent = intent
        lastAttemptAt = now
        return intent
    }

    /// Records that a new pair arrived.
    ///
    /// Make this durable together with the pair.
    package mutating func succeed() {
        generation += 1
        intent = nil
        unknownSince = nil
        failures = 0
        refusals = 0
        lastFailure = nil
        nextAttemptAt = nil
    }

    /// Records that no new pair arrived.
    ///
    /// - Parameters:
    ///   - pause: how long the provider asked to wait.
    ///   - seed: the connection's id, so that connections that failed together do not retry together.
    package mutating func fail(_ failure: RefreshFailure.Reason, pause: Duration?, seed: String, at now: Timestamp) {
        if failure == .unknown { unknownSince = unknownSince ?? intent?.at ?? now }
        intent = nil
        failures += 1
        lastFailure = failure
        guard failure == .revoked else {
            let backoff = RefreshPolicy.backoff(failure, failures: failures, seed: seed)
            nextAttemptAt = now.advanced(by: max(backoff, min(pause ?? .zero, RefreshPolicy.pauseMax)))
            return
        }
        // A person who asks before the last attempt does not use it up.
        if refusals > 1, isDoubted, wait(at: now) != nil { return }
        refusals += 1
        nextAttemptAt = RefreshPolicy.pause(afterRefusals: refusals).map { rest in
            now.advanced(by: max(rest, min(pause ?? .zero, RefreshPolicy.pauseMax)))
        }
    }

    /// Returns how long no request is allowed; nil when one is allowed now.
    package func wait(at now: Timestamp) -> Duration? {
        let end = StoredMoment.end(nextAttemptAt, begun: lastAttemptAt, longest: RefreshPolicy.pauseMax, at: now)
        return end?.duration(since: now)
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
            if refusals > 0 { writer.member("refusals", refusals) }
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
        refusals = value.count("refusals") ?? 0
        lastFailure = value["lastFailure"]?.string.flatMap(RefreshFailure.Reason.init)
        nextAttemptAt = value.moment("nextAttemptAt")
        lastAttemptAt = value.moment("lastAttemptAt")
    }
}
