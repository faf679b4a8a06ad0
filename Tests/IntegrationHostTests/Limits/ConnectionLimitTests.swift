// The limits of a user's connections from both sides.

import Primitives
import ProviderSDK
import Testing
import Users

@testable import ConnectionModel

@Suite("Limits of a user's connections", .timeLimit(.minutes(2)))
struct ConnectionLimitTests {
    private static let now = Timestamp(seconds: 1_700_000_000) ?? .epoch

    private static func add(
        _ status: ConnectionStatus, _ number: Int, isReported: Bool = false, to user: inout User,
        at moment: Timestamp = now
    ) throws(ServiceError) -> String {
        try user.add(
            service: "acme", variant: nil, status: status, isReported: isReported, shard: "2bd",
            random: String(1_000_000_000_000_000_000 + number) + "abc", at: moment)
    }

    @Test("A user has their number of connections and reported integrations, and no more")
    func connections() throws {
        var user = User(id: "alice")
        for number in 0..<ConnectionLimits.connectionsPerUserMax {
            let id = try Self.add(.pending, number, to: &user)
            try user.update(id) { (connection) throws(ServiceError) in
                try connection.linked(to: "account-\(number)", at: Self.now)
            }
        }
        #expect(throws: ServiceError.self) { try Self.add(.pending, 900, to: &user) }
        try user.remove(user.connections[0].id, at: Self.now)
        _ = try Self.add(.pending, 901, to: &user)
        #expect(user.connections.count == ConnectionLimits.connectionsPerUserMax)

        var reporter = User(id: "bob")
        for number in 0..<ConnectionLimits.reportedIntegrationsMax {
            let id = try Self.add(.connected, number, isReported: true, to: &reporter)
            try reporter.update(id) { (connection) throws(ServiceError) in
                try connection.noted(isConnected: true, at: Self.now)
            }
        }
        #expect(reporter.connections.count { $0.isReported } == reporter.connections.count)
        #expect(throws: ServiceError.self) { try Self.add(.connected, 900, isReported: true, to: &reporter) }
        // They leave the room of connections with accounts alone.
        _ = try Self.add(.pending, 901, to: &reporter)
    }

    @Test("A connection that was never completed is kept for its time, and not a moment longer")
    func staleness() throws {
        for (status, lifetime) in [
            (ConnectionStatus.pending, ConnectionLimits.pendingConnectionLifetime),
            (.error, ConnectionLimits.failedConnectionLifetime),
        ] {
            var user = User(id: "alice")
            _ = try Self.add(status, 1, to: &user)
            user.removeStale(at: Self.now.advanced(by: lifetime))
            #expect(user.connections.count == 1, "\(status)")
            user.removeStale(at: Self.now.advanced(by: lifetime + .milliseconds(1)))
            #expect(user.connections.isEmpty, "\(status)")
        }
    }

    @Test("The last callbacks, joined requests, runs and attempts are kept, and one more drops the oldest")
    func histories() {
        var user = User(id: "alice")
        let end = Self.now.advanced(by: .seconds(60))
        for number in 0...ConnectionLimits.callbacksKept {
            user.callbackClaimed(
                ClaimedCallback(tag: "\(number)", connectionID: "c", callerState: nil, expiresAt: end), at: Self.now)
            #expect(user.callbacks.first?.tag == (number < ConnectionLimits.callbacksKept ? "0" : "1"))
        }
        #expect(user.callbacks.count == ConnectionLimits.callbacksKept)

        var connection = Connection(id: "c", number: 1, service: "p", status: .connected, at: Self.now)
        for number in 0...ConnectionLimits.syncHistoryMax {
            connection.syncBegan(SyncRun(id: "\(number)", type: .full, dataTypes: ["a"], startedAt: Self.now))
            #expect(connection.sync.runs.last?.id == (number < ConnectionLimits.syncHistoryMax ? "0" : "1"))
        }

        var run = SyncRun(id: "r", type: .full, dataTypes: ["a"], startedAt: Self.now)
        for number in 0...ConnectionLimits.joinedKeysMax {
            run.remember(SyncIdempotency(key: "\(number)", type: .full, dataTypes: ["a"]))
        }
        #expect(run.joined.count == ConnectionLimits.joinedKeysMax)
        #expect(run.joined.first == SyncIdempotency(key: "1", type: .full, dataTypes: ["a"]))

        var delivery = EventDelivery()
        for number in 0...ConnectionLimits.webhookAttemptsKept {
            delivery.note(.init(at: Self.now, outcome: .delivered, milliseconds: number))
            #expect(
                delivery.attempts.first?.milliseconds == (number < ConnectionLimits.webhookAttemptsKept ? 0 : 1))
        }
        #expect(delivery.attempts.count == ConnectionLimits.webhookAttemptsKept)
    }

    @Test("The last revocations are owed, and one more drops the oldest")
    func revocations() {
        var user = User(id: "alice")
        for number in 0...ConnectionLimits.revocationsPerUserMax {
            let connection = Connection(
                id: "conn-\(number)", number: number, service: "p", status: .connected, at: Self.now)
            user.revocationOwed(RevocationTicket(connection, at: Self.now))
            let isFull = number >= ConnectionLimits.revocationsPerUserMax
            #expect(user.revocations.first?.remnant.id == (isFull ? "conn-1" : "conn-0"))
        }
        #expect(user.revocations.count == ConnectionLimits.revocationsPerUserMax)
    }
}
