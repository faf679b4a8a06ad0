// The loop over due users on a manual clock: a user is visited when something is due, at a start, after a restart, and when
// the clock is set back; nobody else is.

import DocumentStore
import HostTesting
import Primitives
import ProviderSDK
import Storage
import StoreFiles
import Synchronization
import TestSupport
import Testing

@testable import Background
@testable import ConnectionModel
@testable import Observability
@testable import Users

@Suite("Reconcile loop", .timeLimit(.minutes(1)))
struct ReconcileLoopTests {
    /// Records the users it is given; a connection is due when it was created.
    private final class Witness: Reconciler {
        private let users: Mutex<UserStore?> = Mutex(nil)
        private let visits = Mutex<[String: [Timestamp]]>([:])
        let changed = Mutex<[String]>([])
        /// Holds up visits; nil holds up none.
        let gate = Mutex<OneTimeEvent?>(nil)

        /// From now on a visit removes what is due.
        func removesWhatIsDue(in store: UserStore) { users.withLock { $0 = store } }

        func visits(of user: String) -> [Timestamp] { visits.withLock { $0[user] ?? [] } }
        var counts: [String: Int] { visits.withLock { $0.mapValues(\.count) } }
        var visited: Set<String> { visits.withLock { Set($0.keys) } }

        func reconcile(_ user: User, at now: Timestamp) async {
            visits.withLock { $0[user.id, default: []].append(now) }
            await gate.withLock { $0 }?.wait()
            guard let store = users.withLock({ $0 }) else { return }
            _ = try? await store.update(user.id) { (user) throws(ServiceError) in
                for connection in user.connections where connection.createdAt <= now { user.withdraw(connection.id) }
            }
        }

        func addDue(of connection: Connection, to moments: inout DueMoments) {
            // What a clock that was ahead wrote does not count, as in the schedule of syncs.
            let isBelievable = connection.updatedAt <= moments.now.advanced(by: .seconds(86_400))
            moments.add(isBelievable ? connection.createdAt : .epoch)
        }

        func userDidChange(_ change: UserChange, at now: Timestamp) { changed.withLock { $0.append(change.user.id) } }

        func reached(_ count: Int, of user: String) async throws {
            try await waitUntil("visit \(count) of \(user)", every: .milliseconds(1)) {
                visits(of: user).count >= count
            }
        }
    }

    /// A data directory with a host's loop, which can be stopped and begun again.
    private final class Fixture {
        let directory: TemporaryDirectory
        let clock = ManualClock()
        private(set) var data: DataDirectory
        private(set) var users: UserStore
        private(set) var witness = Witness()
        private(set) var loop: ReconcileLoop

        init() throws {
            directory = try TemporaryDirectory()
            (data, users, loop) = try Self.open(directory, witness, clock)
        }

        private static func open(
            _ directory: TemporaryDirectory, _ witness: Witness, _ clock: ManualClock, basis: String = "1"
        ) throws -> (DataDirectory, UserStore, ReconcileLoop) {
            let data = try DataDirectory(path: directory.path + "/data")
            let users = UserStore(data.documents)
            let loop = ReconcileLoop(
                users: users, reconcilers: [witness],
                agenda: ReconcilerAgenda([witness], accountServices: [], parts: [basis]) { "key" },
                walkPause: .seconds(86_400), time: clock.source, log: Log(level: .error))
            return (data, users, loop)
        }

        func restart(basis: String = "1") async throws {
            await loop.stop()
            data.close()
            witness = Witness()
            (data, users, loop) = try Self.open(directory, witness, clock, basis: basis)
        }

        func add(_ id: String, due: Timestamp, to users: UserStore? = nil) async throws {
            try await (users ?? self.users).update(id) { (user) throws(ServiceError) in
                _ = try user.add(
                    service: "acme", variant: nil, status: .pending, shard: UserStore.shard(of: id),
                    random: String(repeating: "x", count: 20) + "\(10 + user.nextNumber)", at: due)
            }
        }

        var now: Timestamp { clock.source.now }

        /// Waits until the loop, the walk and the filling have nothing to do before a time passes.
        func settle() async throws {
            await clock.waitForSleepers(2)
            try await waitUntil("the index", every: .milliseconds(1)) { clock.sleeperCount >= 2 }
        }

        func stop() async {
            await loop.stop()
            data.close()
        }
    }

    @Test("A user is visited when something is due, and no other user is")
    func visitsWhenDue() async throws {
        let fixture = try Fixture()
        fixture.witness.removesWhatIsDue(in: fixture.users)
        let start = fixture.now
        fixture.loop.start()
        for number in 0..<20 {
            try await fixture.add("user-\(number)", due: start.advanced(by: .seconds(100 * (Int64(number) + 1))))
        }
        #expect(fixture.witness.changed.withLock { $0.count } == 20)
        #expect(fixture.loop.scheduledCount == 20)
        try await fixture.settle()
        #expect(fixture.witness.visited.isEmpty)
        // A second user becomes due while the loop waits for a later one.
        fixture.clock.advance(by: .seconds(99))
        try await fixture.settle()
        try await fixture.add("early", due: fixture.now.advanced(by: .milliseconds(500)))
        fixture.clock.advance(by: .milliseconds(500))
        try await fixture.witness.reached(1, of: "early")
        fixture.clock.advance(by: .milliseconds(500))
        try await fixture.witness.reached(1, of: "user-0")
        #expect(fixture.witness.visits(of: "user-0") == [start.advanced(by: .seconds(100))])
        #expect(fixture.witness.visited == ["early", "user-0"])
        await fixture.stop()
    }

    @Test("As many users as may be are visited at the same time, and one more waits for the end of a visit")
    func visitsAtOnce() async throws {
        let fixture = try Fixture()
        let gate = OneTimeEvent()
        fixture.witness.gate.withLock { $0 = gate }
        fixture.loop.start()
        // Users of one folder are visited one after the other.
        var shards: Set<String> = []
        var ids: [String] = []
        var number = 0
        while ids.count <= BackgroundLimits.visitsMax {
            if shards.insert(UserStore.shard(of: "user-\(number)")).inserted { ids.append("user-\(number)") }
            number += 1
        }
        for id in ids { try await fixture.add(id, due: fixture.now) }
        try await waitUntil("as many visits as may be", every: .milliseconds(1)) {
            fixture.witness.visited.count == BackgroundLimits.visitsMax
        }
        try await Task.sleep(for: .milliseconds(20))
        #expect(fixture.witness.visited.count == BackgroundLimits.visitsMax)
        gate.signal()
        for id in ids { try await fixture.witness.reached(1, of: id) }
        await fixture.stop()
    }

    @Test("A user for whom nothing can be done comes again after growing pauses, and delays no other")
    func growingPauses() async throws {
        let fixture = try Fixture()
        let start = fixture.now
        fixture.loop.start()
        try await fixture.add("stuck", due: start)
        for (count, pause) in [0, 1, 4, 16, 64, 64].enumerated() {
            fixture.clock.advance(by: .seconds(Int64(pause)))
            try await fixture.witness.reached(count + 1, of: "stuck")
        }
        let visits = fixture.witness.visits(of: "stuck").map { $0.duration(since: start) }
        #expect(visits == [0, 1, 5, 21, 85, 149].map { .seconds($0) })
        await fixture.stop()
    }

    @Test("A restart finds what is due in the heads of the documents, and reads no other document")
    func restart() async throws {
        let fixture = try Fixture()
        let start = fixture.now
        for number in 0..<50 {
            try await fixture.add("user-\(number)", due: start.advanced(by: .seconds(number < 5 ? 60 : 7200)))
        }
        fixture.clock.advance(by: .seconds(3600))
        try await fixture.restart()
        fixture.witness.removesWhatIsDue(in: fixture.users)
        fixture.loop.start()
        for number in 0..<5 { try await fixture.witness.reached(1, of: "user-\(number)") }
        try await waitUntil("the end of the visits", every: .milliseconds(1)) { fixture.loop.scheduledCount == 45 }
        #expect(fixture.witness.visited == Set((0..<5).map { "user-\($0)" }))
        #expect(fixture.data.documentStatistics.cachedDocuments == 5)
        fixture.clock.advance(by: .seconds(3600))
        for number in 5..<50 { try await fixture.witness.reached(1, of: "user-\(number)") }
        await fixture.stop()
    }

    @Test("Documents whose heads say nothing, or were written by other plugins, are read once")
    func outdatedHeads() async throws {
        let fixture = try Fixture()
        let later = fixture.now.advanced(by: .seconds(7200))
        try await fixture.add("new", due: later)
        // As version 0.1.0 has written them.
        let earlier = UserStore(fixture.data.documents)
        for number in 0..<10 { try await fixture.add("old-\(number)", due: later, to: earlier) }
        try await fixture.restart()
        fixture.loop.start()
        try await waitUntil("all users", every: .milliseconds(1)) {
            // The visits pause; time passes for them.
            fixture.clock.advance(by: .milliseconds(1))
            return fixture.loop.scheduledCount == 11
        }
        #expect(fixture.witness.visited == Set((0..<10).map { "old-\($0)" }))
        try await fixture.restart(basis: "2")
        fixture.loop.start()
        try await waitUntil("all users", every: .milliseconds(1)) {
            fixture.clock.advance(by: .milliseconds(1))
            return fixture.witness.visited.count == 11
        }
        await fixture.stop()
    }

    @Test("A clock that is set back: what it wrote while it was ahead is computed again")
    func clockSetBack() async throws {
        let fixture = try Fixture()
        fixture.loop.start()
        try await fixture.settle()
        let milliseconds = fixture.clock.millisecondsSince1970
        fixture.clock.set(millisecondsSince1970: milliseconds + 200 * 86_400_000)
        try await fixture.add("ahead", due: fixture.now.advanced(by: .seconds(60)))
        fixture.clock.set(millisecondsSince1970: milliseconds)
        try await fixture.settle()
        #expect(fixture.witness.visited.isEmpty)
        // The loop looks at the clock after the longest pause, and not before.
        fixture.clock.advance(by: BackgroundLimits.clockCheckPause - .milliseconds(1))
        try await fixture.settle()
        #expect(fixture.witness.visited.isEmpty)
        fixture.clock.advance(by: .milliseconds(1))
        try await fixture.witness.reached(1, of: "ahead")
        await fixture.stop()
    }

    @Test("The walk once a day visits all users, and stores the summaries that are missing")
    func dailyWalk() async throws {
        let fixture = try Fixture()
        let later = fixture.now.advanced(by: .seconds(6 * 3600))
        let earlier = UserStore(fixture.data.documents)
        for number in 0..<5 { try await fixture.add("old-\(number)", due: later, to: earlier) }
        try await fixture.add("new", due: later)
        try await fixture.restart()
        fixture.loop.start()
        try await waitUntil("the first visits", every: .milliseconds(1)) {
            fixture.clock.advance(by: .milliseconds(1))
            return fixture.loop.scheduledCount == 6
        }
        fixture.clock.advance(by: .seconds(600))
        try await waitUntil("the walk: \(fixture.witness.counts)", every: .milliseconds(1)) {
            (0..<5).allSatisfy { fixture.witness.visits(of: "old-\($0)").count == 2 }
                && fixture.witness.visits(of: "new").count == 1
        }
        for number in 0..<5 {
            let shard = DocumentKey.shard(ofID: Array("old-\(number)".utf8))
            try await waitUntil("the summary", every: .milliseconds(1)) {
                try await fixture.users.heads(shard: shard).allSatisfy { $0.summary != nil }
            }
        }
        await fixture.stop()
    }
}
