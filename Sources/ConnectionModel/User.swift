// What the host keeps about one user: the connections, and what other documents need of the user. Knows no storage.

package import ProviderSDK

/// A user and the user's connections.
package struct User: Sendable {
    /// The id, as the application gave it.
    package let id: String
    /// The number of the next connection.
    package private(set) var nextNumber = 1
    package private(set) var connections: [Connection] = []
    /// Connections that were removed and may have records left.
    package private(set) var erasures: [String] = []
    /// The Discord account and flags of the external-accounts document, as a JSON object.
    package private(set) var externalAccount: JSONValue?
    /// Members of the stored document that this version does not know.
    package private(set) var unknown: [(key: String, value: JSONValue)] = []

    package init(id: String) { self.id = id }

    /// The connection with this id; ids are compared as bytes.
    package func connection(_ id: String) -> Connection? {
        index(of: id).map { connections[$0] }
    }

    private func index(of id: String) -> Int? {
        connections.firstIndex { $0.id.utf8.elementsEqual(id.utf8) }
    }

    /// Changes the connection with this id.
    ///
    /// - Throws: ``ServiceError/notFound`` when there is none.
    package mutating func update<Result>(
        _ id: String, _ change: (inout Connection) throws(ServiceError) -> Result
    ) throws(ServiceError) -> Result {
        guard let index = index(of: id) else { throw .notFound }
        return try change(&connections[index])
    }

    /// Changes the connection with this id if it is still as the caller knows it.
    ///
    /// - Returns: nil when there is no such connection, or `isMeant` says no.
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

    // MARK: Coming and going

    /// Takes in a new connection; pending ones that were never completed make room first.
    ///
    /// - Returns: its id.
    /// - Throws: ``ServiceError/limit(_:)`` when there are too many.
    package mutating func add(
        service: String, variant: String?, status: ConnectionStatus, shard: String, random: String, at now: Timestamp
    ) throws(ServiceError) -> String {
        removeStale(at: now)
        if status == .pending { makeRoomForPending() }
        guard connections.count < HostLimits.connectionsPerUserMax else {
            throw .limit("A user can have at most \(HostLimits.connectionsPerUserMax) connections: delete one first.")
        }
        let id = "conn-\(shard)\(random)"
        connections.append(
            Connection(id: id, number: nextNumber, service: service, variant: variant, status: status, at: now))
        nextNumber += 1
        return id
    }

    /// Removes a connection, and notes that its records are to be erased.
    ///
    /// - Returns: what follows; nothing when there is no such connection.
    @discardableResult
    package mutating func remove(_ id: String, at now: Timestamp) throws(ServiceError) -> [Consequence] {
        guard let index = index(of: id) else { return [] }
        var connection = connections.remove(at: index)
        erasures.append(id)
        return try connection.removed(at: now)
    }

    /// Takes back a connection whose authorization failed as soon as it was begun; it has no records.
    package mutating func withdraw(_ id: String) {
        connections.removeAll { $0.id.utf8.elementsEqual(id.utf8) && $0.status == .pending }
    }

    /// The records of removed connections were erased.
    package mutating func recordsErased(_ ids: [String]) {
        erasures.removeAll { noted in ids.contains { $0.utf8.elementsEqual(noted.utf8) } }
    }

    /// Removes connections of which nothing came.
    package mutating func removeStale(at now: Timestamp) { connections.removeAll { $0.isStale(at: now) } }

    /// Removes the oldest unfinished connections until there is room for one more.
    private mutating func makeRoomForPending() {
        let unfinished = connections.filter(\.isUnfinished).sorted { $0.number < $1.number }
        for connection in unfinished.dropLast(HostLimits.pendingConnectionsMax - 1) {
            connections.removeAll { $0.number == connection.number }
        }
    }

    // MARK: Connecting

    /// The account of an authorization is known: the connection works.
    ///
    /// Where the user already has a connection to the account, that one works with the new grant: connecting an account again keeps id,
    /// settings and records.
    ///
    /// - Parameters:
    ///   - id: the connection that the authorization was begun for; its grant waits for its account.
    ///   - reseal: a sealed text of that connection, sealed for `target`.
    /// - Returns: the id of the connection that works.
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
        if earlier != nil { connections.removeAll { $0.id.utf8.elementsEqual(id.utf8) } }
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

    /// The user has this account outside of the application.
    package mutating func externalAccountChanged(_ account: ExternalAccount) { externalAccount = account.encoded }

    // MARK: Bounds

    /// Keeps the events of all connections together within bounds, so that no dead endpoints make the document too large.
    ///
    /// The connection with the most gives up its oldest ones. O(connections) when there is nothing to do.
    mutating func boundNotifications() {
        var surplus = connections.reduce(0) { $0 + $1.outbox.count } - HostLimits.waitingEventsPerUserMax
        while surplus > 0,
            let index = connections.indices.max(by: { connections[$0].outbox.count < connections[$1].outbox.count })
        {
            connections[index].oldestEventDropped()
            surplus -= 1
        }
        surplus = connections.reduce(0) { $0 + $1.webhook.log.count } - HostLimits.webhookDeliveriesPerUserMax
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

/// Why a stored user could not be read.
package struct UserCodingError: Error, CustomStringConvertible {
    package let problem: String
    package var description: String { "The stored user document cannot be read: \(problem)." }
}

extension User {
    private static let knownNames: Set = ["userId", "nextNumber", "externalAccount", "connections", "erasures"]

    /// The user as JSON; members that this version does not know are kept.
    package var encoded: [UInt8] {
        var writer = JSONWriter(capacity: 1024 * (connections.count + 1))
        writer.object { writer in
            writer.member("userId", id)
            writer.member("nextNumber", nextNumber)
            if let externalAccount { writer.member("externalAccount", externalAccount) }
            writer.key("connections")
            writer.array { writer in
                for connection in connections { connection.write(to: &writer) }
            }
            if !erasures.isEmpty { writer.member("erasures", erasures) }
            for (key, value) in unknown { writer.member(key, value) }
        }
        return writer.bytes
    }

    /// The user stored as `bytes`.
    package init(decoding bytes: [UInt8]) throws(UserCodingError) {
        let value: JSONValue
        do { value = try JSONValue.parse(bytes) } catch { throw UserCodingError(problem: "\(error)") }
        guard let id = value["userId"]?.string, let connections = value["connections"]?.array else {
            throw UserCodingError(problem: "it has no userId or connections")
        }
        self.init(id: id)
        nextNumber = value.count("nextNumber") ?? 1
        externalAccount = value["externalAccount"]
        for connection in connections { self.connections.append(try Connection(decoding: connection)) }
        erasures = value.texts("erasures")
        unknown = (value.members ?? []).filter { !Self.knownNames.contains($0.key) }
    }
}
