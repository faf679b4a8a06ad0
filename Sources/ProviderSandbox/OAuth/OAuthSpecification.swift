// A provider's OAuth 2.0 as data: its paths, its rules, the words of its answers, and the routes made from them.

import HTTPServer
import ProviderSDK

/// The OAuth endpoints of one provider.
struct OAuthSpecification: Sendable {
    /// The provider's name, for people.
    let title: String
    /// The path of the authorization page.
    let authorize: String
    /// The path of the token endpoint.
    let token: String
    /// The revocation endpoint in the form of RFC 7009; nil where there is none or it has another form.
    var revocation: Revocation?
    /// Sets the provider's rules other than the client's credentials.
    var rules: @Sendable (inout OAuthRules) -> Void = { _ in }
    /// What the callback carries when the user denied.
    var denial: [(name: String, value: String)] = [("error", "access_denied")]
    /// What the callback carries besides `code` and `state`.
    var callbackParameters: @Sendable (Grant, SandboxAccount) -> [(name: String, value: String)] = { _, _ in [] }
    /// The answer with tokens.
    var tokens: [TokenMember] = []
    /// What stands around the members.
    var envelope: @Sendable (JSONValue, TokenContext) -> JSONValue = { members, _ in members }
    /// The answer of the token and revocation endpoints to what they refuse.
    var refusal: @Sendable (OAuthRefusal) -> Answer = { .refusal($0.fault, clientStatus: 401) }
    /// The answer to requests of the token endpoint that are not looked at; nil to those that are.
    var rejection: @Sendable (SandboxRequest) -> Answer? = { _ in nil }

    init(
        _ title: String, authorize: String, token: String, _ configure: (inout OAuthSpecification) -> Void
    ) {
        self.title = title
        self.authorize = authorize
        self.token = token
        configure(&self)
    }
}

/// A revocation endpoint that takes a `token` in a form.
struct Revocation: Sendable {
    /// What ends with a token.
    enum Reach: Sendable {
        /// The grant that it belongs to.
        case grant
        /// All grants of the account.
        case account
        /// Its grant for a refresh token; an access token alone.
        case tokenAlone
    }

    let path: String
    var ends = Reach.grant
    var answer = Answer(200)
}

/// What an endpoint refuses, and of whom.
struct OAuthRefusal: Sendable {
    let fault: OAuthFault
    let request: SandboxRequest
    /// The token or the revocation endpoint.
    let kind: RouteKind
    /// The id of the one client there is.
    let clientID: String
}

/// What a token endpoint has to answer with.
struct TokenContext: Sendable {
    let tokens: IssuedTokens
    let account: SandboxAccount
    let request: SandboxRequest
    /// Seconds since 1970.
    let now: Int64
    /// What objects are drawn from.
    let seed: UInt64
}

/// One member of a token endpoint's answer.
struct TokenMember: Sendable {
    let name: String
    /// Its value; nil leaves it out.
    let value: @Sendable (TokenContext) -> JSONValue?

    init(_ name: String, _ value: @escaping @Sendable (TokenContext) -> JSONValue?) {
        self.name = name
        self.value = value
    }

    static let accessToken = TokenMember("access_token") { .string($0.tokens.accessToken) }
    static let expiresIn = TokenMember("expires_in") { .integer($0.tokens.accessTokenSeconds) }
    /// The refresh token; null where there is none.
    static let refreshToken = TokenMember("refresh_token") { .text($0.tokens.refreshToken) }
    /// The refresh token; left out where there is none.
    static let refreshTokenIfGiven = TokenMember("refresh_token") { context in
        context.tokens.refreshToken.map { .string($0) }
    }
    /// An ID token, for clients that asked for one; it is random text.
    static let idToken = TokenMember("id_token") { context in
        context.tokens.scopes.contains("openid") ? .string(RandomText.base62(60)) : nil
    }

    static func type(_ type: String) -> TokenMember { TokenMember("token_type") { _ in .string(type) } }

    static func scope(separator: String = " ") -> TokenMember {
        TokenMember("scope") { .string($0.tokens.scopes.joined(separator: separator)) }
    }

    /// The id of the account.
    static func account(_ name: String) -> TokenMember { TokenMember(name) { .string($0.account.id) } }

    /// The life of the refresh token.
    static func refreshExpiresIn(_ name: String) -> TokenMember {
        TokenMember(name) { .integer($0.tokens.refreshTokenSeconds) }
    }

    /// The same value in every answer.
    static func fixed(_ name: String, _ value: JSONValue) -> TokenMember { TokenMember(name) { _ in value } }
}

extension [TokenMember] {
    /// The members with their values.
    func object(_ context: TokenContext) -> JSONValue {
        .object(compactMap { member in member.value(context).map { (member.name, $0) } })
    }
}

extension Answer {
    /// RFC 6749's error object (section 5.2).
    ///
    /// - Parameters:
    ///   - clientStatus: the status for a client that is not who it says; every other fault is 400.
    ///   - isDescribed: whether a sentence explains the error.
    static func refusal(_ fault: OAuthFault, clientStatus: UInt16, isDescribed: Bool = false) -> Answer {
        var members: [(key: String, value: JSONValue)] = [("error", .string(fault.code))]
        if isDescribed { members.append(("error_description", .string(fault.sentence))) }
        return .json(fault == .invalidClient ? clientStatus : 400, .object(members))
    }
}

extension StandInCore {
    /// The routes of the OAuth endpoints.
    var oauthRoutes: [StandInRoute] {
        guard let oauth = specification.oauth else { return [] }
        var routes = [HTTPMethod.get, .post].map { method in
            StandInRoute(method, oauth.authorize, kind: .authorize) { [server] in server.authorize($0) }
        }
        routes.append(StandInRoute(.post, oauth.token, kind: .token) { [self] in token($0, oauth) })
        if let revocation = oauth.revocation {
            routes.append(
                StandInRoute(.post, revocation.path, kind: .revoke) { [self] in revoke($0, oauth, revocation) })
        }
        return routes
    }

    private func token(_ request: SandboxRequest, _ oauth: OAuthSpecification) -> Answer {
        if let rejection = oauth.rejection(request) { return rejection }
        do throws(OAuthFault) {
            let tokens = try server.token(request)
            let context = TokenContext(
                tokens: tokens, account: server.account(tokens.grant.account), request: request,
                now: environment.clock.seconds, seed: seed)
            return .json(200, oauth.envelope(oauth.tokens.object(context), context))
        } catch {
            return oauth.refusal(refusal(error, request, .token))
        }
    }

    private func refusal(_ fault: OAuthFault, _ request: SandboxRequest, _ kind: RouteKind) -> OAuthRefusal {
        OAuthRefusal(fault: fault, request: request, kind: kind, clientID: server.rules.clientID)
    }

    private func revoke(_ request: SandboxRequest, _ oauth: OAuthSpecification, _ revocation: Revocation) -> Answer {
        do throws(OAuthFault) {
            try server.authenticate(request)
            guard let token = request.form["token"] else { throw .invalidRequest("The token is missing.") }
            server.revoke(token, revocation.ends)
            return revocation.answer
        } catch {
            return oauth.refusal(refusal(error, request, .revoke))
        }
    }
}

extension OAuthServer {
    /// Ends what `reach` says of the grant that a token of either kind belongs to.
    func revoke(_ token: String, _ reach: Revocation.Reach) {
        withServer { server, now in
            guard let grant = server.grant(of: token) else { return }
            switch reach {
            case .grant: server.revokeGrant(grant.number)
            case .account: _ = server.revokeGrants(account: grant.account)
            case .tokenAlone:
                // A bearer token that is known is an access token.
                if case .unknown = server.bearer(token, now: now) {
                    server.revokeGrant(grant.number)
                } else {
                    server.revokeToken(token)
                }
            }
        }
    }
}
