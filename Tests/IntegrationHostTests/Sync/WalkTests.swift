// Full and incremental syncs whose lists move, refuse their cursors, or lack very many records at once.

import Primitives
import ProviderSDK
import RecordStore
import Storage
import Synchronization
import TestSupport
import Testing

@testable import ConnectionModel
@testable import Sync

@Suite("Walks", .timeLimit(.minutes(2)))
struct WalkTests {
    @Test("A list that is suddenly empty deletes nothing before the next full sync confirms it")
    func emptyList() async throws {
        let ids = Mutex<[Int]>(Array(1...30))
        let provider = ScriptedProvider { (_, _) in ScriptedProvider.page(ids.withLock { $0 }) }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        _ = try await fixture.sync(id)
        ids.withLock { $0 = [] }
        let first = try await fixture.sync(id)
        #expect(first?.status == .completed)
        #expect(first?.message?.contains("Missing records that were kept: 30.") == true, "\(first?.message ?? "")")
        #expect(try await fixture.changes(id).count == 30)
        // It was a mistake of the provider: nobody sees that anything happened.
        ids.withLock { $0 = Array(1...30) }
        #expect(try await fixture.sync(id)?.message == nil)
        #expect(try await fixture.changes(id).count == 30)
        // This time it is not.
        ids.withLock { $0 = [31] }
        _ = try await fixture.sync(id)
        #expect(try await fixture.changes(id).count == 31)
        #expect(try await fixture.sync(id)?.message == nil)
        #expect(try await fixture.changes(id).filter { $0.hasPrefix("-") }.count == 30)
        #expect(try await fixture.data.records.state(of: StreamID(id))?["~missing"]?.recordCount == 0)
        await fixture.stop()
    }

    @Test("A confirmation concerns the records that were missing before; others need their own")
    func confirmations() async throws {
        let ids = Mutex<[Int]>(Array(1...100))
        let provider = ScriptedProvider { (_, _) in ScriptedProvider.page(ids.withLock { $0 }) }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        _ = try await fixture.sync(id)
        ids.withLock { $0 = Array(41...100) }
        _ = try await fixture.sync(id)
        ids.withLock { $0 = Array(1...10) + Array(81...100) }
        _ = try await fixture.sync(id)
        let deleted = Set(try await fixture.changes(id).filter { $0.hasPrefix("-") })
        #expect(deleted == Set((11...40).map { "-t\($0)" }))
        _ = try await fixture.sync(id)
        #expect(try await fixture.changes(id).filter { $0.hasPrefix("-") }.count == 70)
        await fixture.stop()
    }

    @Test("A list that moves in every try is read to its end without a deletion, and the message says so")
    func moving() async throws {
        let isMoving = Mutex(false)
        let provider = ScriptedProvider(incremental: true) { (request, _) in
            guard isMoving.withLock({ $0 }) else { return ScriptedProvider.page(1...4) }
            if request.cursor == nil { return ScriptedProvider.page(1...2, next: 2) }
            var page = ScriptedProvider.page(4...4)
            page.continuity = .broken
            return page
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        _ = try await fixture.sync(id)
        let watermark = { () async throws in
            SyncCheckpoint(try await fixture.data.records.state(of: StreamID(id))?["things"]?.checkpoint)?.watermark
        }
        let before = try await watermark()
        isMoving.withLock { $0 = true }
        let run = try await fixture.sync(id)
        #expect(run?.status == .completed && run?.recordsProcessed == 3)
        #expect(run?.message?.contains("records moved") == true && run?.message?.contains("kept: 1") == true)
        #expect(try await fixture.changes(id).count == 4)
        // Three further tries of two pages each.
        #expect(provider.requests.count == 1 + 8)
        // What it may have missed is read again.
        let after = try await watermark()
        #expect(before == after)
        let changes = try await fixture.sync(id, .incremental)
        #expect(changes?.message?.contains("records moved") == true)
        #expect(try await watermark() == before)
        await fixture.stop()
    }

    @Test("A cursor that the provider refuses begins the walk again, and fails the data type after three times")
    func refusedCursors() async throws {
        let refusals = Mutex(0)
        let provider = ScriptedProvider { (request, _) throws(ProviderError) in
            guard request.cursor != nil else { return ScriptedProvider.page(1...2, next: 2) }
            let isRefused = refusals.withLock { left in
                left -= 1
                return left >= 0
            }
            if isRefused { throw ProviderError(.cursorRefused, "The cursor has expired.", status: 400) }
            return ScriptedProvider.page(3...3)
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        refusals.withLock { $0 = 3 }
        let run = try await fixture.sync(id)
        #expect(run?.status == .completed && run?.recordsProcessed == 3 && run?.message == nil)
        #expect(try await fixture.changes(id) == ["+t1", "+t2", "+t3"])
        refusals.withLock { $0 = 4 }
        let failed = try await fixture.sync(id)
        #expect(failed?.status == .failed)
        #expect(failed?.message?.contains("The cursor has expired.") == true)
        #expect(try await fixture.changes(id).count == 3)
        await fixture.stop()
    }

    @Test("A walk that was stopped in its second try resumes there")
    func resumes() async throws {
        let directory = try TemporaryDirectory()
        let door = Door()
        let id: String
        do {
            let provider = ScriptedProvider { (request, call) async throws(ProviderError) in
                if request.cursor == nil { return ScriptedProvider.page(1...2, next: 2) }
                if call > 1 { await door.pass() }
                var page = ScriptedProvider.page(3...3)
                page.continuity = .broken
                return page
            }
            let fixture = try SyncFixture(provider, in: directory)
            id = try await fixture.connect()
            _ = try await fixture.start(id)
            try await waitUntil("the second try") { provider.requests.count >= 4 }
            async let stopped: Void = fixture.stop()
            door.open()
            await stopped
        }
        let provider = ScriptedProvider { (request, _) in
            if request.cursor == nil { return ScriptedProvider.page(1...2, next: 2) }
            return ScriptedProvider.page(3...3)
        }
        let fixture = try SyncFixture(provider, in: directory)
        try await fixture.engine.resume(connection: id, user: "u")
        #expect(try await fixture.ended(id)?.status == .completed)
        #expect(try await fixture.changes(id) == ["+t1", "+t2", "+t3"])
        await fixture.stop()
    }
}
