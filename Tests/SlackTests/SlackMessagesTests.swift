// The walk over messages: channels, history, threads, what is passed over, where it goes on after each page.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Slack

@Suite("Slack messages", .timeLimit(.minutes(2)))
struct SlackMessagesTests {
    static let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    /// Answers by method, then by channel or thread, then by cursor.
    static func workspace(_ request: ProviderRequest) -> ProviderResponse {
        func query(_ name: String) -> String { request.query.first { $0.name == name }?.value ?? "" }
        switch (request.path, query("channel"), query("ts"), query("cursor")) {
        case ("/conversations.list", _, _, ""):
            return .json(
                #"""
                {"ok":true,"channels":[{"id":"C1","is_member":true},{"id":"C2","is_member":false},{"id":"C3"},
                {"id":"G1","is_private":true,"is_member":true}],"response_metadata":{"next_cursor":"list2"}}
                """#)
        case ("/conversations.list", _, _, "list2"):
            return .json(#"{"ok":true,"channels":[{"id":"C4"}],"response_metadata":{"next_cursor":""}}"#)
        case ("/conversations.history", "C1", _, ""):
            return .json(
                #"""
                {"ok":true,"has_more":true,"messages":[
                {"type":"message","ts":"30.000100","text":"c"},
                {"type":"message","ts":"20.000100","thread_ts":"20.000100","reply_count":2,"latest_reply":"22.000100"}],
                "response_metadata":{"next_cursor":"more"}}
                """#)
        case ("/conversations.history", "C1", _, "more"):
            return .json(#"{"ok":true,"messages":[{"type":"message","ts":"10.000100"}],"has_more":false}"#)
        case ("/conversations.replies", "C1", "20.000100", ""):
            return .json(
                #"""
                {"ok":true,"messages":[{"ts":"20.000100","thread_ts":"20.000100"},
                {"ts":"21.000100","thread_ts":"20.000100"}],"response_metadata":{"next_cursor":"r2"}}
                """#)
        case ("/conversations.replies", "C1", "20.000100", "r2"):
            return .json(
                #"""
                {"ok":true,"messages":[{"ts":"22.000100","thread_ts":"20.000100"},
                {"ts":"23.000100","thread_ts":"20.000100","subtype":"thread_broadcast"}]}
                """#)
        case ("/conversations.history", "C3", _, _): return .json(#"{"ok":false,"error":"not_in_channel"}"#)
        case ("/conversations.history", "G1", _, _):
            return .json(#"{"ok":false,"error":"missing_scope","needed":"groups:history","provided":"groups:read"}"#)
        case ("/conversations.history", "C4", _, _): return .json(#"{"ok":true,"messages":[{"ts":"40.000100"}]}"#)
        default: return .json(#"{"ok":false,"error":"invalid_arguments"}"#)
        }
    }

    let provider = SlackProvider()

    func context(
        _ settings: [String: String] = [:],
        _ answer: @escaping @Sendable (ProviderRequest) -> ProviderResponse = workspace
    ) -> (ProviderContext, ScriptedHTTP) {
        let http = ScriptedHTTP(provider.manifest, now: Self.now, answer: answer)
        return (.testing(http, accountID: "T1", settings: settings, now: Self.now), http)
    }

    /// The ids of all pages of a walk; every cursor goes through text, as in the host's store.
    func walk(_ context: ProviderContext, since: Timestamp? = nil) async throws -> [[String]] {
        var pages: [[String]] = []
        var cursor: JSONValue?
        repeat {
            let page = try await provider.page(
                PageRequest(dataType: "messages", cursor: cursor, since: since), in: context)
            let mapping = try #require(provider.manifest.dataType("messages")?.mapping)
            pages.append(try page.records.map { try mapping.map($0.value, now: Self.now).sourceID })
            cursor = try page.next.map { try JSONValue.parse($0.serialized) }
        } while cursor != nil && pages.count < 50
        return pages
    }

    @Test("Every message of every readable channel is read once, replies and later pages included")
    func walksEverything() async throws {
        let (context, http) = context()
        let pages = try await walk(context)
        #expect(
            pages == [
                [], ["C1-30.000100", "C1-20.000100"], ["C1-21.000100"], ["C1-22.000100"], ["C1-10.000100"], [], [], [],
                ["C4-40.000100"],
            ])
        #expect(
            http.requests.map(\.path) == [
                "/conversations.list", "/conversations.history", "/conversations.replies", "/conversations.replies",
                "/conversations.history", "/conversations.history", "/conversations.history", "/conversations.list",
                "/conversations.history",
            ])
        #expect(http.requests.map { $0.rateLimit ?? "" } == http.requests.map { String($0.path.dropFirst()) })
        #expect(http.requests.allSatisfy { request in !request.query.contains { $0.name == "oldest" } })
    }

    @Test("A channel the bot is no member of costs no call")
    func leavesOutForeignChannels() async throws {
        let (context, http) = context()
        _ = try await walk(context)
        #expect(!http.requests.contains { $0.query.contains(NamedValue("channel", "C2")) })
    }

    @Test("Each step is one call, so that its page is the checkpoint")
    func checkpointsEachCall() async throws {
        let (context, http) = context()
        let pages = try await walk(context)
        #expect(pages.count == http.requests.count)
    }

    @Test(
        "Changes begin before the last sync by the days in which edits are looked for",
        arguments: [
            (nil, "1715990400.000000"), ("0", "1717200000.000000"), ("1", "1717113600.000000"),
            ("x", "1715990400.000000"),
        ]
            as [(String?, String)])
    func looksBack(days: String?, oldest: String) async throws {
        let (context, http) = context(days.map { ["messageLookbackDays": $0] } ?? [:])
        _ = try await walk(context, since: Self.now)
        let asked = http.requests.filter { $0.path != "/conversations.list" }
        #expect(!asked.isEmpty)
        #expect(asked.allSatisfy { $0.query.contains(NamedValue("oldest", oldest)) })
    }

    @Test("A thread whose last reply is before the time that is read costs no call")
    func leavesOutOldThreads() async throws {
        let (context, http) = context(["messageLookbackDays": "0"])
        _ = try await walk(context, since: Timestamp(seconds: 25))
        #expect(!http.requests.contains { $0.path == "/conversations.replies" })
        let (later, laterHTTP) = self.context(["messageLookbackDays": "0"])
        _ = try await walk(later, since: Timestamp(seconds: 22))
        #expect(laterHTTP.requests.contains { $0.path == "/conversations.replies" })
    }

    @Test(
        "The operator chooses the page size",
        arguments: [(nil, "200"), ("15", "15"), ("0", "200"), ("1000", "200")] as [(String?, String)])
    func choosesPageSize(setting: String?, limit: String) async throws {
        let (context, http) = context(setting.map { ["messagePageSize": $0] } ?? [:])
        _ = try await walk(context)
        #expect(http.requests[1].query.contains(NamedValue("limit", limit)))
    }

    @Test(
        "An error about one channel is passed over, any other stops the walk",
        arguments: [
            ("not_in_channel", true), ("channel_not_found", true), ("is_archived", true),
            ("method_not_supported_for_channel_type", true), ("missing_scope", false), ("token_revoked", false),
            ("internal_error", false), ("invalid_cursor", false), ("ratelimited", false),
        ])
    func passesOver(code: String, isPassedOver: Bool) async throws {
        let (context, _) = context { request in
            request.path == "/conversations.list"
                ? .json(#"{"ok":true,"channels":[{"id":"C1"},{"id":"C2"}]}"#)
                : request.query.contains(NamedValue("channel", "C1"))
                    ? .json(#"{"ok":false,"error":"\#(code)"}"#) : .json(#"{"ok":true,"messages":[{"ts":"1.0"}]}"#)
        }
        if isPassedOver {
            #expect(try await walk(context) == [[], [], ["C2-1.0"]])
        } else {
            let error = await #expect(throws: ProviderError.self) { try await walk(context) }
            #expect(error?.code == code)
        }
    }

    @Test("A thread that is gone does not end its channel")
    func passesOverThreads() async throws {
        let (context, _) = context { request in
            switch request.path {
            case "/conversations.list": .json(#"{"ok":true,"channels":[{"id":"C1"}]}"#)
            case "/conversations.replies": .json(#"{"ok":false,"error":"thread_not_found"}"#)
            default:
                request.query.contains { $0.name == "cursor" }
                    ? .json(#"{"ok":true,"messages":[{"ts":"1.0"}]}"#)
                    : .json(
                        #"{"ok":true,"messages":[{"ts":"2.0","reply_count":1}],"response_metadata":{"next_cursor":"n"}}"#
                    )
            }
        }
        #expect(try await walk(context) == [[], ["C1-2.0"], [], ["C1-1.0"]])
    }

    /// A workspace with a channel that has an old thread, and one more channel when `hasNew`.
    static func threads(
        hasNew: Bool = true, replies: [String], parent: String = "1716000000.000100"
    ) -> @Sendable (ProviderRequest) -> ProviderResponse {
        { request in
            func query(_ name: String) -> String { request.query.first { $0.name == name }?.value ?? "" }
            func isRead(_ ts: String) -> Bool { query("oldest").isEmpty || query("oldest") <= ts }
            switch (request.path, query("channel")) {
            case ("/conversations.list", _):
                return .json(#"{"ok":true,"channels":[{"id":"C1"}\#(hasNew ? #",{"id":"C2"}"# : "")]}"#)
            case ("/conversations.history", "C1"):
                let text =
                    #"{"ts":"\#(parent)","reply_count":\#(replies.count),"latest_reply":"\#(replies.last ?? "")"}"#
                return .json(#"{"ok":true,"messages":[\#(isRead(parent) ? text : "")]}"#)
            case ("/conversations.history", "C2"):
                return .json(
                    #"{"ok":true,"messages":[\#(isRead("1500000000.000100") ? #"{"ts":"1500000000.000100"}"# : "")]}"#)
            case ("/conversations.replies", "C1"):
                let texts = replies.filter(isRead).map { #"{"ts":"\#($0)","thread_ts":"\#(parent)"}"# }
                return .json(
                    #"{"ok":true,"messages":[\#(([#"{"ts":"\#(parent)"}"#] + texts).joined(separator: ","))]}"#)
            default: return .json(#"{"ok":false,"error":"invalid_arguments"}"#)
            }
        }
    }

    /// Reads all pages; the ids, and what is remembered.
    func read(
        _ answer: @escaping @Sendable (ProviderRequest) -> ProviderResponse, since: Timestamp?, _ memory: JSONValue?,
        at now: Timestamp = SlackMessagesTests.now
    ) async throws -> (ids: [String], memory: JSONValue?) {
        let http = ScriptedHTTP(provider.manifest, now: now, answer: answer)
        let context = ProviderContext.testing(http, accountID: "T1", now: now)
        let mapping = try #require(provider.manifest.dataType("messages")?.mapping)
        var request = PageRequest(dataType: "messages", since: since)
        request.memory = memory
        var ids: [String] = []
        while true {
            let page = try await provider.page(request, in: context)
            ids += try page.records.map { try mapping.map($0.value, now: now).sourceID }
            guard let next = page.next else { return (ids, try page.memory.map { try JSONValue.parse($0.serialized) }) }
            #expect(page.memory == nil)
            request.cursor = try JSONValue.parse(next.serialized)
        }
    }

    @Test("A new reply to a thread from before the look-back is read while the thread is alive")
    func followsThreads() async throws {
        let day = Duration.seconds(86_400)
        // The thread began 13 days before the first read, its first reply came 5 days before it.
        let parent = "\(Self.now.advanced(by: day * -13).seconds).000100"
        func reply(_ days: Double) -> String { "\(Self.now.advanced(by: day * days).seconds).000200" }
        let first = [reply(-5)]
        var (ids, memory) = try await read(Self.threads(replies: first, parent: parent), since: nil, nil)
        #expect(ids == ["C1-\(parent)", "C1-\(first[0])", "C2-1500000000.000100"])
        // Three days later the thread's beginning is out of sight.
        let later = first + [reply(3)]
        (ids, memory) = try await read(
            Self.threads(replies: later, parent: parent), since: Self.now.advanced(by: day * 3), memory,
            at: Self.now.advanced(by: day * 3))
        #expect(ids == ["C1-\(parent)"] + later.map { "C1-\($0)" })
        // Ten days on it is alive by its last reply.
        let latest = later + [reply(12)]
        (ids, memory) = try await read(
            Self.threads(replies: latest, parent: parent), since: Self.now.advanced(by: day * 12), memory,
            at: Self.now.advanced(by: day * 12))
        #expect(ids.contains("C1-\(latest[2])"))
        // After 14 quiet days it is followed no more, until everything is read.
        (ids, memory) = try await read(
            Self.threads(replies: latest, parent: parent), since: Self.now.advanced(by: day * 27), memory,
            at: Self.now.advanced(by: day * 27))
        #expect(SlackMemory(memory)?.threads.isEmpty == true)
    }

    @Test("A channel that was not there before is read from its beginning, once")
    func readsNewChannels() async throws {
        let old = Self.threads(hasNew: false, replies: [])
        let new = Self.threads(replies: [])
        let (_, before) = try await read(old, since: nil, nil)
        let (ids, after) = try await read(new, since: Self.now, before)
        #expect(ids.contains("C2-1500000000.000100"))
        #expect(try await read(new, since: Self.now, after).ids.contains("C2-1500000000.000100") == false)
        // Without anything remembered no channel can be told to be new.
        #expect(try await read(new, since: Self.now, nil).ids.contains("C2-1500000000.000100") == false)
    }

    @Test("Remembered threads and channels are limited: the most recent threads stay")
    func boundsMemory() throws {
        var memory = SlackMemory()
        for index in 0..<300 { memory.note("\(index).0", of: "C1", latest: "\(1000 + index).0") }
        #expect(memory.threads.count == SlackMemory.threadsMax && memory.threads.first?.id == "100.0")
        for index in 0..<SlackMemory.channelsMax { memory.note("C\(index)") }
        #expect(memory.isNew("X"))
        memory.note("Y")
        #expect(!memory.isNew("X"))
        #expect(SlackMemory(memory.json) == memory)
        #expect(memory.json.serialized.count < 28_000)
    }

    @Test("A page that leads to itself is an error, not an endless walk")
    func refusesCircles() async throws {
        let (context, _) = context { request in
            request.path == "/conversations.list"
                ? .json(#"{"ok":true,"channels":[{"id":"C1"}]}"#)
                : .json(#"{"ok":true,"messages":[],"response_metadata":{"next_cursor":"same"}}"#)
        }
        let error = await #expect(throws: ProviderError.self) { try await walk(context) }
        #expect(error?.kind == .permanent)
    }

    @Test("A workspace without channels is an empty walk")
    func walksNothing() async throws {
        let (context, _) = context { _ in .json(#"{"ok":true,"channels":[]}"#) }
        #expect(try await walk(context) == [[]])
    }

    @Test("A cursor comes back from the store as it went in")
    func keepsCursors() throws {
        var cursor = SlackMessageCursor()
        #expect(SlackMessageCursor(cursor.json) == cursor)
        cursor.channels = [.init(id: "C1", isPrivate: false), .init(id: "G1", isPrivate: true)]
        cursor.listing = .next(["at": "x", "page": 2])
        cursor.history = "h"
        cursor.threads = ["1.0", "2.0"]
        cursor.replies = "r"
        #expect(SlackMessageCursor(cursor.json) == cursor)
        cursor.endThread()
        #expect(cursor.replies == nil)
        cursor.endHistoryPage(threads: [], next: nil)
        cursor.listing = .complete
        #expect(SlackMessageCursor(cursor.json) == cursor)
        #expect(cursor.channels.map(\.id) == ["G1"])
        cursor.endChannel()
        #expect(cursor.json == nil)
    }
}
