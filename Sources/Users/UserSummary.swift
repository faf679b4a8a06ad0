// What the host must know of every user without reading the user's document: when there is something to do, and which
// accounts the user has. It is stored in the head of the document, with the document. Does not know what is to do.

package import ConnectionModel
package import ProviderSDK

/// The part of a user's document that can be read without decoding it.
package struct UserSummary: Sendable, Equatable {
    /// When background work has something to do for the user, as of the moment when this was computed.
    package let due: DueMoments
    /// What ``due`` was computed with, besides the document: see ``UserAgenda/basis``.
    package let basis: String
    /// The number of the user's connections.
    package let connectionCount: Int
    /// The number of notifications that wait for their delivery.
    package let waitingEvents: Int
    /// The accounts of the user's connections, for the providers that the agenda names.
    package let accounts: [AccountKey]

    /// The summary of `user` at `now`.
    package init(_ user: User, _ agenda: any UserAgenda, at now: Timestamp) {
        var moments = DueMoments(at: now)
        agenda.addDue(of: user, to: &moments)
        due = moments
        basis = agenda.basis
        connectionCount = user.connections.count
        accounts = user.connections.compactMap { agenda.listsAccounts(of: $0.service) ? $0.accountKey : nil }
        waitingEvents = user.connections.reduce(0) { $0 + $1.outbox.count }
    }

    /// Whether ``due`` still says when there is something to do.
    ///
    /// It does not when it was computed with other plugins, or by a clock that was ahead: a moment that was past then may be
    /// in the future now, and such moments do not count.
    package func isCurrent(_ basis: String, at now: Timestamp) -> Bool {
        self.basis == basis && due.now <= now.advanced(by: StoredMoment.clockStepMax)
    }
}

/// Computes when background work has something to do for a user.
package protocol UserAgenda: Sendable {
    /// A word for everything but the document that ``addDue(of:to:)`` depends on, such as the plugins and their versions.
    ///
    /// A stored moment that was computed with another basis is computed again.
    var basis: String { get }

    /// Adds the moments at which there is something to do, from the user and the basis alone.
    ///
    /// A moment may be in the past. Before the earliest there is nothing to do unless the user changes, or the clock is set
    /// back.
    func addDue(of user: User, to moments: inout DueMoments)

    /// Whether summaries list the accounts of a provider.
    func listsAccounts(of service: String) -> Bool
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
            writer.moment("due", due.first)
            if due.next != due.first { writer.moment("next", due.next) }
            writer.moment("asOf", due.now)
            writer.member("basis", basis)
            writer.member("connections", connectionCount)
            if waitingEvents > 0 { writer.member("waitingEvents", waitingEvents) }
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
        let first = stored.moment
        guard first != nil || stored.isNull else { return nil }
        due = DueMoments(first: first, next: value["next"].map(\.moment) ?? first, at: asOf)
        self.basis = basis
        connectionCount = count
        waitingEvents = value.count("waitingEvents") ?? 0
        self.accounts = accounts.compactMap { $0.string.flatMap(AccountKey.init(digits:)) }
        guard self.accounts.count == accounts.count else { return nil }
    }
}
