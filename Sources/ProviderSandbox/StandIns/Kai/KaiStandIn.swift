// One Kai network: FLO, EAG or MIN. `redirectUri` is spelled so, the state does not come back, the lives of
// tokens are not stated, and each refresh ends the pair before it.

import HTTPServer
import ProviderSDK

@section("stand_ins") @used
private let entry: StandInEntry = {
    unsafe StandInList.add(to: $0) { environment in
        ["flo", "min", "eag"].map { KaiStandIn(environment, $0) }
    }
}

struct KaiStandIn: StandIn {
    private static let pageSize = 100

    let core: StandInCore
    private let network: String

    init(_ environment: SandboxEnvironment, _ network: String) {
        self.network = network
        core = StandInCore(environment, Self.specification(environment, network))
    }

    private static func specification(_ environment: SandboxEnvironment, _ network: String) -> StandInSpecification {
        StandInSpecification(
            "kai", variant: network, accountSeed: "kai/\(network)",
            account: { _, random in
                SandboxAccount(id: String(10_000_000 + random.below(89_999_999)), name: "DJ " + random.base36(6))
            }
        ) { standIn in
            standIn.settings = ["clientId": "\(network)-sandbox-client", "clientSecret": "\(network)-sandbox-secret"]
            standIn.endpoints = ["api": ""]
            standIn.types = KaiObjects.types(hasIIDX: network != "min")
            let seconds = environment.setting("kai/\(network)", "accessTokenSeconds", "3600")
            standIn.oauth = oauth(network, accessTokenSeconds: Decimal.parse(seconds).map(Int64.init) ?? 3600)
        }
    }

    private static func oauth(_ network: String, accessTokenSeconds: Int64) -> OAuthSpecification {
        OAuthSpecification(network.uppercased(), authorize: "/oauth/authorize", token: "/oauth/token") { oauth in
            oauth.rules = { rules in
                rules.clientAuthentication = [.form]
                rules.redirectURIParameter = "redirectUri"
                rules.returnsState = false
                rules.knownScopes = ["settings_read"]
                rules.defaultScopes = ["settings_read"]
                rules.pkce = .ignored
                rules.refresh = .rotates(graceSeconds: 0)
                rules.refreshEndsAccessTokens = true
                rules.accessTokenSeconds = accessTokenSeconds
            }
            oauth.tokens = [.accessToken, .refreshToken, .type("Bearer")]
        }
    }

    var apiRoutes: [StandInRoute] {
        var routes: [StandInRoute] = []
        let games = dataset.typeNames.enumerated().map { index, name in
            (index, name == "iidx-scores" ? "iidx/v2" : "sdvx/v1")
        }
        for (index, game) in games {
            routes.append(
                StandInRoute(.get, "/api/\(game)/play_history") { [self] request in
                    admitted(request) { history(index, "/api/\(game)/play_history", $0, request) }
                })
            routes.append(
                StandInRoute(.get, "/api/\(game)/player_profile") { [self] request in
                    admitted(request) { profile(game, $0) }
                })
        }
        return routes
    }

    private func admitted(_ request: SandboxRequest, _ answer: (Int) -> Answer) -> Answer {
        guard case .live(let grant, _) = server.bearer(request) else { return failure(401, request, kind: .api) }
        return answer(grant.account)
    }

    /// A page, newest first, and the absolute address of the next.
    private func history(_ index: Int, _ path: String, _ account: Int, _ request: SandboxRequest) -> Answer {
        let below = request.query["before"].flatMap(Decimal.parse)
        let (rows, next): ([[UInt8]], Int?) = dataset.withTable(account, index) { table, type, context in
            let page = table.newestFirst(below: below, limit: Self.pageSize) { _ in true }
            return (page.positions.map { table.bytes($0, type, context) }, page.hasMore ? page.positions.last : nil)
        }
        let own = "\(request.origin)/kai/\(network)\(path)"
        let links: JSONValue = ["_self": .string(own), "_next": .text(next.map { "\(own)?before=\($0)" })]
        return .items(rows, links: links)
    }

    private func profile(_ game: String, _ account: Int) -> Answer {
        let own = server.account(account)
        var random = SeededRandom(seed: core.seed, account: account, type: "kai-profile-\(network)-\(game)", number: 0)
        let times: [(key: String, value: JSONValue)] = [
            ("access_time", "2026-02-20T11:00:00Z"), ("register_time", "2019-05-04T09:30:00Z"),
        ]
        let members: [(key: String, value: JSONValue)] =
            game == "iidx/v2"
            ? [
                ("iidx_id", .integer(Int(own.id))), ("dj_name", .string(own.name)),
                ("sp", .integer(random.within(0...18))),
                ("dp", random.chance(30) ? .null : .integer(random.within(0...18))),
            ]
            : [
                ("sdvx_id", .integer(Int(own.id))), ("name", .string(own.name)),
                ("skill_level", .integer(random.within(0...12))),
            ]
        return .json(200, .object([("_links", .object([]))] + members + times))
    }

    func failure(_ status: UInt16, _ request: SandboxRequest?, kind: RouteKind) -> Answer {
        let names: [UInt16: String] = [400: "invalid_grant", 401: "unauthorized", 403: "forbidden", 404: "not_found"]
        return .json(
            status, ["error": .string(names[status] ?? (status == 429 ? "too_many_requests" : "internal_error"))])
    }
}
