// One Kai network: FLO, EAG or MIN. `redirectUri` is spelled so, the state does not come back, no life of a token is
// told, and each refresh ends the pair before it.

import HTTPServer
import ProviderSDK

final class KaiStandIn: StandIn {
    private static let pageSize = 100

    let providerID = "kai"
    let variant: String?
    let oauth: OAuthServer?
    let data: (any SandboxData)?
    private let network: String
    private let server: OAuthServer
    private let dataset: Dataset
    private let seed: UInt64

    init(_ environment: SandboxEnvironment, _ network: String) {
        variant = network
        self.network = network
        let name = "kai/\(network)"
        let seed = environment.configuration.seed
        self.seed = seed
        let accounts = environment.accounts { number in
            var draw = Draw(seed: seed, account: number, type: name, number: 0)
            return SandboxAccount(
                id: String(10_000_000 + draw.below(89_999_999)), name: "DJ " + draw.base36(6))
        }
        let seconds = environment.setting(name, "accessTokenSeconds", "3600")
        let rules = OAuthRules(
            clientID: environment.setting(name, "clientId", "\(network)-sandbox-client"),
            clientSecret: environment.setting(name, "clientSecret", "\(network)-sandbox-secret")
        ) { rules in
            rules.clientAuthentication = [.form]
            rules.redirectURIParameter = "redirectUri"
            rules.redirectURIs = environment.configuration.redirectURIs[name] ?? []
            rules.returnsState = false
            rules.knownScopes = ["settings_read"]
            rules.defaultScopes = ["settings_read"]
            rules.pkce = .ignored
            rules.refresh = .rotates(graceSeconds: 0)
            rules.refreshEndsAccessTokens = true
            rules.accessTokenSeconds = Decimal.parse(seconds).map(Int64.init) ?? 3600
        }
        server = OAuthServer(
            network.uppercased(), rules, accounts: accounts, clock: environment.clock,
            denial: [
                ("error", "access_denied")
            ])
        oauth = server
        dataset = Dataset(
            environment, name: name, types: KaiObjects.types(hasIIDX: network != "min"), accounts: accounts)
        data = dataset
    }

    func settings() -> [String: String] {
        ["clientId": server.rules.clientID, "clientSecret": server.rules.clientSecret]
    }

    func endpoints(origin: String) -> [String: String] {
        let base = "\(origin)/kai/\(network)"
        return ["authorize": "\(base)/oauth/authorize", "token": "\(base)/oauth/token", "api": base]
    }

    var routes: [StandInRoute] {
        var routes = [
            StandInRoute(.get, "/oauth/authorize", .authorize) { [server] in server.authorize($0) },
            StandInRoute(.post, "/oauth/authorize", .authorize) { [server] in server.authorize($0) },
            StandInRoute(.post, "/oauth/token", .token) { [self] in token($0) },
        ]
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

    private func token(_ request: SandboxRequest) -> Answer {
        do throws(OAuthFault) {
            let tokens = try server.token(request)
            return .json(
                200,
                [
                    "access_token": .string(tokens.accessToken), "refresh_token": .text(tokens.refreshToken),
                    "token_type": "Bearer",
                ])
        } catch {
            return .json(error == .invalidClient ? 401 : 400, ["error": .string(error.code)])
        }
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
        return Self.page(links, rows)
    }

    static func page(_ links: JSONValue, _ rows: [[UInt8]]) -> Answer {
        var bytes = Array("{\"_links\":".utf8) + links.serialized + Array(",\"_items\":[".utf8)
        for (number, row) in rows.enumerated() {
            if number > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += row
        }
        bytes += "]}".utf8
        return .json(bytes: bytes)
    }

    private func profile(_ game: String, _ account: Int) -> Answer {
        let own = server.account(account)
        var draw = Draw(seed: seed, account: account, type: "kai-profile-\(network)-\(game)", number: 0)
        let times: [(key: String, value: JSONValue)] = [
            ("access_time", "2026-02-20T11:00:00Z"), ("register_time", "2019-05-04T09:30:00Z"),
        ]
        let members: [(key: String, value: JSONValue)] =
            game == "iidx/v2"
            ? [
                ("iidx_id", .integer(Int(own.id))), ("dj_name", .string(own.name)),
                ("sp", .integer(draw.within(0...18))),
                ("dp", draw.chance(30) ? .null : .integer(draw.within(0...18))),
            ]
            : [
                ("sdvx_id", .integer(Int(own.id))), ("name", .string(own.name)),
                ("skill_level", .integer(draw.within(0...12))),
            ]
        return .json(200, .object([("_links", .object([]))] + members + times))
    }

    func failure(_ status: UInt16, _ request: SandboxRequest?, kind: RouteKind) -> Answer {
        let names: [UInt16: String] = [400: "invalid_grant", 401: "unauthorized", 403: "forbidden", 404: "not_found"]
        return .json(
            status, ["error": .string(names[status] ?? (status == 429 ? "too_many_requests" : "internal_error"))])
    }
}
