// Lists of changes, newest first: the newest change of each record wins over the whole list and across a restart.

import ProviderSDK
import ProviderSDKTesting
import Testing

/// A provider with a change log like Stripe's: newest first, paged by item, with the record as it was.
private final class ChangingProvider: Sendable {
    struct Change: Sendable {
        let id: Int
        let record: String
        let at: Int
        let state: String
    }

    /// Oldest first.
    let changes: [Change]
    let pageSize: Int
    /// The records as they are now; a deleted record is missing.
    let present: [String: String]
    let canReadOne: Bool

    init(_ changes: [(record: String, at: Int, state: String)], pageSize: Int, canReadOne: Bool = true) {
        self.changes = changes.enumerated().map {
            Change(id: $0.offset, record: $0.element.record, at: $0.element.at, state: $0.element.state)
        }
        self.pageSize = pageSize
        self.canReadOne = canReadOne
        var present: [String: String] = [:]
        for change in changes { present[change.record] = change.state == "deleted" ? nil : change.state }
        self.present = present
    }

    func answer(_ request: ProviderRequest) -> ProviderResponse {
        guard request.path == "/changes" else {
            let id = String(request.path.dropFirst("/records/".count))
            guard canReadOne else { return .json(#"{"message":"no such route"}"#, status: 404) }
            guard let state = present[id] else { return .json(#"{"error":{"code":"gone"}}"#, status: 404) }
            return .json(#"{"id":"\#(id)","state":"\#(state)","isPresent":true}"#)
        }
        let after = request.query.first { $0.name == "after" }.flatMap { Int($0.value) }
        let size = min(pageSize, request.query.first { $0.name == "limit" }.flatMap { Int($0.value) } ?? 100)
        let older = changes.reversed().filter { $0.id < after ?? Int.max }
        let items = older.prefix(size).map { change in
            """
            {"id":"\(change.id)","at":\(change.at),"type":"\(change.state)",
            "record":{"id":"\(change.record)","state":"\(change.state)"}}
            """
        }
        return .json(#"{"more":\#(older.count > size),"data":[\#(items.joined(separator: ","))]}"#)
    }
}

@Suite("Lists of changes", .timeLimit(.minutes(2)))
struct ChangeLogTests {
    let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    static let list = ListRequest(
        .get("/changes"), items: "data", paging: .lastRecord(parameter: "after", id: "id", hasMore: "more")
    ).with { list in
        list.pageSizeParameter = "limit"
        list.record = "record"
        list.deletedWhen = .equals("type", "deleted")
        var log = ChangeLog(recordID: "record.id", moment: "at", read: .get("/records"))
        log.createdWhen = .equals("type", "created")
        log.goneCodes = ["gone"]
        list.changeLog = log
    }

    /// Applies the records of a whole list to a store in order; each cursor passes through its stored form.
    private func walk(
        _ provider: ChangingProvider, limit: Int = 1000
    ) async throws -> (states: [String: String], applied: [String], requests: [String]) {
        let manifest = ProviderManifest(id: "x", name: "X") { manifest in
            manifest.endpoints = ["api": "https://api.example.com"]
            manifest.errors.code = ["error.code"]
        }
        let http = ScriptedHTTP(manifest, now: now) { provider.answer($0) }
        let context = ProviderContext.testing(http, now: now)
        var states: [String: String] = [:]
        var applied: [String] = []
        var cursor: JSONValue?
        for _ in 0..<limit {
            let page = try await Self.list.page(at: cursor, since: .epoch, in: context)
            for record in page.records {
                let id = record.value["id"]?.string ?? "?"
                let state = record.change == .deleted ? "deleted" : record.value["state"]?.string ?? "?"
                states[id] = state
                applied.append("\(id) \(state)")
            }
            guard let next = page.next else { return (states, applied, http.requests.map(\.path)) }
            cursor = try JSONValue.parse(next.serialized)
        }
        throw ProviderError(.permanent, "the walk does not end")
    }

    @Test(
        "The newest change of each record wins at every page size",
        arguments: [1, 2, 3, 4, 5, 100], [true, false])
    func keepsNewest(pageSize: Int, canReadOne: Bool) async throws {
        let provider = ChangingProvider(
            [
                ("a", 1, "created"), ("b", 2, "created"), ("a", 3, "open"), ("c", 4, "open"), ("b", 5, "deleted"),
                ("a", 6, "paid"), ("d", 7, "open"), ("d", 8, "deleted"), ("e", 9, "created"), ("e", 9, "paid"),
                ("c", 10, "void"), ("a", 11, "refunded"),
            ], pageSize: pageSize, canReadOne: canReadOne)
        let result = try await walk(provider)
        #expect(
            result.states == ["a": "refunded", "b": "deleted", "c": "void", "d": "deleted", "e": "paid"])
        // No older change was applied: no record goes back to an earlier state, and no deleted record returns.
        #expect(result.applied.count == 5, "\(result.applied)")
    }

    @Test("Reads the record when changes share a moment, unless one of them created or deleted it")
    func readsWhatIsUnclear() async throws {
        let unclear = try await walk(
            ChangingProvider([("a", 1, "open"), ("b", 2, "paid"), ("b", 2, "open"), ("c", 3, "x")], pageSize: 100))
        #expect(unclear.requests == ["/changes", "/records/b"])
        let clear = try await walk(
            ChangingProvider(
                [("a", 2, "paid"), ("a", 2, "created"), ("b", 2, "deleted"), ("b", 2, "open"), ("c", 3, "x")],
                pageSize: 100))
        #expect(clear.requests == ["/changes"])
        #expect(clear.states == ["a": "paid", "b": "deleted", "c": "x"])
    }

    @Test("Reads the record when changes of one moment are on both sides of a page boundary")
    func readsAtTheEdge() async throws {
        let result = try await walk(
            ChangingProvider([("z", 1, "open"), ("a", 2, "paid"), ("a", 2, "created"), ("b", 3, "open")], pageSize: 2))
        #expect(result.requests == ["/changes", "/records/a", "/changes"])
        #expect(result.states["a"] == "created")
    }

    @Test("A record that the provider reports as gone is deleted")
    func findsGoneRecords() async throws {
        let provider = ChangingProvider(
            [("a", 5, "open"), ("a", 5, "sent"), ("a", 4, "deleted")], pageSize: 100)
        #expect(try await walk(provider).states == ["a": "deleted"])
        let other = ChangingProvider([("a", 4, "deleted"), ("a", 5, "open"), ("a", 5, "sent")], pageSize: 100)
        #expect(try await walk(other).states == ["a": "sent"])
    }

    @Test("Unclear records above the limit of one page come as separate pages")
    func readsFewForAPage() async throws {
        let changes = (0..<25).flatMap { [("r\($0)", 7, "open"), ("r\($0)", 7, "paid")] }
        let result = try await walk(ChangingProvider(changes, pageSize: 100))
        #expect(result.states.count == 25 && result.states.values.allSatisfy { $0 == "paid" })
        #expect(result.requests.filter { $0 == "/changes" }.count == 3)
        #expect(result.requests.count == 28)
    }

    @Test("Above the limit that a cursor remembers, each record is read by itself")
    func outgrowsItsMemory() async throws {
        let count = ChangeLog.rememberedMax + 30
        var changes = (0..<count).map { ("r\($0)", $0 + 1, "old") }
        changes += (0..<count).map { ("r\($0)", count + $0 + 1, $0 % 7 == 0 ? "deleted" : "new") }
        let provider = ChangingProvider(changes, pageSize: 100)
        let result = try await walk(provider, limit: 100_000)
        #expect(result.states.count == count)
        let present = provider.present
        for (id, state) in result.states { #expect(state == present[id] ?? "deleted") }
        let other = ChangingProvider(changes, pageSize: 100, canReadOne: false)
        let error = await #expect(throws: ProviderError.self) { try await walk(other, limit: 100_000) }
        #expect(error?.kind == .changesUnavailable)
    }

    @Test("A cursor stays small enough for a checkpoint")
    func boundsCursors() async throws {
        let marks = (0..<ChangeLog.rememberedMax).map { JSONValue.number(JSONNumber(Int64.min + Int64($0))) }
        #expect(JSONValue.object([("seen", .array(marks))]).serialized.count < 50_000)
    }
}
