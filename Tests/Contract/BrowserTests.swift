// What a browser can be made to do by a page of somebody else, and requests that mean two things at once.

import HostTesting
import ProviderSDK
import Testing

@Suite("Requests that others forge", .timeLimit(.minutes(5)))
struct BrowserTests {
    private static let authorize = "/api/integrations/oauth/xero/authorize?redirectUri=https://app.example.com/callback"

    private func pending(_ callers: Callers) async throws -> Int {
        try await callers.user.get("/api/integrations/connections?status=pending").json["connections"]?.count ?? -1
    }

    @Test(
        "A page of another site cannot begin an authorization with the user's cookie; the callback may come from there")
    func crossSite() async throws {
        let callers = try await Callers()
        let cookie = (name: "Cookie", value: "integration-host-session=\(callers.user.token ?? "")")
        for (site, status) in [
            ("cross-site", 403), ("same-origin", 200), ("same-site", 200), ("none", 200), (nil, 200),
        ] as [(String?, Int)] {
            let before = try await pending(callers)
            let response = try await callers.nobody.send(
                "GET", Self.authorize, headers: [cookie] + (site.map { [("Sec-Fetch-Site", $0)] } ?? []))
            #expect(response.status == status, "\(site ?? "none sent"): \(response.text)")
            #expect(response.json["success"] == .boolean(status == 200))
            #expect(try await pending(callers) == before + (status == 200 ? 1 : 0))
        }
        let foreign = try await callers.nobody.send(
            "GET", Self.authorize, headers: [cookie, ("Origin", "https://evil.example")])
        #expect(foreign.status == 403)
        // With a header of its own a program says what it wants; no browser does that by itself.
        let program = try await callers.user.send("GET", Self.authorize, headers: [("Sec-Fetch-Site", "cross-site")])
        #expect(program.status == 200)
        let decided = try await callers.nobody.get((program.json["authUrl"]?.string ?? "") + "&decision=allow")
        let query = (decided.header("location") ?? "").split(separator: "?", maxSplits: 1).last ?? ""
        let callback = "/api/integrations/oauth/xero/callback?\(query)"
        let done = try await callers.nobody.send(
            "GET", callback, headers: [cookie, ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")])
        #expect(done.status == 200, "\(done.text)")
    }

    @Test("HEAD neither begins nor ends an authorization, and reads what GET reads")
    func head() async throws {
        let callers = try await Callers()
        for path in [Self.authorize, "/api/integrations/oauth/xero/callback?code=a&state=b"] {
            let response = try await callers.user.send("HEAD", path)
            #expect(response.status == 405)
            #expect(response.header("Allow") == "GET")
            #expect(response.body.isEmpty)
            // What another method is told is what is served.
            #expect(try await callers.user.send("POST", path, body: "{}").header("Allow") == "GET")
            #expect(try await callers.nobody.send("OPTIONS", path).header("Allow") == "GET, OPTIONS")
        }
        #expect(try await pending(callers) == 0)
        for path in ["/api/integrations", "/api/integrations/status", "/healthz"] {
            let response = try await callers.user.send("HEAD", path)
            #expect(response.status == 200)
            #expect(response.body.isEmpty)
        }
    }

    @Test("Two Authorization fields: reject the request")
    func twoCredentials() async throws {
        let callers = try await Callers()
        let good = "Bearer \(callers.user.token ?? "")"
        for path in ["/api/integrations/status", "/api/integrations"] {
            // The status may come from memory, so that both ways to it are gone.
            for _ in 0..<2 {
                for (first, second) in [(good, "Bearer x"), ("Bearer x", good), (good, good)] {
                    let response = try await callers.nobody.send(
                        "GET", path, headers: [("Authorization", first), ("Authorization", second)])
                    #expect(response.status == 401)
                }
                #expect(try await callers.user.get(path).status == 200)
            }
        }
    }

    @Test("Unfinished authorizations are limited: the oldest is removed, connected ones stay")
    func pendingConnections() async throws {
        let callers = try await Callers()
        let connected = try await callers.installation.connect("xero", callers.user)
        var ids: [String] = []
        for _ in 0..<15 {
            let made = try await callers.user.post("/api/integrations/connections", #"{"service":"stripe"}"#)
            ids.append(made.json["connectionId"]?.string ?? "")
        }
        let list = try await callers.user.get("/api/integrations/connections").json["connections"]?.array ?? []
        #expect(list.compactMap { $0["id"]?.string } == [connected] + ids.suffix(10))
    }

    @Test("A preflight is answered for configured origins only")
    func preflight() async throws {
        let callers = try await Callers(extra: Callers.unlimited + #","allowedOrigins":["https://app.example.com"]"#)
        for (origin, isAllowed) in [
            ("https://app.example.com", true), ("https://evil.example", false), ("null", false),
        ] {
            let response = try await callers.nobody.send(
                "OPTIONS", "/api/integrations/connections",
                headers: [
                    ("Origin", origin), ("Access-Control-Request-Method", "POST"),
                    ("Access-Control-Request-Headers", "content-type"),
                ])
            #expect(response.status == 204)
            #expect(response.body.isEmpty)
            #expect(response.header("Vary") == "Origin")
            #expect(response.header("Access-Control-Allow-Origin") == (isAllowed ? origin : nil))
            #expect(response.header("Access-Control-Allow-Credentials") == (isAllowed ? "true" : nil))
            #expect(response.header("Access-Control-Allow-Methods") == (isAllowed ? "GET, HEAD, POST" : nil))
            #expect(
                response.header("Access-Control-Allow-Headers")
                    == (isAllowed ? "Authorization, Content-Type, Idempotency-Key, X-Correlation-Id" : nil))
            #expect(response.header("Access-Control-Max-Age") == (isAllowed ? "600" : nil))
            #expect(!response.headers.contains { $0.value == "*" })
        }
        let closed = try await Callers()
        let response = try await closed.nobody.send(
            "OPTIONS", "/api/integrations", headers: [("Origin", "https://app.example.com")])
        #expect(response.status == 204)
        #expect(!response.headers.contains { $0.name.lowercased().hasPrefix("access-control-") })
    }
}
