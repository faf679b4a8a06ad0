// Stripe Connect for standard accounts, and Stripe Apps: where each lives, and who may call it. OAuth, lists, events and objects are
// in the files beside this one.

import HTTPServer
import ProviderSDK

@section("stand_ins") @used
private let entry: StandInEntry = {
    unsafe StandInList.add(to: $0) { [StripeStandIn($0, .connect), StripeStandIn($0, .apps)] }
}

struct StripeStandIn: StandIn {
    static let version = "2026-07-29.dahlia"

    let core: StandInCore
    /// How accounts are connected.
    let product: StripeProduct

    init(_ environment: SandboxEnvironment, _ product: StripeProduct) {
        self.product = product
        core = StandInCore(environment, Self.specification(product))
    }

    private static func specification(_ product: StripeProduct) -> StandInSpecification {
        StandInSpecification(
            "stripe", variant: product.variant, accountSeed: "account",
            account: { _, random in SandboxAccount(id: "acct_1" + random.base62(15), name: People.company(&random)) }
        ) { standIn in
            standIn.settings = product.settings
            standIn.endpoints = product.endpoints
            standIn.types = StripeObjects.types
            standIn.exponents = StripeObjects.exponents
            standIn.oauth = product.oauth
        }
    }

    var apiRoutes: [StandInRoute] {
        let lists = StripeLists(dataset)
        let events = StripeEvents(dataset, environment.clock)
        var routes = [
            api("/v1/account") { [server, product] caller, _ throws(StripeFault) in
                // What an app may read stands in its manifest; this one may not read its account.
                guard product == .connect else { throw .permissionMissing("account_read") }
                return StripeObjects.account(server.account(caller.account ?? 0), isPlatform: caller.account == nil)
            },
            api("/v1/events", events.list),
            api("/v1/events/{id}", events.one),
        ]
        if product == .connect {
            routes.append(StandInRoute(.post, "/oauth/deauthorize", kind: .revoke, deauthorize))
        }
        for write in StripeWrites(core: core).all {
            routes.append(
                StandInRoute(write.method, "/api\(write.path)") { [self] request in
                    let fields = [("Request-Id", "req_" + RandomText.base62(14))]
                    do throws(StripeFault) {
                        let caller = try caller(of: request)
                        let key = caller.account.map(String.init) ?? "platform"
                        guard limiter.count(key, RequestQuota(requests: 25, seconds: 1)).isAdmitted else {
                            throw .rateLimited
                        }
                        return write.handler(caller, request).with(fields)
                    } catch {
                        return failure(error).with(fields)
                    }
                })
        }
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
            return StripeProduct.refusal(error)
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
        return StripeProduct.refusal(status == 401 ? .invalidClient : .invalidGrant(.revoked))
    }
}
