// A grant that its connection has given up and that the host still ends at the provider. It holds the sealed tokens until then. Pure.

package import ConnectionModel
package import ProviderSDK
package import StoredValues

/// A revocation that the provider has not answered yet.
package struct RevocationTicket: Sendable {
    /// How long the host tries to end a grant.
    package static let lifetime = Duration.seconds(72 * 3600)
    /// The pauses between the attempts: the first, and the longest.
    private static let pauses = (first: Duration.seconds(30), last: Duration.seconds(3600))

    /// What is left of the connection: its account and its sealed tokens, under its own id, which they are sealed for.
    package private(set) var remnant: Connection
    /// When the connection gave up the grant.
    @Moment package private(set) var at: Timestamp
    package private(set) var attempts = 1
    @Moment package private(set) var nextAttemptAt: Timestamp

    package init(_ connection: Connection, at now: Timestamp) {
        remnant = connection.remnant(at: now)
        at = now
        nextAttemptAt = now.advanced(by: Self.pauses.first)
    }

    /// Whether this is the ticket of the same grant.
    package func isSame(as other: RevocationTicket) -> Bool {
        remnant.id.utf8.elementsEqual(other.remnant.id.utf8) && remnant.grant.number == other.remnant.grant.number
    }

    /// Whether the host no longer tries.
    package func isOver(at now: Timestamp) -> Bool { at.advanced(by: Self.lifetime) <= now }

    /// Whether the provider should be asked now.
    package func isDue(at now: Timestamp) -> Bool {
        StoredMoment.end(nextAttemptAt, begun: at, longest: RefreshPolicy.pauseMax, at: now) == nil
    }

    /// Records that the provider did not answer; a pause that it asked for is kept.
    package mutating func postpone(_ pause: Duration? = nil, at now: Timestamp) {
        attempts += 1
        let doubled = min(Self.pauses.last, Self.pauses.first * (1 << min(attempts - 1, 10)))
        nextAttemptAt = now.advanced(by: max(doubled, min(pause ?? .zero, RefreshPolicy.pauseMax)))
    }

    /// Stores new tokens for the same grant.
    mutating func renew(with tokens: SealedTokens, at now: Timestamp) { remnant = remnant.carrying(tokens, at: now) }

    /// Seals the tokens again.
    mutating func reseal(_ reseal: (_ text: String, _ field: String) -> String?) { remnant.resealed(reseal) }
}

// MARK: Stored form

extension RevocationTicket {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.moment("at", at)
            writer.member("attempts", attempts)
            writer.moment("nextAttemptAt", nextAttemptAt)
            writer.key("connection")
            writer.raw(remnant.text)
        }
    }

    package init?(decoding value: JSONValue) {
        guard let at = value.moment("at"), let connection = value["connection"],
            let remnant = try? Connection(decoding: connection)
        else { return nil }
        self.remnant = remnant
        self.at = at
        attempts = value.count("attempts") ?? 1
        nextAttemptAt = value.moment("nextAttemptAt") ?? at
    }
}
