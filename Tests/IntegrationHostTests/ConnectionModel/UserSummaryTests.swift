// The summary in the head of a user's document: it is stored with every change, says when there is something to do, and
// which accounts the user has.

import ConnectionModel
import DocumentStore
import HostTesting
import Primitives
import ProviderSDK
import Storage
import StoreFiles
import TestSupport
import Testing
import Users

@testable import Users

@Suite("User summary", .timeLimit(.minutes(1)))
struct UserSummaryTests {
    /// An agenda with one fixed moment.
    private struct FixedAgenda: UserAgenda {
        var basis = "plugins-1"
        var due: Timestamp?
        func addDue(of user: User, to moments: inout DueMoments) { moments.add(due) }
        func addDue(of connection: Connection, to moments: inout DueMoments) {}
        func listsAccounts(of service: String) -> Bool { service == "acme" }
    }

    private static func user(connections: Int) throws -> User {
        var user = User(id: "alice")
        for number in 0..<connections {
            let id = try user.add(
                service: "acme", variant: number % 2 == 0 ? "red" : nil, status: .pending, shard: "2bd",
                random: String(repeating: "\(number % 10)", count: 19) + "\(100 + number)", at: .epoch)
            try user.update(id) { (connection) throws(ServiceError) in
                try connection.linked(to: "account \"\(number)\" é", at: .epoch)
            }
        }
        return user
    }

    @Test("A stored summary is read as it was written", arguments: [0, 1, 200])
    func roundTrip(connections: Int) throws {
        let user = try Self.user(connections: connections)
        for due in [nil, Timestamp.epoch, Timestamp(milliseconds: 1_700_000_000_123)] {
            let summary = UserSummary(user, FixedAgenda(due: due), at: .epoch.advanced(by: .milliseconds(7)))
            #expect(summary.accounts.count == connections && Set(summary.accounts).count == connections)
            #expect(UserSummary(decoding: summary.encoded) == summary)
            #expect(!summary.encoded.contains(0x0a) && summary.encoded.count <= DocumentLimits.summaryBytesMax)
        }
    }

    @Test(
        "Anything else is no summary",
        arguments: [
            "", "{}", "null", #"{"due":null}"#,
            #"{"due":"soon","asOf":"2026-01-01T00:00:00.000Z","basis":"b","connections":0,"accounts":[]}"#,
            #"{"due":null,"asOf":"2026-01-01T00:00:00.000Z","basis":"b","connections":1,"accounts":["xyz"]}"#,
            #"{"asOf":"2026-01-01T00:00:00.000Z","basis":"b","connections":0,"accounts":[]}"#,
        ])
    func refusals(text: String) { #expect(UserSummary(decoding: Array(text.utf8)) == nil) }

    @Test("A summary counts only with the basis it was made with, and not when its clock was ahead")
    func currency() throws {
        let user = User(id: "alice")
        let now = Timestamp.epoch.advanced(by: .seconds(100_000))
        func summary(asOf moment: Timestamp) -> UserSummary { UserSummary(user, FixedAgenda(), at: moment) }
        #expect(summary(asOf: now).isCurrent("plugins-1", at: now))
        #expect(!summary(asOf: now).isCurrent("plugins-2", at: now))
        #expect(summary(asOf: now.advanced(by: .seconds(60))).isCurrent("plugins-1", at: now))
        #expect(!summary(asOf: now.advanced(by: .seconds(61))).isCurrent("plugins-1", at: now))
    }

    @Test("Every change stores the summary with the user, and observers get it with the user before the change")
    func isStoredWithEveryChange() async throws {
        let directory = try TemporaryDirectory()
        let data = try DataDirectory(path: directory.path + "/data")
        defer { data.close() }
        let (users, clock) = (UserStore(data.documents), ManualClock())
        let seen = Witness()
        users.changes.observe { change in seen.add(change) }
        let shard = DocumentKey.shard(ofID: Array("alice".utf8))
        func add() async throws {
            try await users.update("alice") { (user) throws(ServiceError) in
                _ = try user.add(
                    service: "acme", variant: nil, status: .connected, shard: UserStore.shard(of: "alice"),
                    random: String(repeating: "\(user.connections.count)", count: 22), at: .epoch)
            }
        }
        try await add()
        #expect(try await users.heads(shard: shard).map(\.summary) == [nil])
        users.summarize(with: FixedAgenda(due: .epoch), time: clock.source)
        try await add()
        let heads = try await users.heads(shard: shard)
        #expect(heads.map(\.id) == ["alice"] && heads.map(\.revision) == [2])
        #expect(heads.map(\.summary?.connectionCount) == [2] && heads.map(\.summary?.due.first) == [.epoch])
        #expect(seen.counts == [[0, 1], [1, 2]] && seen.summaries == [nil, heads[0].summary])
    }

    private final class Witness: @unchecked Sendable {
        private(set) var counts: [[Int]] = []
        private(set) var summaries: [UserSummary?] = []

        func add(_ change: UserChange) {
            counts.append([change.before?.connections.count ?? 0, change.user.connections.count])
            summaries.append(change.summary)
        }
    }
}
