// The stored data of one user: the connections, and what other API documents need. Does not access storage.

package import ConnectionModel
package import ProviderSDK
import StoredValues

/// A user and the user's connections.
package struct User: Sendable {
    /// The user id from the application.
    package let id: String
    /// The number of the next connection.
    package private(set) var nextNumber = 1
    package private(set) var connections: [Connection] = []
    /// Removed connections that may still have records.
    package private(set) var erasures: [String] = []
    /// The callbacks of the last minutes.
    package private(set) var callbacks: [ClaimedCallback] = []
    /// Grants that connections gave up and that the host still ends at their providers.
    package private(set) var revocations: [RevocationTicket] = []
    /// The Discord account and flags of the external-accounts document, as a JSON object.
    package var externalAccount: JSONValue? { keptAccount?.wrappedValue }
    private var keptAccount: KeptJSON?
    /// Members of the stored document that this version does not know.
    package private(set) var unknown: [(key: String, value: JSONValue)] = []

    package init(id: String) { self.id = id }

    /// Returns the connection with this id; ids are compared as bytes.
    package func connection(_ id: String) -> Connection? {
        index(of: id).map { connections[$0] }
    }

    private func index(of id: String) -> Int? {
        // Ids of connections are ASCII, and no other text of as many bytes equals ASCII text: the fast comparison is of bytes.
        let count = id.utf8.count
        return connections.firstIndex { $0.id.utf8.count == count && $0.id == id }
    }

    /// Changes the connection with this id.
    ///
    /// - Throws: ``ServiceError/notFound`` when it does not exist.
    package mutating func update<Result>(
        _ id: String, _ change: (inout Connection) throws(ServiceError) -> Result
    ) throws(ServiceError) -> Result {
        guard let index = index(of: id) else { throw .notFound }
        return try change(&connections[index])
    }

    /// Changes the connection with this id if `isMeant` accepts it.
    ///
    /// - Returns: nil when the connection does not exist or `isMeant` rejects it.
    @discardableResult
    package mutating func update<Result>(
        _ id: String, where isMeant: (Connection) -> Bool,
        _ change: (inout Connection) throws(ServiceError) -> Result
    ) throws(ServiceError) -> Result? {
        guard let index = index(of: id), isMeant(connections[index]) else { return nil }
        return try change(&connections[index])
    }

    /// Changes every connection.
    package mutating func updateAll<Failure: Error>(_ change: (inout Connection) throws(Failure) -> Void)
        throws(Failure)
    {
        for index in connections.indices { try change(&connections[index]) }
    }

    /// Returns the user as of `now`: a connection whose access token has ended and cannot be renewed is expired.
    package func asOf(_ now: Timestamp) -> User {
        guard connections.contains(where: { $0.isLapsed(at: now) }) else { return self }
        var user = self
        user.updateAll { $0 = $0.asOf(now) }
        return user
    }

    /// Records which access tokens have ended and cannot be renewed.
    package mutating func lapse(at now: Timestamp) throws(ServiceError) {
        guard connections.contains(where: { $0.isLapsed(at: now) }) else { return }
        try updateAll { (connection) throws(ServiceError) in
            if connection.isLapsed(at: now) { try connection.lapsed(at: now) }
        }
    }

    // MARK: Revocations

    /// Adds a revocation that the provider has not answered; drops the oldest one when there are too many.
    package mutating func revocationOwed(_ ticket: RevocationTicket) {
        revocations.removeAll { $0.isSame(as: ticket) }
        revocations.append(ticket)
        if revocations.count > ConnectionLimits.revocationsPerUserMax { revocations.removeFirst() }
    }

    /// Removes a revocation, and records its outcome with the connection if that still exists.
    package mutating func revocationEnded(_ ticket: RevocationTicket, _ outcome: RevocationOutcome) throws(ServiceError)
    {
        revocations.removeAll { $0.isSame(as: ticket) }
        try update(ticket.remnant.id, where: { _ in true }) { (connection) throws(ServiceError) in
            connection.revocationEnded(outcome)
        }
    }

    /// Records that the provider did not answer a revocation.
    package mutating func revocationPostponed(_ ticket: RevocationTicket, _ pause: Duration?, at now: Timestamp) {
        guard let index = revocations.firstIndex(where: { $0.isSame(as: ticket) }) else { return }
        revocations[index].postpone(pause, at: now)
    }

    /// Stores new tokens for a grant that is still to be ended.
    package mutating func revocationRenewed(_ ticket: RevocationTicket, with tokens: SealedTokens, at now: Timestamp) {
        guard let index = revocations.firstIndex(where: { $0.isSame(as: ticket) }) else { return }
        revocations[index].renew(with: tokens, at: now)
    }

    /// Seals the tokens of revocations again.
    package mutating func resealRevocations(_ reseal: (_ id: String, _ text: String, _ field: String) -> String?) {
        for index in revocations.indices {
            let id = revocations[index].remnant.id
            revocations[index].reseal { reseal(id, $0, $1) }
        }
    }

    // MARK: Adding and removing

    /// Adds a new connection; removes pending connections that were never completed to make room.
    ///
    /// - Parameter isReported: whether the application reports an integration, and no account is connected here.
    /// - Returns: the id of the connection.
    /// - Throws: ``ServiceError/limit(_:)`` when the user has too many connections.
    package mutating func add(
        service: String, variant: String?, status: ConnectionStatus, isReported: Bool = false, shard: String,
        random: String, at now: Timestamp
    ) throws(ServiceError) -> String {
        removeStale(at: now)
        if status == .pending { makeRoomForPending() }
        let countMax =
            isReported ? ConnectionLimits.reportedIntegrationsMax : ConnectionLimits.connectionsPerUserMax
        guard connections.count(where: { !$0.isUnfinished && $0.isReported == isReported }) < countMax else {
            let noun = isReported ? "integrations without an account" : "connections"
            throw .limit("A user can have at most \(countMax) \(noun): delete one first.")
        }
        let id = "conn-\(shard)\(random)"
        connections.append(
            Connection(id: id, number: nextNumber, service: service, variant: variant, status: status, at: now))
        nextNumber += 1
        return id
    }

    /// Removes a connection, and records that its records must be erased.
    ///
    /// - Returns: the consequences; empty when the connection does not exist.
    @discardableResult
    package mutating func remove(_ id: String, at now: Timestamp) throws(ServiceError) -> [Consequence] {
        guard let index = index(of: id) else { return [] }
        var connection = connections.remove(at: index)
        erasures.append(id)
        return try connection.removed(at: now)
    }

    /// Removes a connection whose authorization failed at the start; it has no records.
    package mutating func withdraw(_ id: String) {
        drop { $0.id.utf8.elementsEqual(id.utf8) && $0.status == .pending }
    }

    /// Records that the records of removed connections were erased.
    package mutating func recordsErased(_ ids: [String]) {
        erasures.removeAll { noted in ids.contains { $0.utf8.elementsEqual(noted.utf8) } }
    }

    /// Removes connections that were never completed in time.
    package mutating func removeStale(at now: Timestamp) { drop { $0.isStale(at: now) } }

    /// Removes connections that never worked; they have no records, but may have a history.
    private mutating func drop(_ isMeant: (Connection) -> Bool) {
        let dropped = connections.filter(isMeant)
        guard !dropped.isEmpty else { return }
        connections.removeAll(where: isMeant)
        erasures += dropped.filter { $0.hasHistory || $0.extract.endedCount > 0 }.map(\.id)
    }

    /// The number of ended syncs and deliveries in the document.
    package var endedCount: Int { connections.reduce(0) { $0 + $1.extract.endedCount } }

    /// Removes the oldest unfinished connections until one more fits.
    private mutating func makeRoomForPending() {
        let unfinished = connections.filter(\.isUnfinished).sorted { $0.number < $1.number }
        for connection in unfinished.dropLast(ConnectionLimits.pendingConnectionsMax - 1) {
            drop { $0.number == connection.number }
        }
    }

    // MARK: Connecting

    /// Records that a callback used up its authorization.
    package mutating func callbackClaimed(_ callback: ClaimedCallback, at now: Timestamp) {
        callbacksLapsed(at: now)
        callbacks = callbacks.suffix(ConnectionLimits.callbacksKept - 1) + [callback]
    }

    /// Forgets the callbacks whose time is over.
    package mutating func callbacksLapsed(at now: Timestamp) { callbacks.removeAll { $0.expiresAt <= now } }

    /// Records the account of an authorization; the connection is now connected.
    ///
    /// If the user already has a connection to the account, that connection gets the new grant. It keeps its id, settings and
    /// records.
    ///
    /// - Parameters:
    ///   - id: the connection for which the authorization was started; its grant waits for its account.
    ///   - reseal: returns a sealed text of that connection, sealed for `target`.
    /// - Returns: the id of the connected connection.
    package mutating func identified(
        _ id: String, as account: AccountIdentity, callback: JSONValue, at now: Timestamp,
        reseal: (_ text: String, _ field: String, _ target: String) throws(ServiceError) -> String
    ) throws(ServiceError) -> String {
        guard let begun = connection(id) else { throw .notFound }
        guard let held = begun.grant.unidentified else { throw begun.life.refusal }
        let earlier = connections.first { other in
            !other.id.utf8.elementsEqual(id.utf8) && other.disconnection == nil && other.grant.unidentified == nil
                && other.isOf(begun.service, begun.variant, accountID: account.id)
        }
        let target = earlier?.id ?? id
        if earlier != nil {
            drop { $0.id.utf8.elementsEqual(id.utf8) }
            for index in callbacks.indices where callbacks[index].connectionID == id {
                callbacks[index].connectionID = target
            }
        }
        try update(target) { (connection) throws(ServiceError) in
            if earlier != nil {
                try connection.grantAdopted(from: begun) { (text, field) throws(ServiceError) in
                    try reseal(text, field, target)
                }
            }
            try connection.identified(
                as: account, held, callback: callback, permissions: begun.permissions, at: now)
        }
        return target
    }

    // MARK: External account

    /// Sets the external account that the user has linked.
    package mutating func externalAccountChanged(_ account: JSONValue) {
        keptAccount = KeptJSON(wrappedValue: account)
    }

    // MARK: Bounds

    /// Limits the events of all connections together, so that dead endpoints cannot make the document too large.
    ///
    /// The connection with the most events drops its oldest ones. Costs O(connections) when nothing has to be dropped.
    package mutating func boundNotifications() {
        var surplus = connections.reduce(0) { $0 + $1.extract.waitingEvents } - ConnectionLimits.waitingEventsPerUserMax
        while surplus > 0,
            let index = connections.indices.max(by: { connections[$0].outbox.count < connections[$1].outbox.count })
        {
            connections[index].oldestEventDropped()
            surplus -= 1
        }
        surplus =
            connections.reduce(0) { $0 + $1.extract.endedDeliveries } - ConnectionLimits.webhookDeliveriesPerUserMax
        while surplus > 0,
            let index = connections.indices.max(by: {
                connections[$0].webhook.log.count < connections[$1].webhook.log.count
            })
        {
            connections[index].oldestDeliveryForgotten()
            surplus -= 1
        }
    }
}

// MARK: Stored form

extension User {
    private static let knownNames: Set = [
        "userId", "nextNumber", "externalAccount", "connections", "erasures", "callbacks", "revocations",
    ]

    /// Returns the user as JSON; members that this version does not know are kept.
    package var encoded: [UInt8] {
        var writer = JSONWriter(capacity: connections.reduce(1024) { $0 + $1.text.count + 1 })
        writer.object { writer in
            writer.member("userId", id)
            if let externalAccount { writer.member("externalAccount", externalAccount) }
            writer.key("connections")
            writer.array { writer in
                for connection in connections { writer.raw(connection.text) }
            }
            // Behind the connections: what changes with a new one lies beside it, and the journal gets one short change.
            writer.member("nextNumber", nextNumber)
            if !erasures.isEmpty { writer.member("erasures", erasures) }
            if !callbacks.isEmpty { writer.member("callbacks", .array(callbacks.map(\.encoded))) }
            if !revocations.isEmpty {
                writer.key("revocations")
                writer.array(of: revocations) { $0.write(to: &$1) }
            }
            for (key, value) in unknown { writer.member(key, value) }
        }
        return writer.bytes
    }

    /// Decodes the user stored as `bytes`.
    package init(decoding bytes: [UInt8]) throws(UserCodingError) {
        let value: JSONValue
        do { value = try JSONValue.parse(bytes) } catch { throw UserCodingError(problem: "\(error)") }
        guard let id = value["userId"]?.string, let connections = value["connections"]?.array else {
            throw UserCodingError(problem: "it has no userId or connections")
        }
        self.init(id: id)
        nextNumber = value.count("nextNumber") ?? 1
        keptAccount = value["externalAccount"].map { KeptJSON(wrappedValue: $0.detached) }
        for connection in connections { self.connections.append(try Connection(decoding: connection)) }
        erasures = value.texts("erasures")
        callbacks = (value["callbacks"]?.array ?? []).compactMap(ClaimedCallback.init(decoding:))
        revocations = (value["revocations"]?.array ?? []).compactMap(RevocationTicket.init(decoding:))
        unknown = (value.members ?? []).filter { !Self.knownNames.contains($0.key) }.map { ($0.key, $0.value.detached) }
    }
}
