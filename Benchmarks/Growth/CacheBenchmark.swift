// What the cache of documents says that it takes, beside what the allocator says: users of different shapes, read and then changed.
// Runs in this process, with nothing beside it.

import CLinux
import ConnectionModel
import DocumentStore
import Foundation
import ProviderSDK
import Storage
import TestSupport
import Users

enum CacheBenchmark {
    private struct Shape {
        let name: String
        let users: Int
        let connections: Int
        let syncs: Int
        /// The size of a sealed token; 0 for connections without one.
        let tokenBytes: Int
    }

    private static let shapes = [
        Shape(name: "1 connection", users: 4000, connections: 1, syncs: 0, tokenBytes: 0),
        Shape(name: "10 connections", users: 1000, connections: 10, syncs: 0, tokenBytes: 0),
        Shape(name: "10 connections with keys", users: 1000, connections: 10, syncs: 0, tokenBytes: 900),
        Shape(name: "3 connections with 20 syncs each", users: 600, connections: 3, syncs: 20, tokenBytes: 200),
        Shape(name: "100 connections", users: 100, connections: 100, syncs: 0, tokenBytes: 0),
    ]

    static func run() async throws -> Bool {
        var table = BenchmarkTable()
        for shape in shapes {
            let directory = try TemporaryDirectory()
            try await write(shape, directory)
            let (read, changed) = try await measure(shape, directory)
            for (what, figures) in [("read", read), ("changed", changed)] {
                table.add(
                    "cached MiB, \(shape.users) users of \(shape.name), \(what) ÷ allocated", peer: figures.allocated,
                    product: figures.counted, .within(0.8...1.2))
            }
        }
        table.show()
        return table.isMet
    }

    private struct Figures {
        let counted: Double
        let allocated: Double
    }

    private static func options() -> StoreOptions {
        var options = StoreOptions()
        options.cacheBytesMax = 1 << 30
        return options
    }

    private static func write(_ shape: Shape, _ directory: TemporaryDirectory) async throws {
        let data = try DataDirectory(path: directory.path + "/data", options: options())
        let users = UserStore(data.documents)
        let start = Timestamp(milliseconds: 1_750_000_000_000) ?? .epoch
        let token = String(repeating: "t", count: shape.tokenBytes)
        for number in 0..<shape.users {
            let userID = "user-\(number)"
            try await users.update(userID) { (user) throws(ServiceError) in
                for place in 0..<shape.connections {
                    let id = try user.add(
                        service: "integration-\(place)", variant: nil, status: .connected,
                        shard: UserStore.shard(of: userID), random: String(format: "%022d", place), at: start)
                    try user.update(id) { (connection) throws(ServiceError) in
                        try connection.linked(
                            to: "account-\(userID)-\(place)", key: token.isEmpty ? nil : token,
                            permissions: ["read", "payments.write.all"], at: start)
                        for round in 0..<shape.syncs { try Self.sync(&connection, round, start) }
                    }
                }
            }
        }
        await users.flush()
        data.close()
    }

    private static func sync(
        _ connection: inout Connection, _ round: Int, _ start: Timestamp
    ) throws(ServiceError) {
        let at = start.advanced(by: .seconds(3600 * round))
        let run = SyncRun(
            id: String(format: "sync-%022d", round), type: .incremental, dataTypes: ["payments", "customers"],
            startedAt: at)
        connection.syncBegan(run)
        try connection.syncEnded(
            run.id, SyncOutcome(status: .completed, failures: []), counts: (100, 100, 0), read: [], grant: nil,
            at: at.advanced(by: .seconds(20)))
    }

    private static func measure(
        _ shape: Shape, _ directory: TemporaryDirectory
    ) async throws -> (read: Figures, changed: Figures) {
        let data = try DataDirectory(path: directory.path + "/data", options: options())
        defer { data.close() }
        let users = UserStore(data.documents)
        let ids = (0..<shape.users).map { "user-\($0)" }
        // What is made once does not count.
        _ = try await users.user("someone else")
        let before = try await settledBytes()
        for id in ids { _ = try await users.user(id) }
        let read = figures(data, since: before)
        for id in ids {
            try await users.update(id) { (user) throws(ServiceError) in user.externalAccountChanged(["id": "1"]) }
        }
        await users.flush()
        return (read, figures(data, since: before))
    }

    /// The allocated bytes when threads of what was closed before have ended.
    private static func settledBytes() async throws -> Int {
        var (last, equal) = (0, 0)
        while equal < 5 {
            let now = cl_allocated_bytes()
            equal = abs(now - last) < 4096 ? equal + 1 : 0
            last = now
            try await Task.sleep(for: .milliseconds(100))
        }
        return last
    }

    private static func figures(_ data: DataDirectory, since before: Int) -> Figures {
        let mebibyte = Double(1 << 20)
        return Figures(
            counted: Double(data.documents.statistics.cachedBytes) / mebibyte,
            allocated: Double(cl_allocated_bytes() - before) / mebibyte)
    }
}
