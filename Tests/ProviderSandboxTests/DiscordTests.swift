// Discord over a socket: form tokens, members by ascending id, roles, the User-Agent, rate headers.

import ProviderSDK
import ProviderSandbox
import Testing

private let agent = ("User-Agent", "DiscordBot (https://example.com, 1.0)")

private struct Server {
    let client: OAuthClient
    let guild: String

    init(_ sandbox: RunningSandbox) throws {
        client = try OAuthClient(sandbox, "discord")
        guild = try #require(client.settings["guildId"])
    }

    var bot: [(String, String)] { [agent, ("Authorization", "Bot \(client.settings["botToken"] ?? "")")] }

    func members(_ query: String) throws -> Reply {
        try client.sandbox.get("\(client.api)/guilds/\(guild)/members?\(query)", bot)
    }

    func tokens(_ scope: String = "identify guilds guilds.members.read") throws -> Reply {
        try client.exchange(try client.allow(scope: scope)["code"])
    }
}

@Suite("Discord", .timeLimit(.minutes(2)))
struct DiscordTests {
    @Test("Members come by ascending id each exactly once")
    func membersComeByAscendingIdEachExactlyOnce() async throws {
        try await RunningSandbox.run { sandbox in
            let server = try Server(sandbox)
            var ids: [String] = []
            while true {
                let page = try #require(try server.members("limit=500&after=\(ids.last ?? "0")").json.array)
                ids += page.compactMap { $0.at("user.id")?.string }
                if page.count < 500 { break }
            }
            let numbers = ids.compactMap { UInt64($0) }
            #expect(numbers == numbers.sorted())
            #expect(numbers.allSatisfy { $0 > 1 << 53 })
            let totals = try sandbox.get("/_sandbox/data/discord/members?ids=true").json
            #expect(ids.count == 1200)
            #expect(Set(ids) == Set(totals["ids"]?.array?.compactMap(\.string) ?? []))
            #expect(try server.members("").json.count == 1)
            #expect(try server.members("limit=1001").json["code"]?.integer == 50035)
        }
    }

    @Test("Tokens are for forms only and rotate")
    func tokensAreForFormsOnlyAndRotate() async throws {
        try await RunningSandbox.run { sandbox in
            let server = try Server(sandbox)
            let client = server.client
            let first = try server.tokens()
            #expect(first.json["expires_in"]?.integer == 604_800)
            #expect(first.json["token_type"]?.string == "Bearer")
            let json = try sandbox.post(
                client.endpoints["token"] ?? "", json: #"{"grant_type":"refresh_token"}"#,
                [basic(client.id, client.secret)])
            #expect(json.status == 400)
            let second = try client.refresh(first.refreshToken)
            #expect(second.status == 200)
            let dead = try client.refresh(first.refreshToken)
            #expect(dead.status == 400)
            #expect(dead.json["error"]?.string == "invalid_grant")
            let revoke = client.endpoints["revoke"] ?? ""
            let form = [("token", second.refreshToken ?? "")]
            #expect(try sandbox.post(revoke, form: form, [basic(client.id, client.secret)]).status == 200)
            let me = try sandbox.get("\(client.api)/users/@me", [agent, bearer(second.accessToken ?? "")])
            #expect(me.status == 401)
            #expect(me.json["code"]?.integer == 0)
        }
    }

    @Test("A user reads what the scopes allow")
    func aUserReadsWhatTheScopesAllow() async throws {
        try await RunningSandbox.run { sandbox in
            let server = try Server(sandbox)
            let token = bearer(try server.tokens().accessToken ?? "")
            let api = server.client.api
            let me = try sandbox.get("\(api)/users/@me", [agent, token]).json
            #expect(me["email"] == nil)
            let guilds = try #require(try sandbox.get("\(api)/users/@me/guilds", [agent, token]).json.array)
            #expect(guilds.first?["id"]?.string == server.guild)
            let own = try sandbox.get("\(api)/users/@me/guilds/\(server.guild)/member", [agent, token]).json
            #expect(own.at("user.id")?.string == me["id"]?.string)
            let narrow = bearer(try server.tokens("identify").accessToken ?? "")
            #expect(try sandbox.get("\(api)/users/@me/guilds", [agent, narrow]).json["code"]?.integer == 50001)
            #expect(try sandbox.get("\(api)/guilds/\(server.guild)", [agent, token]).status == 401)
            let callback = try server.client.allow(scope: "bot identify", [("permissions", "8")])
            #expect(callback["guild_id"] == server.guild)
            #expect(callback["permissions"] == "8")
        }
    }

    @Test("Roles are given and taken")
    func rolesAreGivenAndTaken() async throws {
        try await RunningSandbox.run { sandbox in
            let server = try Server(sandbox)
            let role = try #require(server.client.settings["unverifiedRoleId"])
            let members = try #require(try server.members("limit=100").json.array)
            let member = try #require(
                members.first { ($0["roles"]?.array ?? []).contains(.string(role)) }?.at("user.id")?.string)
            let path = "\(server.client.api)/guilds/\(server.guild)/members/\(member)"
            #expect(try sandbox.send("DELETE", "\(path)/roles/\(role)", server.bot).status == 204)
            #expect(try sandbox.get(path, server.bot).json["roles"]?.array?.contains(.string(role)) == false)
            #expect(try sandbox.send("PUT", "\(path)/roles/\(role)", server.bot).status == 204)
            let after = try #require(try server.members("limit=100").json.array)
            let own = after.first { $0.at("user.id")?.string == member }
            #expect(own?["roles"]?.array?.contains(.string(role)) == true)
            #expect(try sandbox.send("DELETE", "\(path)/roles/1", server.bot).json["code"]?.integer == 10011)
            let nobody = "\(server.client.api)/guilds/\(server.guild)/members/1/roles/\(role)"
            #expect(try sandbox.send("DELETE", nobody, server.bot).json["code"]?.integer == 10007)
        }
    }

    @Test("Without a proper user agent nothing is served")
    func withoutAProperUserAgentNothingIsServed() async throws {
        try await RunningSandbox.run { sandbox in
            let server = try Server(sandbox)
            let reply = try sandbox.get("\(server.client.api)/users/@me", [bearer("x")])
            #expect(reply.status == 403)
            #expect(reply.json["code"]?.integer == 40333)
        }
    }

    @Test("Limits are reported and enforced")
    func limitsAreToldAndEnforced() async throws {
        try await RunningSandbox.run({ $0.enforcesRateLimits = true }) { sandbox in
            let server = try Server(sandbox)
            for left in (0..<10).reversed() {
                let reply = try server.members("limit=1")
                #expect(reply.headers["x-ratelimit-remaining"] == String(left))
                #expect(reply.headers["x-ratelimit-bucket"]?.isEmpty == false)
            }
            let refused = try server.members("limit=1")
            #expect(refused.status == 429)
            #expect(refused.json["retry_after"]?.number?.double == 10)
            #expect(refused.headers["x-ratelimit-scope"] == "user")
        }
    }
}
