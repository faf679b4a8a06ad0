// QuickBooks Online: where it lives, who may read which company, its OAuth endpoints, JSON or XML. QuickBooksCompany answers
// queries and changes.

import HTTPServer
import ProviderSDK

@section("stand_ins") @used
private let entry: StandInEntry = {
    unsafe StandInList.add(to: $0) { [QuickBooksStandIn($0)] }
}

struct QuickBooksStandIn: StandIn {
    private static let scope = "com.intuit.quickbooks.accounting"

    let core: StandInCore
    private let company: QuickBooksCompany

    init(_ environment: SandboxEnvironment) {
        core = StandInCore(environment, Self.specification)
        company = QuickBooksCompany(core.dataset, environment.clock, core.server.accounts)
    }

    private static let specification = StandInSpecification(
        "quickbooks", accountSeed: "qb-company",
        account: { _, random in
            SandboxAccount(
                id: "93414" + String(10_000_000_000 + random.below(89_999_999_999)), name: People.company(&random))
        }
    ) { standIn in
        standIn.settings = [
            "clientId": "quickbooks-sandbox-client", "clientSecret": "quickbooks-sandbox-secret",
            "webhookVerifierToken": "quickbooks-verifier",
        ]
        standIn.endpoints = [
            "api": "/api", "revoke": "/v2/oauth2/tokens/revoke", "userinfo": "/v1/openid_connect/userinfo",
        ]
        standIn.types = QuickBooksObjects.types
        standIn.oauth = oauth
    }

    private static let oauth = OAuthSpecification(
        "QuickBooks", authorize: "/connect/oauth2", token: "/oauth2/v1/tokens/bearer"
    ) { oauth in
        oauth.rules = { rules in
            rules.knownScopes = [
                scope, "com.intuit.quickbooks.payment", "openid", "profile", "email", "phone", "address",
            ]
            rules.pkce = .ignored
            rules.refresh = .rotates(graceSeconds: 86_400)
            rules.accessTokenSeconds = 3600
            rules.refreshTokenSeconds = 8_726_400
            rules.codePrefix = "XAB"
            rules.accessTokenPrefix = "eyJlbmMiOiJ."
            rules.refreshTokenPrefix = "RT1-"
        }
        oauth.callbackParameters = { _, account in [("realmId", account.id)] }
        oauth.tokens = [
            .type("bearer"), .accessToken, .refreshToken, .expiresIn, .refreshExpiresIn("x_refresh_token_expires_in"),
            TokenMember("x_refresh_token_hard_expires_in") { context in
                guard context.request.header("x-include-refresh-token-hard-expires-in") == "true" else { return nil }
                // Five years from the day the user allowed it.
                let end = context.tokens.grant.created / 1000 + 5 * 365 * 86_400
                return .integer(max(0, end - context.now))
            },
            .idToken,
        ]
        oauth.refusal = { refusal($0.fault) }
    }

    private var writes: QuickBooksWrites { QuickBooksWrites(core: core) }

    var apiRoutes: [StandInRoute] {
        [
            StandInRoute(.post, "/v2/oauth2/tokens/revoke", kind: .revoke, revoke),
            StandInRoute(.get, "/v1/openid_connect/userinfo", userInfo),
            api(.get, "/query") { [company] account, request throws(QuickBooksFault) in
                try company.query(account, request.query["query"] ?? "")
            },
            api(.post, "/query") { [company] account, request throws(QuickBooksFault) in
                guard request.contentType == "application/text" else {
                    throw .invalid("A statement is sent as application/text.")
                }
                return try company.query(account, String(decoding: request.body, as: UTF8.self))
            },
            api(.get, "/cdc") { [company] account, request throws(QuickBooksFault) in
                try company.changes(account, request.query)
            },
            api(.get, "/companyinfo/{id}") { [company] account, _ throws(QuickBooksFault) in company.info(account) },
            api(.post, "/customer") { [writes] account, request throws(QuickBooksFault) in
                try writes.create(account, request, "Customer", "createCustomer")
            },
            api(.post, "/invoice") { [writes] account, request throws(QuickBooksFault) in
                try writes.create(account, request, "Invoice", "createInvoice")
            },
            api(.post, "/payment") { [writes] account, request throws(QuickBooksFault) in
                try writes.create(account, request, "Payment", "recordPayment")
            },
            api(.post, "/invoice/{id}/send") { [writes] account, request throws(QuickBooksFault) in
                try writes.send(account, request)
            },
            api(.get, "/{entity}/{id}") { [company] account, request throws(QuickBooksFault) in
                try company.one(account, request.capture("entity"), request.capture("id"))
            },
        ]
    }

    private typealias Handler = @Sendable (Int, SandboxRequest) throws(QuickBooksFault) -> [UInt8]

    private func api(_ method: HTTPMethod, _ path: String, _ handler: @escaping Handler) -> StandInRoute {
        StandInRoute(method, "/api/v3/company/{realm}\(path)") { [self] request in
            do throws(QuickBooksFault) {
                let account = try account(of: request)
                return answer(200, try handler(account, request), request)
            } catch {
                return answer(error, request)
            }
        }
    }

    private func account(of request: SandboxRequest) throws(QuickBooksFault) -> Int {
        switch server.bearer(request) {
        case .live(let grant, let scopes):
            guard server.account(grant.account).id == request.capture("realm") else { throw .wrongCompany }
            guard scopes.contains(Self.scope) else { throw .scopeMissing }
            let realm = request.capture("realm")
            guard limiter.count(realm, RequestQuota(requests: 500, seconds: 60)).isAdmitted,
                limiter.count("\(realm) burst", RequestQuota(requests: 10, seconds: 1)).isAdmitted
            else { throw .throttled }
            return grant.account
        case .expired: throw .unauthenticated("Token expired", isFromGateway: true)
        case .revoked: throw .unauthenticated("Token revoked", isFromGateway: false)
        case .unknown: throw .unauthenticated("Token invalid", isFromGateway: true)
        case nil: throw .unauthenticated("Token is missing", isFromGateway: false)
        }
    }

    /// JSON where it is asked for, else XML.
    private func answer(_ status: UInt16, _ json: [UInt8], _ request: SandboxRequest?) -> Answer {
        let answer: Answer
        if let request, request.header("accept")?.contains("application/json") != true {
            let value = (try? JSONValue.parse(json)) ?? .null
            var writer = XMLText(attributes: [
                "startPosition", "maxResults", "totalCount", "domain", "sparse", "status", "type", "code",
            ])
            var members = value.members ?? []
            let time = members.first { $0.key == "time" }?.value.string ?? company.time
            members.removeAll { $0.key == "time" }
            let text = writer.document(
                "IntuitResponse", [("xmlns", "http://schema.intuit.com/finance/v3"), ("time", time)], .object(members))
            answer = .text(status, text, type: "application/xml;charset=UTF-8")
        } else {
            answer = .json(status, bytes: json, type: "application/json;charset=UTF-8")
        }
        return answer.with("intuit_tid", "1-\(RandomText.uuid())")
    }

    private func answer(_ fault: QuickBooksFault, _ request: SandboxRequest?) -> Answer {
        let isXML = request.map { $0.header("accept")?.contains("application/json") != true } ?? false
        let body = isXML ? fault.xml : fault.json(time: company.time, milliseconds: environment.clock.milliseconds)
        let answer = answer(fault.status, body.serialized, request)
        return fault.status == 401
            ? answer.with("WWW-Authenticate", "Bearer realm=\"Intuit\", error=\"invalid_token\"") : answer
    }

    func failure(_ status: UInt16, _ request: SandboxRequest?, kind: RouteKind) -> Answer {
        if kind == .api { return answer(QuickBooksFault.of(status), request) }
        return .json(
            status,
            ["error": .string(status == 401 ? "invalid_client" : status >= 500 ? "server_error" : "invalid_grant")])
    }

    // MARK: OAuth

    private static func refusal(_ fault: OAuthFault) -> Answer {
        switch fault {
        case .invalidClient: .json(401, ["error": "invalid_client"])
        case .invalidGrant(.refreshTokenUsed), .invalidGrant(.refreshTokenExpired), .invalidGrant(.refreshTokenUnknown):
            .json(400, ["error": "invalid_grant", "error_description": "Incorrect or expired refresh token"])
        case .invalidGrant: .json(400, ["error": "invalid_grant", "error_description": "Token invalid"])
        default: .json(400, ["error": .string(fault.code)])
        }
    }

    /// Ends the grant that a token of either kind belongs to; the body is JSON.
    private func revoke(_ request: SandboxRequest) -> Answer {
        guard let (user, password) = request.basic, user == server.rules.clientID, password == server.rules.clientSecret
        else { return .json(401, ["error": "invalid_client"]) }
        guard request.contentType == "application/json",
            let token = (try? JSONValue.parse(request.body))?["token"]?.string
        else { return .json(400, ["error": "invalid_request"]) }
        let isKnown = server.withServer { server, _ in
            guard let grant = server.grant(of: token), !grant.isRevoked else { return false }
            server.revokeGrant(grant.number)
            return true
        }
        return isKnown ? Answer(200) : .json(400, ["error": "invalid_token"])
    }

    private func userInfo(_ request: SandboxRequest) -> Answer {
        guard case .live(let grant, let scopes) = server.bearer(request), scopes.contains("openid") else {
            return .json(401, ["error": "invalid_token"])
        }
        return .json(
            200,
            [
                "sub": .string("sandbox-user-\(grant.account)"), "email": "owner@example.com", "emailVerified": true,
                "givenName": "Sandbox", "familyName": "Owner",
            ])
    }
}
