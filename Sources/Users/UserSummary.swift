// What the host must know of every user without reading the user's document: when there is something to do, and which
// accounts the user has. It is stored in the head of the document, with the document. Does not know what is to do.

package import ConnectionModel
package import ProviderSDK

/// The part of a user's document that can be read without decoding it.
package struct UserSummary: Sendable, Equatable {
    /// When background work next has something to do for the user; nil when nothing, until the user changes.
    package let due: Timestamp?
    /// When ``due`` was computed.
    package let asOf: Timestamp
    /// What ``due`` was computed with, besides the document: see ``UserAgenda/basis``.
    package let basis: String
    /// The number of the user's connections.
    package let connectionCount: Int
    /// The accounts of the user's connections.
    package let accounts: [AccountKey]

    /// The summary of `user` at `now`.
    package init(_ user: User, _ agenda: some UserAgenda, at now: Timestamp) {
        due = agenda.nextDue(user, at: now)
        asOf = now
        basis = agenda.basis
        connectionCount = user.connections.count
        accounts = user.connections.compactMap(\.accountKey)
    }

    /// Whether ``due`` still says when there is something to do.
    ///
    /// It does not when it was computed with other plugins, or by a clock that was ahead: a moment that was past then may be
    /// in the future now, and such moments do not count.
    package func isCurrent(_ basis: String, at now: Timestamp) -> Bool {
        self.basis == basis && asOf <= now.advanced(by: SyncSchedule.clockErrorMax)
    }
}

/// Computes when background work has something to do for a user.
package protocol UserAgenda: Sendable {
    /// A word for everything but the document that ``nextDue(_:at:)`` depends on, such as the plugins and their versions.
    ///
    /// A stored moment that was computed with another basis is computed again.
    var basis: String { get }

    /// Returns the earliest moment at which there is something to do, from the user and the basis alone; nil for never.
    ///
    /// The moment may be in the past. Between `now` and the moment there is nothing to do unless the user changes, or the
    /// clock is set back.
    func nextDue(_ user: User, at now: Timestamp) -> Timestamp?
}

extension Connection {
    /// The key of the account; nil until it is known.
    package var accountKey: AccountKey? {
        accountID.map { AccountKey(service: service, variant: variant, accountID: $0) }
    }
}

// MARK: Stored form

extension UserSummary {
    /// The summary as one line of JSON.
    package var encoded: [UInt8] {
        var writer = JSONWriter(capacity: 160 + 36 * accounts.count)
        writer.object { writer in
            writer.moment("due", due)
            writer.moment("asOf", asOf)
            writer.member("basis", basis)
            writer.member("connections", connectionCount)
            writer.member("accounts", accounts.map(\.digits))
        }
        return writer.bytes
    }

    /// Reads a stored summary; nil when it is none, or another version's.
    package init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes), let stored = value["due"], let asOf = value.moment("asOf"),
            let basis = value["basis"]?.string, let count = value.count("connections"),
            let accounts = value["accounts"]?.array
        else { return nil }
        let due = stored.moment
        guard due != nil || stored.isNull else { return nil }
        self.due = due
        self.asOf = asOf
        self.basis = basis
        connectionCount = count
        self.accounts = accounts.compactMap { $0.string.flatMap(AccountKey.init(digits:)) }
        guard self.accounts.count == accounts.count else { return nil }
    }
}
