// What moves out of a user's document is missed by nothing that reads it: a connection whose ended syncs and deliveries move at
// random moments is compared with a twin that keeps all of them.

import Primitives
import ProviderSDK
import StoreFiles
import TestSupport
import Testing

@testable import ConnectionModel
@testable import Sync
@testable import Users

@Suite("The history of a connection", .timeLimit(.minutes(1)))
struct HistoryModelTests {
    /// A connection that moves what ended, its history, and the twin.
    private struct Pair {
        var user: User
        var twin: User
        var history: ConnectionHistory
        let id: String
        var now = Timestamp(milliseconds: 1_760_000_000_000) ?? .epoch
        var keys: [(key: SyncIdempotency, run: String)] = []
        var number = 0

        init() throws {
            var user = User(id: "u")
            id = try user.add(
                service: "acme", variant: nil, status: .connected, shard: "2bd",
                random: String(repeating: "0", count: 22),
                at: now)
            try user.update(id) { (connection) throws(ServiceError) in
                try connection.linked(to: "account", at: .epoch)
                try connection.settingsChanged(
                    SettingsChange(syncFrequency: .hourly, webhookURL: "https://example.com/hook"), newSecret: { "s" },
                    at: .epoch)
            }
            (self.user, twin, history) = (user, user, ConnectionHistory(of: id))
        }

        var connection: Connection { user.connection(id) ?? user.connections[0] }
        var other: Connection { twin.connection(id) ?? twin.connections[0] }
        var recalled: Connection { history.recalled(connection) }

        mutating func change(_ body: (inout Connection) throws(ServiceError) -> Void) throws {
            try user.update(id, body)
            try twin.update(id, body)
        }

        /// One sync from its start to its end, asked for by `keys` requests with keys.
        mutating func sync(_ status: SyncRunStatus, _ trigger: SyncTrigger, keys count: Int) throws {
            number += 1
            let requests = (0..<max(1, count)).map {
                SyncIdempotency(key: "\(number)/\($0)", type: .full, dataTypes: [])
            }
            let run = SyncRun(
                id: "sync-\(number)", type: .full, dataTypes: ["things"], startedAt: now, trigger: trigger,
                idempotency: count > 0 ? requests[0] : nil)
            try change { (connection) throws(ServiceError) in
                connection.syncBegan(run)
                for request in requests.dropFirst() { connection.syncJoined(run, by: request) }
            }
            if count > 0 { keys += requests.map { ($0, run.id) } }
            now = now.advanced(by: .seconds(100))
            // The notification has a random id, so both get the same change.
            var ended = connection
            try ended.syncEnded(
                run.id, SyncOutcome(status: status, failures: []), counts: (5, 4, 1), read: [], grant: nil, at: now)
            guard let event = ended.outbox.last, status != .canceled else {
                let end = now
                return try change { (connection) throws(ServiceError) in
                    try connection.syncEnded(
                        run.id, SyncOutcome(status: status, failures: []), counts: (5, 4, 1), read: [], grant: nil,
                        at: end)
                }
            }
            let end = now
            try user.update(id) { (connection) throws(ServiceError) in connection = ended }
            try twin.update(id) { (connection) throws(ServiceError) in
                try connection.syncEnded(
                    run.id, SyncOutcome(status: status, failures: []), counts: (5, 4, 1), read: [], grant: nil, at: end)
                connection.replaceLastEvent(by: event)
            }
        }

        /// The application takes the next event.
        mutating func deliver() throws {
            guard let event = connection.outbox.first else { return }
            let (url, now) = (connection.settings.webhookURL ?? "", now)
            try change { (connection) throws(ServiceError) in
                connection.deliveryAttempted(
                    DeliveryAttempt(
                        eventID: event.id, url: url,
                        attempt: .init(at: now, outcome: .delivered, status: 200, milliseconds: 3), chance: 0.5),
                    DeliverySchedule())
            }
        }

        /// Asks for an event again that may have moved.
        mutating func redeliver(_ place: Int) throws {
            let log = other.webhook.log
            guard !log.isEmpty else { return }
            let event = log[place % log.count].id
            let moved = history.deliveries.first { $0.id == event }
            try user.update(id) { (connection) throws(ServiceError) in
                _ = try connection.redeliveryRequested(event, moved)
            }
            try twin.update(id) { (connection) throws(ServiceError) in _ = try connection.redeliveryRequested(event) }
        }

        /// Moves what ended; a stop between the two steps leaves the second one out.
        mutating func move(isCutShort: Bool) throws {
            let kept = connection
            history.add(kept)
            history = try ConnectionHistory(document: history.document)
            guard !isCutShort else { return }
            try user.update(id) { (connection) throws(ServiceError) in connection.endedMoved(kept) }
            user = try User(decoding: user.encoded)
        }
    }

    @Test("Whatever moves when, the syncs, deliveries, schedule and repeated requests are the same", arguments: 0..<40)
    func sameAsWithoutMoves(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        var pair = try Pair()
        for _ in 0..<200 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3:
                let status = [SyncRunStatus.completed, .failed, .failed, .partial, .canceled].randomElement(
                    using: &random)
                let trigger = [SyncTrigger.schedule, .schedule, .manual].randomElement(using: &random)
                try pair.sync(
                    status ?? .failed, trigger ?? .manual, keys: Int.random(in: -2...2, using: &random))
            case 4...6: try pair.deliver()
            case 7: try pair.redeliver(Int.random(in: 0..<20, using: &random))
            case 8: try pair.move(isCutShort: Bool.random(using: &random))
            default: pair.now = pair.now.advanced(by: .seconds(Int.random(in: 1..<10_000, using: &random)))
            }
            let (recalled, other) = (pair.recalled, pair.other)
            #expect(recalled.syncs == other.syncs)
            #expect(recalled.outbox == other.outbox)
            // An event that waits again has made room for one that the twin has dropped.
            #expect(recalled.webhook.log.prefix(other.webhook.log.count) == other.webhook.log[...])
            #expect(recalled.syncStatus == other.syncStatus && recalled.lastSyncAt == other.lastSyncAt)
            #expect(SyncSchedule.nextDue(pair.connection, at: pair.now) == SyncSchedule.nextDue(other, at: pair.now))
            for (key, run) in pair.keys.suffix(ConnectionLimits.answeredKeysMax) {
                #expect(try pair.connection.sync.run(repeatedBy: key)?.id == run)
                let different = SyncIdempotency(stored: "\(key.key).different")
                #expect(throws: ServiceError.self) { try pair.connection.sync.run(repeatedBy: different) }
            }
        }
        #expect(pair.connection.hasHistory)
    }

    @Test("An event that was asked for again while it moved stays, and a request that joined meanwhile is remembered")
    func changedMeanwhile() throws {
        var pair = try Pair()
        try pair.sync(.completed, .manual, keys: 1)
        try pair.deliver()
        let kept = pair.connection
        pair.history.add(kept)
        // Between the two steps: the event is delivered a second time, and another request is answered with the sync.
        try pair.redeliver(0)
        pair.now = pair.now.advanced(by: .seconds(1))
        try pair.deliver()
        let request = SyncIdempotency(key: "late", type: .full, dataTypes: [])
        try pair.change { (connection) throws(ServiceError) in connection.syncJoined(kept.syncs[0], by: request) }
        try pair.user.update(pair.id) { (connection) throws(ServiceError) in connection.endedMoved(kept) }
        #expect(pair.recalled.webhook.log == pair.other.webhook.log)
        #expect(pair.recalled.webhook.log.map(\.delivery.attempts.count) == [2])
        #expect(pair.recalled.syncs == pair.other.syncs && pair.recalled.syncs[0].joined == [request])
        try pair.move(isCutShort: false)
        #expect(try pair.connection.sync.run(repeatedBy: request)?.id == "sync-1")
        let later = SyncIdempotency(key: "later", type: .full, dataTypes: [])
        try pair.change { (connection) throws(ServiceError) in connection.syncJoined(kept.syncs[0], by: later) }
        #expect(try pair.connection.sync.run(repeatedBy: later)?.id == "sync-1")
    }

    @Test("Version 0.1.0 gets a document in which everything is where it was")
    func firstVersion() throws {
        var pair = try Pair()
        for number in 0..<12 {
            try pair.sync(number % 3 == 0 ? .completed : .failed, .schedule, keys: 1)
            try pair.deliver()
            if number % 4 == 3 { try pair.move(isCutShort: false) }
        }
        let history = pair.history.document
        let exported = try FirstVersionUsers.document("users", pair.user.encoded) {
            collection, id throws(StoreError) in
            #expect(collection == "users-history" && id == Array(pair.id.utf8))
            return history
        }
        #expect(exported == pair.twin.encoded)
        #expect(
            try FirstVersionUsers.document("users-history", history) { _, _ throws(StoreError) in nil } == nil)
        let other = Array("{}".utf8)
        #expect(try FirstVersionUsers.document("link-tokens", other) { _, _ throws(StoreError) in nil } == other)
    }
}

extension Connection {
    /// Gives the newest event that waits the id of another one.
    fileprivate mutating func replaceLastEvent(by event: ConnectionEvent) {
        stored.outbox = Array(outbox.dropLast()) + [event]
    }
}
