// Webhook deliveries read by tables: answers, events, ids, accounts and effects.

import ProviderSDK
import Testing

@Suite("Webhook tables", .timeLimit(.minutes(2)))
struct WebhookEventsTests {
    struct TableProvider: Provider {
        let manifest: ProviderManifest

        init(_ answers: [WebhookAnswer] = [], _ events: [WebhookEvents] = []) {
            manifest = ProviderManifest(id: "table", name: "Table") { manifest in
                manifest.webhooks = WebhookScheme(.hmacSHA256(secretSetting: "key"), header: "x") { scheme in
                    scheme.answers = answers
                    scheme.events = events
                }
            }
        }

        func outcome(_ body: String, headers: [NamedValue] = []) throws -> WebhookOutcome {
            try outcome(of: WebhookDelivery(headers: headers, body: Array(body.utf8), receivedAt: .epoch))
        }
    }

    static let nested = WebhookEvents(
        each: ["body.accounts", "changes"], id: ["item.id"], account: ["parent.name"], at: ["item.at"],
        effects: [.init(.equals("item.kind", "gone"), .deleted(dataType: "items", sourceID: ["item.a", "item.b"]))]
            + .changes(at: "item.kind", ["x": "exes", "y": "whys"]))

    @Test("Each event without an effect is counted by its reason, and a ping is none")
    func ignored() throws {
        let other = WebhookEvents(
            each: ["body.rows"], id: [], account: ["item.name"], at: [],
            effects: [.init(.equals("item.kind", "end"), .mayBeRevoked), .init(.equals("item.kind", "no"), .ignored)])
        let provider = TableProvider(
            [WebhookAnswer(where: .equals("body.ping", true), status: 204)], [Self.nested, other])
        for (body, reasons) in [
            (#"{"ping":true}"#, [:]), ("{}", [.noEvents: 1]), (#"{"rows":[]}"#, [.noEvents: 1]),
            (
                #"{"rows":[{"name":"a","kind":"no"},{"name":"a","kind":"?"},{"kind":"end"}]}"#,
                [.noMeaning: 2, .noAccount: 1]
            ),
            (#"{"rows":[{"name":"a","kind":"end"},{"name":"a","kind":"?"}]}"#, [.noMeaning: 1]),
            (#"{"accounts":[{"name":"a","changes":[{"kind":"x"}]}]}"#, [:]),
        ] as [(String, [WebhookOutcome.IgnoredReason: Int])] {
            #expect(try provider.outcome(body).ignored == reasons, "\(body)")
        }
    }

    @Test("A deletion without its ids changes the data type, and a doubtful end has no moment")
    func incomplete() throws {
        let end = WebhookEvents(
            id: [], account: ["body.name"], at: ["body.at"], effects: [.init(.isSet("body.end"), .mayBeRevoked)])
        let provider = TableProvider([], [Self.nested, end])
        let gone = try provider.outcome(#"{"accounts":[{"name":"a","changes":[{"kind":"gone","a":"1"}]}]}"#)
        #expect(gone.events.map(\.effect) == [.changed(dataTypes: ["items"])])
        let ended = try provider.outcome(#"{"name":"a","end":1,"at":5}"#).events
        #expect(ended.map(\.effect) == [.revoked])
        #expect(ended.first?.occurredAt == nil)
    }

    @Test("A provider without tables acknowledges every delivery")
    func acknowledges() throws {
        let outcome = try TableProvider().outcome("{}")
        #expect(outcome.status == 200 && outcome.reply == nil && outcome.events.isEmpty)
    }

    @Test("The first matching answer is given, and a refusal has its status and message")
    func answers() throws {
        let provider = TableProvider([
            WebhookAnswer(where: .equals("headers.x-kind", "bad"), refusing: 422, "No."),
            WebhookAnswer(
                where: .isSet("body.challenge"), status: 202, reply: [Field("echo", from: "body.challenge")],
                headers: [NamedValue("A", "b")]),
        ])
        let outcome = try provider.outcome(#"{"challenge":[1]}"#)
        #expect(outcome.status == 202 && outcome.reply == ["echo": [1]] && outcome.headers == [NamedValue("A", "b")])
        let error = #expect(throws: ProviderError.self) {
            try provider.outcome("", headers: [NamedValue("X-Kind", "bad")])
        }
        #expect(error?.status == 422 && error?.message == "No.")
    }

    @Test("The check of an endpoint gets its member back, and one without it is refused")
    func challenges() throws {
        let provider = TableProvider(.challenge("word", where: .equals("body.type", "check"), refusal: "No word."))
        #expect(try provider.outcome(#"{"type":"check","word":"w"}"#).reply == ["word": "w"])
        #expect(try provider.outcome(#"{"type":"other","word":"w"}"#).reply == nil)
        let error = #expect(throws: ProviderError.self) { try provider.outcome(#"{"type":"check","word":""}"#) }
        #expect(error?.status == 400 && error?.message == "No word.")
    }

    @Test(
        "The first account that fits an event counts, and no other is tried",
        arguments: [
            (#"{"isGroup":true,"group":"g","user":"u"}"#, "g"), (#"{"isGroup":true,"user":"u"}"#, nil),
            (#"{"group":"g","user":"u"}"#, "u"), (#"{"group":"g"}"#, nil),
        ] as [(String, String?)])
    func choosesAccounts(body: String, account: String?) throws {
        let events = WebhookEvents(
            id: [],
            accounts: [.init(where: .equals("body.isGroup", true), ["body.group"]), .init(["body.user"])], at: [],
            effects: [.init(.not(.isSet("body.none")), .revoked)])
        let provider = TableProvider([], [events])
        #expect(try provider.outcome(body).events.map(\.accountID) == [account].compactMap(\.self))
        let problem = "a webhook event does not say where its account stands"
        #expect(!ProviderConformance(provider).problems().contains(problem))
        var without = events
        without.accounts = [.init([])]
        #expect(ProviderConformance(TableProvider([], [without])).problems().contains(problem))
    }

    @Test("A data type changed where one of its texts stands")
    func changesOfSeveralTexts() throws {
        let events = WebhookEvents(
            id: [], account: ["body.user"], at: [],
            effects: .changes(at: "body.kind", ["exes": ["x", "xx"], "whys": ["y"]]))
        for (kind, wanted) in [("x", ["exes"]), ("xx", ["exes"]), ("y", ["whys"]), ("z", [])] {
            let found = try TableProvider([], [events]).outcome(#"{"user":"u","kind":"\#(kind)"}"#).events
            #expect(found.map(\.effect) == wanted.map { .changed(dataTypes: [$0]) })
        }
    }

    @Test("CloudEvents are read in a batch and alone, by the type after the prefix")
    func readsCloudEvents() throws {
        let provider = TableProvider([], [.cloudEvents(account: "owner", prefix: "a.", ["Thing": "things"])])
        func event(_ type: String) -> String {
            #"{"specversion":"1.0","id":"1","type":"\#(type)","time":"2026-01-01T00:00:00Z","owner":"o"}"#
        }
        for type in ["a.Thing.made", "a.thing.made.v1"] {
            for body in [event(type), "[\(event(type)),\(event("a.Things.made"))]"] {
                let events = try provider.outcome(body).events
                #expect(events.map(\.effect) == [.changed(dataTypes: ["things"])])
                #expect(events.first?.id == "1" && events.first?.accountID == "o")
                #expect(events.first?.occurredAt == Timestamp(iso8601: "2026-01-01"))
            }
        }
        for type in ["a.thing", "b.thing.made", "a.other.made"] {
            #expect(try provider.outcome(event(type)).events.isEmpty)
        }
    }

    @Test("Nested events are read, and changes of one account become one event")
    func readsNestedEvents() throws {
        let events = try TableProvider([], [Self.nested]).outcome(
            #"""
            {"accounts":[{"name":"a","changes":[{"kind":"x","at":5},{"kind":"y","at":9},{"kind":"x","at":7},{"kind":"?"}]},
            {"name":"b","changes":[{"kind":"gone","a":1,"b":"2","id":"e"},{"kind":"gone","a":1}]},{"changes":[{"kind":"x"}]}]}
            """#
        ).events
        #expect(events.map(\.accountID) == ["a", "b", "b"])
        #expect(
            events.map(\.effect) == [
                .changed(dataTypes: ["exes", "whys"]), .deleted(dataType: "items", sourceIDs: ["1-2"]),
                .changed(dataTypes: ["items"]),
            ])
        #expect(events.map(\.id) == [nil, "e", nil])
        #expect(events.map(\.occurredAt?.seconds) == [9, nil, nil])
    }

    @Test("An id needs all its parts, an account must not be empty, and an object is one event")
    func readsParts() throws {
        let provider = TableProvider(
            [],
            [
                WebhookEvents(
                    where: .isSet("body.id"), each: ["body"], id: ["item.id", "item.part"],
                    account: ["item.first", "item.second"], mode: ["item.live"], at: [],
                    effects: [.init(.isSet("item.id"), .revoked)])
            ])
        let event = try provider.outcome(#"{"id":1,"part":"p","first":"","second":"s","live":true}"#).events.first
        #expect(event?.id == "1-p" && event?.accountID == "s" && event?.mode == "true" && event?.effect == .revoked)
        #expect(try provider.outcome(#"{"id":1,"second":"s"}"#).events.first?.id == nil)
        #expect(try provider.outcome(#"{"id":1}"#).events.isEmpty)
        #expect(try provider.outcome(#"{"part":"p","second":"s"}"#).events.isEmpty)
    }

    @Test("Unknown data types are mistakes of the manifest")
    func findsMistakes() {
        let problems = TableProvider([], [Self.nested]).manifest.problems
        #expect(problems.filter { $0.contains("“exes”") || $0.contains("“items”") }.count == 2)
    }
}
