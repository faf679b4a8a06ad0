// Histories in a real store: what moves is found by readers, is erased with its connection, and is in a backup of any moment.

import DocumentStore
import HostTesting
import Primitives
import ProviderSDK
import Storage
import StoreFiles
import TestSupport
import Testing

@testable import Background
@testable import ConnectionModel
@testable import Observability
@testable import Users

@Suite("Histories of connections", .timeLimit(.minutes(1)))
struct HistoryStoreTests {
    private let directory: TemporaryDirectory
    private let data: DataDirectory
    private let users: UserStore

    init() throws {
        directory = try TemporaryDirectory()
        data = try DataDirectory(path: directory.path + "/data")
        users = UserStore(data.documents)
    }

    private static func key(_ id: String) -> DocumentKey {
        DocumentKey(collection: ConnectionHistories.collection, id: Array(id.utf8))
    }

    private func connect(_ number: Int) async throws -> String {
        try await users.update("u") { (user) throws(ServiceError) in
            try user.add(
                service: "acme", variant: nil, status: .connected, shard: UserStore.shard(of: "u"),
                random: "\(1000 + number)" + String(repeating: "A", count: 18), at: .epoch)
        }
    }

    /// Adds an ended sync.
    private func sync(_ number: Int, of id: String) async throws {
        let at = Timestamp.epoch.advanced(by: .seconds(number))
        try await users.update("u") { (user) throws(ServiceError) in
            try user.update(id) { (connection) throws(ServiceError) in
                connection.syncBegan(SyncRun(id: "sync-\(number)", type: .full, dataTypes: [], startedAt: at))
                try connection.syncEnded(
                    "sync-\(number)", SyncOutcome(status: .completed, failures: []), counts: (0, 0, 0), read: [],
                    grant: nil, at: at)
            }
        }
    }

    private func connection(_ id: String) async throws -> Connection? { try await users.user("u").connection(id) }

    @Test("A reconciler moves what ended once enough has, and the document's size no longer grows")
    func moves() async throws {
        let clock = ManualClock()
        let reconciler = HistoryReconciler(users: users, time: clock.source, log: Log(level: .error))
        users.changes.observe { reconciler.userDidChange($0, at: .epoch) }
        let id = try await connect(0)
        let most = ConnectionLimits.endedInDocumentMax
        for number in 1..<most { try await sync(number, of: id) }
        var moments = DueMoments(at: .epoch)
        reconciler.addDue(of: try await users.user("u"), to: &moments)
        #expect(moments.first == nil, "few stay where they are")
        try await sync(most, of: id)
        reconciler.addDue(of: try await users.user("u"), to: &moments)
        #expect(moments.first == .epoch)
        await reconciler.reconcile(try await users.user("u"), at: .epoch)
        try await waitUntil("the move", every: .milliseconds(1)) { try await connection(id)?.syncs.isEmpty == true }
        let stored = try #require(try await connection(id))
        #expect(
            try await users.histories.recalled(stored).syncs.map(\.id) == (1...most).reversed().map { "sync-\($0)" })
        #expect(stored.syncStatus == .success && stored.hasHistory)
        await reconciler.stop()
        data.close()
    }

    @Test("A connection that is removed while its history is written leaves none behind")
    func removed() async throws {
        let id = try await connect(0)
        try await sync(1, of: id)
        // The move has read the user, and comes to its turn when the connection is gone.
        let kept = try await users.histories.keep(id) { () async throws(ServiceError) in
            try await users.update("u") { (user) throws(ServiceError) in _ = try user.remove(id, at: .epoch) }
            return try await users.stored("u")?.user.connection(id)
        }
        #expect(kept == nil)
        #expect(try await data.documents.load(Self.key(id)) == nil)
        let other = try await connect(1)
        try await sync(2, of: other)
        try await users.moveEnded(of: "u")
        #expect(try await data.documents.load(Self.key(other)) != nil)
        try await users.update("u") { (user) throws(ServiceError) in _ = try user.remove(other, at: .epoch) }
        try await users.histories.erase(other)
        try await users.histories.erase(other)
        #expect(try await data.documents.load(Self.key(other)) == nil)
        data.close()
    }

    @Test("An abandoned connection with a history is noted, so that the history is erased")
    func abandoned() throws {
        var user = User(id: "u")
        let ids = try (0..<2).map { number in
            try user.add(
                service: "acme", variant: nil, status: .error, shard: "2bd",
                random: "\(number)" + String(repeating: "B", count: 21), at: .epoch)
        }
        try user.update(ids[0]) { (connection) throws(ServiceError) in connection.endedMoved(connection) }
        user.removeStale(at: Timestamp.epoch.advanced(by: .seconds(1_000_000)))
        #expect(user.connections.isEmpty && user.erasures == [ids[0]])
    }

    @Test("A backup that is made while syncs end and move has each of them once")
    func backup() async throws {
        let ids = try await [connect(0), connect(1), connect(2)]
        let moving = Task { [self] in
            for number in 1...300 {
                try await sync(number, of: ids[number % 3])
                if number % 5 == 0 { try await users.moveEnded(of: "u") }
                if number % 50 == 0 { try await data.documents.flush() }
            }
        }
        for round in 0..<6 {
            let first = try await newest(ids, users)
            _ = try await data.backup(to: directory.path + "/backup-\(round)")
            _ = try DataDirectory.restore(
                from: directory.path + "/backup-\(round)", to: directory.path + "/restored-\(round)")
            let restored = try DataDirectory(path: directory.path + "/restored-\(round)")
            #expect(try await restored.check().problems == [])
            let copy = UserStore(restored.documents)
            for (place, id) in ids.enumerated() {
                let connection = try #require(try await copy.user("u").connection(id))
                let syncs = try await copy.histories.recalled(connection).syncs.compactMap { Int($0.id.dropFirst(5)) }
                // Every third sync is this connection's: the copy has its last ones without a gap.
                let last = try #require(syncs.first ?? (first[place] == 0 ? 0 : nil))
                #expect(last >= first[place])
                let wanted = stride(from: last, to: 0, by: -3).prefix(ConnectionLimits.syncHistoryMax)
                #expect(syncs == (last == 0 ? [] : Array(wanted)))
            }
            restored.close()
        }
        try await moving.value
        data.close()
    }

    private func newest(_ ids: [String], _ users: UserStore) async throws -> [Int] {
        var found: [Int] = []
        for id in ids {
            let connection = try #require(try await users.user("u").connection(id))
            let sync = try await users.histories.recalled(connection).syncs.first
            found.append(sync.flatMap { Int($0.id.dropFirst(5)) } ?? 0)
        }
        return found
    }
}
