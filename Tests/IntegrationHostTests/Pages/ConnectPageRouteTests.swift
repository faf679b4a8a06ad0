// The connect pages as answers of the routes: what a browser gets at each step, what a program gets at the same address, and what no page
// contains.

import HostTesting
import Primitives
import ProviderSDK
import TestSupport
import Testing

@testable import Configuration
@testable import ConnectionModel
@testable import Connections
@testable import IntegrationHost
@testable import Pages
@testable import Users

@Suite("Connect pages", .timeLimit(.minutes(1)))
struct ConnectPageRouteTests {
    private static let returnTo = "https://app.example.com/settings"

    /// The browser of a session that it has opened.
    private struct Visitor {
        let caller: RouteCaller
        let session: ConnectSession
        let cookie: String

        var path: String { "/connect/\(session.id)" }

        func get(_ target: String, _ more: [String] = []) async throws -> TestResponse {
            try await caller.send("GET", target, headers: ["Cookie: \(cookie)", "Accept: text/html"] + more)
        }

        func post(
            _ target: String, _ form: String, _ more: [String] = [], origin: String = "https://host.example"
        ) async throws -> TestResponse {
            try await caller.send(
                "POST", target, form, type: "application/x-www-form-urlencoded",
                headers: ["Cookie: \(cookie)", "Accept: text/html", "Origin: \(origin)"] + more)
        }

        /// The hidden members of the form on a page.
        func form(_ page: TestResponse) -> String {
            page.text.matches(of: #/name="(form|variant)" value="([^"]*)"/#).map { "\($0.1)=\($0.2)" }.joined(
                separator: "&")
        }
    }

    private static func visitor(
        _ fixture: RouteFixture, _ change: (inout NewConnectSession) -> Void = { _ in }
    ) async throws -> Visitor {
        var new = NewConnectSession(userID: "u", returnTo: returnTo)
        change(&new)
        let (session, token) = try await fixture.services.connectSessions.create(new)
        let caller = try fixture.caller(nil, .memory)
        let opened = try await caller.send("GET", "/connect?session=\(token.text)")
        let cookie = try #require(opened.header("Set-Cookie"))
        #expect(opened.status == 303 && opened.header("Location") == "/connect/\(session.id)")
        #expect(cookie.contains("HttpOnly; SameSite=Lax; Secure") && cookie.contains("Path=/;"))
        return Visitor(caller: caller, session: session, cookie: String(cookie.prefix { $0 != ";" }))
    }

    @Test("A link is opened by no prefetch and no HEAD, and its pages may not be framed, stored or told to others")
    func opening() async throws {
        let fixture = try RouteFixture(returnTo: [Self.returnTo])
        let (session, token) = try await fixture.services.connectSessions.create(
            NewConnectSession(userID: "u", returnTo: Self.returnTo))
        let caller = try fixture.caller(nil, .memory)
        let link = "/connect?session=\(token.text)"
        try await caller.expect(503, from: "GET", link, headers: ["Sec-Purpose: prefetch"])
        try await caller.expect(405, from: "HEAD", link)
        #expect(try await fixture.services.connectSessions.session(session.id)?.browserDigest == nil)
        let visitor = try await Self.visitor(fixture)
        let page = try await visitor.get(visitor.path)
        #expect(page.status == 200 && page.header("Referrer-Policy") == "same-origin")
        #expect(page.header("Cache-Control")?.contains("no-store") == true)
        let policy = try #require(page.header("Content-Security-Policy"))
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "'sha256-"] {
            #expect(policy.contains(part))
        }
        #expect(!policy.contains("unsafe-inline") && !page.text.contains("style=\"") && !page.text.contains("onclick"))
        #expect(!page.text.contains("ihc_") && page.body.count < 60 << 10)
    }

    @Test("A provider with consent is asked for in words, and a form without the page's own token begins nothing")
    func consent() async throws {
        let fixture = try RouteFixture(returnTo: [Self.returnTo])
        let visitor = try await Self.visitor(fixture) { $0.services = ["plain"] }
        #expect(try await visitor.get(visitor.path).header("Location") == visitor.path + "/plain")
        let page = try await visitor.get(visitor.path + "/plain")
        #expect(page.text.contains("<h1>Fernhill asks to read your Plain data</h1>"))
        #expect(try await visitor.post(visitor.path + "/plain", "form=x").status == 403)
        let foreign = try await visitor.post(
            visitor.path + "/plain", visitor.form(page), origin: "https://evil.example")
        #expect(foreign.status == 403)
        #expect(try await fixture.services.connectSessions.session(visitor.session.id)?.steps.isEmpty == true)
        let going = try await visitor.post(visitor.path + "/plain", visitor.form(page))
        #expect(going.status == 200)
        #expect(going.text.contains(#"<meta http-equiv="refresh" content="0;url=http://127.0.0.1:1/authorize?"#))
        #expect(try await visitor.get(visitor.path + "/typed").status == 404)
    }

    @Test("A configured origin may frame the pages, and then the person's button leaves the frame for the provider")
    func framed() async throws {
        let origin = "https://app.example.com"
        let fixture = try RouteFixture(returnTo: [Self.returnTo], frameAncestors: [origin, "https://b.example"])
        let visitor = try await Self.visitor(fixture) { $0.services = ["plain"] }
        let page = try await visitor.get(visitor.path + "/plain", ["Sec-Fetch-Dest: iframe"])
        let policy = try #require(page.header("Content-Security-Policy"))
        #expect(policy.hasSuffix("frame-ancestors \(origin) https://b.example"))
        #expect(page.header("X-Frame-Options") == nil)
        let path = visitor.path + "/plain"
        let going = try await visitor.post(path, visitor.form(page), ["Sec-Fetch-Dest: iframe"])
        #expect(going.text.contains(#"target="_top" href="http://127.0.0.1:1/authorize?"#))
        #expect(!going.text.contains("http-equiv") && going.text.contains("Plain opens in place of this page"))
        let alone = try await visitor.post(path, visitor.form(page), ["Sec-Fetch-Dest: document"])
        #expect(alone.text.contains("http-equiv") && !alone.text.contains("_top"))
    }

    @Test("Only origins may frame the pages: a path, a wildcard or a second directive of the policy is refused")
    func frameAncestors() throws {
        for (origin, isGood) in [
            ("https://app.example.com", true), ("http://localhost:3000", true), ("https://app.example.com/", false),
            ("https://app.example.com;script-src *", false), ("https://a.example,https://b.example", false),
            ("*", false), ("'self'", false), ("app.example.com", false), ("https://a.example?b", false),
        ] {
            var configuration = Configuration()
            configuration.connect.frameAncestors = [origin]
            #expect(((try? configuration.check()) != nil) == isGood, "\(origin)")
        }
    }

    @Test("After another account was chosen, the page offers to connect that one as well, and only then")
    func otherAccount() async throws {
        let fixture = try RouteFixture(returnTo: [Self.returnTo])
        let users = fixture.services.connectFlow.sessions
        let known = try await fixture.services.connections.users.update("u") { (user) throws(ServiceError) -> String in
            let id = try user.add(
                service: "plain", variant: nil, status: .connected, shard: "2bd", random: "1000000000000000000abc",
                at: TimeSource.system.now)
            try user.update(id) { (connection) throws(ServiceError) in
                try connection.linked(to: "first", at: TimeSource.system.now)
            }
            return id
        }
        let visitor = try await Self.visitor(fixture) { $0.reconnects = known }
        let path = visitor.path + "/plain"
        let before = try await visitor.get(path + "?account=other")
        #expect(!before.text.contains(#"name="account""#))
        await users.ended(
            .init(
                service: "plain", reason: .wrongAccount, status: 409, note: "The account “Other” …", reference: "r",
                at: TimeSource.system.now), for: visitor.session.principal)
        let result = try await visitor.get(visitor.path + "/result")
        #expect(result.status == 409 && result.text.contains("That is another Plain account"))
        #expect(result.text.contains(#"href="\#(path)?account=other">Connect this one as well</a>"#))
        let question = try await visitor.get(path + "?account=other")
        #expect(question.text.contains(#"<input type="hidden" name="account" value="other">"#))
        func expectedAccount(_ more: String) async throws -> String? {
            let going = try await visitor.post(path, visitor.form(question) + more)
            #expect(going.status == 200)
            let user = try await fixture.services.connections.users.user("u")
            return user.connections.last?.grant.authorizations.first?.expectedAccount
        }
        #expect(try await expectedAccount("") == "first")
        #expect(try await expectedAccount("&account=other") == nil)
    }

    @Test("A callback that a browser brings leads to a page without code and state; a program gets JSON")
    func callback() async throws {
        let fixture = try RouteFixture(returnTo: [Self.returnTo])
        let visitor = try await Self.visitor(fixture) { $0.services = ["plain"] }
        let page = try await visitor.get(visitor.path + "/plain")
        let going = try await visitor.post(visitor.path + "/plain", visitor.form(page))
        let state = try #require(going.text.firstMatch(of: #/state=([A-Za-z0-9._-]+)/#)?.1)
        let callback = "/api/integrations/oauth/plain/callback?code=secret-code&state=\(state)"
        let answered = try await visitor.get(callback)
        #expect(answered.status == 303 && answered.header("Location") == visitor.path + "/result")
        // The fixture's host may not reach its provider.
        let result = try await visitor.get(visitor.path + "/result")
        #expect(result.status == 502 && result.text.contains("Fernhill has to fix something first"))
        #expect(result.text.contains("misconfigured") && !result.text.contains("secret-code"))
        let json = try await visitor.caller.send(
            "GET", callback, headers: ["Cookie: \(visitor.cookie)", "Accept: application/json"])
        #expect(json.status == 502 && json.json.at("details.reason") == "misconfigured")
        #expect(
            try await fixture.services.connectSessions.session(visitor.session.id)?.state(at: TimeSource.system.now)
                == .failed)
    }

    @Test("Without a connect session the result is a signed address, and a changed one shows nothing")
    func signed() async throws {
        let fixture = try RouteFixture(returnTo: [Self.returnTo])
        let user = try fixture.caller("u", .memory)
        let callback = "/api/integrations/oauth/plain/callback?code=c&state=x"
        let answered = try await user.send("GET", callback, headers: ["Accept: text/html"])
        let address = try #require(answered.header("Location"))
        #expect(answered.status == 303 && address.hasPrefix("/connect/result?outcome="))
        let stranger = try fixture.caller(nil, .memory)
        let page = try await stranger.send("GET", address)
        #expect(page.status == 400 && page.text.contains("This address is not complete"))
        #expect(page.text.contains(#"href="\#(Self.returnTo)""#))
        let altered = try await stranger.send("GET", String(address.dropLast(3)) + "abc")
        #expect(altered.status == 400 && altered.text.contains("stateInvalid"))
    }

    @Test("A key that is refused stays in no page; a good one connects, and its provider is shown as the source")
    func key() async throws {
        let upstream = try UpstreamServer { request in
            request.headers["authorization"] == "Bearer good-key"
                ? .init(["id": "1", "name": "Ada & Co <b>"]) : .init(["error": "no"], status: 401)
        }
        let keyed = ProviderManifest(id: "keyed", name: "Brightdesk") { manifest in
            var auth = APIKeyAuth()
            auth.field = FormField("API key", "Brightdesk: Settings, then API keys.", link: "https://help.example/keys")
            manifest.auth = .apiKey(auth)
            manifest.endpoints = ["api": upstream.url]
            manifest.identity = IdentitySource(id: ["response.id"], name: ["response.name"], request: .get("/me"))
        }
        let fixture = try RouteFixture(more: keyed, returnTo: [Self.returnTo])
        let visitor = try await Self.visitor(fixture) { $0.services = ["keyed"] }
        let page = try await visitor.get(visitor.path + "/keyed")
        #expect(page.text.contains("Connect Brightdesk") && page.text.contains("https://help.example/keys"))
        let refused = try await visitor.post(visitor.path + "/keyed", visitor.form(page) + "&apiKey=bad-key")
        #expect(refused.status == 422 && refused.text.contains("did not accept this API key"))
        #expect(!refused.text.contains("bad-key"))
        let taken = try await visitor.post(visitor.path + "/keyed", visitor.form(page) + "&apiKey=%20good-key%0A")
        #expect(taken.status == 303 && taken.header("Location") == visitor.path + "/result")
        let result = try await visitor.get(visitor.path + "/result")
        #expect(result.status == 200 && result.text.contains("Connected as Ada &amp; Co &lt;b&gt;"))
        #expect(result.text.contains("status=connected&amp;connectionId=conn-"))
    }

    @Test("Typed account ids: the variant is asked for first, and what is wrong is said at the field")
    func typed() async throws {
        let fixture = try RouteFixture(returnTo: [Self.returnTo])
        let visitor = try await Self.visitor(fixture) { $0.services = ["typed"] }
        let variants = try await visitor.get(visitor.path + "/typed")
        #expect(variants.text.contains("Which kind of Typed account?") && variants.text.contains(#"value="blue""#))
        #expect(try await visitor.get(visitor.path + "/typed?variant=none").status == 422)
        let page = try await visitor.get(visitor.path + "/typed?variant=blue")
        let wrong = try await visitor.post(visitor.path + "/typed", visitor.form(page) + "&accountId=a%C2%A0b")
        #expect(wrong.status == 422 && wrong.text.contains("must consist of visible ASCII characters"))
        let taken = try await visitor.post(visitor.path + "/typed", visitor.form(page) + "&accountId=a1")
        #expect(taken.status == 303)
        let connected = try await fixture.services.connectFlow.connections(of: visitor.session)
        #expect(connected.contains { $0.variant == "blue" && $0.accountID == "a1" })
    }
}
