// Every error of the integrations document, word for word, its limits at their edges, and what it leaves open about parameters.

import HostTesting
import ProviderSDK
import Testing

@Suite("Errors and limits of the integrations document", .timeLimit(.minutes(5)))
struct IntegrationsErrorTests {
    private static let base = "/api/integrations"
    private static let connections = "/api/integrations/connections"
    private static let authorize =
        "/api/integrations/oauth/xero/authorize?redirectUri=https://app.example.com/callback"

    @Test("400, 401 and 404 are those of the document, to the byte")
    func words() async throws {
        let callers = try await Callers()
        let unknown = try await Case("POST", Self.connections, #"{"service":"unknown"}"#, 400).run(callers.user)
        #expect(
            unknown.text
                == #"{"success":false,"error":"Invalid integration configuration","details":{"field":"service","message":"Service not supported"}}"#
        )
        let malformed = try #require(
            RawExchange.send("GET /api/integrations/%zz HTTP/1.1\r\nHost: a\r\n\r\n", to: callers.user.origin))
        #expect(malformed.status == 400)
        #expect(malformed.json["error"] == "Invalid integration configuration")
        #expect(malformed.json.at("details.field") == "request")
        for token in [nil, "none"] {
            let nobody = try await Case("GET", Self.base, 401).run(callers.nobody.with(token: token))
            #expect(nobody.text == #"{"success":false,"error":"Authentication required"}"#)
        }
        for (method, path, body) in [
            ("GET", "\(Self.connections)/conn-123", nil),
            ("PATCH", "\(Self.connections)/conn-123", #"{"permissions":[]}"#),
            ("DELETE", "\(Self.connections)/conn-123", nil), ("POST", "\(Self.connections)/conn-123/sync", "{}"),
            ("GET", "\(Self.connections)/conn-123/sync", nil),
            ("POST", "\(Self.base)/oauth/xero/refresh", #"{"connectionId":"conn-123"}"#),
        ] {
            let missing = try await callers.user.send(method, path, body: body)
            #expect(missing.status == 404)
            #expect(missing.text == #"{"success":false,"error":"Integration not found"}"#)
        }
    }

    @Test("A 403 is the document's to the byte, and nothing is changed")
    func forbidden() async throws {
        let callers = try await Callers()
        let id = try await callers.installation.connect(
            "slack", callers.user, body: #"{"service":"slack","permissions":["channels:read"]}"#)
        let origin = try await callers.nobody.send(
            "DELETE", "\(Self.connections)/\(id)",
            headers: [
                ("Cookie", "integration-host-session=\(callers.user.token ?? "")"), ("Origin", "https://evil.example"),
            ])
        #expect(origin.status == 403)
        #expect(
            origin.text
                == #"{"success":false,"error":"Insufficient permissions for this integration"}"#
        )
        try await Case("GET", "\(Self.connections)/\(id)", 200).run(callers.user)
    }

    @Test("A provider's refusal is a 400 in the document's words, and its outage says when to retry")
    func provider() async throws {
        let callers = try await Callers()
        let sandbox = callers.installation.sandbox.url
        func state() async throws -> String {
            try await callers.user.get(Self.authorize).json["state"]?.string ?? ""
        }
        let refused = try await callers.user.get(
            "\(Self.base)/oauth/xero/callback?error=access_denied&state=\(try await state())")
        #expect(refused.status == 400)
        #expect(
            refused.text
                == #"{"success":false,"error":"Invalid integration configuration","details":{"field":"provider","message":"The provider refused the authorization. (access_denied)","reason":"denied"}}"#
        )
        // An empty error is none.
        let empty = try await callers.user.get(
            "\(Self.base)/oauth/xero/callback?error=&code=bad&state=\(try await state())")
        #expect(empty.status == 400)
        #expect(empty.json.at("details.message")?.string?.contains("invalid_grant") == true)
        for (fault, status) in [(503, 502), (429, 503), (408, 502)] {
            let code = try await state()
            _ = try await callers.nobody.post(
                "\(sandbox)/_sandbox/faults", #"{"provider":"xero","match":"token","status":\#(fault),"count":1}"#)
            let failed = try await callers.user.get("\(Self.base)/oauth/xero/callback?code=a&state=\(code)")
            #expect(failed.status == status, "\(fault): \(failed.text)")
            #expect(failed.json["success"] == false)
            #expect(failed.header("Retry-After") == failed.json["retryAfter"]?.integer.map { String($0) })
            #expect(failed.header("Retry-After") != nil)
        }
    }

    /// Expects the document's 429.
    private func expectRefusal(_ response: TestResponse, _ location: SourceLocation = #_sourceLocation) throws {
        #expect(response.status == 429, sourceLocation: location)
        try Example(
            """
            {
              "success": false,
              "error": "Rate limit exceeded",
              "retryAfter": 60
            }
            """, varying: ["retryAfter"]
        ).expect(response.json, location)
        let seconds = response.json["retryAfter"]?.integer ?? 0
        #expect(1...60 ~= seconds, sourceLocation: location)
        #expect(response.header("Retry-After") == String(seconds), sourceLocation: location)
    }

    @Test("The limits per minute are five connections, ten syncs per connection and twenty OAuth steps")
    func limits() async throws {
        let callers = try await Callers(extra: "")
        let first = try await callers.installation.connect("stripe", callers.user)
        let second = try await callers.installation.connect("xero", callers.user)
        // Another user has counted nothing yet; a body is not looked at when it is too much.
        let client = callers.other
        try expectLimit(5, "POST", Self.connections, #"{"service":"stripe"}"#, as: client)
        for id in [first, second] {
            try expectLimit(10, "POST", "\(Self.connections)/\(id)/sync", "{}", as: callers.user)
            try await Case("GET", "\(Self.connections)/\(id)/sync", 200).run(callers.user)
        }
        try expectLimit(20, "GET", Self.authorize, nil, as: client)
        // Nobody else is concerned, and neither is what is not limited.
        try await Case("POST", Self.connections, #"{"service":"stripe"}"#, 200).run(callers.superuser)
        try await Case("GET", Self.authorize, 200).run(callers.superuser)
        try await Case("GET", Self.connections, 200).run(client)
        // Callbacks and refreshes are counted together with authorizations, whatever they bring.
        let api = try await callers.apiKey(user: "counted")
        let refreshes = RawExchange.burst(20, "POST", "\(Self.base)/oauth/xero/refresh", body: "{}", as: api)
        #expect(refreshes.map(\.status) == Array(repeating: 400, count: 20))
        for path in [Self.authorize, "\(Self.base)/oauth/xero/callback?code=a&state=b"] {
            try expectRefusal(try #require(RawExchange.burst(1, "GET", path, as: api).first))
        }
    }

    /// Expects `limit` requests to be served, and the two after them to be refused.
    private func expectLimit(
        _ limit: Int, _ method: String, _ path: String, _ body: String?, as client: TestClient,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let answers = RawExchange.burst(limit + 2, method, path, body: body, as: client)
        #expect(answers.count == limit + 2, sourceLocation: location)
        for answer in answers.prefix(limit) {
            #expect(answer.status == 200, "\(answer.text)", sourceLocation: location)
        }
        for answer in answers.dropFirst(limit) { try expectRefusal(answer, location) }
    }

    @Test("Refuses parameters that are absent, empty, unknown or repeated")
    func parameters() async throws {
        let callers = try await Callers()
        _ = try await callers.installation.connect("stripe", callers.user)
        let pending = try await callers.user.post(Self.connections, #"{"service":"xero"}"#)
        #expect(pending.status == 200)
        for (query, count) in [
            ("", 2), ("?service=&status=", 2), ("?service=stripe", 1), ("?service=Stripe", 0), ("?service=unknown", 0),
            ("?status=pending", 1), ("?status=expired", 0), ("?service=stripe&status=pending", 0),
            ("?unknown=1&page=2&a=%20", 2), ("?&&=&unknown", 2),
        ] {
            let list = try await Case("GET", Self.connections + query, 200).run(callers.user)
            #expect(list.json["connections"]?.count == count, "\(query)")
        }
        for (path, field) in [
            ("\(Self.connections)?status=active", "status"), ("\(Self.connections)?status=CONNECTED", "status"),
            ("\(Self.connections)?service=stripe&service=slack", "service"),
            ("\(Self.connections)?status=pending&status=pending", "status"),
            ("\(Self.connections)?service=%00", "query"), ("\(Self.connections)?service=%FF", "query"),
            ("\(Self.authorize)&redirectUri=https://app.example.com/callback", "redirectUri"),
            ("\(Self.authorize)&state=a&state=b", "state"), ("\(Self.authorize)&scopes=a&scopes=b", "scopes"),
            ("\(Self.authorize)/", "redirectUri"), ("\(Self.authorize)&scopes=a%0Ab", "scopes"),
            ("\(Self.authorize)&scopes=\(String(repeating: "x", count: 129))", "scopes"),
            ("\(Self.authorize)&state=\(String(repeating: "x", count: 1025))", "state"),
            ("\(Self.base)/oauth/xero/authorize", "redirectUri"),
            ("\(Self.base)/oauth/xero/authorize?redirectUri=", "redirectUri"),
            ("\(Self.base)/oauth/nothing/authorize?redirectUri=https://app.example.com/callback", "service"),
            ("\(Self.base)/oauth/nothing/callback?code=a&state=b", "service"),
            ("\(Self.base)/oauth/xero/callback", "state"), ("\(Self.base)/oauth/xero/callback?code=a", "state"),
        ] {
            let refused = try await Case("GET", path, 400).run(callers.user)
            #expect(refused.json["error"] == "Invalid integration configuration", "\(path)")
            #expect(refused.json.at("details.field")?.string == field, "\(path): \(refused.text)")
            #expect(refused.json.at("details.message")?.string?.isEmpty == false)
        }
        // Nothing of all that was stored.
        let list = try await callers.user.get(Self.connections).json["connections"]
        #expect(list?.count == 2)
    }

    @Test("A callback with repeated parameters uses up neither state nor code")
    func repeatedCallback() async throws {
        let callers = try await Callers()
        let begun = try await callers.user.get(Self.authorize).json
        let allowed = try await callers.nobody.get((begun["authUrl"]?.string ?? "") + "&decision=allow")
        let query = String((allowed.header("location") ?? "").split(separator: "?", maxSplits: 1).last ?? "")
        for more in ["&code=other", "&state=other", "&state=\(begun["state"]?.string ?? "")"] {
            try await Case("GET", "\(Self.base)/oauth/xero/callback?\(query)\(more)", 400).run(callers.user)
        }
        try await Case("GET", "\(Self.base)/oauth/xero/callback?\(query)", 200).run(callers.user)
    }

    @Test("Wrong types and values of every field are refused by name, at the limits and beyond them")
    func fields() async throws {
        let callers = try await Callers()
        let id = try await callers.installation.connect("stripe", callers.user)
        let one = "\(Self.connections)/\(id)"
        let many = { (count: Int) in "[" + (0..<count).map { "\"p\($0)\"" }.joined(separator: ",") + "]" }
        let long = { (count: Int) in "\"" + String(repeating: "x", count: count) + "\"" }
        for (method, path, body, field) in [
            ("POST", Self.connections, "{}", "service"), ("POST", Self.connections, #"{"service":null}"#, "service"),
            ("POST", Self.connections, #"{"service":["stripe"]}"#, "service"),
            ("POST", Self.connections, #"{"service":"stripe","permissions":null}"#, "permissions"),
            ("POST", Self.connections, #"{"service":"stripe","permissions":{}}"#, "permissions"),
            ("POST", Self.connections, #"{"service":"stripe","permissions":[1]}"#, "permissions"),
            ("POST", Self.connections, #"{"service":"stripe","permissions":[""]}"#, "permissions"),
            ("POST", Self.connections, #"{"service":"stripe","permissions":\#(many(65))}"#, "permissions"),
            ("POST", Self.connections, #"{"service":"stripe","permissions":["a\u0000b"]}"#, "permissions"),
            ("PATCH", one, #"{"permissions":["a\nb"]}"#, "permissions"),
            ("POST", Self.connections, #"{"service":"stripe","permissions":[\#(long(129))]}"#, "permissions"),
            ("POST", Self.connections, #"{"service":\#(long(129))}"#, "service"),
            ("POST", Self.connections, #"{"service":"stripe","name":"x"}"#, "name"),
            ("POST", Self.connections, #"{"service":"stripe","service":"slack"}"#, "body"),
            ("PATCH", one, #"{"settings":{}}"#, "body"), ("PATCH", one, #"{"settings":null}"#, "settings"),
            ("PATCH", one, #"{"settings":[]}"#, "settings"),
            ("PATCH", one, #"{"settings":{"syncFrequency":null}}"#, "settings.syncFrequency"),
            ("PATCH", one, #"{"settings":{"syncFrequency":"Daily"}}"#, "settings.syncFrequency"),
            ("PATCH", one, #"{"settings":{"webhookUrl":5}}"#, "settings.webhookUrl"),
            ("PATCH", one, #"{"settings":{"webhookUrl":""}}"#, "settings.webhookUrl"),
            ("PATCH", one, #"{"settings":{"color":"red"}}"#, "settings.color"),
            ("PATCH", one, #"{"permissions":null}"#, "permissions"),
            ("PATCH", one, #"{"status":"connected"}"#, "status"),
            ("POST", one + "/sync", #"{"syncType":null}"#, "syncType"),
            ("POST", one + "/sync", #"{"syncType":"FULL"}"#, "syncType"),
            ("POST", one + "/sync", #"{"dataTypes":null}"#, "dataTypes"),
            ("POST", one + "/sync", #"{"dataTypes":"payments"}"#, "dataTypes"),
            ("POST", one + "/sync", #"{"dataTypes":[]}"#, "dataTypes"),
            ("POST", one + "/sync", #"{"dataTypes":["messages"]}"#, "dataTypes"),
            ("POST", "\(Self.base)/oauth/stripe/refresh", "{}", "connectionId"),
            ("POST", "\(Self.base)/oauth/stripe/refresh", #"{"connectionId":5}"#, "connectionId"),
            ("POST", "\(Self.base)/oauth/nothing/refresh", #"{"connectionId":"x"}"#, "service"),
        ] {
            let refused = try await Case(method, path, body, 400).run(callers.user)
            #expect(refused.json["error"] == "Invalid integration configuration", "\(body)")
            #expect(refused.json.at("details.field")?.string == field, "\(body): \(refused.text)")
        }
        for body in [
            #"{"service":"stripe","permissions":[]}"#,
            #"{"service":"stripe","permissions":[\#(Array(repeating: #""read_only""#, count: 64).joined(separator: ","))]}"#,
        ] { try await Case("POST", Self.connections, body, 200).run(callers.user) }
        // Of 128 bytes it is only unknown.
        let unknown = try await Case(
            "POST", Self.connections, #"{"service":"stripe","permissions":[\#(long(128))]}"#, 400
        ).run(callers.user)
        #expect(unknown.text.contains("is no permission of Stripe"))
        for frequency in ["manual", "hourly", "daily", "weekly"] {
            let body = #"{"settings":{"syncFrequency":"\#(frequency)"}}"#
            let changed = try await Case("PATCH", one, body, 200).run(callers.user)
            #expect(changed.json.at("connection.settings.syncFrequency")?.string == frequency)
        }
        let read = try await callers.user.get(one).json["connection"] ?? .null
        #expect(read["permissions"] == [])
        #expect(read.at("settings.webhookUrl")?.isNull == true)
    }
}
