// The dashboard of a running host without a browser: who gets in, what protects its forms, and what its actions do.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Dashboard", .timeLimit(.minutes(3)))
struct DashboardTests {
    private static let form = [("Content-Type", "application/x-www-form-urlencoded")]

    /// A host, and the key of an operator.
    private struct Host {
        let installation: TestInstallation
        let client: TestClient
        let key: String

        init() async throws {
            installation = try await TestInstallation(
                extra: #""rateLimits":{"connectionCreation":0,"sync":0,"oauth":0,"status":0,"write":0}"#)
            client = try await installation.client(user: nil).unchecked
            key = try await Self.key(installation, "admin")
        }

        static func key(_ installation: TestInstallation, _ scope: String) async throws -> String {
            let made = try await HostProcess.run(
                installation.command("app-key", "create", "console", "--scope", scope))
            guard made.code == 0 else { throw HostProcessError(description: made.errors) }
            return String(made.output.dropLast())
        }

        func post(_ path: String, _ body: String, cookie: String? = nil, more: [(name: String, value: String)] = [])
            async throws -> TestResponse
        {
            let cookies = cookie.map { [(name: "Cookie", value: $0)] } ?? []
            return try await client.send(
                "POST", path, body: body,
                headers: [("Content-Type", "application/x-www-form-urlencoded")] + cookies + more)
        }

        func get(_ path: String, cookie: String?) async throws -> TestResponse {
            try await client.send("GET", path, headers: cookie.map { [("Cookie", $0)] } ?? [])
        }

        func signIn(_ key: String? = nil) async throws -> (answer: TestResponse, cookie: String) {
            let answer = try await post("/dashboard/sign-in", "key=\(key ?? self.key)")
            let cookie = answer.header("Set-Cookie").flatMap { $0.split(separator: ";").first.map(String.init) } ?? ""
            return (answer, cookie)
        }

        /// The token of the forms of a page.
        func token(_ page: TestResponse) throws -> String {
            let mark = #"name="form" value=""#
            let rest = try #require(page.text.range(of: mark)).upperBound
            return String(page.text[rest...].prefix { $0 != "\"" })
        }
    }

    @Test("A key with the scope admin signs in, others do not, and the sign-in is in the audit log")
    func signIn() async throws {
        let host = try await Host()
        let first = try await host.get("/", cookie: nil)
        #expect(first.status == 303 && first.header("Location") == "/dashboard/sign-in")
        let weak = try await host.signIn(try await Host.key(host.installation, "users"))
        #expect(weak.answer.status == 403 && weak.cookie.isEmpty && weak.answer.text.contains("scope admin"))
        let unknown = try await host.signIn("ihs_nonsense")
        #expect(unknown.answer.status == 401 && unknown.cookie.isEmpty)
        let (answer, cookie) = try await host.signIn()
        #expect(answer.status == 303 && answer.header("Location") == "/")
        let field = try #require(answer.header("Set-Cookie"))
        #expect(field.contains("HttpOnly") && field.contains("SameSite=Strict") && !field.contains(host.key))
        let page = try await host.get("/", cookie: cookie)
        #expect(page.status == 200 && page.text.contains("<h1>Overview</h1>"))
        let policy = try #require(page.header("Content-Security-Policy"))
        #expect(policy.hasPrefix("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
        #expect(!policy.contains("unsafe"))
        let lines = try await HostProcess.run(host.installation.command("audit", "list")).output
        #expect(lines.contains("dashboard.sign-in  failed  by application"), "\(lines)")
        #expect(lines.contains("dashboard.sign-in  done  by application"))
        #expect(!host.installation.host.log.contains(host.key))
    }

    @Test("The sixth attempt of an address in a minute is refused, whatever the key")
    func attempts() async throws {
        let host = try await Host()
        for _ in 0..<5 { #expect(try await host.signIn("ihs_x").answer.status == 401) }
        let refused = try await host.signIn()
        #expect(refused.answer.status == 429 && refused.answer.header("Retry-After") != nil)
        #expect(refused.answer.text.contains("Too many attempts"))
    }

    @Test("A signed-out cookie, a revoked key and a restart end what a person sees")
    func ends() async throws {
        let host = try await Host()
        let (_, cookie) = try await host.signIn()
        let page = try await host.get("/", cookie: cookie)
        #expect(try await host.post("/dashboard/sign-out", "form=wrong", cookie: cookie).status == 403)
        let out = try await host.post("/dashboard/sign-out", "form=\(try host.token(page))", cookie: cookie)
        #expect(out.status == 303 && out.header("Set-Cookie")?.contains("Max-Age=0") == true)
        #expect(try await host.get("/", cookie: cookie).status == 303)
        let (_, next) = try await host.signIn()
        let list = try await HostProcess.run(host.installation.command("app-key", "list")).output
        let id = String(list.prefix { $0 != " " })
        #expect(try await HostProcess.run(host.installation.command("app-key", "revoke", id)).code == 0)
        #expect(try await host.get("/", cookie: next).header("Location") == "/dashboard/sign-in?lost=1")
        #expect(try await host.get("/dashboard/events", cookie: next).status == 401)
    }

    @Test("A superuser's session sees the pages; a user's, a bot's and a key without the scope do not")
    func callers() async throws {
        let host = try await Host()
        let superuser = try await host.installation.client(user: "root", flags: ["--role", "superuser"]).unchecked
        #expect(try await superuser.get("/").status == 200)
        let weak = host.client.with(token: try await Host.key(host.installation, "users"))
        for client in [
            try await host.installation.client(user: "ann").unchecked,
            try await host.installation.client(user: "bot", flags: ["--kind", "bot"]).unchecked, weak,
        ] {
            let status = try await client.get("/").status
            #expect(status == 303 || status == 403)
            #expect(try await client.get("/dashboard/connections").status != 200)
        }
    }

    @Test("Every page is small and whole, forms of other pages and origins are refused, and actions act")
    func pages() async throws {
        let host = try await Host()
        let ann = try await host.installation.client(user: "ann & co")
        let id = try await host.installation.connect("stripe", ann)
        _ = try await host.installation.sync(id, ann, body: #"{"dataTypes":["customers","payments"]}"#)
        let (_, cookie) = try await host.signIn()
        let one = "/dashboard/connections/\(id)"
        let query = "?user=ann%20%26%20co"
        var token = ""
        for (path, text) in [
            ("/", "Sync completed"), ("/dashboard/connections", "ann &amp; co"), ("/dashboard/providers", "Stripe"),
            ("/dashboard/connections?q=ann%20%26%20co", id), ("/dashboard/connections?q=\(id)", id),
            ("/dashboard/connections?class=working&service=stripe", id),
            ("/dashboard/connections?q=none", "No connection fits"),
            (one + query, "Completed"), (one + "/records" + query, "customers"),
            (one + "/records" + query + "&type=customers", "customers"),
            (one + "/dead-letters" + query, "Every record was stored"),
            (one + "/deliveries" + query, "not notified about this connection"),
            (one + "/disconnect" + query, "Keep it"),
        ] {
            let page = try await host.get(path, cookie: cookie)
            #expect(page.status == 200 && page.text.contains(text), "\(path): \(page.status)")
            #expect(page.body.count <= 60 * 1024, "\(path): \(page.body.count)")
            #expect(page.text.hasSuffix("</html>\n"))
            token = try host.token(page)
        }
        for path in [one, one + "?user=ben", "/dashboard/connections/none" + query] {
            #expect(try await host.get(path, cookie: cookie).status == 404, "\(path)")
        }
        #expect(try await host.get("/dashboard/nothing", cookie: cookie).status == 404)

        #expect(try await host.post(one + "/sync" + query, "form=x", cookie: cookie).status == 403)
        #expect(
            try await host.post(
                one + "/sync" + query, "form=\(token)", cookie: cookie,
                more: [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")]
            ).status == 403)
        #expect(try await host.post(one + "/sync" + query, "form=\(token)").status == 303)
        let synced = try await host.post(one + "/sync" + query, "form=\(token)", cookie: cookie)
        #expect(synced.status == 303 && synced.header("Location")?.hasSuffix("&done=sync") == true, "\(synced.text)")
        #expect(
            try await host.get(synced.header("Location") ?? "", cookie: cookie).text.contains("The sync has started."))
        _ = try await host.installation.finishedSync(id, ann)
        let gone = try await host.post(one + "/disconnect" + query, "form=\(token)", cookie: cookie)
        #expect(gone.status == 303 && gone.header("Location")?.contains("done=disconnect") == true)
        let after = try await host.get(gone.header("Location") ?? "", cookie: cookie).text
        #expect(after.contains("Disconnected.") && !after.contains("Sync now"))
        let lines = try await HostProcess.run(host.installation.command("audit", "list")).output
        #expect(lines.contains("connection.disconnect  done  by application"), "\(lines)")
    }
}
