// The status document: every field, every header, every error of integrations-status, and its related routes.

import HostTesting
import ProviderSDK
import Testing

@Suite("Integration status document", .timeLimit(.minutes(5)))
struct StatusTests {
    @Test("An empty and a full list have the documented members, from disk and from memory")
    func list() async throws {
        let callers = try await Callers()
        let empty = try await callers.user.get("/api/integrations/status")
        #expect(empty.status == 200)
        #expect(empty.json.at("data.integrations")?.array?.isEmpty == true)
        let id = try await callers.installation.connect("stripe", callers.user)
        _ = try await callers.user.post(
            "/api/userIntegration", #"{"isconnected":false,"userId":"1","integrationId":"integration-123"}"#)
        #expect(await callers.installation.host.terminate() == 0)
        try await callers.installation.restart()
        let client = try await callers.installation.client(user: "1")
        var bodies: [String] = []
        for _ in 0..<3 {
            let response = try await client.get("/api/integrations/status")
            expectHeaders(response)
            #expect(response.json["success"] == true)
            #expect(response.json["duration"]?.integer != nil)
            #expect(response.json["duration"]?.integer.map { String($0) } == response.header("X-Duration-Ms"))
            bodies.append(comparable(response))
            let integrations = response.json.at("data.integrations")?.array ?? []
            #expect(integrations.count == 1, "only connected and expired ones are told")
            let first = integrations.first ?? .null
            #expect(
                first.members?.map(\.key) == [
                    "id", "provider", "accountId", "accountName", "status", "expiresAt", "createdAt", "updatedAt",
                ])
            #expect(first["id"] == 1)
            #expect(first["provider"] == "stripe")
            #expect(first["status"] == "connected")
            #expect(first["expiresAt"]?.isNull == true)
            for name in ["createdAt", "updatedAt"] {
                let text = first[name]?.string ?? ""
                #expect(text.utf8.count == 24 && text.hasSuffix("Z"), "\(name): \(text)")
            }
        }
        #expect(Set(bodies).count == 1)
        #expect(!bodies[0].contains("oken"), "no credential is told")
        _ = try await client.send("DELETE", "/api/integrations/connections/\(id)")
        #expect(try await client.get("/api/integrations/status").json.at("data.integrations")?.array?.isEmpty == true)
        try await Case("HEAD", "/healthz", 200).runWithoutBody(client)
    }

    private func expectHeaders(_ response: TestResponse, _ location: SourceLocation = #_sourceLocation) {
        #expect(
            response.header("Cache-Control") == "private, no-cache, no-store, must-revalidate", sourceLocation: location
        )
        #expect(response.header("X-Correlation-Id")?.utf8.count == 36, sourceLocation: location)
        #expect(response.header("X-Duration-Ms") != nil, sourceLocation: location)
        #expect(response.header("Content-Type") == "application/json", sourceLocation: location)
    }

    @Test("Without a session 401, for a bot 400, for a wrong method 405, in the document's shape")
    func refusals() async throws {
        let callers = try await Callers()
        let nobody = try await callers.nobody.get("/api/integrations/status")
        #expect(nobody.status == 401)
        expectHeaders(nobody)
        #expect(
            nobody.text == #"{"success":false,"error":{"code":"UNAUTHORIZED","message":"Authentication required"}}"#)
        let bot = try await callers.bot.get("/api/integrations/status")
        #expect(bot.status == 400)
        #expect(bot.json.at("error.code") == "INVALID_USER_ID")
        #expect(bot.json.at("error.message") == "Invalid user ID")
        #expect(bot.json["duration"]?.integer != nil)
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let response = try await callers.user.send(method, "/api/integrations/status")
            #expect(response.status == 405)
            #expect(response.header("Allow") == "GET, HEAD")
            #expect(response.json.at("error.code") == "METHOD_NOT_ALLOWED")
        }
        let given = try await callers.user.send(
            "GET", "/api/integrations/status", headers: [("X-Correlation-Id", "my-id_1.2")])
        #expect(given.header("X-Correlation-Id") == "my-id_1.2")
        let bad = try await callers.user.send(
            "GET", "/api/integrations/status", headers: [("X-Correlation-Id", "a b\"c")])
        #expect(bad.header("X-Correlation-Id")?.utf8.count == 36)
        for cookie in [
            "next-auth.session-token", "__Secure-next-auth.session-token", "integration-host-session",
            "rds-session-development",
        ] {
            let response = try await callers.nobody.send(
                "GET", "/api/integrations/status", headers: [("Cookie", "a=b; \(cookie)=\(callers.user.token ?? "")")])
            #expect(response.status == 200, "\(cookie)")
        }
    }

    @Test("The sixty-first request of a minute is refused, and every answer counts down")
    func limit() async throws {
        let callers = try await Callers(extra: "")
        let answers = RawExchange.burst(62, "GET", "/api/integrations/status", as: callers.user)
        #expect(answers.count == 62)
        for (index, response) in answers.prefix(60).enumerated() {
            #expect(response.status == 200)
            #expect(response.header("X-RateLimit-Limit") == "60")
            #expect(response.header("X-RateLimit-Remaining") == String(59 - index))
            #expect((response.header("X-RateLimit-Reset")?.utf8.count ?? 0) >= 10)
        }
        for response in answers.dropFirst(60) {
            #expect(response.status == 429)
            #expect(
                response.text
                    == #"{"success":false,"error":{"code":"RATE_LIMIT_EXCEEDED","message":"Too many requests. Please try again later."}}"#
            )
            #expect(response.header("X-RateLimit-Remaining") == "0")
            let seconds = response.header("Retry-After").flatMap { JSONNumber($0)?.integer } ?? 0
            #expect(1...60 ~= seconds)
            expectHeaders(response)
        }
        #expect(try await callers.other.get("/api/integrations/status").status == 200, "another user is not concerned")
    }

    @Test("Connect, refresh and disconnect by provider and account work in the same envelope")
    func related() async throws {
        let callers = try await Callers()
        let client = callers.user
        let created = try await Case("POST", "/api/integrations/connect/xero", 200).run(client)
        #expect(created.json["success"] == true)
        #expect(created.json.at("data.authUrl")?.string?.hasPrefix("http") == true)
        #expect(created.json["duration"]?.integer != nil)
        let url = created.json.at("data.authUrl")?.string ?? ""
        let decided = try await callers.nobody.get(url + "&decision=allow")
        #expect(try await client.get(decided.header("location") ?? "/").status == 200)
        let list = try await client.get("/api/integrations/status").json.at("data.integrations")?.array ?? []
        let account = list.first?["accountId"]?.string ?? ""
        #expect(list.first?["expiresAt"]?.string?.utf8.count == 24)
        let refreshed = try await Case("POST", "/api/integrations/refresh/xero/\(account)", 200).run(client)
        #expect(refreshed.json.at("data.status") == "connected")
        // Somebody else's account is one that does not exist.
        for action in ["refresh", "disconnect"] {
            let method = action == "refresh" ? "POST" : "DELETE"
            let foreign = try await callers.other.send(method, "/api/integrations/\(action)/xero/\(account)")
            let missing = try await callers.other.send(method, "/api/integrations/\(action)/xero/missing")
            #expect(foreign.status == 404)
            #expect(comparable(foreign) == comparable(missing))
            try await Case(method, "/api/integrations/\(action)/unknown/x", 404).run(client)
            try await Case(method, "/api/integrations/\(action)/xero/\(account)", 401).run(callers.nobody)
        }
        let gone = try await Case("DELETE", "/api/integrations/disconnect/xero/\(account)", 200).run(client)
        #expect(gone.json.at("data.status") == "disconnected")
        #expect(try await client.get("/api/integrations/status").json.at("data.integrations")?.array?.isEmpty == true)
        try await Case("DELETE", "/api/integrations/disconnect/xero/\(account)", 404).run(client)
        for body in malformedBodies where !body.isEmpty {
            try await Case("POST", "/api/integrations/connect/xero", body, 400).run(client)
        }
        try await Case("POST", "/api/integrations/connect/xero", "{\"unknown\":1}", 400).run(client)
        try await Case("POST", "/api/integrations/connect/xero", "{}", type: "text/plain", 415).run(client)
        try await Case("POST", "/api/integrations/connect/unknown", 400).run(client)
        try await Case("GET", "/api/integrations/connect/xero", 405).run(client)
    }
}

extension Case {
    func runWithoutBody(_ client: TestClient) async throws {
        let response = try await client.send(method, path)
        #expect(response.status == status)
        #expect(response.body.isEmpty)
    }
}
