// The state machines behind webhooks on a manual clock: when changes are read, which notes a sync removes, and whether the end of a
// grant concerns the present one.

import Primitives
import ProviderSDK
import Testing
import Users

@testable import ConnectionModel
@testable import Sync
@testable import Webhooks

@Suite("Debounced changes", .timeLimit(.minutes(2)))
struct DebouncerTests {
    private static func at(_ seconds: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: UInt64(seconds * 1_000_000_000))
    }

    struct Burst: Sendable, CustomTestStringConvertible {
        /// Seconds of the changes.
        let changes: [Double]
        /// Seconds of the syncs.
        let due: [Double]
        var testDescription: String { "\(changes) → \(due)" }
    }

    @Test(
        "A sync begins after two seconds without changes, or after thirty seconds",
        arguments: [
            Burst(changes: [0], due: [2]), Burst(changes: [0, 1, 2, 3], due: [5]),
            Burst(changes: [0, 3], due: [2, 5]),
            Burst(changes: [0, 2], due: [2, 4]),
            Burst(changes: Array(stride(from: 0, to: 40, by: 1)), due: [30, 41]),
        ])
    func bursts(_ burst: Burst) {
        var debouncer = Debouncer(quietTime: .seconds(2), quietTimeMax: .seconds(30))
        var begun: [Double] = []
        for step in 0...1000 {
            let now = Double(step) / 10
            // Due work is taken before a change at the same moment.
            if debouncer.take("c", at: Self.at(now)) == .due { begun.append(now) }
            if burst.changes.contains(now) { _ = debouncer.note("c", at: Self.at(now)) }
        }
        #expect(begun == burst.due)
        #expect(debouncer.count == 0)
    }

    @Test("After a long sync, the next one waits as long, up to ten minutes")
    func rest() {
        let now = Timestamp(seconds: 1_700_000_000) ?? .epoch
        for (seconds, ago, rest) in [(40, 0, 40), (40, 30, 10), (40, 41, 0), (40, -1000, 40), (5000, 0, 600)] {
            func run(_ trigger: SyncTrigger) -> SyncRun {
                SyncRun(
                    id: "r", type: .incremental, dataTypes: ["a"], status: .completed,
                    startedAt: now.advanced(by: .seconds(-seconds - ago)),
                    completedAt: now.advanced(by: .seconds(-ago)), trigger: trigger)
            }
            var connection = Connection(id: "c", number: 1, service: "p", status: .connected, at: now)
            connection.stored.syncs = [run(.manual)]
            #expect(connection.restAfterChanges(at: now) == .zero, "by hand")
            connection.stored.syncs = [run(.webhook)]
            #expect(connection.restAfterChanges(at: now) == .seconds(rest))
        }
        var debouncer = Debouncer(quietTime: .zero, quietTimeMax: .seconds(30))
        #expect(debouncer.note("c", at: Self.at(1), rest: .seconds(40)) == Self.at(41))
        #expect(debouncer.take("c", at: Self.at(40)) == .wait(until: Self.at(41)))
        #expect(debouncer.take("c", at: Self.at(41)) == .due)
    }

    @Test("The number of waiting keys is limited, and each is taken once")
    func bounds() {
        var debouncer = Debouncer(quietTime: .seconds(1), quietTimeMax: .seconds(2), countMax: 3)
        for number in 0..<5 {
            let due = debouncer.note("c\(number)", at: Self.at(0))
            #expect(due == (number < 3 ? Self.at(1) : nil))
        }
        #expect(debouncer.note("c0", at: Self.at(0.5)) == Self.at(1.5), "a key that waits already needs no room")
        #expect(debouncer.take("c1", at: Self.at(5)) == .due)
        #expect(debouncer.take("c1", at: Self.at(5)) == .unknown)
        #expect(debouncer.count == 2)
    }
}

@Suite("Pending changes of a connection", .timeLimit(.minutes(2)))
struct PendingChangeTests {
    private static let now = Timestamp(seconds: 1_700_000_000) ?? .epoch

    private func connection(_ noted: [String]) -> Connection {
        var connection = Connection(id: "c", number: 1, service: "p", status: .connected, at: Self.now)
        connection.changesNoted(of: noted)
        return connection
    }

    private func run(_ dataTypes: [String], id: String = "r") -> SyncRun {
        SyncRun(id: id, type: .incremental, dataTypes: dataTypes, startedAt: Self.now)
    }

    /// Ends the run `r`.
    private func end(
        _ connection: inout Connection, _ outcome: SyncOutcome, read: Set<String>, at now: Timestamp = now
    ) throws {
        try connection.syncEnded("r", outcome, counts: (0, 0, 0), read: read, grant: nil, at: now)
    }

    private func outcome(_ status: SyncRunStatus, failed: [String] = []) -> SyncOutcome {
        SyncOutcome(
            status: status,
            failures: failed.map { SyncFailure(dataType: $0, error: ProviderError(.permanent, "no")) })
    }

    @Test(
        "A sync removes the notes of data types that it read whole, and keeps the others")
    func finish() throws {
        var connection = connection(["a", "b", "c", "d"])
        connection.syncBegan(run(["a", "b", "c"]))
        try end(&connection, outcome(.partial, failed: ["b"]), read: ["a", "b"])
        #expect(connection.changes.map(\.dataType) == ["b", "c", "d"])
        #expect(connection.changes.allSatisfy { $0.syncID == nil })
        // The failed data type waits; the others are due at once.
        #expect(connection.dueChanges(at: Self.now) == ["c", "d"])
        #expect(connection.dueChanges(at: Self.now.advanced(by: .seconds(15 * 60))) == ["b", "c", "d"])
    }

    @Test("A change during a sync is kept for the next sync")
    func duringASync() throws {
        var connection = connection(["a"])
        #expect(connection.sync.unnoted(["a", "b"]) == ["b"])
        connection.syncBegan(run(["a"]))
        #expect(connection.sync.unnoted(["a"]) == ["a"])
        connection.changesNoted(of: ["a"])
        try end(&connection, outcome(.completed), read: ["a"])
        #expect(connection.dueChanges(at: Self.now) == ["a"])
    }

    @Test("Consecutive failures are retried after growing pauses, up to a day; a cancellation does not count")
    func failures() throws {
        var connection = connection(["a"])
        var now = Self.now
        var pauses: [Int64] = []
        for _ in 0..<10 {
            connection.stored.syncs = []
            connection.syncBegan(run(["a"]))
            try end(&connection, outcome(.failed, failed: ["a"]), read: [], at: now)
            let next = connection.changes[0].notBefore ?? now
            pauses.append((next.milliseconds - now.milliseconds) / 60_000)
            #expect(connection.dueChanges(at: next.advanced(by: .milliseconds(-1))).isEmpty)
            now = next
        }
        #expect(pauses == [15, 30, 60, 120, 240, 480, 960, 1440, 1440, 1440])
        var canceled = self.connection(["a"])
        canceled.syncBegan(run(["a"]))
        try end(&canceled, outcome(.canceled), read: ["a"], at: now)
        #expect(canceled.dueChanges(at: now) == ["a"])
    }

    @Test(
        "No change is due while a sync runs, or without a working connection", arguments: ConnectionStatus.allCases)
    func notDue(_ status: ConnectionStatus) {
        var connection = connection(["a"])
        connection.stored.status = status
        #expect(connection.dueChanges(at: Self.now).isEmpty == (status != .connected))
        connection.syncBegan(run(["b"]))
        #expect(connection.dueChanges(at: Self.now).isEmpty)
    }

    @Test("Notes are unchanged after encoding and decoding")
    func coding() throws {
        var connection = connection(["b"])
        connection.syncBegan(run(["b"]))
        try end(&connection, outcome(.failed, failed: ["b"]), read: [])
        connection.changesNoted(of: ["a"])
        connection.syncBegan(run(["a"], id: "sync-1"))
        let user = try User(id: "u", [connection])
        #expect(user.connections[0].changes.map(\.failures) == [1, 0])
        #expect(try User(decoding: user.encoded).connections[0].changes == connection.changes)
    }
}

@Suite("Late ends of grants", .timeLimit(.minutes(2)))
struct GrantAgeTests {
    private static let ages: [(Int64, GrantAge)] = [
        (-86_400, .older), (-301, .older), (-299, .doubtful), (-1, .doubtful), (0, .present), (1, .present),
        (86_400, .present),
    ]

    private static func at(_ seconds: Int64, _ milliseconds: Int64 = 0) -> Timestamp {
        Timestamp(milliseconds: (1_700_000_000 + seconds) * 1000 + milliseconds) ?? .epoch
    }

    @Test(
        "An event before the present grant is older, and one close to its beginning is doubtful",
        arguments: ages)
    func age(_ seconds: Int64, _ age: GrantAge) {
        // Granted in the middle of a second; providers report its beginning.
        #expect(GrantAge(occurredAt: Self.at(seconds), grantedAt: Self.at(0, 700)) == age)
    }

    @Test("An event without a time is doubtful")
    func noTime() { #expect(GrantAge(occurredAt: nil, grantedAt: Self.at(0)) == .doubtful) }

    @Test("With a host clock that is behind, the end of an older grant is doubtful")
    func clockBehind() {
        // By the provider's clock: ended at 0, connected again at 10, delivered at 20. The host is two minutes behind.
        let moment = InboxEvent.moment(Self.at(0), sentAt: Self.at(20), receivedAt: Self.at(-100))
        #expect(moment == Self.at(-120))
        #expect(GrantAge(occurredAt: moment, grantedAt: Self.at(-110)) == .doubtful)
        // A host that is ahead, or a late delivery, changes no moment.
        #expect(InboxEvent.moment(Self.at(0), sentAt: Self.at(20), receivedAt: Self.at(500)) == Self.at(0))
        #expect(InboxEvent.moment(Self.at(0), sentAt: nil, receivedAt: Self.at(-100)) == Self.at(0))
        #expect(InboxEvent.moment(nil, sentAt: Self.at(20), receivedAt: Self.at(-100)) == nil)
    }
}
