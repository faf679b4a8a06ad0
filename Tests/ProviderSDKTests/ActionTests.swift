// Actions as data: the request, the answer, the tolerated failures, and the checks on manifests with actions.

import ProviderSDK
import ProviderSDKTesting
import Testing

@Suite("Provider actions", .timeLimit(.minutes(2)))
struct ActionTests {
    let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    static let manifest = ProviderManifest(id: "x", name: "X") { manifest in
        manifest.endpoints = ["api": "https://api.example.com"]
        manifest.settings = [
            ProviderSetting("guildId", "The guild."), ProviderSetting("botToken", "The token.", isSecret: true),
            ProviderSetting("userAgent", "Who asks.", defaultValue: "app"),
        ]
        manifest.errors.code = ["code"]
        var remove = ProviderRequest(.delete, "/guilds/{setting.guildId}/members/{input.userId}")
        remove.authorization = .setting("botToken", scheme: "Bot")
        var read = ProviderRequest.get("/guilds/{setting.guildId}/members/{input.userId}")
        read.authorization = remove.authorization
        manifest.actions = [
            ProviderAction("remove", "Removes a member.", remove) { $0.toleratedCodes = ["10007"] },
            ProviderAction("member", "A member.", read) { action in
                action.additions = [NamedValue("guild", "{setting.guildId}")]
                action.output = FieldMapping("member", sourceID: ["guild", "id"], [Field("name", from: "name")])
            },
        ]
    }

    func perform(
        _ name: String, _ parameters: [String: String], settings: [String: String] = ["guildId": "7"],
        answer: ProviderResponse
    ) async throws -> (outcome: ProviderAction.Outcome, requests: [ProviderRequest]) {
        let http = ScriptedHTTP(Self.manifest, now: now) { _ in answer }
        let action = try #require(Self.manifest.action(name))
        let outcome = try await action.perform(parameters, in: .testing(http, settings: settings, now: now))
        return (outcome, http.requests)
    }

    @Test("An action sends its parameters and the operator's credential")
    func sends() async throws {
        let (outcome, requests) = try await perform("remove", ["userId": "5/6"], answer: ProviderResponse(status: 204))
        #expect(outcome == .done(.null))
        #expect(requests.map(\.path) == ["/guilds/7/members/5%2F6"])
        #expect(requests[0].method == .delete)
        #expect(requests[0].authorization == .setting("botToken", scheme: "Bot"))
        #expect(Self.manifest.action("remove")?.parameters == ["userId"])
    }

    @Test("An answer is normalized by the action's mapping")
    func maps() async throws {
        let (outcome, _) = try await perform("member", ["userId": "5"], answer: .json(#"{"id":"5","name":"Ada"}"#))
        #expect(outcome == .done(["id": "member-7-5", "sourceId": "7-5", "name": "Ada"]))
        await #expect(throws: ProviderError.self) {
            try await perform("member", ["userId": "5"], answer: .json(#"{"name":"Ada"}"#))
        }
    }

    @Test("An action tolerates the listed error codes and fails on others")
    func tolerates() async throws {
        let gone = ProviderResponse.json(#"{"code":10007,"message":"Unknown Member"}"#, status: 404)
        guard case .tolerated(let error) = try await perform("remove", ["userId": "5"], answer: gone).outcome else {
            return #expect(Bool(false), "not tolerated") as Void
        }
        #expect(error.code == "10007")
        let other = ProviderResponse.json(#"{"code":10004}"#, status: 404)
        await #expect(throws: ProviderError.self) { try await perform("remove", ["userId": "5"], answer: other) }
    }

    @Test("A rejected operator credential is reported as misconfigured", arguments: ["remove", "member"])
    func blamesTheOperator(name: String) async {
        let error = await #expect(throws: ProviderError.self) {
            try await perform(name, ["userId": "5"], answer: .json(#"{"code":0}"#, status: 401))
        }
        #expect(error?.kind == .misconfigured)
    }

    @Test(
        "Missing or malformed parameters and settings prevent the request",
        arguments: [
            ([:], ["guildId": "7"]), (["userId": ""], ["guildId": "7"]), (["userId": ".."], ["guildId": "7"]),
            (["userId": "{setting.guildId}"], ["guildId": "7"]), (["userId": "a\n"], ["guildId": "7"]),
            (["userId": String(repeating: "5", count: 257)], ["guildId": "7"]), (["userId": "5"], [:]),
        ] as [([String: String], [String: String])])
    func refuses(parameters: [String: String], settings: [String: String]) async throws {
        let http = ScriptedHTTP(Self.manifest, now: now) { _ in ProviderResponse(status: 204) }
        let action = try #require(Self.manifest.action("remove"))
        await #expect(throws: ProviderError.self) {
            try await action.perform(parameters, in: .testing(http, settings: settings, now: now))
        }
        #expect(http.requests.isEmpty)
    }

    @Test("Settings that are not configured get the plugin's defaults")
    func mergesDefaults() {
        #expect(Self.manifest.settings(with: ["guildId": "7"]) == ["guildId": "7", "userAgent": "app"])
        #expect(Self.manifest.settings(with: ["userAgent": "mine"]) == ["userAgent": "mine"])
    }

    @Test("Loading finds mistakes in actions, placeholders, credentials and linking")
    func checksManifests() {
        #expect(Self.manifest.problems == [])
        let wrong = ProviderManifest(id: "x", name: "X") { manifest in
            manifest.settings = [ProviderSetting("token", "t", isSecret: true), ProviderSetting("open", "o")]
            var list = ListRequest(.get("/{setting.token}"), items: "", paging: .none)
            list.request.authorization = .setting("open", scheme: "Bot")
            list.additions = [NamedValue("a", "{nothing}")]
            manifest.dataTypes = [DataType("a", mapping: FieldMapping("a", sourceID: ["id"], [])) { $0.list = list }]
            manifest.headers = [NamedValue("User-Agent", "{input.x}")]
            manifest.actions = [
                ProviderAction("a", "", .get("/{callback.realmId}")), ProviderAction("a", "", .get("/{input.x}")),
            ]
            manifest.linking = AccountLinking(accountIDAttribute: "id") { linking in
                linking.actionsOnLink = ["a", "b"]
                linking.memberDataType = "none"
            }
        }
        // The secret setting, the open credential, {nothing}, {input.x}, {callback.realmId}, two names, action b, data type none.
        #expect(wrong.problems.count == 8, "\(wrong.problems)")
    }

    @Test("Credential and placeholders decide whether a data type needs a connection")
    func knowsConnections() {
        var list = ListRequest(.get("/"), items: "", paging: .none)
        func needs(_ list: ListRequest?) -> Bool {
            DataType("a", mapping: FieldMapping("a", sourceID: ["id"], [])) { $0.list = list }.needsConnection
        }
        #expect(needs(nil) && needs(list))
        list.request.authorization = .setting("botToken", scheme: "Bot")
        #expect(!needs(list))
        list.request.path = "/{setting.guildId}"
        #expect(!needs(list))
        list.request.query = [NamedValue("id", "{accountId}")]
        #expect(needs(list))
    }

    @Test("A pause is read from the provider's own header field")
    func readsPauseHeaders() {
        var errors = ErrorClassification()
        errors.retryAfterFields = ["x-reset"]
        func kind(_ headers: [NamedValue]) -> ProviderError.Kind? {
            errors.error(for: ProviderResponse(status: 429, headers: headers), now: now)?.kind
        }
        #expect(kind([NamedValue("X-Reset", "2.5")]) == .rateLimited(after: .milliseconds(2500)))
        #expect(
            kind([NamedValue("X-Reset", "2.5"), NamedValue("Retry-After", "9")]) == .rateLimited(after: .seconds(9)))
        #expect(kind([NamedValue("X-Reset", "soon")]) == .rateLimited(after: .seconds(1)))
    }

    @Test("Token values are read from an object inside the answer")
    func findsTokenObjects() {
        var fields = TokenResponseFields()
        #expect(fields.object(in: ["data": [["a": 1]]]) == ["data": [["a": 1]]])
        fields.container = "data.0"
        #expect(fields.object(in: ["data": [["a": 1]]]) == ["a": 1])
        #expect(fields.object(in: ["access_token": "t"]) == ["access_token": "t"])
    }
}
