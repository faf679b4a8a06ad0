// The removal of a user's document: who learns of it, and that late work stores nothing.

import ConnectionModel
import DocumentStore
import ProviderSDK
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Users

@Suite("Removal of users", .timeLimit(.minutes(1)))
struct UserRemovalTests {
    private static func add(_ user: inout User) throws(ServiceError) -> String {
        try user.add(
            service: "acme", variant: nil, status: .pending, shard: "000", random: "abcdefghijklmnopqrstuv", at: .epoch)
    }

    @Test("A late change of a removed user stores nothing, and a new account begins a new user")
    func late() async throws {
        let directory = try TemporaryDirectory()
        let data = try DataDirectory(path: directory.path + "/data")
        defer { data.close() }
        let users = UserStore(data.documents)
        let id = try await users.update("ada") { (user) throws(ServiceError) in try Self.add(&user) }
        #expect(try await !users.remove("ada") { $0.connections.isEmpty })
        #expect(try await users.stored("ada") != nil)
        #expect(try await users.remove("ada") { _ in true })
        // What a sync, a delivery, a refresh and a revocation do when their answer is late.
        try await users.update("ada") { (user) throws(ServiceError) in
            user.recordsErased([id])
            user.callbacksLapsed(at: .epoch)
            user.updateAll { _ in }
            try user.update(id, where: { _ in true }) { (_) throws(ServiceError) in }
        }
        await #expect(throws: ServiceError.notFound) {
            try await users.update("ada") { (user) throws(ServiceError) in
                try user.update(id) { (_) throws(ServiceError) in }
            }
        }
        #expect(try await users.stored("ada") == nil)
        #expect(try await users.userIDs(after: nil).ids == [])
        try await users.update("ada") { (user) throws(ServiceError) in _ = try Self.add(&user) }
        #expect(try await users.user("ada").connections.count == 1)
    }

    @Test("Observers see a removed user without connections, and the rendered status is forgotten")
    func observers() async throws {
        let directory = try TemporaryDirectory()
        let data = try DataDirectory(path: directory.path + "/data")
        defer { data.close() }
        let users = UserStore(data.documents)
        _ = try await users.update("ada") { (user) throws(ServiceError) in try Self.add(&user) }
        users.statuses.insert(
            RenderedStatus([1], count: 1, expiredCount: 0, validUntil: nil), of: "ada",
            readAt: users.statuses.epoch(of: "ada"))
        let seen = Mutex<[[Int]]>([])
        users.changes.observe { change in
            seen.withLock { $0.append([change.before?.connections.count ?? -1, change.user.connections.count]) }
        }
        #expect(try await users.remove("ada") { _ in true })
        #expect(try await users.remove("ada") { _ in true }, "there is nothing left")
        #expect(seen.withLock(\.self) == [[1, 0]])
        #expect(users.statuses.find("ada", at: .epoch) == nil)
    }
}
