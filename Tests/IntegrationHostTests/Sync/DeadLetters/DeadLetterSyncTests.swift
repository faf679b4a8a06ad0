// Dead letters over a real store and real syncs: when they are added, when they are removed, and that a replay restores no older state.

import DocumentStore
import Primitives
import ProviderSDK
import RecordStore
import Storage
import Synchronization
import TestSupport
import Testing

@testable import ConnectionModel
@testable import Sync

@Suite("Dead letters in syncs", .timeLimit(.minutes(2)))
struct DeadLetterSyncTests {
    /// A record; one without a size cannot be mapped.
    private static func record(_ id: Int, _ size: String?, _ change: SourceRecord.Change = .upserted) -> SourceRecord {
        SourceRecord(
            ["id": .string("t\(id)"), "size": size.map { .string($0) } ?? .string("not a number")], change)
    }

    /// The next answer of a provider: the pages set here are returned to the next sync.
    private final class Answer: Sendable {
        private let pages = Mutex<[[SourceRecord]]>([])
        func set(_ pages: [[SourceRecord]]) { self.pages.withLock { $0 = pages } }
        func page(_ number: Int) throws(ProviderError) -> SyncPage {
            try pages.withLock { (pages) throws(ProviderError) in
                guard number < pages.count else { throw ProviderError(.permanent, "There is no such page.") }
                return SyncPage(pages[number], next: number + 1 < pages.count ? .number(JSONNumber(number + 1)) : nil)
            }
        }
    }

    private func fixture() throws -> (SyncFixture, Answer, DeadLetterService) {
        let answer = Answer()
        let provider = ScriptedProvider(incremental: true) { (request, _) throws(ProviderError) in
            try answer.page(Int(request.cursor?.integer ?? 0))
        }
        let fixture = try SyncFixture(provider)
        let service = DeadLetterService(
            users: fixture.users, registry: fixture.registry, records: fixture.data.records,
            vault: fixture.engine.vault, time: .system)
        return (fixture, answer, service)
    }

    private func letters(_ service: DeadLetterService, _ id: String) async throws -> [String] {
        try await service.list(id, of: "u", .init(), after: 0, limit: 200).letters.map { $0.sourceID ?? "-" }
    }

    @Test("An incremental sync removes a letter when it maps or deletes the record")
    func incremental() async throws {
        let (fixture, answer, service) = try fixture()
        let id = try await fixture.connect()
        answer.set([[Self.record(1, "1"), Self.record(2, nil)], [Self.record(3, nil), Self.record(4, nil)]])
        let first = try await fixture.sync(id)
        #expect(first?.recordsProcessed == 4 && first?.recordsSynced == 1 && first?.errors == 3)
        #expect(try await letters(service, id) == ["t2", "t3", "t4"])
        answer.set([[Self.record(2, "2"), Self.record(3, nil, .deleted)], [Self.record(5, nil)]])
        let second = try await fixture.sync(id, .incremental)
        #expect(second?.recordsProcessed == 3 && second?.recordsSynced == 2 && second?.errors == 1)
        #expect(try await letters(service, id) == ["t4", "t5"])
        #expect(try await fixture.changes(id) == ["+t1", "+t2"])
        await fixture.stop()
    }

    @Test("A complete full sync removes the letters of records it did not read; a failed one removes none")
    func full() async throws {
        let (fixture, answer, service) = try fixture()
        let id = try await fixture.connect()
        answer.set([[Self.record(1, nil), Self.record(2, nil), Self.record(3, "3")]])
        _ = try await fixture.sync(id)
        // The first page names a next page that does not exist.
        let broken = [[Self.record(1, "1"), Self.record(9, nil)], []]
        answer.set(broken)
        let task = Task { try await fixture.start(id) }
        _ = try await task.value
        answer.set([broken[0]])
        _ = try await fixture.ended(id)
        #expect(Set(try await letters(service, id)).isSubset(of: ["t1", "t2", "t9"]))
        answer.set([[Self.record(1, "1"), Self.record(3, nil)]])
        let last = try await fixture.sync(id)
        #expect(last?.status == .completed && last?.errors == 1)
        #expect(try await letters(service, id) == ["t3"])
        await fixture.stop()
    }

    @Test("A replay does not overwrite newer records, and takes every letter once")
    func replay() async throws {
        let (fixture, answer, service) = try fixture()
        let id = try await fixture.connect()
        answer.set([[Self.record(1, nil), Self.record(2, nil)]])
        _ = try await fixture.sync(id)
        #expect(try await service.replay(id, of: "u", .init()) == .init(replayed: 0, failed: 2))
        answer.set([[Self.record(1, "7")]])
        _ = try await fixture.sync(id, .incremental)
        #expect(try await letters(service, id) == ["t2"])
        #expect(try await service.replay(id, of: "u", .init()) == .init(replayed: 0, failed: 1))
        #expect(try await fixture.changes(id) == ["+t1"])
        let nobody = await #expect(throws: ServiceError.self) { try await service.replay(id, of: "v", .init()) }
        #expect(nobody == .notFound)
        let report = try await DeadLetterReport(service: service).run(user: "u", connection: nil, replays: false)
        #expect(report.count == 2 && report[0].hasSuffix("1 dead letters") && report[1].contains("size: decimal"))
        await fixture.stop()
    }

    @Test(
        "A running full sync refuses a replay of its letters; an abandoned one does not"
    )
    func replayDuringFullSync() async throws {
        let door = Door()
        let round = Mutex(0)
        let provider = ScriptedProvider { (request, _) in
            let round = round.withLock { $0 }
            if round == 0 { return SyncPage([Self.record(1, nil), Self.record(2, "2")]) }
            if request.cursor != nil { await door.pass() }
            return SyncPage([Self.record(request.cursor == nil ? 1 : 2, "7")], next: request.cursor == nil ? 1 : nil)
        }
        let fixture = try SyncFixture(provider)
        let service = DeadLetterService(
            users: fixture.users, registry: fixture.registry, records: fixture.data.records,
            vault: fixture.engine.vault, time: .system)
        let id = try await fixture.connect()
        _ = try await fixture.sync(id)
        round.withLock { $0 = 1 }
        let run = try await fixture.start(id)
        try await waitUntil("the first page", every: .milliseconds(1)) {
            fixture.engine.running(id)?.progress.snapshot.current.pages == 1
        }
        await #expect {
            _ = try await service.replay(id, of: "u", .init())
        } throws: { "\($0)".contains(run.id) }
        #expect(try await letters(service, id) == ["t1"])
        door.open()
        _ = try await fixture.ended(id)
        #expect(try await service.replay(id, of: "u", .init()) == .init())
        #expect(try await fixture.changes(id) == ["+t2", "+t1", "~t2"])
        round.withLock { $0 = 0 }
        _ = try await fixture.sync(id)
        _ = try await fixture.data.records.beginGeneration(of: "things", in: StreamID(id))
        #expect(try await service.replay(id, of: "u", .init()) == .init(replayed: 0, failed: 1))
        #expect(try await fixture.data.records.state(of: StreamID(id))?["things"]?.generation == nil)
        await fixture.stop()
    }

    @Test("A connection keeps a limited number of letters and counts the dropped ones")
    func bounded() async throws {
        let (fixture, answer, service) = try fixture()
        let id = try await fixture.connect()
        let count = SyncLimits.deadLettersMax + 20
        answer.set(
            stride(from: 0, to: count, by: 1000).map { start in
                (start..<min(start + 1000, count)).map { Self.record($0, nil) }
            })
        let run = try await fixture.sync(id)
        #expect(run?.errors == count && run?.recordsProcessed == count)
        let page = try await service.list(id, of: "u", .init(), after: 0, limit: 1)
        #expect(page.total == SyncLimits.deadLettersMax && page.dropped == 20)
        #expect(page.letters.first?.sourceID == "t20")
        await fixture.stop()
    }
}
