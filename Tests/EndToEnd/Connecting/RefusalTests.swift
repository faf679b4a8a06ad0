// What a refused request says: why a callback completed nothing, and what is wrong with a token.

import HostTesting
import ProviderSDK
import Testing

@Suite("Refusals", .serialized, .timeLimit(.minutes(2)))
struct RefusalTests {
    private static func begin(
        _ client: TestClient, decision: String, _ installation: TestInstallation
    ) async throws -> String {
        let created = try await client.post("/api/integrations/connections", #"{"service":"xero"}"#)
        let url = try #require(created.json["authUrl"]?.string)
        let answer = try await client.with(token: nil).get(url + "&decision=\(decision)")
        return try #require(answer.header("location"))
    }

    private static func reason(_ answer: TestResponse) -> String? { answer.json.at("details.reason")?.string }

    @Test("A failed callback keeps its words and gains a reason: denied, used, of another user, incomplete")
    func callbacks() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "u")
        let denied = try await client.get(try await Self.begin(client, decision: "deny", installation))
        #expect(denied.status == 400 && Self.reason(denied) == "denied")
        #expect(denied.json["error"] == "Invalid integration configuration")
        let location = try await Self.begin(client, decision: "allow", installation)
        let other = try await installation.client(user: "v").get(location)
        #expect(other.status == 400 && Self.reason(other) == "otherSession")
        #expect(other.json.at("details.message")?.string?.contains("another session") == true)
        let token = try await installation.client(user: nil).get(location)
        #expect(token.status == 401 && Self.reason(token) == "signInNeeded")
        #expect(try await client.get(location).status == 200)
        #expect(try await client.get(location).status == 200)
        let used = try await client.get(location.replacing(#/code=[^&]+/#, with: "code=other"))
        #expect(used.status == 400 && Self.reason(used) == "alreadyUsed")
        let incomplete = try await client.get("/api/integrations/oauth/xero/callback?code=c")
        #expect(incomplete.status == 400 && Self.reason(incomplete) == "stateInvalid")
    }

    @Test("401 keeps its body and says whether the token is missing, expired, of the wrong kind or not valid")
    func tokens() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: nil)
        let short = try await installation.token(user: "u", flags: ["--ttl", "1"])
        try await Task.sleep(for: .milliseconds(2100))
        let user = try await installation.token(user: "u")
        let cases: [(target: String, authorization: String?, cookie: String?, description: String)] = [
            ("/api/integrations", nil, nil, "missing"),
            ("/api/integrations", nil, "other=1", "missing"),
            ("/api/integrations", "Bearer \(short)", nil, "expired"),
            ("/api/integrations", nil, "integration-host-session=\(short)", "expired"),
            ("/api/integrations", "Bearer \(user)x", nil, "not valid"),
            ("/api/integrations", "Bearer ihs_none", nil, "not valid"),
            ("/api/integrations", "Basic dTpw", nil, "wrong kind"),
            ("/api/integrations", nil, "integration-host-session=ihk_key", "wrong kind"),
            ("/api/userIntegration?page=1&limit=1&userId=v", "Bearer \(user)", nil, "wrong kind"),
        ]
        var bodies: Set<String> = []
        for (target, authorization, cookie, description) in cases {
            var fields: [(name: String, value: String)] = []
            if let authorization { fields.append(("Authorization", authorization)) }
            if let cookie { fields.append(("Cookie", cookie)) }
            let answer = try await client.send("GET", target, headers: fields)
            #expect(answer.status == 401, "\(description)")
            let challenge = answer.header("WWW-Authenticate") ?? ""
            #expect(challenge.hasPrefix("Bearer ") && challenge.contains("error_description="), "\(challenge)")
            #expect(challenge.contains(description), "\(challenge), not \(description)")
            #expect(challenge.contains("error=\"invalid_token\"") == (description != "missing"))
            if target == "/api/integrations" { bodies.insert(answer.text) }
        }
        #expect(bodies == [#"{"success":false,"error":"Authentication required"}"#])
        let bot = try await client.with(token: user).post(
            "/external-accounts", #"{"token":"t","attributes":{"discordId":"1"}}"#)
        #expect(bot.status == 401 && bot.header("WWW-Authenticate")?.contains("wrong kind") == true)
    }
}
