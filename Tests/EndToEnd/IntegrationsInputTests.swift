// Bad input on the routes of the integrations document: the documented error shape, and nothing stored.

import HostTesting
import ProviderSDK
import Testing

@Suite("Bad input to the integrations routes", .timeLimit(.minutes(5)))
struct IntegrationsInputTests {
    /// One wrong request: method, target, body, status, the field that the error names.
    struct Wrong: Sendable, CustomStringConvertible {
        let method: String
        let target: String
        let body: String?
        let status: Int
        let field: String?
        var description: String { "\(method) \(target) \(body ?? "")" }

        init(_ method: String, _ target: String, _ body: String? = nil, _ status: Int, _ field: String? = nil) {
            self.method = method
            self.target = target
            self.body = body
            self.status = status
            self.field = field
        }
    }

    static let connections = "/api/integrations/connections"
    static let authorize = "/api/integrations/oauth/stripe/authorize"
    static let cases: [Wrong] = [
        Wrong("POST", connections, "", 400, "body"), Wrong("POST", connections, "{", 400, "body"),
        Wrong("POST", connections, #"{"service":"stripe",}"#, 400, "body"),
        Wrong("POST", connections, "[]", 400, "body"),
        Wrong("POST", connections, #"{"service":"stripe","service":"slack"}"#, 400, "body"),
        Wrong("POST", connections, "{}", 400, "service"), Wrong("POST", connections, #"{"service":5}"#, 400, "service"),
        Wrong("POST", connections, #"{"service":""}"#, 400, "service"),
        Wrong("POST", connections, #"{"service":"nobody"}"#, 400, "service"),
        Wrong("POST", connections, "{\"service\":\"\(String(repeating: "x", count: 200))\"}", 400, "service"),
        Wrong("POST", connections, #"{"service":"stripe","colour":1}"#, 400, "colour"),
        Wrong("POST", connections, #"{"service":"stripe","permissions":"read"}"#, 400, "permissions"),
        Wrong("POST", connections, #"{"service":"stripe","permissions":[1]}"#, 400, "permissions"),
        Wrong("POST", connections, #"{"service":"stripe","variant":"x"}"#, 400, "variant"),
        Wrong(
            "POST", connections, #"{"service":"stripe","redirectUri":"https://evil.example.com"}"#, 400, "redirectUri"),
        Wrong("GET", connections + "?status=sleeping", nil, 400, "status"),
        Wrong("GET", connections + "?status=%zz", nil, 400),
        Wrong("GET", connections + "?status=%ff", nil, 400, "query"),
        Wrong("GET", connections + "/conn-unknown", nil, 404), Wrong("GET", connections + "/%00", nil, 404),
        Wrong("PATCH", connections + "/conn-unknown", #"{"permissions":[]}"#, 404),
        Wrong("PATCH", connections + "/conn-unknown", "{}", 400, "body"),
        Wrong(
            "PATCH", connections + "/conn-unknown", #"{"settings":{"syncFrequency":"often"}}"#, 400,
            "settings.syncFrequency"),
        Wrong("PATCH", connections + "/conn-unknown", #"{"settings":{"colour":1}}"#, 400, "settings.colour"),
        Wrong("DELETE", connections + "/conn-unknown", nil, 404),
        Wrong("POST", connections + "/conn-unknown/sync", #"{"syncType":"full"}"#, 404),
        Wrong("GET", connections + "/conn-unknown/sync", nil, 404),
        Wrong("GET", connections + "/conn-unknown/records", nil, 404),
        Wrong("GET", authorize, nil, 400, "redirectUri"),
        Wrong("GET", authorize + "?redirectUri=https://evil.example.com/", nil, 400, "redirectUri"),
        Wrong("GET", authorize + "?redirectUri=https://app.example.com/callback/", nil, 400, "redirectUri"),
        Wrong("GET", authorize + "?redirectUri=https://APP.example.com/callback", nil, 400, "redirectUri"),
        Wrong(
            "GET", "/api/integrations/oauth/nobody/authorize?redirectUri=https://app.example.com/callback", nil, 400,
            "service"),
        Wrong("GET", "/api/integrations/oauth/stripe/callback?code=c", nil, 400, "state"),
        Wrong("GET", "/api/integrations/oauth/stripe/callback?code=c&state=a.b.c.d", nil, 400, "state"),
        Wrong("GET", "/api/integrations/oauth/nobody/callback?code=c&state=s", nil, 400, "service"),
        Wrong("POST", "/api/integrations/oauth/stripe/refresh", #"{"connectionId":"conn-unknown"}"#, 404),
        Wrong("POST", "/api/integrations/oauth/stripe/refresh", "{}", 400, "connectionId"),
        Wrong("GET", "/api/integrations/nothing/here", nil, 404), Wrong("DELETE", "/api/integrations", nil, 405),
        Wrong("PUT", connections, "{}", 405),
    ]

    @Test("Each wrong request gets the documented shape, and nothing is stored")
    func refuses() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "careless")
        for wrong in Self.cases {
            let response = try await client.send(wrong.method, wrong.target, body: wrong.body)
            #expect(response.status == wrong.status, "\(wrong): \(response.status) \(response.text)")
            #expect(response.json["success"] == false, "\(wrong): \(response.text)")
            #expect(response.json["error"]?.string?.isEmpty == false, "\(wrong): \(response.text)")
            if let field = wrong.field {
                #expect(response.json.at("details.field")?.string == field, "\(wrong): \(response.text)")
            }
            #expect(response.header("x-correlation-id") != nil)
            if wrong.status == 405 { #expect(response.header("allow") != nil) }
        }
        #expect(try await client.get(Self.connections).json["connections"]?.count == 0)
    }

    @Test("A body that is not declared as JSON gets 415, an invalid session gets 401")
    func refusesOthers() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "careless")
        let text = try await client.send(
            "POST", Self.connections, body: #"{"service":"stripe"}"#, headers: [("Content-Type", "text/plain")])
        #expect(text.status == 415)
        for token in [nil, "", "x", "a.b.c", (client.token ?? "") + "x"] {
            let response = try await client.with(token: token).get(Self.connections)
            #expect(response.status == 401, "\(token ?? "none")")
            #expect(response.json["error"] == "Authentication required")
        }
        // Somebody else's connection answers as a missing one.
        let id = try await installation.connect("stripe", client)
        let other = try await installation.client(user: "other")
        let foreign = try await other.get(Self.connections + "/" + id)
        let missing = try await other.get(Self.connections + "/conn-unknown")
        #expect(foreign.status == 404)
        #expect(foreign.body == missing.body)
    }

    @Test(
        "State: another user, another provider, an altered byte, and a second code are refused without a token request")
    func guardsState() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "owner")
        let created = try await client.post(Self.connections, #"{"service":"stripe"}"#)
        let allowed = try await client.with(token: nil).get((created.json["authUrl"]?.string ?? "") + "&decision=allow")
        let callback = try #require(allowed.header("location"))
        let state = try #require(created.json["state"]?.string)
        let other = try await installation.client(user: "thief")
        #expect(try await other.get(callback).status == 400)
        #expect(try await client.get(callback.replacing("/oauth/stripe/", with: "/oauth/slack/")).status == 400)
        for index in [0, state.count / 2, state.count - 1] {
            var altered = Array(state)
            altered[index] = altered[index] == "A" ? "B" : "A"
            #expect(try await client.get(callback.replacing(state, with: String(altered))).status == 400)
        }
        let replies = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { try await client.get(callback).status } }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        // A repeat gets the first one's answer, and the provider is asked once.
        #expect(replies.allSatisfy { $0 == 200 })
        #expect(try await client.get(callback.replacing("code=", with: "code=x")).status == 400)
        #expect(try await other.get(callback).status == 400)
        let asked = try await client.with(token: nil).get(installation.sandbox.url + "/_sandbox/state").json
        #expect(asked["providers"]?["stripe"]?.at("tokenCalls.exchanges") == 1)
    }
}
