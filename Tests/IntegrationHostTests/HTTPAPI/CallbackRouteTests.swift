// What the callback route answers to a browser that loads ahead, to one without a session, and to many callbacks.

import HostTesting
import ProviderSDK
import Testing

@testable import Configuration
@testable import OAuth

@Suite("Callback route", .timeLimit(.minutes(1)))
struct CallbackRouteTests {
    private static let path = "/api/integrations/oauth/plain/callback?code=c&state="

    private func state(of user: RouteCaller) async throws -> String {
        let target =
            "/api/integrations/oauth/plain/authorize?redirectUri=https://host.example/api/integrations/oauth/plain/callback"
        let text = try await user.expect(200, from: "GET", target).text
        return try #require(try JSONValue.parse(Array(text.utf8))["state"]?.string)
    }

    @Test(
        "A browser that loads ahead uses up no state and begins no authorization",
        arguments: [
            "Sec-Purpose: prefetch", "Sec-Purpose: prefetch;prerender", "Sec-Purpose: prefetch;anonymous-client-ip",
            "Purpose: prefetch", "Purpose: Prefetch", "X-Moz: prefetch", "X-Purpose: preview",
        ])
    func loadedAhead(field: String) async throws {
        let fixture = try RouteFixture()
        let user = try fixture.caller("u", .socket)
        let state = try await state(of: user)
        try await user.expect(503, from: "GET", Self.path + state, headers: [field])
        let begin =
            "/api/integrations/oauth/plain/authorize?redirectUri=https://host.example/api/integrations/oauth/plain/callback"
        try await user.expect(503, from: "GET", begin, headers: [field])
        try await user.expect(200, from: "GET", "/api/integrations/connections", headers: [field])
        // The provider of the fixture cannot be reached, so a good state ends in a refusal that is not about the state.
        try await user.expect(502, from: "GET", Self.path + state, headers: ["Sec-Purpose: navigate"])
    }

    @Test("A browser without a session is asked to sign in, and the state still works", arguments: Transport.allCases)
    func withoutSession(over transport: Transport) async throws {
        let fixture = try RouteFixture()
        let user = try fixture.caller("u", transport)
        let stranger = try fixture.caller(nil, transport)
        let state = try await state(of: user)
        let page = try await stranger.expect(
            401, "Sign in to Fernhill first", #"href="">"#, from: "GET", Self.path + state,
            headers: ["Accept: text/html,application/xhtml+xml;q=0.9", "Cookie: integration-host-session=old"])
        #expect(page.header("Content-Type") == "text/html; charset=utf-8")
        #expect(page.header("Referrer-Policy") == "no-referrer")
        #expect(page.header("Cache-Control")?.contains("no-store") == true)
        #expect(!page.text.contains(state) && !page.text.contains("code=c"))
        let program = try await stranger.expect(
            401, #"{"success":false,"error":"Authentication required","details":{"field":"session","#, from: "GET",
            Self.path + state, headers: ["Accept: */*"])
        #expect(program.text.contains(#""reason":"signInNeeded"}"#))
        #expect(program.header("WWW-Authenticate") == #"Bearer error_description="The token is missing""#)
        #expect(page.header("WWW-Authenticate")?.contains("The token is not valid") == true)
        try await user.expect(502, from: "GET", Self.path + state)
    }

    @Test("Callbacks with a good state do not count as flows; those without one do", arguments: Transport.allCases)
    func limits(over transport: Transport) async throws {
        let fixture = try RouteFixture(.init(connectionCreation: 0, sync: 0, oauth: 3, status: 0))
        let user = try fixture.caller("u", transport)
        var states: [String] = []
        for _ in 0..<3 { states.append(try await state(of: user)) }
        for state in states { try await user.expect(502, from: "GET", Self.path + state) }
        let refused = try await user.expect(429, "Rate limit exceeded", from: "GET", Self.path + "bad")
        #expect(refused.header("Retry-After") != nil)
        let other = try fixture.caller("v", transport)
        for _ in 0..<3 { try await other.expect(400, from: "GET", Self.path + "bad") }
        try await other.expect(429, from: "GET", Self.path + "bad")
        try await other.expect(429, from: "GET", "/api/integrations/oauth/plain/authorize?redirectUri=x")
    }
}
