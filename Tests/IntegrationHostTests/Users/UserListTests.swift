// The list of all users' connections: pages and cursors give the same order, each connection once, whatever is known of the counts.

import DocumentStore
import HostTesting
import Primitives
import ProviderSDK
import Storage
import TestSupport
import Testing

@testable import ConnectionModel
@testable import Users

@Suite("List of all connections", .timeLimit(.minutes(1)))
struct UserListTests {
    private let directory: TemporaryDirectory
    private let data: DataDirectory
    private let users: UserStore

    init() throws {
        directory = try TemporaryDirectory()
        data = try DataDirectory(path: directory.path + "/data")
        users = UserStore(data.documents)
    }

    private struct NothingDue: UserAgenda {
        let basis = "b"
        func addDue(of user: User, to moments: inout DueMoments) {}
        func addDue(of connection: Connection, to moments: inout DueMoments) {}
        func listsAccounts(of service: String) -> Bool { false }
    }

    private func add(_ count: Int, to userID: String) async throws {
        try await users.update(userID) { (user) throws(ServiceError) in
            for _ in 0..<count {
                _ = try user.add(
                    service: "integration", variant: nil, status: .connected, isReported: true,
                    shard: UserStore.shard(of: userID), random: Self.random(), at: .epoch)
            }
        }
    }

    private static func random() -> String { String((0..<22).map { _ in "abcdefghij".randomElement() ?? "a" }) }

    private func page(_ number: Int, _ limit: Int) async throws -> [String] {
        try await users.connections(skipping: (number - 1) * limit, limit: limit, at: .epoch).map(\.connection.id)
    }

    private func byPages(_ limit: Int) async throws -> [String] {
        var found: [String] = []
        var number = 1
        while true {
            let page = try await page(number, limit)
            found += page
            guard page.count == limit else { return found }
            number += 1
        }
    }

    private func byCursor(_ limit: Int) async throws -> [String] {
        var found = try await users.connections(skipping: 0, limit: limit, at: .epoch)
        while true {
            guard found.count % limit == 0, let last = found.last else { return found.map(\.connection.id) }
            let next = try await users.connections(
                after: .init(userID: last.user.id, number: last.connection.number), limit: limit, at: .epoch)
            guard !next.isEmpty else { return found.map(\.connection.id) }
            found += next
        }
    }

    @Test("Pages and cursors list every connection once and in one order", arguments: [false, true], [3, 7, 50])
    func everyConnectionOnce(hasSummaries: Bool, limit: Int) async throws {
        if hasSummaries { users.summarize(with: NothingDue(), time: ManualClock().source) }
        var wanted: Set<String> = []
        for number in 0..<120 {
            let id = number % 3 == 0 ? "User \(number)" : "user-\(number)"
            try await add(number % 4, to: id)
            if number == 60 { try await data.documents.flush() }
            wanted.formUnion(try await users.user(id).connections.map(\.id))
        }
        let pages = try await byPages(limit)
        #expect(pages.count == wanted.count && Set(pages) == wanted)
        #expect(try await byCursor(limit) == pages)
        // The counts follow what is added and removed.
        try await add(5, to: "user-1")
        let gone = pages[10]
        for id in try await users.candidates(forOwnerOf: gone) {
            try await users.update(id) { (user) throws(ServiceError) in _ = try user.remove(gone, at: .epoch) }
        }
        let changed = try await byPages(limit)
        #expect(changed.count == pages.count + 4 && Set(changed).count == changed.count && !changed.contains(gone))
        #expect(try await byCursor(limit) == changed)
        #expect(try await page(10_000, 1000) == [])
        data.close()
    }

    @Test("A count follows changes, and one that was taken while a user changed does not stay")
    func racingCount() {
        let counts = ConnectionCounts()
        // Counted while a change becomes durable: the count may have the change or not.
        let epoch = counts.epoch(of: 7)
        counts.changeEnded(counts.changeBegins(7), 1)
        counts.note(3, of: 7, since: epoch)
        #expect(counts.all[7] == nil)
        counts.note(4, of: 7, since: counts.epoch(of: 7))
        #expect(counts.all[7] == 4)
        // Two changes at the same time, of which one fails, and one that takes a connection away.
        let (first, second, failing) = (counts.changeBegins(7), counts.changeBegins(7), counts.changeBegins(7))
        counts.changeEnded(second, 2)
        counts.changeEnded(first, -3)
        _ = failing
        #expect(counts.all[7] == 3)
        // Counted between the beginning and the end of a change.
        let late = counts.changeBegins(7)
        counts.note(5, of: 7, since: counts.epoch(of: 7))
        counts.changeEnded(late, 1)
        #expect(counts.all[7] == nil)
    }

    @Test("A cursor continues behind a connection that was removed, and behind a user without any")
    func removedMeanwhile() async throws {
        for number in 0..<20 { try await add(3, to: "user-\(number)") }
        let first = try await users.connections(skipping: 0, limit: 4, at: .epoch)
        let rest = try await users.connections(skipping: 4, limit: 100, at: .epoch).map(\.connection.id)
        let last = try #require(first.last)
        try await users.update(last.user.id) { (user) throws(ServiceError) in
            _ = try user.remove(last.connection.id, at: .epoch)
        }
        let position = UserStore.ConnectionPosition(userID: last.user.id, number: last.connection.number)
        #expect(try await users.connections(after: position, limit: 100, at: .epoch).map(\.connection.id) == rest)
        data.close()
    }
}
