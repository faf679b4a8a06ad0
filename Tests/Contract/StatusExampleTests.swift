// Every example of the status document, quoted as it stands there, and the headers of every answer that it can give.

import Glibc
import HostTesting
import ProviderSDK
import Testing

@Suite("Examples of the status document", .timeLimit(.minutes(5)))
struct StatusExampleTests {
    private static let path = "/api/integrations/status"

    /// Expects the headers of all answers, and those of errors besides.
    private func expectHeaders(
        _ response: TestResponse, _ what: String = "", _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(response.header("Content-Type") == "application/json", "\(what)", sourceLocation: location)
        #expect(
            response.header("Cache-Control") == "private, no-cache, no-store, must-revalidate", "\(what)",
            sourceLocation: location)
        let id = response.header("X-Correlation-Id") ?? ""
        #expect(
            id.split(separator: "-").map(\.utf8.count)
                == "a1b2c3d4-e5f6-7890-abcd-ef1234567890".split(separator: "-")
                .map(\.utf8.count), "\(what)", sourceLocation: location)
        let duration = response.header("X-Duration-Ms").flatMap { JSONNumber($0)?.integer } ?? -1
        #expect(duration >= 0, "\(what)", sourceLocation: location)
        if let told = response.json["duration"] { #expect(told.integer == duration, sourceLocation: location) }
        let seconds = response.header("Retry-After").flatMap { JSONNumber($0)?.integer }
        if response.status == 200 {
            #expect(seconds == nil, sourceLocation: location)
        } else {
            #expect(seconds.map { 1...60 ~= $0 } == true, "\(what): \(response.status)", sourceLocation: location)
        }
    }

    @Test("Success Response: one that is connected, one that is expired, and one without an end")
    func success() async throws {
        let callers = try await Callers()
        let client = callers.user
        _ = try await callers.installation.connect("instagram", client)
        let expired = try await callers.installation.connect("tiktok", client)
        _ = try await callers.nobody.post(
            "\(callers.installation.sandbox.url)/_sandbox/faults",
            #"{"provider":"tiktok","match":"token","status":400,"body":"{\"error\":\"invalid_grant\"}","count":2}"#)
        try await Case(
            "POST", "/api/integrations/oauth/tiktok/refresh", #"{"connectionId":"\#(expired)"}"#, 400
        ).run(client)
        let response = try await client.get(Self.path)
        #expect(response.status == 200)
        expectHeaders(response)
        try Example(
            """
            {
              "success": true,
              "data": {
                "integrations": [
                  {
                    "id": 1,
                    "provider": "instagram",
                    "accountId": "123456789",
                    "accountName": "@creator_account",
                    "status": "connected",
                    "expiresAt": "2025-12-31T23:59:59.000Z",
                    "createdAt": "2025-01-01T00:00:00.000Z",
                    "updatedAt": "2025-01-15T12:00:00.000Z"
                  },
                  {
                    "id": 2,
                    "provider": "tiktok",
                    "accountId": "987654321",
                    "accountName": "@tiktok_creator",
                    "status": "expired",
                    "expiresAt": "2025-01-01T00:00:00.000Z",
                    "createdAt": "2024-12-01T00:00:00.000Z",
                    "updatedAt": "2024-12-15T12:00:00.000Z"
                  }
                ]
              },
              "duration": 45
            }
            """,
            varying: Set(
                ["accountId", "accountName", "expiresAt", "createdAt", "updatedAt"].map { "data.integrations.\($0)" }
                    + ["duration"])
        ).expect(response.json)
        // Providers that no plugin knows, as the document names one, and an expiry that is null.
        _ = try await client.post(
            "/api/userIntegration", #"{"isconnected":true,"userId":"1","integrationId":"onlyfans"}"#)
        let third = try await client.get(Self.path).json.at("data.integrations")?[2] ?? .null
        #expect(third["id"] == 3)
        #expect(third["provider"] == "onlyfans")
        #expect(third["status"] == "connected")
        #expect(third["expiresAt"]?.isNull == true)
        #expect(third.members?.count == 8)
    }

    @Test("A session cookie alone is enough for cURL and fetch")
    func cookie() async throws {
        let callers = try await Callers()
        let token = callers.user.token ?? ""
        for headers in [
            [("Cookie", "next-auth.session-token=\(token)")],
            [("Cookie", "next-auth.session-token=\(token)"), ("Sec-Fetch-Site", "same-origin")],
            [("Cookie", "theme=dark; next-auth.session-token=\(token); a=b")],
        ] {
            let response = try await callers.nobody.send("GET", Self.path, headers: headers.map { ($0.0, $0.1) })
            #expect(response.status == 200)
            expectHeaders(response)
        }
    }

    @Test("401, 400 and 429 are those of the document, to the byte but for the duration")
    func errors() async throws {
        let callers = try await Callers(extra: #""rateLimits":{"status":1}"#)
        let nobody = try await callers.nobody.get(Self.path)
        #expect(nobody.status == 401)
        #expect(
            nobody.text == #"{"success":false,"error":{"code":"UNAUTHORIZED","message":"Authentication required"}}"#)
        expectHeaders(nobody)
        #expect(nobody.header("Retry-After") == "60")
        let bot = try await callers.bot.get(Self.path)
        #expect(bot.status == 400)
        try Example(
            """
            {
              "success": false,
              "error": {
                "code": "INVALID_USER_ID",
                "message": "Invalid user ID"
              },
              "duration": 5
            }
            """, varying: ["duration"]
        ).expect(bot.json)
        expectHeaders(bot)
        #expect(bot.header("X-RateLimit-Remaining") == "0")
        let answers = RawExchange.burst(2, "GET", Self.path, as: callers.user)
        #expect(answers.map(\.status) == [200, 429])
        let second = try #require(answers.last)
        #expect(
            second.text
                == #"{"success":false,"error":{"code":"RATE_LIMIT_EXCEEDED","message":"Too many requests. Please try again later."}}"#
        )
        expectHeaders(second)
        let reset = second.header("X-RateLimit-Reset").flatMap { JSONNumber($0)?.integer } ?? 0
        let wait = second.header("Retry-After").flatMap { JSONNumber($0)?.integer } ?? 0
        #expect(abs(reset - wait - Int64(time(nil))) <= 2)
    }

    @Test("Every kind of refusal has every header, on the status route, its relatives and what is not there")
    func headers() async throws {
        let callers = try await Callers()
        let relatives = ["connect/xero", "refresh/xero/x", "disconnect/xero/x"].map { "/api/integrations/\($0)" }
        for (method, path, body, type, status) in [
            ("POST", Self.path, nil, nil, 405), ("DELETE", Self.path, nil, nil, 405),
            ("GET", relatives[0], nil, nil, 405), ("GET", relatives[1], nil, nil, 405),
            ("POST", relatives[2], nil, nil, 405), ("POST", relatives[0], "{}", "text/plain", 415),
            ("POST", relatives[0], "{", "application/json", 400), ("POST", relatives[0], "[]", "application/json", 400),
            ("POST", relatives[0], #"{"service":"xero"}"#, "application/json", 400),
            ("POST", relatives[0], #"{"permissions":5}"#, "application/json", 400),
            ("POST", "/api/integrations/connect/unknown", nil, nil, 400), ("POST", relatives[1], nil, nil, 404),
            ("DELETE", relatives[2], nil, nil, 404), ("GET", Self.path + "/more", nil, nil, 404),
            ("POST", "/api/integrations/refresh/xero", nil, nil, 404), ("GET", Self.path + "?a=%00", nil, nil, 400),
            ("POST", relatives[0], String(repeating: " ", count: 1_100_000), "application/json", 413),
        ] as [(String, String, String?, String?, Int)] {
            let response = try await callers.user.send(
                method, path, body: body, headers: type.map { [("Content-Type", $0)] } ?? [])
            #expect(response.status == status, "\(method) \(path): \(response.text)")
            #expect(response.json.members?.map(\.key) == ["success", "error", "duration"], "\(path)")
            #expect(response.json["error"]?.members?.map(\.key) == ["code", "message"], "\(path)")
            expectHeaders(response, "\(method) \(path)")
            let again = try await callers.user.send(
                method, path, body: body,
                headers: (type.map { [("Content-Type", $0)] } ?? []) + [("X-Correlation-Id", "kept-1")])
            #expect(again.header("X-Correlation-Id") == "kept-1", "\(method) \(path)")
        }
    }

    @Test("A correlation id of 1 to 128 safe characters is kept, any other is replaced")
    func correlation() async throws {
        let callers = try await Callers()
        for path in [Self.path, "/api/integrations", "/healthz", "/nothing"] {
            for id in ["a", "A.b_c-9", String(repeating: "x", count: 128)] {
                let response = try await callers.user.send("GET", path, headers: [("X-Correlation-Id", id)])
                #expect(response.header("X-Correlation-Id") == id)
            }
            for id in ["a b", "a;b", "a\"b", "<a>", "a/b", String(repeating: "x", count: 129)] {
                let response = try await callers.user.send("GET", path, headers: [("X-Correlation-Id", id)])
                #expect(response.header("X-Correlation-Id")?.utf8.count == 36, "\(id)")
            }
        }
    }

    @Test("Unknown query parameters are ignored and malformed queries refused, from disk and from memory")
    func query() async throws {
        let callers = try await Callers()
        _ = try await callers.installation.connect("xero", callers.user)
        for _ in 0..<2 {
            for query in ["?provider=stripe", "?a=1&a=2", "?", "?&"] {
                let response = try await callers.user.get(Self.path + query)
                #expect(response.json.at("data.integrations")?.count == 1, "\(query)")
            }
            for query in ["?a=%00", "?a=%FF"] { try await Case("GET", Self.path + query, 400).run(callers.user) }
        }
    }

    @Test("Connect, refresh and disconnect answer in the same envelope, with data of their own")
    func related() async throws {
        let callers = try await Callers()
        let client = callers.user
        let begun = try await client.send("POST", "/api/integrations/connect/xero")
        try Example(
            #"{"success":true,"data":{"provider":"xero","connectionId":"c","authUrl":"u","state":"s"},"duration":1}"#,
            varying: ["data.connectionId", "data.authUrl", "data.state", "duration"]
        ).expect(begun.json)
        expectHeaders(begun)
        let decided = try await callers.nobody.get((begun.json.at("data.authUrl")?.string ?? "") + "&decision=allow")
        #expect(try await client.get(decided.header("location") ?? "/").status == 200)
        let account =
            try await client.get(Self.path).json.at("data.integrations")?[0]?["accountId"]?.string ?? "none"
        let refreshed = try await client.send("POST", "/api/integrations/refresh/xero/\(account)")
        try Example(
            #"{"success":true,"data":{"provider":"xero","accountId":"\#(account)","status":"connected","expiresAt":"2025-12-31T23:59:59.000Z"},"duration":1}"#,
            varying: ["data.expiresAt", "duration"]
        ).expect(refreshed.json)
        expectHeaders(refreshed)
        let ended = try await client.send("DELETE", "/api/integrations/disconnect/xero/\(account)")
        try Example(
            #"{"success":true,"data":{"provider":"xero","accountId":"\#(account)","status":"disconnected"},"duration":1}"#,
            varying: ["duration"]
        ).expect(ended.json)
        expectHeaders(ended)
    }
}
