// The Kai networks and ARC over a socket: the misspelt redirect, the lost state, rotation without grace, linked pages.

import ProviderSDK
import ProviderSandbox
import Testing

extension OAuthClient {
    /// Form credentials, as Kai takes them.
    fileprivate var credentials: [(String, String)] { [("client_id", id), ("client_secret", secret)] }

    fileprivate func kaiTokens() throws -> Reply {
        try exchange(try allow(scope: "settings_read", redirectName: "redirectUri")["code"], credentials, [])
    }
}

extension RunningSandbox {
    /// All items from a page on, following the links.
    fileprivate func items(_ path: String, _ token: String) throws -> (items: [JSONValue], pages: Int) {
        var items: [JSONValue] = []
        var pages = 0
        var next: String? = path
        while let path = next {
            let reply = try get(path, [bearer(token)])
            try #require(reply.status == 200, "\(reply.text)")
            items += try #require(reply.json["_items"]?.array)
            pages += 1
            let link = try #require(reply.json.at("_links._next"))
            next = link.string.map { String($0.dropFirst(origin.utf8.count)) }
            if let text = link.string { #expect(text.hasPrefix(origin + "/")) }
        }
        return (items, pages)
    }
}

@Suite("Kai", .timeLimit(.minutes(2)))
struct KaiTests {
    @Test("A misspelt redirect gets no state back", arguments: ["flo", "min", "eag"])
    func theRedirectIsMisspeltAndTheStateDoesNotComeBack(_ network: String) async throws {
        try await RunningSandbox.run { sandbox in
            let client = try OAuthClient(sandbox, "kai", network)
            let callback = try client.allow(scope: "settings_read", redirectName: "redirectUri")
            #expect(Set(callback.keys) == ["code"])
            let standard = try sandbox.get(
                "\(client.endpoints["authorize"] ?? "")?client_id=\(client.id)&response_type=code&redirect_uri=http%3A%2F%2Fa"
                    + "&decision=allow")
            #expect(standard.status == 400)
        }
    }

    @Test("Each refresh ends the pair before it")
    func eachRefreshEndsThePairBeforeIt() async throws {
        try await RunningSandbox.run { sandbox in
            let client = try OAuthClient(sandbox, "kai", "flo")
            let first = try client.kaiTokens()
            #expect(first.json["expires_in"] == nil)
            #expect(try client.exchange("x", [], [basic(client.id, client.secret)]).status == 401)
            let second = try client.refresh(first.refreshToken, client.credentials, [])
            #expect(second.status == 200)
            let profile = "\(client.api)/api/sdvx/v1/player_profile"
            #expect(try sandbox.get(profile, [bearer(first.accessToken ?? "")]).status == 401)
            #expect(try sandbox.get(profile, [bearer(second.accessToken ?? "")]).json["sdvx_id"]?.integer != nil)
            #expect(try client.refresh(first.refreshToken, client.credentials, []).status == 400)
            try sandbox.control("clock", #"{"advanceSeconds":3600}"#)
            #expect(try sandbox.get(profile, [bearer(second.accessToken ?? "")]).status == 401)
        }
    }

    @Test(
        "The links lead through every score exactly once",
        arguments: [
            ("flo", "iidx-scores", "iidx/v2"), ("eag", "sdvx-scores", "sdvx/v1"), ("min", "sdvx-scores", "sdvx/v1"),
        ])
    func theLinksLeadThroughEveryScoreExactlyOnce(_ network: String, _ type: String, _ game: String) async throws {
        try await RunningSandbox.run({ $0.objectCounts = ["kai/\(network)/\(type)": 230] }) { sandbox in
            let client = try OAuthClient(sandbox, "kai", network)
            let token = try #require(try client.kaiTokens().accessToken)
            let (items, pages) = try sandbox.items("\(client.api)/api/\(game)/play_history", token)
            let totals = try sandbox.get("/_sandbox/data/kai/\(network)/\(type)?ids=true").json
            #expect(pages == 3)
            #expect(items.count == 230)
            #expect(
                Set(items.compactMap { $0["_id"]?.integer.map(String.init) })
                    == Set(totals["ids"]?.array?.compactMap(\.string) ?? []))
        }
    }

    @Test("The MIN network has one game only")
    func minHasOneGameOnly() async throws {
        try await RunningSandbox.run { sandbox in
            let client = try OAuthClient(sandbox, "kai", "min")
            let token = try #require(try client.kaiTokens().accessToken)
            #expect(try sandbox.get("\(client.api)/api/iidx/v2/play_history", [bearer(token)]).status == 404)
        }
    }
}

@Suite("Arc", .timeLimit(.minutes(2)))
struct ArcTests {
    @Test("One token reads every profile", arguments: [("iidx-bests", "iidx/28"), ("sdvx-bests", "sdvx/6")])
    func oneTokenReadsEveryProfile(_ type: String, _ game: String) async throws {
        try await RunningSandbox.run { sandbox in
            let client = try OAuthClient(sandbox, "arc")
            let token = try #require(client.settings["accessToken"])
            let path = "\(client.api)/api/v1/\(game)/player_bests/?profile_id="
            let (items, _) = try sandbox.items(path + "sandbox-player-2", token)
            let totals = try sandbox.get("/_sandbox/data/arc/\(type)?ids=true&account=1").json
            #expect(Int64(items.count) == totals["count"]?.integer)
            #expect(
                Set(items.compactMap { $0["_id"]?.string }) == Set(totals["ids"]?.array?.compactMap(\.string) ?? []))
            #expect(try sandbox.items(path + "nobody", token).items.isEmpty)
            #expect(try sandbox.get(path + "sandbox-player-2", [bearer("other")]).status == 401)
            #expect(try sandbox.get(path.dropLast(13) + "?profile_id=1", [bearer(token)]).status == 404)
        }
    }

    @Test("A profile has ranks")
    func aProfileHasRanks() async throws {
        try await RunningSandbox.run { sandbox in
            let client = try OAuthClient(sandbox, "arc")
            let reply = try sandbox.get(
                "\(client.api)/api/v1/iidx/28/profiles/?_id=sandbox-player-1",
                [bearer(client.settings["accessToken"] ?? "")])
            #expect(reply.json.at("_items.0.sp.rank")?.string?.isEmpty == false)
        }
    }
}
