// Requests for a sync over a real store: one starts it, others join it or are refused, keys name it, and its progress is shown.

import DocumentStore
import HostTesting
import ProviderSDK
import Synchronization
import TestSupport
import Testing

@testable import ConnectionModel
@testable import Sync

@Suite("Sync requests", .timeLimit(.minutes(2)))
struct SyncJoiningTests {
    @Test("A hundred requests at once start one sync, and all get its id")
    func parallel() async throws {
        let door = Door()
        let provider = ScriptedProvider { (_, _) in
            await door.pass()
            return ScriptedProvider.page(0..<1)
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        let ids = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<100 { group.addTask { try await fixture.start(id).id } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        door.open()
        _ = try await fixture.ended(id)
        #expect(provider.requests.count == 1)
        #expect(try await fixture.connection(id)?.syncs.count == 1)
        await fixture.stop()
    }

    @Test("A running sync shows its progress and its estimated total")
    func progress() async throws {
        let door = Door()
        let provider = ScriptedProvider { (request, _) in
            guard request.cursor != nil else {
                var page = ScriptedProvider.page(0..<3, next: 1)
                page.totalCount = 5
                return page
            }
            await door.pass()
            return ScriptedProvider.page(3..<5)
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        _ = try await fixture.start(id)
        try await waitUntil("the first page", every: .milliseconds(1)) {
            fixture.engine.running(id)?.progress.snapshot.current.pages == 1
        }
        let connection = try #require(try await fixture.connection(id))
        let latest = try #require(await fixture.engine.latest(connection))
        #expect(latest.run.recordsProcessed == 3)
        let snapshot = try #require(latest.progress)
        #expect((snapshot.dataType, snapshot.current.processed, snapshot.estimate) == ("things", 3, 5))
        door.open()
        _ = try await fixture.ended(id)
        let after = try #require(try await fixture.connection(id))
        #expect(await fixture.engine.latest(after)?.progress == nil)
        await fixture.stop()
    }

    @Test("A request that the running sync does not cover is refused, and accepted after its end")
    func uncovered() async throws {
        let door = Door()
        let provider = ScriptedProvider(dataTypes: ["things", "others"]) { (_, _) in
            await door.pass()
            return ScriptedProvider.page(0..<1)
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        let run = try await fixture.start(id, .incremental, ["things"])
        #expect(try await fixture.start(id, .incremental, ["things"]).id == run.id)
        for (type, types) in [(SyncType.full, ["things"]), (.incremental, ["others"]), (.incremental, [])] {
            await #expect {
                _ = try await fixture.start(id, type, types)
            } throws: { "\($0)".contains(run.id) }
        }
        door.open()
        _ = try await fixture.ended(id)
        #expect(try await fixture.start(id, .full, ["others"]).id != run.id)
        _ = try await fixture.ended(id)
        await fixture.stop()
    }

    @Test("An idempotency key names one sync, also after its end and after a restart")
    func idempotency() async throws {
        let provider = ScriptedProvider { (_, _) in ScriptedProvider.page(0..<1) }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        let first = try await fixture.start(id, .full, key: "k")
        _ = try await fixture.ended(id)
        #expect(try await fixture.start(id, .full, key: "k").id == first.id)
        await #expect(throws: ServiceError.self) { _ = try await fixture.start(id, .incremental, key: "k") }
        #expect(try await fixture.start(id, .full, key: "l").id != first.id)
        _ = try await fixture.ended(id)
        await fixture.stop()
        let again = try SyncFixture(provider, in: fixture.directory)
        #expect(try await again.start(id, .full, key: "k").id == first.id)
        #expect(try await again.connection(id)?.syncs.count == 2)
        await again.stop()
    }

    @Test("An idempotency key that joined a sync keeps naming it")
    func joiningKey() async throws {
        let door = Door()
        let provider = ScriptedProvider { (_, _) in
            await door.pass()
            return ScriptedProvider.page(0..<1)
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        let first = try await fixture.start(id, .full)
        #expect(try await fixture.start(id, .full, key: "k").id == first.id)
        #expect(try await fixture.start(id, .full, key: "k").id == first.id)
        await #expect(throws: ServiceError.self) { _ = try await fixture.start(id, .incremental, key: "k") }
        door.open()
        #expect(try await fixture.ended(id)?.joined.count == 1)
        #expect(try await fixture.start(id, .full, key: "k").id == first.id)
        await #expect(throws: ServiceError.self) { _ = try await fixture.start(id, .incremental, key: "k") }
        #expect(try await fixture.connection(id)?.syncs.count == 1)
        await fixture.stop()
    }
}
