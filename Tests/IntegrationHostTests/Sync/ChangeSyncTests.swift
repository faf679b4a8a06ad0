// Syncs of changes over a real engine and store: no change is lost to a sync that runs, stops or reads earlier data, and no sync
// restores a deleted record.

import DocumentStore
import Primitives
import ProviderSDK
import RecordStore
import Storage
import Synchronization
import TestSupport
import Testing
import Users

@testable import ConnectionModel
@testable import Observability
@testable import Providers
@testable import Sync

@Suite("Syncs of changes", .timeLimit(.minutes(2)))
struct ChangeSyncTests {
    /// The clock of the syncs, which only ``read(_:_:)`` advances; the engine uses the system's clock.
    private let clock = ManualClock(millisecondsSince1970: TimeSource.system.millisecondsSince1970)

    private func syncs(_ fixture: SyncFixture) -> ChangeSyncs {
        let time = clock.source
        let syncs = ChangeSyncs(
            users: fixture.users, registry: fixture.registry, engine: fixture.engine,
            debouncer: Debouncer(quietTime: .seconds(2)),
            time: time, log: Log(level: .error))
        fixture.users.changes.observe { syncs.userDidChange($0, at: time.now) }
        return syncs
    }

    private func note(_ syncs: ChangeSyncs, _ fixture: SyncFixture, _ id: String, _ types: [String] = ["things"])
        async throws -> Bool
    {
        let connection = try #require(try await fixture.connection(id))
        return try await syncs.note(types, of: connection, user: "u")
    }

    /// Waits until no change is left to read.
    private func read(_ id: String, _ fixture: SyncFixture) async throws -> [SyncRun] {
        try await waitUntil("the reading of all changes") {
            guard let connection = try await fixture.connection(id),
                connection.runningSync != nil || !connection.changes.isEmpty
            else { return true }
            clock.advance(by: .seconds(1))
            return false
        }
        return try await fixture.connection(id)?.syncs ?? []
    }

    @Test("Many changes cause one sync, which reads only the changed data types")
    func burst() async throws {
        let provider = ScriptedProvider(dataTypes: ["things", "others"], incremental: true) { _, _ in
            ScriptedProvider.page(1...2)
        }
        let fixture = try SyncFixture(provider)
        let syncs = syncs(fixture)
        let id = try await fixture.connect()
        _ = try await fixture.sync(id)
        for _ in 0..<50 { #expect(try await note(syncs, fixture, id)) }
        #expect(try await !note(syncs, fixture, id, ["unknown"]))
        let runs = try await read(id, fixture)
        #expect(runs.count == 2)
        #expect(runs[0].trigger == .webhook && runs[0].type == .incremental && runs[0].dataTypes == ["things"])
        await syncs.stop()
        await fixture.stop()
    }

    @Test("A change during a sync is read by another sync")
    func whileRunning() async throws {
        let door = Door()
        let provider = ScriptedProvider(incremental: true) { _, call in
            if call == 1 { await door.pass() }
            return ScriptedProvider.page(1...(call < 2 ? 1 : 2))
        }
        let fixture = try SyncFixture(provider)
        let syncs = syncs(fixture)
        let id = try await fixture.connect()
        _ = try await fixture.sync(id)
        _ = try await fixture.start(id, .incremental)
        try await waitUntil("the request to the provider", every: .milliseconds(1)) { provider.requests.count >= 2 }
        #expect(try await note(syncs, fixture, id))
        for _ in 0..<60 { clock.advance(by: .seconds(1)) }
        #expect(try await fixture.connection(id)?.changes.count == 1)
        door.open()
        #expect(try await read(id, fixture).count == 3)
        #expect(try await fixture.changes(id) == ["+t1", "+t2"])
        await syncs.stop()
        await fixture.stop()
    }

    @Test("The sync of a change ignores pages that a failed full sync read")
    func failedGeneration() async throws {
        let provider = ScriptedProvider(incremental: true) { (request, call) async throws(ProviderError) -> SyncPage in
            switch (call, request.cursor) {
            case (0, nil): return ScriptedProvider.page(1...1, next: 1)
            // The first sync ends after its first page.
            case (1, _): throw ProviderError(.rateLimited(after: .seconds(7200)), "wait")
            case (2, _): return ScriptedProvider.page([2])
            default: return ScriptedProvider.page([9])
            }
        }
        let fixture = try SyncFixture(provider, retryTime: .zero)
        let syncs = syncs(fixture)
        let id = try await fixture.connect()
        #expect(try await fixture.sync(id)?.status == .failed)
        #expect(try await note(syncs, fixture, id))
        let runs = try await read(id, fixture)
        #expect(runs.count == 2, "\(runs)")
        #expect(try await fixture.changes(id) == ["+t2"])
        await syncs.stop()
        await fixture.stop()
    }

    @Test("A note from before a stop is found by the next reconciliation")
    func restart() async throws {
        let provider = ScriptedProvider(incremental: true) { _, _ in ScriptedProvider.page(1...1) }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        try await fixture.users.update("u") { (user) throws(ServiceError) in
            try user.updateFirst { $0.changesNoted(of: ["things"]) }
        }
        await fixture.stop()
        let second = try SyncFixture(provider, in: fixture.directory)
        let syncs = syncs(second)
        await syncs.reconcile(try await second.users.user("u"), at: clock.source.now)
        #expect(try await read(id, second).count == 1)
        await syncs.stop()
        await second.stop()
    }

    @Test("A deleted record stays deleted, although a sync that ran meanwhile had read it")
    func deletion() async throws {
        let door = Door()
        let provider = ScriptedProvider { (_, call) async throws(ProviderError) -> SyncPage in
            switch call {
            case 1: await door.pass()
            case 2: throw ProviderError(.transient, "later")
            default: break
            }
            return call < 1 ? ScriptedProvider.page(1...3) : ScriptedProvider.page(1...3, next: call == 1 ? 1 : nil)
        }
        let fixture = try SyncFixture(provider, retryTime: .zero)
        let deletions = RecordDeletions(
            users: fixture.users, registry: fixture.registry, engine: fixture.engine, records: fixture.data.records,
            vault: fixture.engine.vault,
            time: .system)
        let id = try await fixture.connect()
        _ = try await fixture.sync(id)
        func delete() async throws -> RecordDeletion {
            try await deletions.delete(
                ["t2"], of: "things", try #require(try await fixture.connection(id)), user: "u")
        }
        _ = try await fixture.start(id)
        try await waitUntil("the request to the provider", every: .milliseconds(1)) { provider.requests.count >= 2 }
        #expect(try await delete() == .busy)
        door.open()
        // Its second page fails, and its first page is discarded.
        #expect(try await fixture.ended(id)?.status == .failed)
        try await waitUntil("the end of the sync", every: .milliseconds(1)) { fixture.engine.running(id) == nil }
        #expect(try await delete() == .deleted)
        #expect(try await delete() == .deleted)
        #expect(try await fixture.changes(id).last == "-t2")
        let state = try #require(try await fixture.data.records.state(of: StreamID(id))?["things"])
        #expect(state.generation == nil && state.recordCount == 2)
        await fixture.stop()
    }
}
