// Slack over a socket: errors under status 200, cursors, threads, scopes, rotation, tiers.

import ProviderSDK
import ProviderSandbox
import Testing

private let scope = "channels:read,groups:read,channels:history,groups:history,users:read,users:read.email,team:read"

private struct Workspace {
    let client: OAuthClient
    let token: String

    init(_ sandbox: RunningSandbox, scope: String = scope) throws {
        client = try OAuthClient(sandbox, "slack")
        token = try #require(try client.exchange(try client.allow(scope: scope)["code"]).accessToken)
    }

    func get(_ method: String) throws -> Reply { try client.sandbox.get("\(client.api)/\(method)", [bearer(token)]) }

    /// All entries of a method, page by page.
    func all(_ method: String, _ list: String) throws -> [JSONValue] {
        var entries: [JSONValue] = []
        var cursor = ""
        repeat {
            let reply = try get(method + "&cursor=" + Percent.encoded(cursor))
            try #require(reply.json["ok"]?.boolean == true, "\(reply.text)")
            entries += reply.json[list]?.array ?? []
            cursor = reply.json.at("response_metadata.next_cursor")?.string ?? ""
        } while !cursor.isEmpty
        return entries
    }
}

@Suite("Slack", .timeLimit(.minutes(2)))
struct SlackTests {
    @Test("Every message is found exactly once through histories and threads")
    func everyMessageIsFoundExactlyOnceThroughHistoriesAndThreads() async throws {
        try await RunningSandbox.run({ $0.objectCounts = ["slack/messages": 400] }) { sandbox in
            let workspace = try Workspace(sandbox)
            let channels = try workspace.all(
                "conversations.list?types=public_channel,private_channel&limit=5", "channels")
            #expect(channels.count > 8)
            var ids: [String] = []
            var replies = 0
            for channel in channels where channel["is_member"]?.boolean == true {
                let id = try #require(channel["id"]?.string)
                let history = try workspace.all("conversations.history?channel=\(id)&limit=30", "messages")
                let times = history.compactMap { $0["ts"]?.string }
                #expect(times == times.sorted(by: >))
                ids += times.map { "\(id)-\($0)" }
                for message in history where message["reply_count"] != nil {
                    let time = try #require(message["ts"]?.string)
                    let thread = try workspace.all("conversations.replies?channel=\(id)&ts=\(time)&limit=2", "messages")
                    #expect(thread.first?["ts"]?.string == time)
                    let answers = thread.filter { $0["ts"]?.string != time }
                    #expect(Int64(answers.count) == message["reply_count"]?.integer)
                    #expect(answers.last?["ts"]?.string == message["latest_reply"]?.string)
                    let hidden = answers.filter { $0["subtype"]?.string != "thread_broadcast" }
                    replies += hidden.count
                    ids += hidden.compactMap { $0["ts"]?.string }.map { "\(id)-\($0)" }
                }
            }
            let totals = try sandbox.get("/_sandbox/data/slack/messages?ids=true").json
            #expect(replies > 20)
            #expect(ids.count == 400)
            #expect(Set(ids) == Set(totals["ids"]?.array?.compactMap(\.string) ?? []))
        }
    }

    @Test("A page of channels may be short and not the last")
    func aPageOfChannelsMayBeShortAndNotTheLast() async throws {
        try await RunningSandbox.run { sandbox in
            let workspace = try Workspace(sandbox)
            let page = try workspace.get("conversations.list?types=private_channel&limit=5")
            #expect(page.json["channels"]?.count == 0)
            #expect(page.json.at("response_metadata.next_cursor")?.string?.isEmpty == false)
            let all = try workspace.all("conversations.list?types=private_channel&limit=5", "channels")
            #expect(!all.isEmpty)
            let first = try #require(try workspace.get("conversations.list?limit=1").json.at("channels.0"))
            #expect(first["updated"]?.integer ?? 0 > 1_000_000_000_000)
            #expect(first["created"]?.integer ?? 0 < 10_000_000_000)
        }
    }

    @Test("The oldest moment is exclusive unless said otherwise")
    func theOldestMomentIsExclusiveUnlessSaidOtherwise() async throws {
        try await RunningSandbox.run { sandbox in
            let workspace = try Workspace(sandbox)
            let id = try #require(try workspace.get("conversations.list").json.at("channels.0.id")?.string)
            let messages =
                try workspace.get("conversations.history?channel=\(id)&limit=10").json["messages"]?.array ?? []
            let oldest = try #require(messages.last?["ts"]?.string)
            let path = "conversations.history?channel=\(id)&limit=100&oldest=\(oldest)"
            #expect(try workspace.get(path).json["messages"]?.count == 9)
            #expect(try workspace.get(path + "&inclusive=true").json["messages"]?.count == 10)
            try sandbox.control("clock", #"{"advanceSeconds":10}"#)
            try sandbox.control(
                "data", #"{"provider":"slack","type":"messages","action":"create","count":2,"set":{"owner":0}}"#)
            #expect(try workspace.get(path).json["messages"]?.count == 11)
        }
    }

    @Test("Edits and deletions appear only where they are read again")
    func editsAndDeletionsShowOnlyWhereTheyAreReadAgain() async throws {
        try await RunningSandbox.run { sandbox in
            let workspace = try Workspace(sandbox)
            let id = try #require(try workspace.get("conversations.list").json.at("channels.0.id")?.string)
            let messages =
                try workspace.get("conversations.history?channel=\(id)&limit=3").json["messages"]?.array ?? []
            let times = messages.compactMap { $0["ts"]?.string }
            try sandbox.control(
                "data", #"{"provider":"slack","type":"messages","action":"update","id":"\#(id)-\#(times[0])"}"#)
            try sandbox.control(
                "data", #"{"provider":"slack","type":"messages","action":"delete","id":"\#(id)-\#(times[1])"}"#)
            let again = try workspace.get("conversations.history?channel=\(id)&limit=2").json["messages"]?.array ?? []
            #expect(again.map { $0["ts"]?.string } == [times[0], times[2]])
            #expect(again[0].at("edited.ts")?.string != nil)
        }
    }

    @Test(
        "Errors come with status 200",
        arguments: [
            ("conversations.history?channel=C0NONE", "channel_not_found"),
            ("conversations.list?types=galaxy", "invalid_types"),
            ("conversations.list?limit=zero", "invalid_limit"), ("conversations.list?cursor=abc", "invalid_cursor"),
            ("conversations.list?types=im", "missing_scope"), ("users.unknown", "unknown_method"),
        ])
    func errorsComeWithStatus200(_ method: String, _ error: String) async throws {
        try await RunningSandbox.run { sandbox in
            let reply = try Workspace(sandbox).get(method)
            #expect(reply.status == 200)
            #expect(reply.json["ok"]?.boolean == false)
            #expect(reply.json["error"]?.string == error)
        }
    }

    @Test("A missing scope is named")
    func aMissingScopeIsNamed() async throws {
        try await RunningSandbox.run { sandbox in
            let workspace = try Workspace(sandbox, scope: "chat:write,channels:read,users:read")
            let id = try #require(try workspace.get("conversations.list").json.at("channels.0.id")?.string)
            let reply = try workspace.get("conversations.history?channel=\(id)")
            #expect(reply.json["error"]?.string == "missing_scope")
            #expect(reply.json["needed"]?.string == "channels:history")
            #expect(reply.json["provided"]?.string == "chat:write,channels:read,users:read")
            let users = try workspace.get("users.list?limit=100").json["members"]?.array ?? []
            #expect(users.count == 60)
            #expect(users.allSatisfy { $0.at("profile.email") == nil })
            #expect(users[0]["id"]?.string == "USLACKBOT")
            #expect(users[0]["is_bot"]?.boolean == false)
        }
    }

    @Test("Tokens do not expire until they are revoked")
    func tokensLiveForEverUntilRevoked() async throws {
        try await RunningSandbox.run { sandbox in
            let workspace = try Workspace(sandbox)
            let client = workspace.client
            try sandbox.control("clock", #"{"advanceSeconds":100000000}"#)
            let test = try workspace.get("auth.test")
            #expect(test.json["team_id"]?.string?.hasPrefix("T0") == true)
            let revoke = client.endpoints["revoke"] ?? ""
            let dry = try sandbox.post(revoke, form: [("test", "1")], [bearer(workspace.token)])
            #expect(dry.json["revoked"]?.boolean == false)
            #expect(try workspace.get("auth.test").json["ok"]?.boolean == true)
            let done = try sandbox.post(revoke, form: [], [bearer(workspace.token)])
            #expect(done.json["revoked"]?.boolean == true)
            #expect(try workspace.get("auth.test").json["error"]?.string == "token_revoked")
        }
    }

    @Test("With rotation a refresh token is good once")
    func withRotationARefreshTokenIsGoodOnce() async throws {
        try await RunningSandbox.run({ $0.settings = ["slack": ["tokenRotation": "true"]] }) { sandbox in
            let client = try OAuthClient(sandbox, "slack")
            let first = try client.exchange(try client.allow(scope: scope)["code"])
            #expect(first.json["expires_in"]?.integer == 43_200)
            let second = try client.refresh(first.refreshToken)
            #expect(second.json["ok"]?.boolean == true)
            let again = try client.refresh(first.refreshToken)
            #expect(again.status == 200)
            #expect(again.json["error"]?.string == "invalid_refresh_token")
            try sandbox.control("clock", #"{"advanceSeconds":43200}"#)
            let test = try sandbox.get("\(client.api)/auth.test", [bearer(second.accessToken ?? "")])
            #expect(test.json["error"]?.string == "token_expired")
        }
    }

    @Test(
        "Token errors have slacks names",
        arguments: [
            ([("client_id", "x"), ("client_secret", "y")], [], "invalid_client_id"),
            ([("client_secret", "y")], [], "bad_client_secret"), ([], [("code", "none")], "invalid_code"),
            ([], [("redirect_uri", "https://other.example/")], "bad_redirect_uri"),
            ([], [("grant_type", "password")], "invalid_grant_type"),
        ] as [([(String, String)], [(String, String)], String)])
    func tokenErrorsHaveSlacksNames(
        _ credentials: [(String, String)], _ extra: [(String, String)], _ error: String
    ) async throws {
        try await RunningSandbox.run { sandbox in
            let client = try OAuthClient(sandbox, "slack")
            let code = try client.allow(scope: scope)["code"] ?? ""
            var form = [
                ("code", code), ("redirect_uri", OAuthClient.redirectURI), ("client_id", client.id),
                ("client_secret", client.secret),
            ]
            for pair in credentials + extra {
                form.removeAll { $0.0 == pair.0 }
                form.append(pair)
            }
            let reply = try client.token(form, [])
            #expect(reply.status == 200)
            #expect(reply.json["error"]?.string == error)
        }
    }

    @Test("Beyond the tier is 429 with retry after")
    func beyondTheTierIs429WithRetryAfter() async throws {
        try await RunningSandbox.run({ $0.enforcesRateLimits = true }) { sandbox in
            let workspace = try Workspace(sandbox)
            for _ in 0..<20 { #expect(try workspace.get("users.list").status == 200) }
            let refused = try workspace.get("users.list")
            #expect(refused.status == 429)
            #expect(refused.json["error"]?.string == "ratelimited")
            #expect(refused.headers["retry-after"] == "60")
            #expect(try workspace.get("conversations.list").status == 200)
        }
    }
}
