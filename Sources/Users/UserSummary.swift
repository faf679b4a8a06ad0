// What the host must know of every user without reading the user's document: when there is something to do, and which
// accounts the user has. It is stored in the head of the document, with the document. Does not know what is to do.

package import ConnectionModel
package import ProviderSDK
import StoredValues
import Synchronization

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
    /// The different kinds of the user's connections; nil when they are too many, or the summary is from before they were kept.
    package let kinds: [ConnectionKind]?

    /// The summary of `user` at `now`.
    package init(_ user: User, _ agenda: any UserAgenda, at now: Timestamp) {
        var moments = DueMoments(at: now)
        var (accounts, waitingEvents): ([AccountKey], Int) = ([], 0)
        var kinds: [ConnectionKind] = []
        let basis = agenda.basis
        agenda.addDue(of: user, to: &moments)
        for connection in user.connections {
            let part = ConnectionSummary.of(connection, agenda, basis, at: now)
            moments.add(part.due.first)
            moments.add(part.due.next)
            if let account = part.account { accounts.append(account) }
            waitingEvents += connection.extract.waitingEvents
            // Few differ, so a search is cheaper than a set.
            if kinds.count <= ConnectionKind.listedMax, !kinds.contains(part.kind) { kinds.append(part.kind) }
        }
        due = moments
        self.basis = basis
        self.accounts = accounts
        self.waitingEvents = waitingEvents
        connectionCount = user.connections.count
        self.kinds = kinds.count > ConnectionKind.listedMax ? nil : kinds
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

    /// Adds the moments at which there is something to do for what a user has besides connections, from the user and the
    /// basis alone.
    ///
    /// A moment may be in the past. Before the earliest there is nothing to do unless the user changes, or the clock is set
    /// back.
    func addDue(of user: User, to moments: inout DueMoments)

    /// Adds the moments at which there is something to do for a connection, from the connection and the basis alone.
    func addDue(of connection: Connection, to moments: inout DueMoments)

    /// Whether summaries list the accounts of a provider.
    func listsAccounts(of service: String) -> Bool
}

extension UserAgenda {
    /// Returns when there is something to do for a user, computed from all that is stored.
    package func due(of user: User, at now: Timestamp) -> DueMoments {
        var moments = DueMoments(at: now)
        addDue(of: user, to: &moments)
        for connection in user.connections { addDue(of: connection, to: &moments) }
        return moments
    }
}

/// The part of a summary that one connection adds; it is kept with the connection's state, and made again when it says too little.
private final class ConnectionSummary: Sendable {
    let basis: String
    let due: DueMoments
    let account: AccountKey?
    let kind: ConnectionKind

    init(_ connection: Connection, _ agenda: any UserAgenda, _ basis: String, at now: Timestamp) {
        var moments = DueMoments(at: now)
        agenda.addDue(of: connection, to: &moments)
        due = moments
        account = agenda.listsAccounts(of: connection.service) ? connection.accountKey : nil
        self.basis = basis
        kind = ConnectionKind(connection)
    }

    /// Returns the part of `connection` as of `now`.
    static func of(
        _ connection: Connection, _ agenda: any UserAgenda, _ basis: String, at now: Timestamp
    ) -> ConnectionSummary {
        connection.extract.derived.withLock { known in
            if let known = known as? ConnectionSummary, known.holds(basis, at: now) { return known }
            let made = ConnectionSummary(connection, agenda, basis, at: now)
            known = made
            return made
        }
    }

    /// Whether the moments are those that would be found at `now`: it comes after they were, and the next is still to come.
    private func holds(_ basis: String, at now: Timestamp) -> Bool {
        self.basis == basis && due.now <= now && due.next.map { now < $0 } ?? true
    }
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
            if let kinds {
                writer.member("kinds", kinds.map(\.text))
            }
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
        guard let kinds = value["kinds"] else {
            self.kinds = nil
            return
        }
        guard let texts = kinds.array else { return nil }
        let known = texts.compactMap { $0.string.flatMap(ConnectionKind.init) }
        // A status of another version: only the document says what it is.
        self.kinds = known.count == texts.count ? known : nil
    }
}
