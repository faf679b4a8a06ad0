// Actions as data: what inputs are refused, what request a run sends, and what its answers mean.

import ProviderSDK
import Synchronization
import Testing

@Suite("Actions", .timeLimit(.minutes(1)))
struct ActionTests {
    private static let inputs: [ActionInput] = [
        .required("name", .text(bytesMax: 5), "A name."),
        .optional("note", .text(bytesMax: 9, hasLines: true), "A note."),
        .optional("amount", .money(currency: "currency"), "An amount."),
        .optional("currency", .text(bytesMax: 3), "A currency."), .optional("day", .date, "A day."),
        .optional("kind", .choice(["a", "b"]), "A kind."), .optional("count", .integer(1...3), "A count."),
        .optional("lines", .list([.required("text", .text(bytesMax: 4), "A text.")], countMax: 2), "Lines."),
    ]

    @Test(
        "An input outside of its declaration is refused with its place",
        arguments: [
            (#"{}"#, "name"), (#"{"name":""}"#, "name"), (#"{"name":"123456"}"#, "name"), (#"{"name":"a\nb"}"#, "name"),
            (#"{"name":1}"#, "name"), (#"{"name":"a","other":1}"#, "other"), (#"{"name":"a","amount":1}"#, "amount"),
            (#"{"name":"a","amount":"-1"}"#, "amount"), (#"{"name":"a","amount":"1.999"}"#, "amount"),
            (#"{"name":"a","amount":"1.5","currency":"JPY"}"#, "amount"), (#"{"name":"a","day":"2026-02-30"}"#, "day"),
            (#"{"name":"a","kind":"c"}"#, "kind"), (#"{"name":"a","count":4}"#, "count"),
            (#"{"name":"a","lines":[]}"#, "lines"), (#"{"name":"a","lines":[{"text":"12345"}]}"#, "lines.0.text"),
            (#"{"name":"a","lines":[{"text":"1"},{"text":"1"},{"text":"1"}]}"#, "lines"), (#"[]"#, "body"),
        ])
    func refused(text: String, place: String) throws {
        let value = try JSONValue.parse(Array(text.utf8))
        let error = #expect(throws: ActionInputError.self) { try ActionInput.check(value, Self.inputs) }
        #expect(error?.place == place)
    }

    @Test(
        "An input within its declaration is accepted",
        arguments: [
            #"{"name":"12345"}"#, #"{"name":"a","note":"a\nb","amount":"1.999","currency":"KWD"}"#,
            #"{"name":"a","amount":"0","day":"2026-02-28","kind":"b","count":3,"lines":[{"text":"1234"}]}"#,
            #"{"name":"a","note":null}"#,
        ])
    func accepted(text: String) throws {
        try ActionInput.check(try JSONValue.parse(Array(text.utf8)), Self.inputs)
    }

    private static let action = ActionSpec(
        "make", "Make",
        .post(
            "/things/{input.name}",
            .form([
                ActionMember("amount", .minorUnits("amount", currency: "currency")), .input("note"),
                ActionMember("lines", .each("lines", .object([.input("text", as: "t")]))),
                ActionMember("fixed", .constant(true)), ActionMember("key", .key),
            ])
        ) { $0.query = [.input("kind")] }
    ) { action in
        action.description = "Makes a thing."
        action.inputs = inputs.filter { $0.name != "day" && $0.name != "count" }
        action.outputs = [ActionOutput("id", "id", "The id.")]
        action.idempotency = ActionIdempotency(.header("Key"), window: .seconds(60)) { $0.mismatchCodes = ["other"] }
    }

    /// A provider that answers every request alike.
    private final class Provider: ProviderHTTP {
        private let answer: Result<ProviderResponse, ProviderError>
        private let seen = Mutex<[ProviderRequest]>([])

        init(_ answer: Result<ProviderResponse, ProviderError>) { self.answer = answer }

        convenience init(_ body: String) { self.init(.success(ProviderResponse(status: 200, body: Array(body.utf8)))) }

        var requests: [ProviderRequest] { seen.withLock { $0 } }

        func send(_ request: ProviderRequest) async throws(ProviderError) -> ProviderResponse {
            seen.withLock { $0.append(request) }
            return try answer.get()
        }
    }

    private static func context(_ http: Provider) -> ProviderContext {
        ProviderContext(http: http, account: ProviderContext.Account(), now: .epoch)
    }

    @Test("The texts of inputs stay texts in path, query and form, also where they look like placeholders")
    func request() async throws {
        let http = Provider(#"{"id":"1"}"#)
        let inputs: JSONValue = [
            "name": "a/{}", "note": "{setting.x}&=", "amount": "12.5", "currency": "eur", "kind": "b",
            "lines": [["text": "x y"]],
        ]
        let run = ActionRun(inputs: inputs, key: "run_1", startedAt: .epoch)
        guard case .done(let output) = await Self.action.perform(run, isRepeat: false, in: Self.context(http)) else {
            Issue.record("The action was not done.")
            return
        }
        #expect(output["id"]?.string == "1")
        let sent = try #require(http.requests.first)
        #expect(sent.path == "/things/a%2F%7B%7D?kind=b")
        guard case .bytes(let bytes, let type) = sent.body else {
            Issue.record("There is no body.")
            return
        }
        #expect(type == "application/x-www-form-urlencoded")
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "amount=1250&note=%7Bsetting.x%7D%26%3D&lines%5B0%5D%5Bt%5D=x%20y&fixed=true&key=run_1")
        #expect(sent.headers.contains { $0.name == "Key" && $0.value == "run_1" })
    }

    private static func name(_ outcome: ActionOutcome) -> String {
        switch outcome {
        case .done: "done"
        case .refused: "refused"
        case .unknown: "unknown"
        case .notSent: "notSent"
        @unknown default: "other"
        }
    }

    @Test("What an error says of a run depends on whether it was sent before")
    func outcomes() async throws {
        var unsent = ProviderError(.transient, "no connection")
        unsent.isUnsent = true
        let cases: [(ProviderError, String, String)] = [
            (unsent, "notSent", "unknown"), (ProviderError(.transient, "lost"), "unknown", "unknown"),
            (ProviderError(.transient, "down", status: 503), "unknown", "unknown"),
            (ProviderError(.permanent, "no", status: 400), "refused", "refused"),
            (ProviderError(.permanent, "no", code: "other", status: 400), "refused", "unknown"),
            (ProviderError(.authRevoked, "no", status: 401), "refused", "unknown"),
            (ProviderError(.rateLimited(after: nil), "no", status: 429), "refused", "unknown"),
        ]
        let run = ActionRun(inputs: ["name": "a"], key: "run_1", startedAt: .epoch)
        for (error, first, again) in cases {
            let http = Provider(.failure(error))
            let context = Self.context(http)
            #expect(Self.name(await Self.action.perform(run, isRepeat: false, in: context)) == first, "\(error)")
            #expect(Self.name(await Self.action.perform(run, isRepeat: true, in: context)) == again, "\(error)")
        }
    }

    @Test("Half an answer leaves the outcome unknown")
    func half() async {
        let http = Provider(#"{"id":"#)
        let run = ActionRun(inputs: ["name": "a"], key: "run_1", startedAt: .epoch)
        #expect(Self.name(await Self.action.perform(run, isRepeat: false, in: Self.context(http))) == "unknown")
    }

    @Test("A manifest with an action that cannot run is refused with the reason")
    func validation() {
        func problems(_ change: (inout ActionSpec) -> Void) -> [String] {
            var action = Self.action
            change(&action)
            return ProviderManifest(id: "test", name: "Test") { $0.offeredActions = [action] }.problems
        }
        #expect(problems { _ in }.isEmpty)
        #expect(problems { $0.inputs.removeLast() }.contains { $0.contains("there is no input “lines”") })
        #expect(problems { $0.inputs.append(.optional("more", .boolean, "M.")) }.contains { $0.contains("not used") })
        #expect(problems { $0.description = "" }.contains { $0.contains("no description") })
        #expect(problems { $0.request.path = "/{input.kind}" }.contains { $0.contains("can be absent") })
        #expect(problems { $0.request.path += "/{setting.x}" }.contains { $0.contains("{setting.x}") })
        #expect(
            problems { $0.request.authorization = .setting("bot", scheme: "Bot") }.contains {
                $0.contains("secret setting")
            })
        #expect(
            problems { $0.lookUp = ActionLookUp(.post("/x"), objects: "", key: "k") }.contains {
                $0.contains("only read")
            })
        #expect(problems { $0.idempotency?.window = .zero }.contains { $0.contains("no time") })
    }
}
