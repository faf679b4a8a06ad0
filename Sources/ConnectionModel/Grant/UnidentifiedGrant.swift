// A grant whose tokens are stored and whose account is not known yet: the data to identify it, and the time of the next attempt.

package import ProviderSDK
package import StoredValues

/// The data, besides the tokens, that completes an authorization.
package struct UnidentifiedGrant: Sendable, Equatable {
    /// How long the host tries to complete an authorization.
    package static let lifetime = Duration.seconds(86_400)
    /// How long the request that received the tokens may take to complete it.
    static let requestTime = Duration.seconds(30)

    /// The sealed response of the authorization without its tokens; providers add other secrets to it.
    package let answer: String
    /// The granted scopes; nil when the response did not say.
    package let scopes: [String]?
    package let requestedScopes: [String]
    /// When the tokens arrived.
    @Moment package private(set) var at: Timestamp
    /// Whether the tokens are the first of two: the provider exchanges them once more.
    package var awaitsExchange = false
    package private(set) var attempts = 0
    @Moment package private(set) var nextAttemptAt: Timestamp

    package init(answer: String, scopes: [String]?, requestedScopes: [String], at now: Timestamp) {
        self.answer = answer
        self.scopes = scopes
        self.requestedScopes = requestedScopes
        at = now
        nextAttemptAt = now.advanced(by: Self.requestTime)
    }

    /// Records that the provider could not exchange the tokens or identify the account; the host asks again after a pause.
    ///
    /// The provider asked for at least `pause`; `seed` is the connection's id.
    package mutating func postpone(_ pause: Duration?, seed: String, at now: Timestamp) {
        attempts += 1
        let backoff = RefreshPolicy.backoff(.transient, failures: attempts, seed: seed)
        let asked = min(pause ?? .zero, Self.lifetime / 2)
        nextAttemptAt = now.advanced(by: max(.seconds(30), backoff, asked))
    }

    /// Whether the provider may be asked for the account now.
    package func isDue(at now: Timestamp) -> Bool { dueFrom(at: now) == .epoch }

    /// Returns when the provider may be asked for the account; a moment that is past or cannot be believed is the epoch.
    package func dueFrom(at now: Timestamp) -> Timestamp {
        StoredMoment.end(nextAttemptAt, begun: at, longest: Self.lifetime, at: now) ?? .epoch
    }
}

// MARK: Stored form

extension UnidentifiedGrant {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("answer", answer)
            if let scopes { writer.member("scopes", scopes) }
            writer.member("requestedScopes", requestedScopes)
            writer.moment("at", at)
            if awaitsExchange { writer.member("exchange", true) }
            writer.member("attempts", attempts)
            writer.moment("nextAttemptAt", nextAttemptAt)
        }
    }

    package init?(decoding value: JSONValue) {
        guard let at = value.moment("at"), let answer = value["answer"]?.string else { return nil }
        self.init(
            answer: answer, scopes: value["scopes"]?.array?.compactMap(\.string),
            requestedScopes: value.texts("requestedScopes"), at: at)
        awaitsExchange = value["exchange"]?.boolean ?? false
        attempts = value.count("attempts") ?? 0
        nextAttemptAt = value.moment("nextAttemptAt") ?? at
    }
}
