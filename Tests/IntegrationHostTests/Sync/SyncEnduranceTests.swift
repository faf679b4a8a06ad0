// Syncs under random failures and restarts: readers get every record once, and the counts add up.

import Primitives
import ProviderSDK
import Synchronization
import Testing
import Users

@testable import ConnectionModel
@testable import Sync

/// The SplitMix64 generator: equal seeds give equal numbers.
struct SplitMix: Sendable {
    var state: UInt64

    mutating func next(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}

/// A generator for several tasks.
final class SharedRandom: Sendable {
    private let state: Mutex<SplitMix>

    init(seed: Int) { state = Mutex(SplitMix(state: UInt64(seed))) }

    func next(_ bound: Int) -> Int { state.withLock { $0.next(bound) } }
}

@Suite("Sync endurance", .timeLimit(.minutes(2)))
struct SyncEnduranceTests {
    private static let pages = 12
    private static let pageSize = 5

    /// A provider of two data types that fails at random; every seventh record has no id.
    private static func provider(_ random: SharedRandom) -> ScriptedProvider {
        ScriptedProvider(dataTypes: ["things", "others"]) { (request, _) throws(ProviderError) in
            switch random.next(10) {
            case 0, 1: throw ProviderError(.transient, "Down.", status: 503)
            case 2: throw ProviderError(.rateLimited(after: .milliseconds(1)), "Slow down.", status: 429)
            default: break
            }
            try? await Task.sleep(for: .microseconds(200))
            let page = Int(request.cursor?.integer ?? 0)
            let base = request.dataType == "things" ? 0 : 1000
            let records = (page * pageSize..<(page + 1) * pageSize).map { index in
                index % 7 == 6
                    ? SourceRecord(["size": .number(JSONNumber(index))])
                    : SourceRecord(["id": .string("t\(base + index)"), "size": .number(JSONNumber(index))])
            }
            return SyncPage(records, next: page + 1 < pages ? .number(JSONNumber(page + 1)) : nil)
        }
    }

    @Test(
        "After failures and stops at random moments, readers get every record once and the counts add up",
        arguments: 1...8)
    func endures(seed: Int) async throws {
        let random = SharedRandom(seed: seed)
        let provider = Self.provider(random)
        var fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        let run = try await fixture.start(id)
        for _ in 0..<4 {
            try await Task.sleep(for: .milliseconds(Int64(random.next(25))))
            await fixture.stop()
            fixture = try SyncFixture(provider, in: fixture.directory)
            await fixture.reconciler.reconcile(try await fixture.users.user("u"), at: TimeSource.system.now)
        }
        let ended = try #require(try await fixture.ended(id))
        #expect((ended.id, ended.status) == (run.id, .completed), "\(ended.message ?? "")")
        let bad = (0..<Self.pages * Self.pageSize).count { $0 % 7 == 6 }
        let all = 2 * Self.pages * Self.pageSize
        #expect((ended.recordsProcessed, ended.recordsSynced, ended.errors) == (all, all - 2 * bad, 2 * bad))
        let changes = try await fixture.changes(id)
        #expect(changes.count == all - 2 * bad)
        #expect(Set(changes).count == changes.count)
        #expect(changes.allSatisfy { $0.hasPrefix("+") })
        await fixture.stop()
    }
}
