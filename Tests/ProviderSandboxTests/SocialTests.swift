// Instagram, TikTok and Reddit over a socket: tokens that renew themselves, a client id by another name, listings by
// full name.

import ProviderSDK
import ProviderSandbox
import Testing

private let agent = ("User-Agent", "web:sandbox-tests:1.0 (by /u/nobody)")

@Suite("Instagram", .timeLimit(.minutes(2)))
struct InstagramTests {
    private func client(_ sandbox: RunningSandbox, _ extra: [(String, String)] = []) throws -> (OAuthClient, JSONValue)
    {
        let client = try OAuthClient(sandbox, "instagram")
        let code = try client.allow(scope: "instagram_business_basic", extra)["code"]
        let reply = try client.exchange(code, [("client_id", client.id), ("client_secret", client.secret)], [])
        try #require(reply.status == 200, "\(reply.text)")
        return (client, reply.json)
    }

    @Test("A short token becomes a long one which renews itself after a day")
    func aShortTokenBecomesALongOneWhichRenewsItselfAfterADay() async throws {
        try await RunningSandbox.run { sandbox in
            let (client, first) = try client(sandbox)
            let short = try #require(first["access_token"]?.string)
            #expect(first["user_id"]?.string != nil)
            #expect(first["expires_in"] == nil)
            let exchange = "\(client.api)/access_token?grant_type=ig_exchange_token&client_secret="
            #expect(try sandbox.get("\(exchange)wrong&access_token=\(short)").status == 400)
            let long = try sandbox.get("\(exchange)\(client.secret)&access_token=\(short)")
            #expect(long.json["expires_in"]?.integer == 5_184_000)
            let token = try #require(long.accessToken)
            let refresh = "\(client.api)/refresh_access_token?grant_type=ig_refresh_token&access_token="
            #expect(try sandbox.get(refresh + token).json.at("error.code")?.integer == 100)
            try sandbox.control("clock", #"{"advanceSeconds":86400}"#)
            let renewed = try sandbox.get(refresh + token)
            #expect(renewed.status == 200)
            #expect(renewed.accessToken != token)
            #expect(try sandbox.get("\(client.api)/me?access_token=\(short)").json.at("error.code")?.integer == 190)
            try sandbox.control("clock", #"{"advanceSeconds":5200000}"#)
            #expect(try sandbox.get(refresh + token).json.at("error.code")?.integer == 190)
        }
    }

    @Test("Every post is read exactly once and the last page has no link")
    func everyPostIsReadExactlyOnceAndTheLastPageHasNoLink() async throws {
        try await RunningSandbox.run({ $0.objectCounts = ["instagram/media": 75] }) { sandbox in
            let (client, first) = try client(sandbox, [("account", "1")])
            let token = try #require(first.at("data.0.access_token")?.string)
            var ids: [String] = []
            var after = ""
            while true {
                let reply = try sandbox.get(
                    "\(client.api)/me/media?fields=id,timestamp&limit=25\(after)", [bearer(token)])
                try #require(reply.status == 200, "\(reply.text)")
                ids += reply.json["data"]?.array?.compactMap { $0["id"]?.string } ?? []
                let cursor = try #require(reply.json.at("paging.cursors.after")?.string)
                guard reply.json.at("paging.next") != nil else { break }
                after = "&after=\(cursor)"
            }
            #expect(ids.count == 75)
            #expect(Set(ids).count == 75)
            let me = try sandbox.get("\(client.api)/me?fields=user_id,username,media_count", [bearer(token)]).json
            #expect(me["media_count"]?.integer == 75)
            #expect(me["username"]?.string == "studio.2")
            #expect(try sandbox.get("\(client.api)/me?fields=colour", [bearer(token)]).status == 400)
        }
    }
}

@Suite("Tik tok", .timeLimit(.minutes(2)))
struct TikTokTests {
    private func tokens(_ sandbox: RunningSandbox, _ scope: String = "user.info.basic,video.list") throws -> (
        OAuthClient, Reply
    ) {
        let client = try OAuthClient(sandbox, "tiktok")
        let callback = try client.allow(scope: scope, idName: "client_key")
        #expect(callback["code"]?.contains("*0!") == true)
        return (client, try client.exchange(callback["code"], credentials(client), []))
    }

    private func credentials(_ client: OAuthClient) -> [(String, String)] {
        [("client_key", client.id), ("client_secret", client.secret)]
    }

    @Test("The client ID is a key and refresh tokens are good once")
    func theClientIDIsAKeyAndRefreshTokensAreGoodOnce() async throws {
        try await RunningSandbox.run { sandbox in
            let (client, first) = try tokens(sandbox)
            #expect(first.json["open_id"]?.string?.hasPrefix("-000") == true)
            #expect(first.json["refresh_expires_in"]?.integer == 15_552_000)
            #expect(
                try client.refresh(
                    first.refreshToken, [("client_id", client.id), ("client_secret", client.secret)], []
                ).status == 401)
            #expect(try client.refresh(first.refreshToken, credentials(client), []).status == 200)
            let again = try client.refresh(first.refreshToken, credentials(client), [])
            #expect(again.status == 400)
            #expect(again.json["error"]?.string == "invalid_grant")
            #expect(again.json["log_id"]?.string != nil)
        }
    }

    @Test("Every video is read exactly once by time cursor")
    func everyVideoIsReadExactlyOnceByTimeCursor() async throws {
        try await RunningSandbox.run({ $0.objectCounts = ["tiktok/videos": 53] }) { sandbox in
            let (client, tokens) = try tokens(sandbox)
            let token = bearer(try #require(tokens.accessToken))
            var ids: [String] = []
            var cursor: Int64 = 0
            while true {
                let reply = try sandbox.post(
                    "\(client.api)/v2/video/list/?fields=id,create_time",
                    json: "{\"max_count\":20,\"cursor\":\(cursor)}", [token])
                #expect(reply.json.at("error.code")?.string == "ok")
                ids += reply.json.at("data.videos")?.array?.compactMap { $0["id"]?.string } ?? []
                cursor = try #require(reply.json.at("data.cursor")?.integer)
                if reply.json.at("data.has_more")?.boolean != true { break }
            }
            #expect(ids.count == 53)
            #expect(Set(ids).count == 53)
            let wrong = try sandbox.post("\(client.api)/v2/video/list/?fields=colour", json: "{}", [token])
            #expect(wrong.json.at("error.code")?.string == "invalid_params")
        }
    }

    @Test("Scopes and tokens are checked")
    func scopesAndTokensAreChecked() async throws {
        try await RunningSandbox.run { sandbox in
            let (client, tokens) = try tokens(sandbox, "user.info.basic")
            let token = bearer(try #require(tokens.accessToken))
            let user = try sandbox.get("\(client.api)/v2/user/info/?fields=open_id,display_name", [token])
            #expect(user.json.at("data.user.display_name")?.string == "creator 1 🎬")
            let list = try sandbox.post("\(client.api)/v2/video/list/?fields=id", json: "{}", [token])
            #expect(list.json.at("error.code")?.string == "scope_not_authorized")
            try sandbox.control("clock", #"{"advanceSeconds":7200}"#)
            let dead = try sandbox.get("\(client.api)/v2/user/info/?fields=open_id", [token])
            #expect(dead.status == 401)
            #expect(dead.json.at("error.code")?.string == "access_token_invalid")
        }
    }
}

@Suite("Reddit", .timeLimit(.minutes(2)))
struct RedditTests {
    private func tokens(_ sandbox: RunningSandbox, _ extra: [(String, String)]) throws -> (OAuthClient, Reply) {
        let client = try OAuthClient(sandbox, "reddit")
        let code = try client.allow(scope: "identity history", extra)["code"]
        return (client, try client.exchange(code, [], [basic(client.id, client.secret), agent]))
    }

    @Test("Only a permanent grant has a refresh token and it stays")
    func onlyAPermanentGrantHasARefreshTokenAndItStays() async throws {
        try await RunningSandbox.run { sandbox in
            #expect(try tokens(sandbox, []).1.refreshToken == nil)
            let (client, permanent) = try tokens(sandbox, [("duration", "permanent")])
            let headers = [basic(client.id, client.secret), agent]
            let refresh = try #require(permanent.refreshToken)
            #expect(try client.refresh(refresh, [], headers).refreshToken == refresh)
            #expect(try client.refresh(refresh, [], headers).status == 200)
            #expect(try client.refresh(refresh, [], [basic(client.id, client.secret)]).status == 429)
            #expect(
                try sandbox.post(client.endpoints["revoke"] ?? "", form: [("token", refresh)], headers).status == 204)
            #expect(try client.refresh(refresh, [], headers).status == 400)
        }
    }

    @Test(
        "Every thing is read exactly once", arguments: [("posts", "submitted", "t3"), ("comments", "comments", "t1")])
    func everyThingIsReadExactlyOnce(_ type: String, _ path: String, _ kind: String) async throws {
        try await RunningSandbox.run { sandbox in
            let (client, tokens) = try tokens(sandbox, [])
            let headers = [agent, bearer(try #require(tokens.accessToken))]
            let name = try #require(try sandbox.get("\(client.api)/api/v1/me", headers).json["name"]?.string)
            var ids: [String] = []
            var after = ""
            repeat {
                let reply = try sandbox.get(
                    "\(client.api)/user/\(name)/\(path)?raw_json=1&limit=100&after=\(after)", headers)
                #expect(reply.json["kind"]?.string == "Listing")
                let things = reply.json.at("data.children")?.array ?? []
                #expect(things.allSatisfy { $0["kind"]?.string == kind })
                ids += things.compactMap { $0.at("data.id")?.string }
                #expect(reply.headers["x-ratelimit-remaining"]?.hasSuffix(".0") == true)
                after = reply.json.at("data.after")?.string ?? ""
            } while !after.isEmpty
            let totals = try sandbox.get("/_sandbox/data/reddit/\(type)?ids=true").json
            #expect(Set(ids) == Set(totals["ids"]?.array?.compactMap(\.string) ?? []))
            #expect(Int64(ids.count) == totals["count"]?.integer)
            #expect(try sandbox.get("\(client.api)/user/other/\(path)", headers).status == 404)
        }
    }
}
