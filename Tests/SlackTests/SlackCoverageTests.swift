// What a walk over messages proves about those that it did not meet, and what a refused cursor costs.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Slack

@Suite("Slack coverage", .timeLimit(.minutes(2)))
struct SlackCoverageTests {
    let provider = SlackProvider()
    let now = SlackMessagesTests.now

    /// The last page of a walk over all messages, and the requests.
    func walk(
        account: String = "T1", settings: [String: String] = [:],
        _ answer: @escaping @Sendable (ProviderRequest) -> ProviderResponse
    ) async throws -> (last: SyncPage, records: Int, requests: [ProviderRequest]) {
        let http = ScriptedHTTP(provider.manifest, now: now, answer: answer)
        let context = ProviderContext.testing(http, accountID: account, settings: settings, now: now)
        var page = SyncPage([])
        var records = 0
        for _ in 0..<40 {
            page = try await provider.page(PageRequest(dataType: "messages", cursor: page.next), in: context)
            records += page.records.count
            if page.next == nil { return (page, records, http.requests) }
        }
        throw ProviderError(.permanent, "The walk does not end.")
    }

    static func value(_ name: String, of request: ProviderRequest) -> String {
        request.query.first { $0.name == name }?.value ?? ""
    }

    static let channels = #"""
        {"ok":true,"channels":[{"id":"C1","name":"general","is_member":true},{"id":"C2","name":"project","is_member":true},
        {"id":"C3","name":"old","is_member":false,"is_archived":true}]}
        """#

    static func isCovered(_ page: SyncPage, _ sourceID: String) -> Bool {
        page.coverage.parts?.contains { $0.contains(Array(sourceID.utf8)) } ?? true
    }

    @Test(
        "A channel that cannot be read is out of sight, and its messages are not missing",
        arguments: ["not_in_channel", "channel_not_found", "is_archived"])
    func lostChannels(error: String) async throws {
        let (last, _, _) = try await walk { request in
            if request.path == "/conversations.list" { return .json(Self.channels) }
            return Self.value("channel", of: request) == "C1"
                ? .json(#"{"ok":true,"messages":[{"ts":"1704067200.000100"}]}"#)
                : .json(#"{"ok":false,"error":"\#(error)"}"#)
        }
        #expect(Self.isCovered(last, "C1-1704067100.000100"))
        for channel in ["C2", "C3", "C4"] { #expect(!Self.isCovered(last, "\(channel)-1704067100.000100")) }
        #expect(last.coverage.isOutsideOutOfReach)
    }

    @Test("A thread that was not found once leaves its channel's messages alone")
    func lostThreads() async throws {
        let (last, _, _) = try await walk { request in
            switch request.path {
            case "/conversations.list": return .json(Self.channels)
            case "/conversations.history":
                return .json(#"{"ok":true,"messages":[{"ts":"1704067200.000100","reply_count":1}]}"#)
            default:
                return Self.value("channel", of: request) == "C1"
                    ? .json(#"{"ok":false,"error":"thread_not_found"}"#) : .json(#"{"ok":true,"messages":[]}"#)
            }
        }
        #expect(!Self.isCovered(last, "C1-1704067300.000100") && Self.isCovered(last, "C2-1704067300.000100"))
    }

    @Test("What a workspace's plan hides is out of sight")
    func limits() async throws {
        let (last, _, _) = try await walk { request in
            if request.path == "/conversations.list" { return .json(Self.channels) }
            if Self.value("channel", of: request) == "C2" {
                return .json(#"{"ok":true,"messages":[],"is_limited":true}"#)
            }
            return Self.value("cursor", of: request).isEmpty
                ? .json(
                    #"""
                    {"ok":true,"is_limited":true,"messages":[{"ts":"1704067300.000100"},{"ts":"1704067200.000100"}],
                    "response_metadata":{"next_cursor":"n"}}
                    """#)
                : .json(#"{"ok":true,"messages":[],"is_limited":true}"#)
        }
        #expect(Self.isCovered(last, "C1-1704067200.000100") && Self.isCovered(last, "C1-1704067250.000100"))
        #expect(!Self.isCovered(last, "C1-1704067199.000100") && !Self.isCovered(last, "C2-1704067300.000100"))
        // The next walk finds out for itself what is hidden.
        #expect(last.memory?["limits"] == nil && last.memory?["channels"]?.count == 2)
    }

    @Test("Of more channels than are remembered nothing is known")
    func manyChannels() {
        var memory = SlackMemory()
        for index in 0...SlackMemory.channelsMax { memory.note("C\(index)") }
        #expect(!memory.coverage.isOutsideOutOfReach && memory.coverage.parts?.count == SlackMemory.channelsMax)
    }

    @Test("An organisation's walk covers the channels of all its workspaces")
    func organisations() async throws {
        let (last, _, _) = try await walk(account: "E1") { request in
            switch request.path {
            case "/auth.teams.list":
                return Self.value("cursor", of: request).isEmpty
                    ? .json(#"{"ok":true,"teams":[{"id":"T1"},{"id":"T2"}],"response_metadata":{"next_cursor":"n"}}"#)
                    : .json(#"{"ok":true,"teams":[]}"#)
            case "/conversations.list":
                return .json(
                    #"{"ok":true,"channels":[{"id":"C\#(Self.value("team_id", of: request))","is_member":true}]}"#)
            default: return .json(#"{"ok":true,"messages":[]}"#)
            }
        }
        #expect(Self.isCovered(last, "CT1-1.0") && Self.isCovered(last, "CT2-1.0") && !Self.isCovered(last, "C3-1.0"))
    }

    @Test("A history whose cursor has expired is read from its beginning")
    func expiredCursor() async throws {
        let context = ProviderContext.testing(
            ScriptedHTTP(provider.manifest, now: now) { request in
                Self.value("cursor", of: request) == "old"
                    ? .json(#"{"ok":false,"error":"invalid_cursor"}"#)
                    : .json(#"{"ok":true,"messages":[{"ts":"3.0"}]}"#)
            }, accountID: "T1", now: now)
        var cursor = SlackMessageCursor()
        cursor.listing = .complete
        cursor.channels = [.init(id: "C1", isPrivate: false)]
        cursor.history = "old"
        let again = try await provider.page(PageRequest(dataType: "messages", cursor: cursor.json), in: context)
        #expect(again.records.isEmpty && SlackMessageCursor(again.next).history == nil)
        let read = try await provider.page(PageRequest(dataType: "messages", cursor: again.next), in: context)
        #expect(read.records.count == 1 && read.next == nil)
        // A list of channels or users has no part that could begin again by itself.
        let error = await #expect(throws: ProviderError.self) {
            try await provider.page(PageRequest(dataType: "users", cursor: ["at": "old", "page": 2]), in: context)
        }
        #expect(error?.kind == .cursorRefused)
    }

    @Test(
        "The operator chooses the channels to read, by id or name",
        arguments: [
            ("", ["C1", "C2"]), ("C2", ["C2"]), ("#general", ["C1"]), (" general, C2 ,", ["C1", "C2"]), ("other", []),
        ] as [(String, [String])])
    func chosenChannels(setting: String, expected: [String]) async throws {
        let (_, _, requests) = try await walk(settings: ["messageChannels": setting]) { request in
            request.path == "/conversations.list" ? .json(Self.channels) : .json(#"{"ok":true,"messages":[]}"#)
        }
        let asked = requests.map { Self.value("channel", of: $0) }.filter { !$0.isEmpty }
        #expect(asked == expected)
    }
}
