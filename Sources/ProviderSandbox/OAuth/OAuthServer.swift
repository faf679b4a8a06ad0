// The wire side of OAuth: the authorization page and its answer, client authentication, the grants of the token endpoint. The
// provider decides what a success or a fault looks like.

import HTTPServer
import ProviderSDK
import Synchronization

/// One account that a user of the sandbox can choose.
struct SandboxAccount: Sendable {
    let id: String
    let name: String
}

final class OAuthServer: Sendable {
    private struct State {
        var server: AuthorizationServer
        var exchanges = 0
        var refreshes = 0
        var refused = 0
        var nextAccount = 0
    }

    /// The provider's name, for people.
    let title: String
    let rules: OAuthRules
    let accounts: [SandboxAccount]
    private let clock: SandboxClock
    private let state: Mutex<State>
    /// What the callback carries besides `code` and `state`.
    let callbackParameters: @Sendable (Grant) -> [(name: String, value: String)]
    /// What the callback carries when the user denied.
    let denial: [(name: String, value: String)]

    init(
        _ title: String, _ rules: OAuthRules, accounts: [SandboxAccount], clock: SandboxClock,
        denial: [(name: String, value: String)] = [("error", "access_denied")],
        callbackParameters: @escaping @Sendable (Grant) -> [(name: String, value: String)] = { _ in [] }
    ) {
        self.title = title
        self.rules = rules
        self.accounts = accounts
        self.clock = clock
        self.denial = denial
        self.callbackParameters = callbackParameters
        state = Mutex(State(server: AuthorizationServer(rules)))
    }

    /// Calls `body` with the state machine and the time.
    func withServer<Result>(_ body: (inout AuthorizationServer, Int64) -> Result) -> Result {
        let now = clock.milliseconds
        return state.withLock { body(&$0.server, now) }
    }

    func counts() -> (AuthorizationServer.Counts, exchanges: Int, refreshes: Int, refused: Int) {
        let now = clock.milliseconds
        return state.withLock { ($0.server.counts(now: now), $0.exchanges, $0.refreshes, $0.refused) }
    }

    func account(_ number: Int) -> SandboxAccount { accounts[min(max(0, number), accounts.count - 1)] }

    // MARK: The authorization endpoint (RFC 6749 section 4.1.1)

    /// The page that asks the user, or, where the request already says what the user decided, the redirect back.
    func authorize(_ request: SandboxRequest) -> Answer {
        guard request.parameter(rules.clientIDParameter) == rules.clientID else {
            return AuthorizePage.problem(title, "No application has the client id that was sent.")
        }
        let redirectURI = request.parameter(rules.redirectURIParameter)
        guard let target = redirectURI ?? (rules.isRedirectURIRequired ? nil : rules.redirectURIs.first) else {
            return AuthorizePage.problem(title, "The parameter \(rules.redirectURIParameter) is missing.")
        }
        guard RedirectURI.isAbsolute(target), rules.redirectURIs.isEmpty || rules.redirectURIs.contains(target) else {
            return AuthorizePage.problem(title, "The redirect URI is not registered for this application.")
        }
        let state = rules.returnsState ? request.parameter("state") : nil
        func back(_ parameters: [(name: String, value: String)]) -> Answer {
            .redirect(to: RedirectURI.adding(parameters + (state.map { [("state", $0)] } ?? []), to: target))
        }
        guard request.parameter("response_type") == "code" else {
            return back([("error", "unsupported_response_type")])
        }
        let scopes = scopes(of: request)
        if let known = rules.knownScopes, !known.isSuperset(of: scopes) { return back([("error", "invalid_scope")]) }
        var challenge: String?
        if case .optional = rules.pkce, let sent = request.parameter("code_challenge") {
            guard request.parameter("code_challenge_method") == "S256", sent.utf8.count == 43 else {
                return back([("error", "invalid_request"), ("error_description", "Only S256 challenges are accepted.")])
            }
            challenge = sent
        }
        switch request.form["decision"] ?? request.query["decision"] {
        case "allow":
            guard let account = chosenAccount(request.form["account"] ?? request.query["account"]) else {
                return AuthorizePage.problem(title, "There is no such account.")
            }
            return back(
                allow(
                    request, account: account, scopes: scopes, redirectURI: redirectURI, challenge: challenge))
        case "deny": return back(denial)
        default: return AuthorizePage.question(self, scopes: scopes, target: target)
        }
    }

    private func allow(
        _ request: SandboxRequest, account: Int, scopes: [String], redirectURI: String?, challenge: String?
    ) -> [(name: String, value: String)] {
        var kept: [String: String] = [:]
        for name in rules.keptParameters { kept[name] = request.parameter(name) }
        let (code, grant) = withServer { server, now in
            server.allow(
                account: account, scopes: scopes, parameters: kept, redirectURI: redirectURI, challenge: challenge,
                now: now)
        }
        return [("code", code)] + callbackParameters(grant)
    }

    private func scopes(of request: SandboxRequest) -> [String] {
        let asked = split(request.parameter(rules.scopeParameter) ?? "")
        return asked.isEmpty ? rules.defaultScopes : asked
    }

    private func split(_ scopes: String) -> [String] {
        scopes.split(separator: rules.scopeSeparator).map(String.init)
    }

    /// An account by its number, its id, or "next" for each in turn; the first where none was named.
    private func chosenAccount(_ text: String?) -> Int? {
        guard let text else { return 0 }
        if text == "next" {
            return state.withLock { state in
                defer { state.nextAccount += 1 }
                return state.nextAccount % accounts.count
            }
        }
        if let index = accounts.firstIndex(where: { $0.id == text }) { return index }
        guard let number = Decimal.parse(text), accounts.indices.contains(number) else { return nil }
        return number
    }

    // MARK: The token endpoint (RFC 6749 section 3.2)

    /// The tokens that the request asks for, after the client has shown who it is.
    func token(_ request: SandboxRequest) throws(OAuthFault) -> IssuedTokens {
        do throws(OAuthFault) {
            let tokens = try issue(request)
            return tokens
        } catch {
            state.withLock { $0.refused += 1 }
            throw error
        }
    }

    private func issue(_ request: SandboxRequest) throws(OAuthFault) -> IssuedTokens {
        guard request.contentType == "application/x-www-form-urlencoded" else {
            throw .invalidRequest("The body has to be application/x-www-form-urlencoded.")
        }
        try authenticate(request)
        let now = clock.milliseconds
        switch request.form["grant_type"] ?? (request.form["code"] == nil ? nil : "authorization_code") {
        case "authorization_code":
            guard let code = request.form["code"], !code.isEmpty else { throw .invalidRequest("The code is missing.") }
            let redirectURI = request.form["redirect_uri"]
            let verifier = request.form["code_verifier"]
            return try state.withLock { state throws(OAuthFault) in
                state.exchanges += 1
                return try state.server.exchange(code: code, redirectURI: redirectURI, verifier: verifier, now: now)
            }
        case "refresh_token":
            if case .none = rules.refresh { throw .unsupportedGrantType }
            guard let token = request.form["refresh_token"], !token.isEmpty else {
                throw .invalidRequest("The refresh token is missing.")
            }
            let scopes = request.form["scope"].map(split)
            return try state.withLock { state throws(OAuthFault) in
                state.refreshes += 1
                return try state.server.refresh(token, scopes: scopes, now: now)
            }
        case nil: throw .invalidRequest("The grant type is missing.")
        default: throw .unsupportedGrantType
        }
    }

    /// Throws `invalidClient` unless the request carries the client's credentials in an accepted way.
    func authenticate(_ request: SandboxRequest) throws(OAuthFault) {
        var isAuthenticated = false
        if let (user, password) = request.basic {
            let isClient =
                rules.clientAuthentication.contains(.basic) && isClient(user, password)
                || rules.clientAuthentication.contains(.secretAsBasicUser) && isSecret(user) && password.isEmpty
            guard isClient else { throw .invalidClient }
            isAuthenticated = true
        }
        if let bearer = request.bearer, rules.clientAuthentication.contains(.secretAlone) {
            guard isSecret(bearer) else { throw .invalidClient }
            isAuthenticated = true
        }
        if let secret = request.form["client_secret"] {
            if rules.clientAuthentication.contains(.secretAlone) {
                guard isSecret(secret) else { throw .invalidClient }
                isAuthenticated = true
            } else if rules.clientAuthentication.contains(.form) {
                guard isClient(request.form[rules.clientIDParameter] ?? "", secret) else { throw .invalidClient }
                isAuthenticated = true
            }
        }
        guard isAuthenticated else { throw .invalidClient }
    }

    private func isClient(_ id: String, _ secret: String) -> Bool {
        Decoded.form(id) == rules.clientID && Decoded.form(secret) == rules.clientSecret
            || id == rules.clientID && isSecret(secret)
    }

    private func isSecret(_ secret: String) -> Bool { secret == rules.clientSecret }

    /// Returns the state of a request's bearer token; nil where none was sent.
    func bearer(_ request: SandboxRequest) -> AuthorizationServer.Bearer? {
        request.bearer.map { token in withServer { server, now in server.bearer(token, now: now) } }
    }
}
