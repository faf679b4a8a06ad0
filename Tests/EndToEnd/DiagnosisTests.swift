// What goes wrong with connections, one fault after the other at the real executable, and what the host says about it: the class, the
// sentence, who has to do what, and nothing that is a secret.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Diagnoses", .serialized, .timeLimit(.minutes(5)))
struct DiagnosisTests {
    /// A fault and the right diagnosis.
    struct Case: Sendable {
        let name: String
        /// Makes the connection and the fault; returns the id of the connection.
        let fault: @Sendable (Bench) async throws -> String
        let kind: String
        let by: String
        /// What the sentences say, among other things.
        let says: [String]
        var code: String?
    }

    /// A text that must never be seen, put into whatever the providers say.
    static let canary = "c4n4ryT0k3n9f8e7d6c5b4a39281706"

    /// What the cases do.
    struct Bench: Sendable {
        let installation: TestInstallation
        let client: TestClient
        let userID: String
        static let connections = "/api/integrations/connections"

        /// What an error of a provider looks like that says too much.
        func error(_ provider: String, on route: String, _ status: Int, _ body: String? = nil, count: Int = 1)
            async throws
        {
            var members: [(key: String, value: JSONValue)] = [
                ("provider", .string(provider)), ("match", .string(route)), ("status", .number(JSONNumber(status))),
                ("count", .number(JSONNumber(count))),
            ]
            if let body { members.append(("body", .string(body))) }
            try await control("faults", JSONValue.object(members).description)
        }

        func control(_ what: String, _ body: String) async throws {
            let answer = try await client.with(token: nil).post("\(installation.sandbox.url)/_sandbox/\(what)", body)
            guard 200...201 ~= answer.status else { throw HostProcessError(description: "\(what): \(answer.text)") }
        }

        /// Takes the faults away that did not strike.
        func mend() async throws {
            _ = try await client.with(token: nil).send("DELETE", "\(installation.sandbox.url)/_sandbox/faults")
        }

        /// Connects one that gives no state back: the client brings the code itself.
        func connectKai() async throws -> String {
            let created = try await client.post(Self.connections, #"{"service":"kai","variant":"flo"}"#)
            let url = try #require(created.json["authUrl"]?.string, "\(created.text)")
            let decided = try await client.with(token: nil).get(url + "&decision=allow")
            let code = try #require(
                decided.header("location")?.split(separator: "code=").last?.split(separator: "&").first)
            let path = "/api/v1/users/\(userID)/integrations/kai/flo/oauth2callback"
            #expect(try await client.post(path, "{\"code\":\"\(code)\"}").status == 200)
            return try #require(created.json["connectionId"]?.string)
        }

        /// Begins to connect; the id of the connection and the callback that follows.
        func begin(_ service: String, decision: String = "allow") async throws -> (id: String, callback: String) {
            let created = try await client.post(Self.connections, "{\"service\":\"\(service)\"}")
            let id = try #require(created.json["connectionId"]?.string, "\(created.text)")
            let url = try #require(created.json["authUrl"]?.string)
            let decided = try await client.with(token: nil).get("\(url)&decision=\(decision)")
            return (id, try #require(decided.header("location"), "\(decided.text)"))
        }

        /// Connects, and fails at it.
        func failToConnect(_ service: String, decision: String = "allow") async throws -> String {
            let (id, callback) = try await begin(service, decision: decision)
            #expect(try await client.get(callback).status >= 400)
            return id
        }

        func connect(_ service: String) async throws -> String { try await installation.connect(service, client) }

        /// Syncs, and fails at it.
        func failToSync(_ id: String, _ type: String) async throws {
            let sync = try await installation.sync(
                id, client, body: "{\"syncType\":\"full\",\"dataTypes\":[\"\(type)\"]}")
            #expect(sync["status"] == "failed", "\(sync)")
        }

        func failToRefresh(_ id: String, _ service: String) async throws {
            let answer = try await client.post(
                "/api/integrations/oauth/\(service)/refresh", "{\"connectionId\":\"\(id)\"}")
            #expect(answer.status >= 400, "\(answer.text)")
        }
    }

    static let connecting: [Case] = [
        Case(
            name: "the user denies", fault: { try await $0.failToConnect("discord", decision: "deny") },
            kind: "denied", by: "user", says: ["refused", "allow the access"], code: "access_denied"),
        Case(
            name: "the code is no longer good",
            fault: { bench in
                try await bench.error(
                    "quickbooks", on: "token", 400,
                    "{\"error\":\"invalid_grant\",\"error_description\":\"code \(canary) expired\"}")
                return try await bench.failToConnect("quickbooks")
            }, kind: "codeRefused", by: "user", says: ["expired", "from the beginning"], code: "invalid_grant"),
        Case(
            name: "the client secret is wrong", fault: { try await $0.failToConnect("tiktok") }, kind: "misconfigured",
            by: "operator", says: ["client secret", "providers.tiktok"], code: "invalid_client"),
        Case(
            name: "the redirect URI is not registered",
            fault: { bench in
                try await bench.error("discord", on: "token", 400, #"{"error":"redirect_uri_mismatch"}"#)
                return try await bench.failToConnect("discord")
            }, kind: "misconfigured", by: "operator", says: ["redirect URI", "Register"], code: "redirect_uri_mismatch"),
        Case(
            name: "the callback lacks the company",
            fault: { bench in
                let (id, callback) = try await bench.begin("quickbooks")
                let parts = callback.split(separator: "?", maxSplits: 1)
                let query = parts[1].split(separator: "&").filter { !$0.hasPrefix("realmId=") }.joined(separator: "&")
                #expect(try await bench.client.get("\(parts[0])?\(query)").status == 400)
                return id
            }, kind: "refused", by: "operator", says: ["refused", "while it was being connected"],
            code: "callback_incomplete"),
        Case(
            name: "nobody has come back yet", fault: { try await $0.begin("slack").id }, kind: "pending", by: "user",
            says: ["not completed", "Complete the authorization"]),
        Case(
            name: "it was disconnected",
            fault: { bench in
                let id = try await bench.connect("slack")
                let found = try await bench.client.get("/api/integrations/status").json.at("data.integrations.0")
                let account = try #require(found?["accountId"]?.string, "\(String(describing: found))")
                #expect(
                    try await bench.client.send("DELETE", "/api/integrations/disconnect/slack/\(account)").status == 200
                )
                return id
            }, kind: "disconnected", by: "nobody", says: ["was disconnected"]),
        Case(
            name: "it is not managed here",
            fault: { bench in
                let told = try await bench.client.post(
                    "/api/userIntegration",
                    "{\"isconnected\":true,\"userId\":\"\(bench.userID)\",\"integrationId\":\"integration-123\"}")
                #expect(told.status < 300, "\(told.text)")
                let list = try await bench.client.get(Bench.connections).json
                return try #require(list.at("connections.0.id")?.string, "\(list)")
            }, kind: "unmanaged", by: "nobody", says: ["does not manage"]),
    ]

    static let refreshing: [Case] = [
        Case(
            name: "the user revokes the app, and a refresh finds out",
            fault: { bench in
                let id = try await bench.connect("xero")
                try await bench.control("tokens", #"{"provider":"xero","action":"revoke"}"#)
                try await bench.failToRefresh(id, "xero")
                return id
            }, kind: "revoked", by: "user", says: ["has ended the access", "again"], code: "invalid_grant"),
        Case(
            name: "the user revokes the app, and a sync finds out",
            fault: { bench in
                let id = try await bench.connect("quickbooks")
                try await bench.control("tokens", #"{"provider":"quickbooks","action":"revoke"}"#)
                try await bench.failToSync(id, "customers")
                return id
            }, kind: "revoked", by: "user", says: ["has ended the access"], code: "invalid_grant"),
        Case(
            name: "the client secret is taken away before a refresh",
            fault: { bench in
                let id = try await bench.connect("discord")
                try await bench.error(
                    "discord", on: "token", 401,
                    "{\"error\":\"invalid_client\",\"error_description\":\"secret \(canary)\"}")
                try await bench.failToRefresh(id, "discord")
                return id
            }, kind: "misconfigured", by: "operator", says: ["client secret", "clientSecret"], code: "invalid_client"),
        Case(
            name: "the token endpoint is down",
            fault: { bench in
                let id = try await bench.connect("xero")
                try await bench.error("xero", on: "token", 503, count: 3)
                try await bench.failToRefresh(id, "xero")
                try await bench.mend()
                return id
            }, kind: "unknown", by: "nobody", says: ["was lost", "by itself"], code: "server_error"),
        Case(
            name: "the token endpoint answers with something else",
            fault: { bench in
                let id = try await bench.connect("xero")
                try await bench.control("faults", #"{"provider":"xero","match":"token","garbage":true,"count":3}"#)
                try await bench.failToRefresh(id, "xero")
                try await bench.mend()
                return id
            }, kind: "unknown", by: "nobody", says: ["both tokens are kept", "by itself"]),
        Case(
            name: "the token endpoint answers with far too much",
            fault: { bench in
                let id = try await bench.connect("xero")
                try await bench.control("faults", #"{"provider":"xero","match":"token","huge-body":300000,"count":3}"#)
                try await bench.failToRefresh(id, "xero")
                try await bench.mend()
                return id
            }, kind: "unknown", by: "nobody", says: ["both tokens are kept"]),
    ]

    static let syncing: [Case] = [
        Case(
            name: "a permission is taken away",
            fault: { bench in
                let id = try await bench.connect("discord")
                try await bench.error(
                    "discord", on: "api", 403, "{\"code\":50001,\"message\":\"Missing Access \(canary)\"}", count: 3)
                try await bench.failToSync(id, "guilds")
                try await bench.mend()
                return id
            }, kind: "scopeLost", by: "user", says: ["permission is missing", "grant all permissions"], code: "50001"),
        Case(
            name: "the provider limits requests for hours",
            fault: { bench in
                let id = try await bench.connect("stripe")
                try await bench.control(
                    "faults",
                    #"{"provider":"stripe","match":"api","status":429,"headers":{"Retry-After":"7200"},"count":3}"#)
                try await bench.failToSync(id, "customers")
                try await bench.mend()
                return id
            }, kind: "rateLimited", by: "nobody", says: ["fewer requests", "later"], code: "rate_limit"),
        Case(
            name: "the provider is down",
            fault: { bench in
                let id = try await bench.connect("reddit")
                try await bench.error("reddit", on: "api", 500, count: 50)
                try await bench.failToSync(id, "posts")
                try await bench.mend()
                return id
            }, kind: "transient", by: "nobody", says: ["during a sync", "again later"], code: "500"),
        Case(
            name: "connections to the provider break",
            fault: { bench in
                let id = try await bench.connect("reddit")
                try await bench.control("faults", #"{"provider":"reddit","match":"api","drop":true,"count":50}"#)
                try await bench.failToSync(id, "comments")
                try await bench.mend()
                return id
            }, kind: "transient", by: "nobody", says: ["could not be reached"]),
        Case(
            name: "the answer is far too large",
            fault: { bench in
                let id = try await bench.connect("reddit")
                try await bench.control(
                    "faults", #"{"provider":"reddit","match":"api","huge-body":40000000,"count":3}"#)
                try await bench.failToSync(id, "posts")
                try await bench.mend()
                return id
            }, kind: "refused", by: "operator", says: ["refused the request"]),
        slack("token_revoked", "revoked", by: "user", says: ["has ended the access"]),
        slack("account_inactive", "revoked", by: "user", says: ["no longer active"]),
        slack("missing_scope", "scopeLost", by: "user", says: ["permission is missing"]),
        Case(
            name: "the organisation is no longer connected",
            fault: { bench in
                let id = try await bench.connect("xero")
                try await bench.error("xero", on: "api", 403, count: 3)
                try await bench.failToSync(id, "invoices")
                try await bench.mend()
                return id
            }, kind: "scopeLost", by: "user", says: ["removed from the grant", "again"], code: "Forbidden"),
        Case(
            name: "the refresh token has died of disuse",
            fault: { bench in
                let id = try await bench.connectKai()
                try await bench.control("tokens", #"{"provider":"kai/flo","action":"revoke"}"#)
                try await bench.failToRefresh(id, "kai")
                return id
            }, kind: "revoked", by: "user", says: ["Kai", "again"], code: "invalid_grant"),
        Case(
            name: "the host's own token is not accepted",
            fault: { bench in
                let created = try await bench.client.post(
                    Bench.connections, #"{"service":"arc","variant":"iidx","accountId":"sandbox-player-1"}"#)
                let id = try #require(created.json["connectionId"]?.string, "\(created.text)")
                try await bench.failToSync(id, "iidx-bests")
                return id
            }, kind: "misconfigured", by: "operator", says: ["own credential", "providers.arc"]),
        Case(
            name: "everything is well", fault: { try await $0.connect("discord") }, kind: "working", by: "nobody",
            says: ["works"]),
    ]

    private static func slack(_ code: String, _ kind: String, by: String, says: [String]) -> Case {
        Case(
            name: "an error inside an answer of status 200: \(code)",
            fault: { bench in
                let id = try await bench.connect("slack")
                try await bench.error(
                    "slack", on: "api", 200, "{\"ok\":false,\"error\":\"\(code)\",\"needed\":\"users:read\"}", count: 3)
                try await bench.failToSync(id, "users")
                try await bench.mend()
                return id
            }, kind: kind, by: by, says: says, code: code)
    }

    private static let noLimits = "\"rateLimits\":{\"connectionCreation\":0,\"sync\":0,\"oauth\":0,\"status\":0}"

    @Test("Every fault has the right diagnosis", arguments: ["connecting", "refreshing", "syncing"])
    func table(group: String) async throws {
        let installation = try await TestInstallation(
            extra: Self.noLimits + ",\"syncRetrySeconds\":0", logLevel: "debug")
        await installation.host.terminate()
        try await installation.restart(environment: [
            "INTEGRATION_HOST_PROVIDERS_TIKTOK_CLIENT_SECRET": "wrong-\(Self.canary)",
            "INTEGRATION_HOST_PROVIDERS_ARC_ACCESS_TOKEN": "wrong-\(Self.canary)",
        ])
        let cases =
            ["connecting": Self.connecting, "refreshing": Self.refreshing, "syncing": Self.syncing][group] ?? []
        for (number, item) in cases.enumerated() {
            let userID = "\(group)-\(number)"
            let bench = Bench(
                installation: installation, client: try await installation.client(user: userID), userID: userID)
            try await Self.check(item, bench)
        }
        #expect(!installation.host.log.contains(Self.canary))
    }

    @Test("Faults of the operator are diagnosed as such: an endpoint, a plugin, the key ring")
    func operatorFaults() async throws {
        let plugins = try TemporaryDirectory()
        try await PluginTests.compile(
            PluginTests.source(id: "acme"), name: "Acme", into: plugins)
        let installation = try await TestInstallation(extra: Self.noLimits + ",\"syncRetrySeconds\":0")
        func bench(_ user: String) async throws -> Bench {
            Bench(installation: installation, client: try await installation.client(user: user), userID: user)
        }
        let reddit = try await bench("endpoint").connect("reddit")
        await installation.host.terminate()
        try await installation.restart(environment: [
            "INTEGRATION_HOST_PROVIDERS_REDDIT_ENDPOINTS_API": "http://127.0.0.1:1",
            "INTEGRATION_HOST_PLUGINS": plugins.path,
        ])
        try await Self.check(
            Case(
                name: "nothing listens where the provider should be",
                fault: { bench in
                    try await bench.failToSync(reddit, "posts")
                    return reddit
                }, kind: "transient", by: "nobody", says: ["could not be reached"]), try bench("endpoint"))

        let created = try await bench("plugin").client.post(
            Bench.connections, #"{"service":"acme","accountId":"somebody"}"#)
        let acme = try #require(created.json["connectionId"]?.string, "\(created.text)")
        await installation.host.terminate()
        try await installation.restart()
        try await Self.check(
            Case(
                name: "the plugin is gone", fault: { _ in acme }, kind: "pluginMissing", by: "operator",
                says: ["no plugin for “acme”", "Install"]), try bench("plugin"))

        await installation.host.terminate()
        let ring = installation.data + "/keys/key-ring"
        try FileManager.default.moveItem(atPath: ring, toPath: ring + ".kept")
        try await installation.restart(flags: ["--new-key-ring"])
        let lost = Case(
            name: "the key ring lacks the key", fault: { _ in reddit }, kind: "credentialUnreadable", by: "operator",
            says: ["lacks the key", "from its backup"])
        try await Self.check(lost, try bench("endpoint"))
        // Connections made with the new ring work beside it, and the old ring brings the others back.
        _ = try await bench("after").connect("reddit")
        await installation.host.terminate()
        try FileManager.default.removeItem(atPath: ring)
        try FileManager.default.moveItem(atPath: ring + ".kept", toPath: ring)
        try await installation.restart()
        let again = try await bench("endpoint")
        let synced = try await installation.sync(
            reddit, again.client, body: #"{"syncType":"full","dataTypes":["posts"]}"#)
        #expect(synced["status"] == "completed", "\(synced)")
    }

    /// Makes the fault and looks at what is said about it, by the route and by the command.
    static func check(_ item: Case, _ bench: Bench) async throws {
        let id = try await item.fault(bench)
        let path = "\(Bench.connections)/\(id)/explain"
        let answer = try await bench.client.get(path)
        let found = answer.json["explanation"] ?? .null
        let place: Comment = "\(item.name): \(answer.text)"
        #expect(answer.status == 200, place)
        #expect(found["connectionId"]?.string == id, place)
        #expect(found["class"]?.string == item.kind, place)
        #expect(found.at("action.by")?.string == item.by, place)
        #expect(found["providerCode"]?.string == item.code, place)
        let sentences = "\(found["state"]?.string ?? "") \(found.at("action.what")?.string ?? "")"
        for words in item.says { #expect(sentences.contains(words), place) }
        #expect(!answer.text.contains(canary), place)
        // Somebody else's is a missing one.
        let other = try await bench.installation.client(user: "somebody-else")
        let foreign = try await other.get(path)
        let missing = try await other.get("\(Bench.connections)/conn-00000000000000000000000000/explain")
        #expect(foreign.status == 404 && foreign.body == missing.body, place)
    }
}
