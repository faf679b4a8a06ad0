// The steps that all requests share, in memory and over a socket.

import HostTesting
import ProviderSDK
import Testing
import Users

@testable import Configuration
@testable import Connections
@testable import OAuth

@Suite("Request path", .timeLimit(.minutes(1)))
struct RequestPathTests {
    private func caller(_ user: String?, _ transport: Transport) throws -> RouteCaller {
        try RouteFixture.shared.get().caller(user.map { "\($0)-\(transport)" }, transport)
    }

    @Test("Unknown paths and methods: answer in the format of the path's API document", arguments: Transport.allCases)
    func unknown(over transport: Transport) async throws {
        let caller = try caller(nil, transport)
        for (path, body) in [
            ("/api/integrations/odd", #"{"success":false,"error":"Not found"}"#),
            ("/api/integrations/connect/", #""code":"NOT_FOUND""#),
            ("/api/v1/users/odd", #""description":"There is no such route.""#),
            ("/api/userIntegration/a/b", #"{"status":404,"error":"Not Found"}"#),
            ("/external-accounts/a/b/c", #""statusCode":404"#), ("/odd", #"{"success":false,"error":"Not found"}"#),
        ] { try await caller.expect(404, body, from: "GET", path) }
        let wrong = try await caller.expect(405, from: "PUT", "/api/integrations/connections")
        #expect(wrong.header("Allow") == "GET, HEAD, POST")
        let options = try await caller.expect(204, from: "OPTIONS", "/api/integrations/oauth/plain/authorize")
        #expect(options.header("Allow")?.contains("HEAD") == false)
    }

    @Test(
        "A head that means 401, 404 or 405: answer without the body and without 100 Continue",
        arguments: [
            ("POST /api/integrations/connections", 401), ("PUT /api/integrations/connections", 405), ("POST /odd", 404),
        ])
    func refusedFromHead(line: String, status: Int) async throws {
        let fields = "Host: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Type: application/json"
        let response = try await RouteFixture.shared.get().send(
            "\(line) HTTP/1.1\r\n\(fields)\r\nContent-Length: 1000\r\n\r\n", over: .socket)
        #expect(response.status == status)
    }

    @Test("A session that must be verified first: refuse a wrong type or too many requests before the body is sent")
    func refusedBeforeBody() async throws {
        let fixture = try RouteFixture(.init(connectionCreation: 1, sync: 0, oauth: 0, status: 0))
        let user = try fixture.caller("u", .socket)
        func head(_ type: String, _ length: Int, _ token: String?) async throws -> Int {
            let fields =
                "Host: a\r\nConnection: close\r\nExpect: 100-continue\r\nAuthorization: Bearer \(token ?? "odd")"
            let response = try await fixture.send(
                "POST /api/integrations/connections HTTP/1.1\r\n\(fields)\r\nContent-Type: \(type)\r\n"
                    + "Content-Length: \(length)\r\n\r\n", over: .socket)
            return response.status
        }
        #expect(try await head("application/json", 1000, nil) == 401)
        #expect(try await head("text/plain", 1000, user.token) == 415)
        #expect(try await head("application/json", 2 << 20, user.token) == 413)
        try await user.expect(400, from: "POST", "/api/integrations/connections", "{}")
        #expect(try await head("application/json", 1000, user.token) == 429)
    }

    @Test("TRACE: say which methods the path serves, and let an allowed origin read the answer")
    func trace() async throws {
        let response = try await RouteFixture.shared.get().send(
            "TRACE /api/integrations/status HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example.com\r\n\r\n",
            over: .socket)
        #expect(response.status == 405)
        #expect(response.header("Allow") == "GET, HEAD, OPTIONS")
        #expect(response.header("Access-Control-Allow-Origin") == "https://app.example.com")
        #expect(response.header("Vary") == "Origin")
    }

    @Test("OPTIONS *: say which methods the host has")
    func asterisk() async throws {
        let response = try await RouteFixture.shared.get().send(
            "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", over: .socket)
        #expect(response.status == 204)
        #expect(response.header("Allow") == "GET, HEAD, POST, PATCH, DELETE, OPTIONS")
    }

    @Test("A request that is not HTTP: refuse in the format of the path's API document", arguments: Transport.allCases)
    func rejected(over transport: Transport) async throws {
        let request = "GET /api/userIntegration HTTP/1.1\r\nHost: a\r\nno field\r\n\r\n"
        let response = try await RouteFixture.shared.get().send(request, over: transport)
        #expect(response.status == 400)
        #expect(response.text == #"{"status":400,"error":"Validation Error"}"#)
    }

    @Test("Two Authorization fields: reject the request", arguments: Transport.allCases)
    func twoCredentials(over transport: Transport) async throws {
        let user = try caller("two", transport)
        let second = "Authorization: Bearer \(user.token ?? "")"
        try await user.expect(401, from: "GET", "/api/integrations/status", headers: [second])
        try await user.expect(401, from: "GET", "/api/integrations", headers: [second])
    }

    @Test("A name that a caller made up: show its beginning, and no character that acts on a terminal")
    func madeUpNames() async throws {
        let user = try caller("names", .memory)
        let bot = try RouteFixture.shared.get().caller("bot", .memory, kind: .bot)
        let name = "a\u{202E}b\u{9B}2J" + String(repeating: "\u{301}", count: 5000)
        let written = String(decoding: JSONValue.string(name).serialized, as: UTF8.self)
        for (caller, method, target, body) in [
            (user, "PATCH", "/api/integrations/connections/none", #"{"settings":{\#(written):1}}"#),
            (user, "PATCH", "/api/integrations/connections/none", "{\(written):1}"),
            (bot, "POST", "/external-accounts", #"{"token":"t","attributes":{\#(written):1}}"#),
        ] {
            let response = try await caller.expect(400, from: method, target, body)
            #expect(response.body.count < 1000, "\(target)")
            #expect(!response.text.unicodeScalars.contains { ["\u{202E}", "\u{9B}"].contains($0) }, "\(target)")
        }
    }

    @Test("A cookie session from another site: reject the write", arguments: Transport.allCases)
    func cookieWrites(over transport: Transport) async throws {
        let user = try caller("cookie", transport)
        let cookie = "Cookie: a=b; integration-host-session=\(user.token ?? "")"
        let browser = RouteCaller(fixture: user.fixture, transport: transport, token: nil)
        let target = "/api/integrations/connect/typed"
        try await browser.expect(200, from: "GET", "/api/integrations/status", headers: [cookie])
        for field in ["Origin: https://odd.example", "Sec-Fetch-Site: cross-site"] {
            try await browser.expect(403, "FORBIDDEN_ORIGIN", from: "POST", target, "{}", headers: [cookie, field])
        }
        for field in ["Origin: https://host.example", "Origin: https://app.example.com", "X-Any: 1"] {
            try await browser.expect(400, from: "POST", target, "{}", headers: [cookie, field])
        }
        let begin = "/api/integrations/oauth/plain/authorize"
        try await browser.expect(403, from: "GET", begin, headers: [cookie, "Origin: https://odd.example"])
    }

    @Test("Answers have the correlation id and the headers for allowed origins", arguments: Transport.allCases)
    func headers(over transport: Transport) async throws {
        let user = try caller("headers", transport)
        for target in ["/api/integrations/status", "/api/integrations", "/odd"] {
            let response = try await user.send(
                "GET", target, headers: ["X-Correlation-Id: abc.1", "Origin: https://app.example.com"])
            #expect(response.header("X-Correlation-Id") == "abc.1")
            #expect(response.header("X-Duration-Ms") != nil)
            #expect(response.header("X-Content-Type-Options") == "nosniff")
            #expect(response.header("Access-Control-Allow-Origin") == "https://app.example.com")
            #expect(response.header("Vary") == "Origin")
            let other = try await user.send("GET", target, headers: ["X-Correlation-Id: a b"])
            #expect(other.header("X-Correlation-Id")?.utf8.count == 36)
            #expect(other.header("Access-Control-Allow-Origin") == nil)
        }
    }

    @Test("Rate limits count each request once, in memory and in handlers", arguments: Transport.allCases)
    func limits(over transport: Transport) async throws {
        let fixture = try RouteFixture(.init(connectionCreation: 1, sync: 1, oauth: 1, status: 3))
        let user = try fixture.caller("u", transport)
        let status = "/api/integrations/status"
        for remaining in ["2", "1", "0"] {
            let response = try await user.expect(200, from: "GET", remaining == "1" ? status + "?any=1" : status)
            #expect(response.header("X-RateLimit-Remaining") == remaining)
        }
        for target in [status, status + "?any=1"] {
            let response = try await user.expect(429, "RATE_LIMIT_EXCEEDED", from: "GET", target)
            #expect(response.header("X-RateLimit-Limit") == "3")
            #expect(response.header("Retry-After") != nil)
        }
        let target = "/api/integrations/connections"
        try await user.expect(400, from: "POST", target, "{}")
        try await user.expect(429, #""error":"Rate limit exceeded""#, from: "POST", target, "{}")
    }

    @Test("Every write counts, and so does a request that lacks a session", arguments: Transport.allCases)
    func writesAndStrangers(over transport: Transport) async throws {
        let fixture = try RouteFixture(
            .init(connectionCreation: 0, sync: 0, oauth: 0, status: 0, write: 2, address: 3))
        let user = try fixture.caller("u", transport)
        try await user.expect(404, from: "DELETE", "/api/integrations/connections/none")
        try await user.expect(404, from: "DELETE", "/api/integrations/connections/odd")
        try await user.expect(429, from: "DELETE", "/api/integrations/connections/none")
        try await user.expect(200, from: "GET", "/api/integrations/connections")
        let stranger = try fixture.caller(nil, transport)
        for _ in 0..<3 { try await stranger.expect(401, from: "GET", "/api/integrations/status") }
        let refused = try await stranger.expect(429, from: "GET", "/api/integrations/status")
        #expect(refused.header("Retry-After") != nil)
        try await stranger.expect(404, from: "GET", "/odd")
        try await user.expect(200, from: "GET", "/api/integrations/status")
    }
}
