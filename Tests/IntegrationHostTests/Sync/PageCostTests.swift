// What a provider's page costs and what becomes of it, over a real store: bad records, junk, and pages on which every record fails.

import HTTPAPI
import Primitives
import ProviderSDK
import RecordStore
import Storage
import Synchronization
import TestSupport
import Testing

@testable import ConnectionModel
@testable import Connections
@testable import Sync

@Suite("Pages of a provider in syncs", .timeLimit(.minutes(2)))
struct PageCostTests {
    /// A connection whose provider answers with a body.
    private final class Host: Sendable {
        private let source: Body
        let fixture: SyncFixture
        let letters: DeadLetterService
        let id: String

        init(dataTypes: [String] = ["things"]) async throws {
            let body = Body()
            self.source = body
            let provider = ScriptedProvider(dataTypes: dataTypes) { (request, _) throws(ProviderError) in
                let list = ListRequest(.get("/x"), items: "data", paging: .none)
                let answer = try ProviderResponse(status: 200, body: body.bytes).json(recordsAt: "data")
                guard request.dataType == "things" else { return ScriptedProvider.page([1]) }
                return try list.page(answer, at: nil, now: .epoch)
            }
            fixture = try SyncFixture(provider)
            letters = DeadLetterService(
                users: fixture.users, registry: fixture.registry, records: fixture.data.records,
                vault: fixture.engine.vault, time: .system)
            id = try await fixture.connect()
        }

        func sync(_ text: String) async throws -> SyncRun {
            source.set(Array(text.utf8))
            return try #require(try await fixture.sync(id))
        }

        func page(limit: Int = 200) async throws -> DeadLetterService.Page {
            try await letters.list(id, of: "u", .init(), after: 0, limit: limit)
        }
    }

    /// The body that the provider answers with.
    private final class Body: Sendable {
        private let state = Mutex<[UInt8]>([])
        var bytes: [UInt8] { state.withLock { $0 } }
        func set(_ bytes: [UInt8]) { state.withLock { $0 = bytes } }
    }

    @Test("A record that cannot be read is a letter without a replay, and its earlier version stays")
    func oneBadRecord() async throws {
        let host = try await Host()
        _ = try await host.sync(#"{"data":[{"id":"t1","size":1},{"id":"t2","size":2},{"id":"t3","size":3}]}"#)
        let run = try await host.sync(
            #"{"data":[{"id":"t1","size":1},{"id":"t2","size":5,"a":"\ud83d"},{"id":"t4","size":4}]}"#)
        #expect(run.status == .completed && run.recordsSynced == 2 && run.errors == 1)
        #expect(try await host.fixture.changes(host.id).suffix(2) == ["+t4", "-t3"])
        let letter = try #require(try await host.page().letters.first)
        #expect(letter.sourceID == "t2" && letter.failure.rule == "json" && letter.sealed == nil)
        #expect(letter.failure.problem.hasPrefix("a: a text that is not valid"))
        #expect(String(decoding: letter.redacted, as: UTF8.self) == #"{"id":"a9","size":9,"a":"(not readable)"}"#)
        #expect(try await host.letters.replay(host.id, of: "u", .init()) == .init(replayed: 0, failed: 1))
        _ = try await host.sync(#"{"data":[{"id":"t1","size":1},{"id":"t2","size":5},{"id":"t4","size":4}]}"#)
        #expect(try await host.page().total == 0)
        await host.fixture.stop()
    }

    @Test(
        "The letter of a record is listed when names appear twice, or look alike once they are redacted",
        arguments: [
            (#"{"id":"t1","a":1,"a":2}"#, #"{"id":"a9","a":9,"a (2)":"(not readable)"}"#),
            (#"{"id":"t1","by":{"a@b.c":1,"d@e.f":true}}"#, #"{"id":"a9","by":{"a@a.a":9,"a@a.a (2)":true}}"#),
        ])
    func namesAlike(record: String, redacted: String) async throws {
        let host = try await Host()
        let run = try await host.sync(#"{"data":[\#(record.dropLast()),"size":"x"}]}"#)
        #expect(run.errors == 1)
        let letters = try await host.page().letters
        #expect(
            letters.map { String(decoding: $0.redacted, as: UTF8.self) } == [redacted.dropLast() + #","size":"a"}"#])
        await host.fixture.stop()
    }

    @Test("A hundred elements that are no records are letters, and one more fails the page", arguments: ["1", "deep"])
    func unusable(kind: String) async throws {
        let element = kind == "1" ? "1" : String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        let host = try await Host()
        func body(_ count: Int) -> String {
            let junk = (0..<count).map { kind == "1" ? "\($0)" : "{\"n\":\($0),\"d\":\(element)}" }
            return #"{"data":[{"id":"t1","size":1},\#(junk.joined(separator: ","))]}"#
        }
        let max = SyncLimits.pageUnusableRecordsMax
        let run = try await host.sync(body(max))
        #expect(run.status == .completed && run.recordsSynced == 1 && run.errors == max)
        #expect(try await host.page().total == max)
        let failed = try await host.sync(body(max + 1))
        #expect(failed.status == .failed && failed.message?.contains("\(max + 1) elements") == true)
        await host.fixture.stop()
    }

    @Test("A page on which every record fails writes the newest letters only, and counts the others")
    func everyRecordFails() async throws {
        let host = try await Host()
        let count = SyncLimits.deadLettersMax + 500
        let records = (0..<count).map { "{\"id\":\"t\($0)\",\"size\":\"none\"}" }
        let run = try await host.sync(#"{"data":[\#(records.joined(separator: ","))]}"#)
        #expect(run.errors == count && run.recordsProcessed == count)
        let page = try await host.page(limit: 1)
        #expect(page.total == SyncLimits.deadLettersMax && page.dropped == 500)
        #expect(page.letters.first?.sourceID == "t500")
        // Nothing was written and then deleted again.
        let state = try await host.fixture.data.records.state(of: .init(host.id))
        #expect(state?[DeadLetter.storedDataType]?.recordCount == SyncLimits.deadLettersMax)
        await host.fixture.stop()
    }

    @Test("Empty objects without end have one letter, and more than a page may hold fail it")
    func emptyObjects() async throws {
        let host = try await Host()
        func body(_ count: Int) -> String {
            "{\"data\":[" + [String](repeating: "{}", count: count).joined(separator: ",") + "]}"
        }
        let run = try await host.sync(body(2000))
        #expect(run.errors == 2000 && run.status == .partial)
        #expect(try await host.page().total == 1)
        #expect(try await host.sync(body(SyncLimits.pageRecordsMax + 1)).status == .failed)
        await host.fixture.stop()
    }

    @Test("A sync of which one data type became dead letters is partial, and the explanation counts them")
    func onlyErrors() async throws {
        let host = try await Host(dataTypes: ["things", "others"])
        let bad = #"{"data":[{"id":"t1","size":"none"},{"id":"t2","size":"none"}]}"#
        let run = try await host.sync(bad)
        #expect(run.status == .partial && run.recordsSynced == 1 && run.errors == 2)
        #expect(run.message == "things: no record could be stored, and 2 became dead letters.")
        let service = DiagnosisService(
            users: host.fixture.users, registry: host.fixture.registry, vault: host.fixture.engine.vault,
            records: host.fixture.data.records, sync: nil, limiter: nil, time: .system)
        let found = try await service.explainAll(of: "u")
        #expect(found.map(\.explanation.deadLetters) == [2])
        #expect(ExplanationRendering.table(found).contains { $0.contains("Dead letters: 2") })
        #expect(ExplanationRendering.json(found, named: service.name).contains(#""deadLetters":2"#))
        let good = try await host.sync(#"{"data":[{"id":"t1","size":"none"},{"id":"t2","size":2}]}"#)
        #expect(good.status == .completed && good.message == nil)
        await host.fixture.stop()
    }
}
