// The loop over all users on a manual clock: it visits every user, repeats after the pause, and reports changes at once.

import DocumentStore
import HostTesting
import Primitives
import ProviderSDK
import Storage
import Synchronization
import TestSupport
import Testing
import Users

@testable import Background
@testable import ConnectionModel
@testable import Observability

@Suite("Reconcile loop", .timeLimit(.minutes(1)))
struct ReconcileLoopTests {
    /// Records the users it is given.
    private final class Witness: Reconciler {
        let walked = Mutex<[String: Int]>([:])
        let changed = Mutex<[String]>([])

        func reconcile(_ user: User, at now: Timestamp) async { walked.withLock { $0[user.id, default: 0] += 1 } }
        func nextDue(_ user: User, at now: Timestamp) -> Timestamp? { nil }
        func userDidChange(_ user: User, at now: Timestamp) { changed.withLock { $0.append(user.id) } }

        func reached(_ count: Int, of users: [String]) async throws {
            try await waitUntil("visit \(count) of every user", every: .milliseconds(1)) {
                walked.withLock { walked in users.allSatisfy { walked[$0, default: 0] >= count } }
            }
        }
    }

    @Test("The loop visits every user, repeats after the pause, and reports changes at once")
    func walks() async throws {
        let directory = try TemporaryDirectory()
        let data = try DataDirectory(path: directory.path + "/data")
        defer { data.close() }
        let users = UserStore(data.documents)
        let (clock, witness) = (ManualClock(), Witness())
        let loop = ReconcileLoop(
            users: users, reconcilers: [witness], pause: .seconds(60), time: clock.source, log: Log(level: .error))
        let ids = (0..<20).map { "user-\($0)" }
        for id in ids {
            try await users.update(id) { (user) throws(ServiceError) in
                _ = try user.add(
                    service: "acme", variant: nil, status: .connected, shard: UserStore.shard(of: id),
                    random: String(repeating: "x", count: 22), at: .epoch)
            }
        }
        #expect(witness.changed.withLock { $0 } == ids)
        #expect(witness.walked.withLock { $0 }.isEmpty)
        loop.start()
        await clock.waitForSleepers()
        #expect(witness.walked.withLock { $0 } == Dictionary(uniqueKeysWithValues: ids.map { ($0, 1) }))
        clock.advance(by: .seconds(59))
        #expect(clock.sleeperCount == 1)
        clock.advance(by: .seconds(1))
        try await witness.reached(2, of: ids)
        await loop.stop()
    }
}
