// Random changes at a provider while its lists are read, in every paging style. What the application sees is compared
// with what the provider has: no live record is deleted, no update is lost, every deletion is seen by the next full sync.

import HostTesting
import Primitives
import ProviderSDK
import ProviderSDKTesting
import RecordStore
import Storage
import Synchronization
import TestSupport
import Testing

@testable import ConnectionModel
@testable import Sync

/// A provider's list whose records change after every answer.
final class ChangingList: Sendable {
    enum Style: String, Sendable, CaseIterable {
        case none, lastRecord, token, offset, seams, numberedSizes, numbered, link
        case newestWindow, coveredParts

        var isIncremental: Bool {
            switch self {
            case .offset, .seams, .numberedSizes, .numbered, .token, .lastRecord: true
            default: false
            }
        }
    }

    struct Row: Sendable {
        var id: Int
        var size: Int
        var changed: Int
    }

    struct State: Sendable {
        var random: SplitMix64
        var rows: [Row] = []
        var nextID = 1
        var clock = 1
        /// Up to where the changes are read.
        var lastSync = 0
        /// The chance in hundred of a change after an answer.
        var unrest = 0
        var answers = 0
    }

    let style: Style
    let state: Mutex<State>
    static let pageSize = 4
    static let window = 12

    init(_ style: Style, seed: UInt64, count: Int) {
        self.style = style
        var state = State(random: SplitMix64(seed: seed))
        for _ in 0..<count { state.add() }
        self.state = Mutex(state)
    }

    /// The list as the SDK reads it.
    var request: ListRequest {
        var list = ListRequest(.get("/things"), items: "items", paging: paging)
        list.pageSizeParameter = "size"
        list.pageSize = Self.pageSize
        list.recordID = ["id"]
        if style == .numberedSizes { list.pageSizes = 3...5 }
        list.totalCount = style == .numbered ? "total" : nil
        if style.isIncremental { list.since = MomentParameter(in: .query, name: "since", format: .epochSeconds) }
        return list
    }

    /// A page by position whose seam to the page before is read by itself.
    func page(
        at cursor: JSONValue?, since: Timestamp?, in context: ProviderContext
    ) async throws(ProviderError) -> SyncPage {
        guard style == .seams else { return try await request.page(at: cursor, since: since, in: context) }
        let walk = OffsetWalk(at: cursor, first: 0)
        @Sendable func items(at position: Int64, count: Int) async throws(ProviderError) -> [JSONValue] {
            var query = [NamedValue("offset", "\(position)"), NamedValue("size", "\(count)")]
            if let since { query.append(NamedValue("since", "\(since.seconds)")) }
            return try await context.json(.get("/things", query))["items"]?.array ?? []
        }
        let rows = try await items(at: walk.position, count: Self.pageSize)
        return try await walk.page(
            rows.map { SourceRecord($0) }, ids: rows.map { $0["id"]?.string }, hasMore: rows.count == Self.pageSize
        ) { position throws(ProviderError) in
            try await items(at: position, count: 2).map { $0["id"]?.string }
        }
    }

    private var paging: Paging {
        switch style {
        case .none: .none
        case .lastRecord, .coveredParts: .lastRecord(parameter: "after", id: "id", hasMore: "more")
        case .token, .newestWindow: .token(parameter: "token", token: "next", hasMore: nil)
        case .offset, .seams: .offset(parameter: "offset", first: 0, total: nil)
        case .numberedSizes, .numbered: .pageNumber(parameter: "page", first: 1, pageCount: "pages")
        case .link: .nextLink(link: "next", required: true)
        }
    }

    func answer(_ request: ProviderRequest) throws(ProviderError) -> ProviderResponse {
        let body = state.withLock { state -> JSONValue? in
            let answer = self.answer(request, &state)
            state.answers += 1
            state.stir()
            return answer
        }
        guard let body else { throw ProviderError(.permanent, "No such record.", status: 404) }
        return ProviderResponse(status: 200, body: body.serialized)
    }

    private func answer(_ request: ProviderRequest, _ state: inout State) -> JSONValue? {
        var query: [String: String] = [:]
        for pair in request.query { query[pair.name] = pair.value }
        if let mark = request.path.firstIndex(of: "=") {
            query["offset"] = String(request.path[request.path.index(after: mark)...])
        }
        let since = query["since"].flatMap { Int($0) } ?? 0
        var rows = state.rows.filter { $0.changed >= since }
        if style == .newestWindow { rows = Array(rows.sorted { $0.id > $1.id }.prefix(Self.window)) }
        let size = query["size"].flatMap { Int($0) } ?? Self.pageSize
        var start = 0
        switch style {
        case .none: return answer(rows, from: 0, to: rows.count)
        case .lastRecord, .coveredParts:
            if let after = query["after"].flatMap({ Int($0.dropFirst()) }) {
                guard let index = rows.firstIndex(where: { $0.id == after }) else { return nil }
                start = index + 1
            }
        case .token, .newestWindow:
            // Tokens stand for a place between records, as keyset cursors do.
            if let token = query["token"].flatMap({ Int($0) }) {
                let isBehind: (Row) -> Bool =
                    style == .newestWindow ? { $0.id < token } : { $0.id > token }
                start = rows.firstIndex(where: isBehind) ?? rows.count
            }
        case .offset, .seams, .link: start = query["offset"].flatMap { Int($0) } ?? 0
        case .numbered, .numberedSizes: start = ((query["page"].flatMap { Int($0) } ?? 1) - 1) * size
        }
        let end = min(rows.count, start + size)
        return answer(rows, from: min(start, end), to: end, size: size)
    }

    private func answer(_ rows: [Row], from start: Int, to end: Int, size: Int = 1) -> JSONValue {
        let items = rows[start..<end].map { row -> JSONValue in
            [
                "id": .string("t\(row.id)"), "size": .number(JSONNumber(row.size)),
                "date": .string(Timestamp(seconds: Int64(row.id) * 60)?.description ?? ""),
            ]
        }
        let hasMore = end < rows.count
        let next: JSONValue =
            style == .link
            ? (hasMore ? .string("/things?offset=\(end)") : .null)
            : (hasMore ? .string("\(rows[end - 1].id)") : "")
        return [
            "items": .array(items), "more": .boolean(hasMore), "next": next,
            "total": .number(JSONNumber(rows.count)), "pages": .number(JSONNumber((rows.count + size - 1) / size)),
        ]
    }
}

extension ChangingList.State {
    mutating func add() {
        clock += 1
        rows.append(.init(id: nextID, size: clock, changed: clock))
        nextID += 1
    }

    /// Changes some records, as users do between two requests.
    mutating func stir() {
        for _ in 0..<6 where random.next(upTo: 100) < unrest {
            clock += 1
            switch random.next(upTo: 3) {
            case 0: add()
            case 1:
                guard let index = rows.indices.randomElement(using: &random) else { continue }
                rows[index].size = clock
                rows[index].changed = clock
            default:
                guard rows.count > 3, let index = rows.indices.randomElement(using: &random) else { continue }
                rows.remove(at: index)
            }
        }
    }
}

/// A pseudorandom generator whose sequence follows from its seed.
struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func next(upTo bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// The way to a changing list.
private struct ChangingHTTP: ProviderHTTP {
    let list: ChangingList
    func send(_ request: ProviderRequest) async throws(ProviderError) -> ProviderResponse { try list.answer(request) }
}

@Suite("Deletion only on evidence", .timeLimit(.minutes(5)))
struct AbsencePropertyTests {
    /// A provider over a changing list, and the host that reads it.
    private struct World {
        let list: ChangingList
        let fixture: SyncFixture
        let id: String

        init(_ style: ChangingList.Style, seed: UInt64, count: Int) async throws {
            let list = ChangingList(style, seed: seed, count: count)
            self.list = list
            let provider = ScriptedProvider(
                incremental: style.isIncremental,
                configure: { type in
                    type.mapping = FieldMapping(
                        "thing", sourceID: ["id"],
                        [Field("size", from: "size", as: .decimal), Field("date", from: "date")])
                    if style == .newestWindow { type.window = .newest(ChangingList.window, by: "date") }
                }
            ) { (request, _) throws(ProviderError) in
                var since = request.since
                // The provider's clock counts changes; the host asks about a moment of its own clock.
                if since != nil {
                    since = list.state.withLock { Timestamp(seconds: Int64($0.lastSync)) }
                }
                let context = ProviderContext(http: ChangingHTTP(list: list), account: .init(), now: .epoch)
                var page = try await list.page(at: request.cursor, since: since, in: context)
                if style == .coveredParts {
                    page.coverage = ReadCoverage(parts: [.init(prefix: "t1")], isOutsideOutOfReach: true)
                }
                return page
            }
            fixture = try SyncFixture(provider)
            id = try await fixture.connect()
        }

        /// The application's view: sizes by id, and the ids that are marked as out of reach.
        func view() async throws -> (sizes: [String: String], lost: Set<String>) {
            var sizes: [String: String] = [:]
            var lost: Set<String> = []
            var cursor = RecordCursor.start
            while true {
                let page = try await fixture.data.records.read(StreamID(id), after: cursor, limit: 1000)
                for change in page.changes {
                    let source = String(decoding: change.sourceID, as: UTF8.self)
                    if change.kind == .deleted {
                        sizes[source] = nil
                        lost.remove(source)
                    } else {
                        sizes[source] = (try? JSONValue.parse(change.payload))?["size"]?.scalarText
                        if change.isOutOfReach { lost.insert(source) } else { lost.remove(source) }
                    }
                }
                cursor = page.next
                if !page.hasMore { return (sizes, lost) }
            }
        }

        func truth() -> [String: String] {
            list.state.withLock { state in
                Dictionary(uniqueKeysWithValues: state.rows.map { ("t\($0.id)", "\($0.size)") })
            }
        }

        func unrest(_ chance: Int) { list.state.withLock { $0.unrest = chance } }

        /// Syncs to the end, and notes up to where the provider's changes are read when the sync proved it.
        @discardableResult
        func sync(_ type: SyncType) async throws -> SyncRun? {
            let before = list.state.withLock { $0.clock }
            let run = try await fixture.sync(id, type)
            let stored = try await fixture.data.records.state(of: StreamID(id))?["things"]?.checkpoint
            if SyncCheckpoint(stored)?.absences.reason?.isAboutTheWalk != true {
                list.state.withLock { $0.lastSync = before }
            }
            return run
        }
    }

    @Test(
        "Under constant change no live record is deleted, no update is lost, and every deletion is seen in the end",
        arguments: ChangingList.Style.allCases)
    func unrest(_ style: ChangingList.Style) async throws {
        for seed in 1...UInt64(8) {
            let world = try await World(style, seed: seed, count: 27)
            try await world.sync(.full)
            for round in 0..<4 {
                let known = try await world.view().sizes
                let alive = world.truth()
                world.unrest(35)
                try await world.sync(style.isIncremental && round % 2 == 0 ? .incremental : .full)
                let still = world.truth()
                let view = try await world.view()
                // What was there before the sync and is there after it was there all the time.
                for id in alive.keys where still[id] != nil && known[id] != nil {
                    #expect(view.sizes[id] != nil, "\(style) \(seed).\(round): \(id) is alive and was deleted")
                }
                world.unrest(0)
            }
            // In peace: an incremental sync where there is one brings every update, a full one every deletion.
            if style.isIncremental {
                try await world.sync(.incremental)
                let (sizes, truth) = (try await world.view().sizes, world.truth())
                for (id, size) in truth { #expect(sizes[id] == size, "\(style) \(seed): the update of \(id) is lost") }
            }
            try await world.sync(.full)
            // Where very many are missing at once, the second full sync confirms it.
            try await world.sync(.full)
            let (view, truth) = (try await world.view(), world.truth())
            switch style {
            case .newestWindow, .coveredParts:
                for (id, size) in view.sizes where truth[id] != nil && !view.lost.contains(id) {
                    #expect(size == truth[id], "\(style) \(seed): the update of \(id) is lost")
                }
                for id in view.sizes.keys where truth[id] == nil {
                    #expect(view.lost.contains(id), "\(style) \(seed): the deletion of \(id) inside is not seen")
                }
            default: #expect(view.sizes == truth, "\(style) \(seed)")
            }
            await world.fixture.stop()
        }
    }

    @Test("A deletion in peace is seen by the next full sync", arguments: ChangingList.Style.allCases)
    func peace(_ style: ChangingList.Style) async throws {
        let world = try await World(style, seed: 7, count: 11)
        try await world.sync(.full)
        world.list.state.withLock { $0.rows.removeSubrange(10...10) }
        try await world.sync(.full)
        let view = try await world.view()
        #expect(view.sizes["t11"] == nil && view.sizes.count == 10, "\(style)")
        await world.fixture.stop()
    }

    @Test("What falls out of a window stays, marked as out of reach, and comes back unmarked")
    func window() async throws {
        let world = try await World(.newestWindow, seed: 3, count: ChangingList.window)
        try await world.sync(.full)
        world.list.state.withLock { $0.add() }
        let run = try await world.sync(.full)
        var view = try await world.view()
        #expect(view.sizes["t1"] != nil && view.lost == ["t1"] && view.sizes.count == ChangingList.window + 1)
        #expect(run?.message?.contains("out of reach: 1") == true, "\(run?.message ?? "")")
        // A second sync changes nothing more.
        let count = try await world.fixture.changes(world.id).count
        try await world.sync(.full)
        #expect(try await world.fixture.changes(world.id).count == count)
        world.list.state.withLock { $0.rows.removeLast(1) }
        try await world.sync(.full)
        view = try await world.view()
        #expect(view.lost.isEmpty && view.sizes.count == ChangingList.window)
        await world.fixture.stop()
    }
}
