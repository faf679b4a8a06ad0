// The engine over a real store: what readers see, what is counted, and the outcome of runs that fail, wait, are joined or
// canceled, or lose their plugin.

import Background
import DocumentStore
import HostTesting
import Primitives
import ProviderSDK
import RecordStore
import Storage
import StoreFiles
import Synchronization
import TestSupport
import Testing
import Users

@testable import ConnectionModel
@testable import Sync

@Suite("Sync engine", .timeLimit(.minutes(2)))
struct SyncEngineTests {
    static let outage = ProviderError(.transient, "Down.", status: 503)

    @Test(
        "A failure during a full sync keeps the pages that were read: each page is read once, each record is stored once"
    )
    func keepsGeneration() async throws {
        let provider = ScriptedProvider { (request, call) throws(ProviderError) in
            if call == 1 || call == 2 { throw Self.outage }
            let page = Int(request.cursor?.integer ?? 0)
            return ScriptedProvider.page(page * 3..<page * 3 + 3, next: page < 2 ? page + 1 : nil)
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        let run = try #require(try await fixture.sync(id))
        #expect(run.status == .completed)
        #expect((run.recordsProcessed, run.recordsSynced, run.errors) == (9, 9, 0))
        #expect(provider.requests.map { $0.cursor?.integer ?? 0 } == [0, 1, 1, 1, 2])
        #expect(try await fixture.changes(id) == (0..<9).map { "+t\($0)" })
        await fixture.stop()
    }

    @Test("A failed full sync hides no record and counts only the records that stay")
    func failedFull() async throws {
        let fails = Mutex(false)
        let provider = ScriptedProvider(dataTypes: ["things", "others"]) { (request, _) throws(ProviderError) in
            if request.dataType == "others" { return ScriptedProvider.page(100..<102) }
            guard fails.withLock({ $0 }) else { return ScriptedProvider.page(0..<4) }
            guard request.cursor == nil else { throw ProviderError(.permanent, "No.") }
            return ScriptedProvider.page(0..<2, next: 1)
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        #expect(try await fixture.sync(id)?.status == .completed)
        let before = try await fixture.changes(id)
        fails.withLock { $0 = true }
        let run = try #require(try await fixture.sync(id))
        #expect(run.status == .partial)
        #expect(run.message == "things: No.")
        #expect((run.recordsProcessed, run.recordsSynced) == (2, 2))
        #expect(try await fixture.changes(id) == before)
        #expect(try await fixture.connection(id)?.failure?.operation == .sync)
        fails.withLock { $0 = false }
        #expect(try await fixture.sync(id)?.status == .completed)
        #expect(try await fixture.connection(id)?.failure == nil, "success takes the failure away")
        await fixture.stop()
    }

    @Test("A failed incremental sync counts the visible changes, and the next one reads them again")
    func failedIncremental() async throws {
        let fails = Mutex(true)
        let provider = ScriptedProvider(incremental: true) { (request, _) throws(ProviderError) in
            guard request.since != nil else { return ScriptedProvider.page(0..<2) }
            guard request.cursor != nil else { return ScriptedProvider.page(2..<5, next: 1) }
            if fails.withLock({ $0 }) { throw ProviderError(.permanent, "No.") }
            return ScriptedProvider.page(5..<6)
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        #expect(try await fixture.sync(id, .incremental)?.recordsSynced == 2)
        let failed = try #require(try await fixture.sync(id, .incremental))
        #expect(failed.status == .failed)
        #expect((failed.recordsProcessed, failed.recordsSynced, failed.errors) == (3, 3, 0))
        fails.withLock { $0 = false }
        let run = try #require(try await fixture.sync(id, .incremental))
        #expect((run.status, run.recordsSynced) == (.completed, 4))
        #expect(try await fixture.changes(id) == (0..<6).map { "+t\($0)" })
        await fixture.stop()
    }

    @Test("A full sync reads every page itself, even if an earlier failed sync read some")
    func readsEverything() async throws {
        let isDown = Mutex(true)
        let provider = ScriptedProvider { (request, _) throws(ProviderError) in
            let page = Int(request.cursor?.integer ?? 0)
            let isDown = isDown.withLock { $0 }
            if page == 1, isDown { throw Self.outage }
            // The second sync does not return the records that the first one read.
            return ScriptedProvider.page(page * 2 + (isDown ? 0 : 1)..<page * 2 + 2, next: page == 0 ? 1 : nil)
        }
        let fixture = try SyncFixture(provider, retryTime: .zero)
        let id = try await fixture.connect()
        let failed = try #require(try await fixture.sync(id))
        #expect(failed.status == .failed)
        #expect(failed.recordsProcessed == failed.recordsSynced + failed.errors)
        #expect(failed.recordsSynced == 0, "nobody sees what a failed full sync has read")
        #expect(try await fixture.changes(id).isEmpty)
        try await waitUntil("the end of the sync", every: .milliseconds(1)) { fixture.engine.running(id) == nil }
        let left = try await fixture.data.records.state(of: StreamID(id))?["things"]?.generation
        #expect(left == nil, "what it had read is of no use to anybody")
        isDown.withLock { $0 = false }
        let run = try #require(try await fixture.sync(id))
        #expect(run.status == .completed)
        #expect(run.recordsSynced == 2)
        #expect(provider.requests.map { $0.cursor?.integer ?? 0 } == [0, 1, 0, 1])
        #expect(try await fixture.changes(id) == ["+t1", "+t3"])
        await fixture.stop()
    }

    @Test(
        "An interrupted sync starts again when its plugin or its grant has changed",
        arguments: [SyncType.full, .incremental], [true, false])
    func otherSource(type: SyncType, isOtherPlugin: Bool) async throws {
        let isFirst = Mutex(true)
        let stopped = ScriptedProvider(incremental: true) { (request, _) throws(ProviderError) in
            if isFirst.withLock({ $0 }), type == .incremental { return ScriptedProvider.page(0..<1) }
            guard request.cursor == nil else {
                throw ProviderError(.rateLimited(after: .seconds(600)), "Slow down.", status: 429)
            }
            return ScriptedProvider.page(0..<3, next: 1)
        }
        let fixture = try SyncFixture(stopped)
        let id = try await fixture.connect()
        if type == .incremental { _ = try await fixture.sync(id) }
        isFirst.withLock { $0 = false }
        let run = try await fixture.start(id, type)
        try await waitUntil("the wait for the rate limit", every: .milliseconds(1)) {
            fixture.engine.running(id)?.progress.snapshot.wait == .rateLimit
        }
        await fixture.stop()

        let provider = ScriptedProvider(incremental: true, version: isOtherPlugin ? "7.7.7" : nil) { (request, _) in
            request.cursor == nil ? ScriptedProvider.page(10..<12, next: 1) : ScriptedProvider.page(12..<13)
        }
        let later = try SyncFixture(provider, in: fixture.directory)
        if !isOtherPlugin {
            try await later.users.update("u") { (user) throws(ServiceError) in
                try user.update(id) { (connection) throws(ServiceError) in connection.stored.grantNumber += 1 }
            }
        }
        await later.reconciler.reconcile(try await later.users.user("u"), at: TimeSource.system.now)
        let ended = try #require(try await later.ended(id))
        #expect((ended.id, ended.status, ended.recordsSynced) == (run.id, .completed, 3))
        #expect(provider.requests.map(\.cursor) == [nil, 1])
        #expect(try await later.changes(id).suffix(3) == ["+t10", "+t11", "+t12"])
        await later.stop()
    }

    @Test("A record that the store refuses is an error of that record alone")
    func refusedRecords() async throws {
        let long = String(repeating: "x", count: StoreLimits.idBytesMax)
        let provider = ScriptedProvider { (_, _) in
            var page = ScriptedProvider.page(0..<3)
            page.records.insert(SourceRecord(["id": .string(long)]), at: 1)
            page.records.insert(SourceRecord(["id": .string(long + "x")], .deleted), at: 2)
            page.records.append(SourceRecord(["size": 1]))
            return page
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        let run = try #require(try await fixture.sync(id))
        #expect(run.status == .completed)
        #expect((run.recordsProcessed, run.recordsSynced, run.errors) == (6, 3, 3))
        #expect(try await fixture.changes(id) == ["+t0", "+t1", "+t2"])
        await fixture.stop()
    }

    @Test("A page with more records than a batch is stored whole")
    func largePage() async throws {
        let count = RecordLimits.batchRecordsMax + 1
        let provider = ScriptedProvider { (_, _) in ScriptedProvider.page(0..<count) }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        #expect(try await fixture.sync(id)?.recordsSynced == count)
        await fixture.stop()
    }

    @Test("A list whose page leads to itself fails")
    func circle() async throws {
        let provider = ScriptedProvider { (_, _) in ScriptedProvider.page(0..<1, next: 7) }
        let fixture = try SyncFixture(provider)
        let run = try #require(try await fixture.sync(try await fixture.connect()))
        #expect(run.status == .failed)
        #expect(run.message?.contains("same page") == true)
        await fixture.stop()
    }

    @Test("A list whose pages form a circle fails and changes nothing", arguments: [2, 3, 7])
    func longCircle(length: Int) async throws {
        let isRound = Mutex(false)
        let provider = ScriptedProvider { (request, _) in
            guard isRound.withLock({ $0 }) else { return ScriptedProvider.page(0..<3) }
            let page = Int(request.cursor?.integer ?? 0)
            return ScriptedProvider.page(page..<page + 1, next: page < length + 4 ? page + 1 : 5)
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        #expect(try await fixture.sync(id)?.status == .completed)
        isRound.withLock { $0 = true }
        let run = try #require(try await fixture.sync(id))
        #expect(run.status == .failed)
        #expect(run.message?.contains("circle") == true, "\(run.message ?? "")")
        #expect(provider.requests.count < 4 * (length + 5))
        #expect(try await fixture.changes(id) == ["+t0", "+t1", "+t2"])
        await fixture.stop()
    }

    @Test("A full sync deletes missing records, but no record that could not be mapped")
    func keepsWhatFails() async throws {
        let bad = Mutex<Set<Int>>([])
        let provider = ScriptedProvider { (request, _) in
            let bad = bad.withLock { $0 }
            let page = Int(request.cursor?.integer ?? 0)
            let ids = (page * 3..<page * 3 + 3).filter { $0 != 4 || bad.isEmpty }
            let records = ids.map { id in
                SourceRecord(
                    ["id": .string("t\(id)"), "size": bad.contains(id) ? "broken" : .number(JSONNumber(id))])
            }
            return SyncPage(records, next: page == 0 ? 1 : nil)
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        #expect(try await fixture.sync(id)?.recordsSynced == 6)
        bad.withLock { $0 = [0, 5] }
        let some = try #require(try await fixture.sync(id))
        #expect((some.status, some.recordsProcessed, some.errors) == (.completed, 5, 2))
        #expect(try await fixture.changes(id).dropFirst(6) == ["-t4"])
        bad.withLock { $0 = Set(0..<6) }
        let all = try #require(try await fixture.sync(id))
        #expect((all.status, all.recordsProcessed, all.errors) == (.partial, 5, 5))
        #expect(try await fixture.changes(id).count == 7)
        #expect(all.message == "things: no record could be stored, and 5 became dead letters.")
        await fixture.stop()
    }

    @Test("A full sync with records without ids deletes nothing and reports it; the next sync deletes")
    func keepsWhatMayBeThere() async throws {
        let round = Mutex(0)
        let provider = ScriptedProvider { (_, _) in
            switch round.withLock({ $0 }) {
            case 0: ScriptedProvider.page(0..<4)
            case 1: SyncPage([1, 2, .null, "x", [:], ["id": "t0", "size": 7]].map { SourceRecord($0) })
            default: ScriptedProvider.page(0..<2)
            }
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        _ = try await fixture.sync(id)
        round.withLock { $0 = 1 }
        let run = try #require(try await fixture.sync(id))
        #expect((run.status, run.recordsProcessed, run.errors) == (.completed, 6, 5))
        #expect(run.message?.hasPrefix("things: records without an id: 5.") == true, "\(run.message ?? "")")
        #expect(try await fixture.changes(id).dropFirst(4) == ["~t0"])
        round.withLock { $0 = 2 }
        #expect(try await fixture.sync(id)?.message == nil)
        #expect(try await fixture.changes(id).suffix(3).sorted() == ["-t2", "-t3", "~t0"])
        await fixture.stop()
    }

    @Test("When changes are unavailable, a full read replaces them and is counted once")
    func changesUnavailable() async throws {
        let provider = ScriptedProvider(incremental: true) { (request, _) throws(ProviderError) in
            if request.since != nil {
                guard request.cursor != nil else { return ScriptedProvider.page(0..<2, next: 1) }
                throw ProviderError(.changesUnavailable, "Too many.")
            }
            return ScriptedProvider.page(0..<3)
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        #expect(try await fixture.sync(id)?.recordsSynced == 3)
        let run = try #require(try await fixture.sync(id, .incremental))
        #expect(run.status == .completed)
        #expect((run.recordsProcessed, run.recordsSynced, run.errors) == (3, 3, 0))
        await fixture.stop()
    }

    @Test("A plugin's memory is returned with the next read of changes, and not with a full read")
    func memory() async throws {
        let provider = ScriptedProvider(incremental: true) { (request, call) in
            var page = ScriptedProvider.page([call], next: request.cursor == nil ? 1 : nil)
            if page.next == nil { page.memory = .number(JSONNumber(call)) }
            return page
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        _ = try await fixture.sync(id)
        _ = try await fixture.sync(id, .incremental)
        _ = try await fixture.sync(id, .incremental)
        _ = try await fixture.sync(id, .full)
        #expect(provider.requests.map { $0.memory?.integer } == [nil, nil, 1, 1, 3, 3, nil, nil])
        await fixture.stop()
    }

    @Test("A sync begins only when the document has none that runs")
    func oneRunningSync() async throws {
        let fixture = try SyncFixture(ScriptedProvider(dataTypes: ["others", "things"]) { _, _ in SyncPage([]) })
        func run(_ id: String, _ type: SyncType, _ dataTypes: [String]) -> SyncRun {
            SyncRun(id: id, type: type, dataTypes: dataTypes, startedAt: TimeSource.system.now, trigger: .manual)
        }
        // Begun by another host, between this one's look at the document and its own write.
        let elsewhere = run("sync-elsewhere", .full, ["things"])
        let id = try await fixture.connect { $0.syncBegan(elsewhere) }
        let begun = try await fixture.engine.begin(run("sync-here", .full, ["things"]), of: id, user: "u")
        #expect(begun.id == "sync-elsewhere")
        await #expect(throws: ServiceError.self) {
            _ = try await fixture.engine.begin(run("sync-other", .full, ["others"]), of: id, user: "u")
        }
        #expect(try await fixture.connection(id)?.syncs.map(\.id) == ["sync-elsewhere"])
        await fixture.stop()
    }

    @Test("A sync that waits for a permit or a retry is canceled at once")
    func cancellation() async throws {
        let door = Door()
        let provider = ScriptedProvider { (request, _) throws(ProviderError) in
            if request.dataType == "things" { await door.pass() }
            throw ProviderError(.rateLimited(after: .seconds(600)), "Slow down.", status: 429)
        }
        let fixture = try SyncFixture(provider)
        var ids: [String] = []
        for _ in 0..<SyncLimits.concurrentPerProviderMax { ids.append(try await fixture.connect()) }
        for id in ids { _ = try await fixture.start(id) }
        let waiting = try await fixture.connect()
        _ = try await fixture.start(waiting)
        try await waitUntil("a sync that waits for a permit", every: .milliseconds(1)) {
            fixture.engine.limiter.waitingCount(of: "scripted") != 0
        }
        await fixture.engine.cancel(connection: waiting)
        #expect(try await fixture.connection(waiting)?.syncs.first?.status == .canceled)
        door.open()
        try await waitUntil("the wait for the rate limit", every: .milliseconds(1)) {
            fixture.engine.running(ids[0])?.progress.snapshot.wait == .rateLimit
        }
        let snapshot = try #require(fixture.engine.running(ids[0])?.progress.snapshot)
        #expect(try #require(snapshot.waitsUntil) > TimeSource.system.now.advanced(by: .seconds(500)))
        await fixture.engine.cancel(connection: ids[0])
        #expect(try await fixture.connection(ids[0])?.syncs.first?.status == .canceled)
        await fixture.stop()
    }

    @Test("A canceled sync counts only visible records and reports its reason")
    func countsOfCanceled() async throws {
        let provider = ScriptedProvider(dataTypes: ["others", "things"]) { (request, _) throws(ProviderError) in
            if request.dataType == "others" { return ScriptedProvider.page(100..<102) }
            guard request.cursor == nil else {
                throw ProviderError(.rateLimited(after: .seconds(600)), "Slow down.", status: 429)
            }
            var page = ScriptedProvider.page(0..<5, next: 1)
            page.records.append(SourceRecord(["size": 1]))
            return page
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        _ = try await fixture.start(id)
        try await waitUntil("the wait for the rate limit", every: .milliseconds(1)) {
            fixture.engine.running(id)?.progress.snapshot.wait == .rateLimit
        }
        #expect(fixture.engine.running(id)?.progress.counts.synced == 7)
        await fixture.engine.cancel(connection: id)
        let run = try #require(try await fixture.ended(id))
        #expect(run.status == .canceled)
        #expect((run.recordsProcessed, run.recordsSynced, run.errors) == (3, 2, 1))
        #expect(run.message == "The connection was disconnected.")
        await fixture.stop()
    }

    @Test("Removing or expiring a connection ends its sync")
    func endsWithConnection() async throws {
        let provider = ScriptedProvider { (_, _) throws(ProviderError) in
            throw ProviderError(.rateLimited(after: .seconds(600)), "Slow down.", status: 429)
        }
        let fixture = try SyncFixture(provider)
        let (removed, expired) = (try await fixture.connect(), try await fixture.connect())
        for id in [removed, expired] { _ = try await fixture.start(id) }
        try await fixture.users.update("u") { (user) throws(ServiceError) in
            try user.remove(removed, at: TimeSource.system.now)
            try user.update(expired) { (connection) throws(ServiceError) in connection.stored.status = .expired }
        }
        let run = try #require(try await fixture.ended(expired))
        #expect(run.status == .failed)
        #expect(run.message?.contains("has expired") == true)
        try await waitUntil("the end of the sync", every: .milliseconds(1)) { fixture.engine.running(removed) == nil }
        await #expect {
            _ = try await fixture.start(expired)
        } throws: { "\($0)".contains("has expired: connect it again") }
        await fixture.stop()
    }

    @Test("A stopped sync is resumed at the next start with the same counts")
    func restart() async throws {
        let stopped = ScriptedProvider { (request, _) throws(ProviderError) in
            guard request.cursor == nil else {
                throw ProviderError(.rateLimited(after: .seconds(600)), "Slow down.", status: 429)
            }
            return ScriptedProvider.page(0..<3, next: 1)
        }
        let fixture = try SyncFixture(stopped)
        let id = try await fixture.connect()
        let run = try await fixture.start(id)
        try await waitUntil("the wait for the rate limit", every: .milliseconds(1)) {
            fixture.engine.running(id)?.progress.snapshot.wait == .rateLimit
        }
        await fixture.stop()

        let door = Door()
        let provider = ScriptedProvider { (_, _) in
            await door.pass()
            return ScriptedProvider.page(3..<5)
        }
        let later = try SyncFixture(provider, in: fixture.directory)
        let connection = try #require(try await later.connection(id))
        #expect(connection.runningSync?.id == run.id)
        // Before the sync is resumed, and before its data type is read.
        #expect(await later.engine.latest(connection)?.run.recordsProcessed == 3)
        await later.reconciler.reconcile(try await later.users.user("u"), at: TimeSource.system.now)
        #expect(later.engine.running(id)?.progress.counts.processed == 3)
        door.open()
        let ended = try #require(try await later.ended(id))
        #expect((ended.id, ended.status) == (run.id, .completed))
        #expect((ended.recordsProcessed, ended.recordsSynced) == (5, 5))
        #expect(provider.requests.map(\.cursor) == [1])
        #expect(try await later.changes(id) == (0..<5).map { "+t\($0)" })
        await later.stop()
    }

    @Test(
        "A running sync without its plugin or data type fails at the next start with a reason",
        arguments: [true, false])
    func pluginGone(isWholePlugin: Bool) async throws {
        let stopped = ScriptedProvider { (_, _) throws(ProviderError) in
            throw ProviderError(.rateLimited(after: .seconds(600)), "Slow down.", status: 429)
        }
        let fixture = try SyncFixture(stopped)
        let id = try await fixture.connect()
        _ = try await fixture.start(id)
        await fixture.stop()
        let other = ScriptedProvider(dataTypes: ["others"]) { (_, _) in ScriptedProvider.page(0..<1) }
        let later = try SyncFixture(isWholePlugin ? nil : other, in: fixture.directory)
        await later.reconciler.reconcile(try await later.users.user("u"), at: TimeSource.system.now)
        let ended = try #require(try await later.ended(id))
        #expect(ended.status == .failed)
        #expect(ended.message?.contains("any more") == true, "\(ended.message ?? "")")
        await later.stop()
    }

    @Test("A missing scope is refused by name before any request to the provider")
    func scopes() async throws {
        let provider = ScriptedProvider(scopes: ["read.things"]) { (_, _) in ScriptedProvider.page(0..<1) }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        await #expect {
            _ = try await fixture.start(id)
        } throws: { "\($0)".contains("read.things") }
        #expect(provider.requests.isEmpty)
        await fixture.stop()
    }
}
