// What the host keeps about one user: the connections, and what other documents need of the user. Knows no storage.

import ProviderSDK

/// A user and the user's connections.
struct User: Sendable {
    /// The id, as the application gave it.
    let id: String
    /// The number of the next connection.
    var nextNumber = 1
    var connections: [Connection] = []
    /// Connections that were removed and may have records left.
    var erasures: [String] = []
    /// The Discord account and flags of the external-accounts document, as a JSON object.
    var externalAccount: JSONValue?
    /// Members of the stored document that this version does not know.
    var unknown: [(key: String, value: JSONValue)] = []

    init(id: String) { self.id = id }

    /// The connection with this id; ids are compared as bytes.
    func connection(_ id: String) -> Connection? {
        index(of: id).map { connections[$0] }
    }

    func index(of id: String) -> Int? {
        connections.firstIndex { $0.id.utf8.elementsEqual(id.utf8) }
    }

    /// Changes the connection with this id.
    ///
    /// - Throws: ``ServiceError/notFound`` when there is none.
    mutating func update<Result>(
        _ id: String, _ change: (inout Connection) throws(ServiceError) -> Result
    ) throws(ServiceError) -> Result {
        guard let index = index(of: id) else { throw .notFound }
        return try change(&connections[index])
    }

    /// Removes a connection, and notes that its records are to be erased; false when there is none.
    @discardableResult
    mutating func remove(_ id: String) -> Bool {
        guard let index = index(of: id) else { return false }
        connections.remove(at: index)
        erasures.append(id)
        return true
    }

    /// Takes in a new connection.
    ///
    /// Pending ones that were never completed make room first.
    /// - Throws: ``ServiceError/limit(_:)`` when there are too many.
    mutating func add(
        service: String, variant: String?, status: ConnectionStatus, shard: String, random: String, at now: Timestamp
    ) throws(ServiceError) -> Int {
        removeStale(at: now)
        if status == .pending { makeRoomForPending() }
        guard connections.count < HostLimits.connectionsPerUserMax else {
            throw .limit("A user can have at most \(HostLimits.connectionsPerUserMax) connections: delete one first.")
        }
        let connection = Connection(
            id: "conn-\(shard)\(random)", number: nextNumber, service: service, variant: variant, status: status,
            at: now)
        nextNumber += 1
        connections.append(connection)
        return connections.count - 1
    }

    /// Removes connections of which nothing came: never connected, without a grant, and past their time.
    mutating func removeStale(at now: Timestamp) {
        connections.removeAll { connection in
            let lifetime: Duration
            switch connection.status {
            case .pending: lifetime = HostLimits.pendingConnectionLifetime
            case .error: lifetime = HostLimits.failedConnectionLifetime
            default: return false
            }
            return connection.connectedAt == nil && connection.credentials.isEmpty && connection.held == nil
                && !connection.authorizations.contains { $0.expiresAt > now }
                && connection.updatedAt.advanced(by: lifetime) < now
        }
    }

    /// Removes the oldest unfinished connections until there is room for one more.
    private mutating func makeRoomForPending() {
        let unfinished = connections.filter(\.isUnfinished).sorted { $0.number < $1.number }
        for connection in unfinished.dropLast(HostLimits.pendingConnectionsMax - 1) {
            connections.removeAll { $0.number == connection.number }
        }
    }
}

extension Connection {
    /// Whether it waits for its first authorization, with nothing in it that could be lost: one whose callback has come is at work.
    fileprivate var isUnfinished: Bool {
        status == .pending && credentials.isEmpty && held == nil && connectedAt == nil && !authorizations.isEmpty
    }
}
