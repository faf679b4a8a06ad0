// The table that a host is configured from, and the OAuth rules that hold for every stand-in alike.

import ProviderSDK
import ProviderSandbox
import Testing

/// How a client of one provider differs from the book.
struct Dialect: Sendable, CustomTestStringConvertible {
    let provider: String
    var variant: String?
    var scope: String
    var idName = "client_id"
    var redirectName = "redirect_uri"
    var isForm = false
    var returnsState = true
    var extra: [(String, String)] = []
    var headers: [(String, String)] = []

    var testDescription: String { variant.map { "\(provider)/\($0)" } ?? provider }

    static let all = [
        Dialect(provider: "stripe", scope: "read_only"),
        Dialect(provider: "stripe", variant: "apps", scope: ""),
        Dialect(provider: "quickbooks", scope: "com.intuit.quickbooks.accounting"),
        Dialect(provider: "xero", scope: "offline_access accounting.contacts.read"),
        Dialect(provider: "slack", scope: "channels:read"),
        Dialect(
            provider: "kai", variant: "flo", scope: "settings_read", redirectName: "redirectUri", isForm: true,
            returnsState: false),
        Dialect(provider: "discord", scope: "identify"),
        Dialect(provider: "instagram", scope: "instagram_business_basic", isForm: true),
        Dialect(provider: "tiktok", scope: "user.info.basic", idName: "client_key", isForm: true),
        Dialect(
            provider: "reddit", scope: "identity", extra: [("duration", "permanent")],
            headers: [("User-Agent", "web:sandbox-tests:1.0 (by /u/nobody)")]),
    ]

    func client(_ sandbox: RunningSandbox) throws -> OAuthClient { try OAuthClient(sandbox, provider, variant) }

    func allow(_ client: OAuthClient) throws -> [String: String] {
        try client.allow(scope: scope, extra, idName: idName, redirectName: redirectName)
    }

    func exchange(_ client: OAuthClient, _ code: String?, secret: String? = nil) throws -> Reply {
        let secret = secret ?? client.secret
        if variant == "apps" { return try client.exchange(code, [], [basic(secret, "")]) }
        if provider == "stripe" { return try client.exchange(code, [], [bearer(secret)]) }
        if isForm { return try client.exchange(code, [(idName, client.id), ("client_secret", secret)], []) }
        return try client.exchange(code, [], [basic(client.id, secret)] + headers)
    }
}

extension Reply {
    /// Whether a token endpoint gave tokens: Slack says no with status 200.
    var hasTokens: Bool { status == 200 && accessToken ?? json.at("data.0.access_token")?.string != nil }
}

@Suite("Provider table", .timeLimit(.minutes(2)))
struct ProviderTableTests {
    @Test("Every provider has endpoints under the origin and credentials")
    func everyProviderHasEndpointsUnderTheOriginAndCredentials() async throws {
        try await RunningSandbox.run { sandbox in
            let table = sandbox.sandbox.providers(origin: sandbox.origin)
            for provider in table {
                let parts =
                    provider.variants.map { ($0.settings, $0.endpoints) } + [(provider.settings, provider.endpoints)]
                for (settings, endpoints) in parts where !(provider.id == "kai" && settings.isEmpty) {
                    #expect(!settings.isEmpty)
                    #expect(settings.values.allSatisfy { !$0.isEmpty })
                    #expect(endpoints["api"] != nil)
                    #expect(endpoints.values.allSatisfy { $0.hasPrefix(sandbox.origin + "/\(provider.id)") })
                }
            }
            #expect(table.first { $0.id == "kai" }?.variants.map(\.id) == ["flo", "min", "eag"])
            #expect(Sandbox.endpoints(origin: "http://h")["kai/min"]?["token"] == "http://h/kai/min/oauth/token")
            let served = try sandbox.get("/_sandbox/providers").json
            #expect(served.at("stripe.endpoints.api")?.string == "\(sandbox.origin)/stripe/api")
        }
    }

    @Test("Settings replace the defaults")
    func settingsReplaceTheDefaults() async throws {
        try await RunningSandbox.run({ $0.settings = ["xero": ["clientId": "own-id", "clientSecret": "own secret+%"]] })
        {
            sandbox in
            let client = try OAuthClient(sandbox, "xero")
            #expect(client.id == "own-id")
            #expect(try client.exchange(try client.allow(scope: "accounting.contacts")["code"]).status == 200)
        }
    }

    @Test("A code is good once for its own client", arguments: Dialect.all)
    func aCodeIsGoodOnceForItsOwnClient(_ dialect: Dialect) async throws {
        try await RunningSandbox.run { sandbox in
            let client = try dialect.client(sandbox)
            let callback = try dialect.allow(client)
            #expect(callback["state"] == (dialect.returnsState ? "s1" : nil))
            #expect(try !dialect.exchange(client, callback["code"], secret: "wrong").hasTokens)
            #expect(try dialect.exchange(client, callback["code"]).hasTokens)
            #expect(try !dialect.exchange(client, callback["code"]).hasTokens)
            #expect(try !dialect.exchange(client, "unknown").hasTokens)
        }
    }

    @Test("An old code and an unknown client get nothing", arguments: Dialect.all)
    func anOldCodeAndAnUnknownClientGetNothing(_ dialect: Dialect) async throws {
        try await RunningSandbox.run { sandbox in
            let client = try dialect.client(sandbox)
            let code = try dialect.allow(client)["code"]
            try sandbox.control("clock", #"{"advanceSeconds":3601}"#)
            #expect(try !dialect.exchange(client, code).hasTokens)
            let path = client.endpoints["authorize"] ?? ""
            let unknown = try sandbox.get(
                path + "?"
                    + Percent.form([
                        (dialect.idName, "x"), ("response_type", "code"),
                        (dialect.redirectName, "https://a.example/"),
                    ]))
            #expect(unknown.status == 400)
            let denied = try sandbox.get(
                path + "?"
                    + Percent.form([
                        (dialect.idName, client.id), ("response_type", "code"), ("scope", dialect.scope),
                        (dialect.redirectName, "https://a.example/"), ("decision", "deny"),
                    ]))
            #expect(denied.callback["error"] == "access_denied")
        }
    }

    @Test("Token faults have every stand-in's own shape", arguments: Dialect.all)
    func tokenFaultsStrikeEveryStandInInItsOwnShape(_ dialect: Dialect) async throws {
        try await RunningSandbox.run { sandbox in
            let client = try dialect.client(sandbox)
            let code = try dialect.allow(client)["code"]
            for effect in [#""status":503"#, #""status":429"#, #""status":400"#, #""drop":true"#, #""garbage":true"#] {
                try sandbox.control(
                    "faults", #"{"provider":"\#(dialect.testDescription)","match":"token",\#(effect)}"#)
                #expect(try !dialect.exchange(client, code).hasTokens)
            }
            // None of them reached the stand-in.
            #expect(try dialect.exchange(client, code).hasTokens)
        }
    }

    @Test("Unknown paths and methods answer in the provider's shape")
    func unknownPathsAndMethodsAnswerInTheProvidersShape() async throws {
        try await RunningSandbox.run { sandbox in
            let shapes = [
                ("/stripe/api/v1/none", "error.type", "invalid_request_error"),
                ("/quickbooks/none", "Fault.Error.0.code", "610"), ("/slack/api/none", "error", "unknown_method"),
                ("/discord/api/v10/none", "message", "404: Not Found"),
                ("/tiktok/api/v2/none", "error.code", "invalid_params"),
            ]
            for (path, member, text) in shapes {
                let reply = try sandbox.get(path)
                #expect(reply.json.at(ValuePath(member))?.string == text)
            }
            let statuses = try [
                sandbox.send("DELETE", "/stripe/api/v1/account").status, sandbox.get("/nobody/at/home").status,
                sandbox.get("/").status, sandbox.get("/_sandbox/none").status,
            ]
            #expect(statuses == [405, 404, 404, 404])
            let control = try sandbox.get("/_sandbox")
            #expect(control.json["routes"]?.count == 12)
        }
    }

    @Test("A sandbox starts once and says why it cannot")
    func aSandboxStartsOnceAndTellsWhyItCannot() async throws {
        let sandbox = Sandbox(SandboxConfiguration { $0.listen = "127.0.0.1:0" })
        let origin = try sandbox.start()
        #expect(sandbox.origin == origin)
        #expect(throws: SandboxError.alreadyStarted) { try sandbox.start() }
        let second = Sandbox(SandboxConfiguration { $0.listen = String(origin.dropFirst(7)) })
        #expect(throws: SandboxError.self) { try second.start() }
        #expect(throws: SandboxError.self) { try Sandbox(SandboxConfiguration { $0.listen = "nowhere" }).start() }
        await sandbox.shutdown()
        #expect(sandbox.origin == nil)
        await sandbox.shutdown()
    }
}
