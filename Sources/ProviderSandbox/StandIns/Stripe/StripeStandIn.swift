// Stripe Connect for standard accounts: where it lives, who may call it, and its OAuth endpoints. Lists, events and
// objects are in the files beside this one.

import HTTPServer
import ProviderSDK

@section("stand_ins") @used
private let entry: StandInEntry = {
    unsafe StandInList.add(to: $0) { [StripeStandIn($0)] }
}

struct StripeStandIn: StandIn {
    static let version = "2026-07-29.dahlia"

    let core: StandInCore

    init(_ environment: SandboxEnvironment) { core = StandInCore(environment, Self.specification) }

    private static let specification = StandInSpecification(
        "stripe", accountSeed: "account",
        account: { _, random in SandboxAccount(id: "acct_1" + random.base62(15), name: People.company(&random)) }
    ) { standIn in
        standIn.settings = [
            "clientId": "ca_sandbox", "clientSecret": "sk_sandbox_platform", "webhookSecret": "whsec_sandbox",
        ]
        standIn.endpoints = ["api": "/api", "revoke": "/oauth/deauthorize"]
        standIn.types = StripeObjects.types
        standIn.exponents = StripeObjects.exponents
        standIn.oauth = oauth
    }

    private static let oauth = OAuthSpecification(
        "Stripe", authorize: "/oauth/authorize", token: "/oauth/token"
    ) { oauth in
        oauth.rules = { rules in
            rules.clientAuthentication = [.secretAlone]
            rules.isRedirectURIRequired = false
            rules.redirectURIInExchange = .ignored
            rules.knownScopes = ["read_only", "read_write"]
            rules.defaultScopes = ["read_only"]
            rules.pkce = .ignored
            rules.refresh = .keeps
            rules.codePrefix = "ac_"
            rules.accessTokenPrefix = "sk_sandbox_"
            rules.refreshTokenPrefix = "rt_"
        }
        oauth.denial = [("error", "access_denied"), ("error_description", "The user denied your request")]
        oauth.callbackParameters = { grant, _ in [("scope", grant.scopes.joined(separator: " "))] }
        oauth.tokens = [
            .accessToken, .fixed("livemode", false), .refreshToken, .type("bearer"),
            .fixed("stripe_publishable_key", "pk_sandbox_platform"), .account("stripe_user_id"), .scope(),
        ]
        oauth.refusal = { refusal($0.fault) }
    }

    var apiRoutes: [StandInRoute] {
        let lists = StripeLists(dataset)
        let events = StripeEvents(dataset, environment.clock)
        var routes = [
            StandInRoute(.post, "/oauth/deauthorize", kind: .revoke, deauthorize),
            api("/v1/account") { [server] caller, _ in
                StripeObjects.account(server.account(caller.account ?? 0), isPlatform: caller.account == nil)
            },
            api("/v1/events", events.list),
            api("/v1/events/{id}", events.one),
        ]
        for (index, list) in StripeLists.all.enumerated() {
            routes.append(
                api(list.path) { caller, request throws(StripeFault) in try lists.list(index, caller, request) })
            routes.append(
                api("\(list.path)/{id}") { caller, request throws(StripeFault) in
                    try lists.one(index, caller, request)
                })
        }
        return routes
    }

    /// Who calls the API: a connected account, or the platform itself where there is none.
    struct Caller: Sendable {
        let account: Int?
    }

    private func api(
        _ path: String, _ handler: @escaping @Sendable (Caller, SandboxRequest) throws(StripeFault) -> [UInt8]
    ) -> StandInRoute {
        StandInRoute(.get, "/api\(path)") { [self] request in
            let id = "req_" + RandomText.base62(14)
            let fields = [("Request-Id", id), ("Stripe-Version", request.header("stripe-version") ?? Self.version)]
            do throws(StripeFault) {
                let caller = try caller(of: request)
                let key = caller.account.map(String.init) ?? "platform"
                guard limiter.count(key, RequestQuota(requests: 25, seconds: 1)).isAdmitted else {
                    throw .rateLimited
                }
                return .json(bytes: try handler(caller, request)).with(fields)
            } catch {
                return failure(error).with(fields)
            }
        }
    }

    /// The account that the key, and the Stripe-Account header, stand for.
    private func caller(of request: SandboxRequest) throws(StripeFault) -> Caller {
        guard let key = request.bearer ?? request.basic?.user, !key.isEmpty else { throw .noKey }
        let named = request.header("stripe-account")
        if key == server.rules.clientSecret {
            guard let named else { return Caller(account: nil) }
            let account = server.accounts.firstIndex { $0.id == named }
            guard let account, server.withServer({ server, _ in server.hasLiveGrant(account: account) }) else {
                throw .noAccess(key, account: named)
            }
            return Caller(account: account)
        }
        switch server.withServer({ $0.bearer(key, now: $1) }) {
        case .live(let grant, _):
            if let named, named != server.account(grant.account).id { throw .noAccess(key, account: named) }
            return Caller(account: grant.account)
        case .revoked(let grant): throw .noAccess(key, account: server.account(grant.account).id)
        case .expired, .unknown: throw .invalidKey(key)
        }
    }

    private static func refusal(_ fault: OAuthFault) -> Answer {
        .refusal(fault, clientStatus: 401, isDescribed: true)
    }

    /// Ends every grant of the account named.
    private func deauthorize(_ request: SandboxRequest) -> Answer {
        do throws(OAuthFault) {
            try server.authenticate(request)
            guard request.form["client_id"] == server.rules.clientID else { throw .invalidClient }
            guard let id = request.form["stripe_user_id"] else {
                throw .invalidRequest("The parameter stripe_user_id is missing.")
            }
            let account = server.accounts.firstIndex { $0.id == id }
            guard let account, server.withServer({ server, _ in server.revokeGrants(account: account) }) else {
                throw .invalidRequest("This application is not connected to the account \(id), or it does not exist.")
            }
            return .json(200, ["stripe_user_id": .string(id)])
        } catch {
            return Self.refusal(error)
        }
    }

    private func failure(_ fault: StripeFault) -> Answer {
        let answer = fault.answer
        return fault.status == 429 ? answer.with("Stripe-Rate-Limited-Reason", "global-rate") : answer
    }

    func failure(_ status: UInt16, _ request: SandboxRequest?, kind: RouteKind) -> Answer {
        if kind == .api || status >= 500 || status == 429 {
            return failure(StripeFault.of(status, request)).with("Request-Id", "req_" + RandomText.base62(14))
        }
        return Self.refusal(status == 401 ? .invalidClient : .invalidGrant(.revoked))
    }
}
