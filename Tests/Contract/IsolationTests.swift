// Every route with every kind of caller: what belongs to somebody else answers exactly as what does not exist, and nothing is served
// without a session. A route that is missing here makes the test fail.

import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Isolation of users", .timeLimit(.minutes(5)))
struct IsolationTests {
    /// A route with a thing of a user in its path or body; `{id}` stands for the thing.
    struct Target: Sendable {
        let method: String
        let path: String
        var body: String?
        /// What the owner is answered.
        let own: Int
        /// What anybody is answered for a thing that is not there or not theirs.
        let missing: Int
        /// What the operator's programs are answered, who are no users.
        let program: Int

        init(_ method: String, _ path: String, _ body: String? = nil, own: Int, missing: Int, program: Int? = nil) {
            self.method = method
            self.path = path
            self.body = body
            self.own = own
            self.missing = missing
            self.program = program ?? (path.hasPrefix("/api/integrations/") ? 403 : missing)
        }

        func send(_ client: TestClient, id: String) async throws -> TestResponse {
            func filled(_ text: String) -> String {
                text.split(separator: "{id}", omittingEmptySubsequences: false).joined(separator: id)
            }
            return try await client.send(method, filled(path), body: body.map(filled))
        }
    }

    /// By connection id; the last ones end it.
    private static let connections = [
        Target("GET", "/api/integrations/connections/{id}", own: 200, missing: 404),
        Target(
            "PATCH", "/api/integrations/connections/{id}", #"{"settings":{"syncFrequency":"daily"}}"#, own: 200,
            missing: 404),
        Target(
            "POST", "/api/integrations/connections/{id}/sync", #"{"dataTypes":["contacts"]}"#, own: 200, missing: 404),
        Target("GET", "/api/integrations/connections/{id}/sync", own: 200, missing: 404),
        Target("GET", "/api/integrations/connections/{id}/records", own: 200, missing: 404),
        Target("GET", "/api/integrations/connections/{id}/records?since=never", own: 400, missing: 404),
        Target("GET", "/api/integrations/connections/{id}/syncs", own: 200, missing: 404),
        Target("GET", "/api/integrations/connections/{id}/dead-letters", own: 200, missing: 404),
        Target(
            "POST", "/api/integrations/connections/{id}/dead-letters/replay", #"{"ids":[]}"#, own: 200, missing: 404),
        Target("GET", "/api/integrations/connections/{id}/webhook-secret", own: 409, missing: 404),
        Target("POST", "/api/integrations/connections/{id}/webhook-secret/rotate", own: 409, missing: 404),
        Target("GET", "/api/integrations/connections/{id}/webhook-deliveries", own: 200, missing: 404),
        Target("GET", "/api/integrations/connections/{id}/webhook-deliveries?page=0", own: 400, missing: 404),
        Target("POST", "/api/integrations/connections/{id}/webhook-deliveries/test", own: 409, missing: 404),
        Target("POST", "/api/integrations/connections/{id}/webhook-deliveries/test", "{1}", own: 400, missing: 404),
        Target("POST", "/api/integrations/connections/{id}/webhook-deliveries/evt-1/redeliver", own: 404, missing: 404),
        Target("POST", "/api/integrations/oauth/xero/refresh", #"{"connectionId":"{id}"}"#, own: 200, missing: 404),
        Target("GET", "/api/userIntegration/{id}", own: 200, missing: 400, program: 401),
        Target("DELETE", "/api/integrations/connections/{id}", own: 200, missing: 404),
    ]

    /// By user id.
    private static let users = [
        Target("GET", "/api/userIntegration?page=1&limit=10&userId={id}", own: 200, missing: 401),
        Target(
            "POST", "/api/userIntegration", #"{"isconnected":false,"userId":"{id}","integrationId":"i"}"#, own: 200,
            missing: 401),
        Target("GET", "/api/v1/users/{id}/integrations/arc", own: 200, missing: 403),
        Target("PATCH", "/api/v1/users/{id}/integrations/arc", #"{"iidx":"a"}"#, own: 200, missing: 403),
        Target("GET", "/api/v1/users/{id}/integrations/kai/flo", own: 200, missing: 403),
        Target(
            "POST", "/api/v1/users/{id}/integrations/kai/flo/oauth2callback", #"{"code":"none"}"#, own: 400,
            missing: 403),
    ]

    @Test("Another user's connection answers as if it did not exist, on every route")
    func connections() async throws {
        let callers = try await Callers()
        let id = try await callers.installation.connect("xero", callers.user)
        // One that has the form of an id, in the same shard, and one that has not.
        let unknown = [String(id.dropLast(4)) + "0000", "conn-123", "sync-1", "1"]
        for target in Self.connections where target.method != "DELETE" {
            for (client, status) in [
                (callers.other, target.missing), (callers.service, target.program), (callers.bot, target.program),
            ] {
                let foreign = try await target.send(client, id: id)
                #expect(foreign.status == status, "\(target.method) \(target.path): \(foreign.text)")
                for missing in unknown {
                    let response = try await target.send(client, id: missing)
                    #expect(
                        comparable(foreign, without: [id, missing]) == comparable(response, without: [id, missing]),
                        "\(target.method) \(target.path)")
                }
            }
            #expect(try await target.send(callers.nobody, id: id).status == 401, "\(target.path)")
        }
        let deletion = Self.connections[Self.connections.count - 1]
        #expect(try await deletion.send(callers.other, id: id).status == 404)
        #expect(try await deletion.send(callers.nobody, id: id).status == 401)
        // Nothing of that touched the connection.
        let still = try await callers.user.get("/api/integrations/connections/\(id)").json["connection"] ?? .null
        #expect(still["status"] == "connected")
        #expect(still.at("settings.syncFrequency") == "manual")
        for target in Self.connections {
            let own = try await target.send(callers.user, id: id)
            #expect(own.status == target.own, "\(target.method) \(target.path): \(own.text)")
        }
    }

    @Test("A user's own routes are closed to everybody else, whether the user exists or not")
    func users() async throws {
        let callers = try await Callers()
        _ = try await callers.installation.connect("stripe", callers.user)
        for target in Self.users {
            for client in [callers.other, callers.service, callers.bot] {
                let foreign = try await target.send(client, id: "1")
                let missing = try await target.send(client, id: "nobody-has-this-id")
                #expect(foreign.status == target.missing, "\(target.method) \(target.path): \(foreign.text)")
                #expect(comparable(foreign) == comparable(missing), "\(target.method) \(target.path)")
            }
            #expect(try await target.send(callers.nobody, id: "1").status == 401, "\(target.path)")
            let own = try await target.send(callers.user, id: "1")
            #expect(own.status == target.own, "\(target.method) \(target.path): \(own.text)")
        }
    }

    @Test("Without a session, or with a forged one, every private route answers 401")
    func nobody() async throws {
        let callers = try await Callers()
        let id = "conn-0000000000000000000000000"
        let targets =
            Self.connections + Self.users + [
                Target("GET", "/api/integrations", own: 200, missing: 401),
                Target("GET", "/api/integrations/connections", own: 200, missing: 401),
                Target("POST", "/api/integrations/connections", #"{"service":"stripe"}"#, own: 200, missing: 401),
                Target(
                    "GET", "/api/integrations/oauth/xero/authorize?redirectUri=https://app.example.com/callback",
                    own: 200, missing: 401),
                Target("GET", "/api/integrations/oauth/xero/callback?code=a&state=b", own: 400, missing: 401),
                Target("GET", "/api/integrations/status", own: 200, missing: 401),
                Target("POST", "/api/integrations/connect/stripe", own: 200, missing: 401),
                Target("DELETE", "/api/integrations/disconnect/stripe/a", own: 404, missing: 401),
                Target("POST", "/api/integrations/refresh/stripe/a", own: 404, missing: 401),
                Target("PATCH", "/api/admin/userIntegration/{id}", "{}", own: 401, missing: 401),
                Target("DELETE", "/api/admin/userIntegration/{id}", own: 401, missing: 401),
                Target(
                    "POST", "/external-accounts", #"{"token":"t","attributes":{"discordId":"d"}}"#, own: 401,
                    missing: 401),
                Target("GET", "/external-accounts/t", own: 404, missing: 401),
                Target("PATCH", "/external-accounts/link/t", own: 404, missing: 401),
                Target("PATCH", "/external-accounts/discord-sync", own: 403, missing: 401),
                Target(
                    "POST", "/external-accounts/users", #"{"action":"discord-users-sync"}"#, own: 403, missing: 401),
            ]
        let token = callers.user.token ?? ""
        let expired = try await callers.installation.token(user: "1", flags: ["--ttl", "1"])
        try await waitUntil("the end of the short session") {
            try await callers.user.with(token: expired).get("/api/integrations").status == 401
        }
        let forged = [
            nil, "", "x", String(token.dropLast(2)) + "AA",
            token.split(separator: ".").dropLast().joined(separator: ".") + ".",
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", expired, token + "A",
        ]
        for target in targets {
            for token in forged {
                let response = try await target.send(callers.user.with(token: token), id: id)
                #expect(response.status == 401, "\(target.method) \(target.path) with \(token ?? "nothing")")
            }
        }
        for target in targets.suffix(16) {
            let response = try await target.send(callers.user, id: id)
            #expect(response.status == target.own, "\(target.method) \(target.path): \(response.text)")
        }
    }
}
