// From a code to a connected account. The tokens are stored durably first; then the account is looked up. Either step
// can be interrupted.

import Background
package import ConnectionModel
import Cryptography
import HTTPClient
import Observability
import Primitives
package import ProviderSDK
package import Providers
package import Users

extension OAuthService {
    /// The provider's answer to a code.
    package struct CodeAnswer: Sendable {
        /// The tokens that the connection gets.
        package let tokens: TokenResponse
        /// The answer to the code itself.
        ///
        /// It differs from ``tokens`` where the tokens are exchanged a second time.
        package let first: TokenResponse
    }

    /// Exchanges the code of a callback for tokens.
    ///
    /// The provider accepts a code once, so the exchange goes on when the task of the caller is cancelled.
    package func exchange(
        _ code: String, verifier: Secret?, _ claim: Claim, _ provider: ConfiguredProvider, _ oauth: OAuth2
    ) async throws(ProviderError) -> CodeAnswer {
        let task = Task<Result<CodeAnswer, ProviderError>, Never> {
            do throws(ProviderError) {
                return .success(try await redeem(code, verifier: verifier, claim, provider, oauth))
            } catch { return .failure(error) }
        }
        return try await task.value.get()
    }

    private func redeem(
        _ code: String, verifier: Secret?, _ claim: Claim, _ provider: ConfiguredProvider, _ oauth: OAuth2
    ) async throws(ProviderError) -> CodeAnswer {
        guard let url = provider.endpoint("token", variant: claim.variant),
            let clientID = provider.clientID(claim.variant)
        else { throw ProviderError(.misconfigured, "\(provider.manifest.name) is not configured.") }
        let requests = TokenRequest(
            oauth: oauth, clientID: clientID, clientSecret: provider.clientSecret(claim.variant),
            settings: provider.publicSettings)
        let request = requests.exchange(
            code: code, redirectURI: claim.authorization.redirectURI, verifier: verifier?.value, at: url)
        let first = try TokenResponse(
            try await gateway.plain(request), oauth: oauth,
            secrets: request.credentials() + [code, verifier?.value, requests.clientSecret?.value].compactMap { $0 },
            now: time.now)
        // A new grant is not begun with a token that is no use alone; a grant that is renewed keeps it.
        guard !first.needsProof else {
            throw ProviderError(.permanent, "The provider's token has a type that cannot be used as a bearer token.")
        }
        let tokens = try await secondHop(first, requests, provider, oauth, claim.variant)
        return CodeAnswer(tokens: tokens, first: first)
    }

    /// The PKCE verifier of an authorization; nil for one without.
    package func verifier(of claim: Claim, for principal: Principal) throws(ServiceError) -> Secret? {
        try claim.authorization.verifier.map { (sealed) throws(ServiceError) in
            try vault.open(sealed, user: principal.userID, connection: claim.connectionID, field: "verifier")
        }
    }

    /// Stores the tokens, finds out whose account it is, and connects it.
    ///
    /// A failure at the provider is recorded with the connection.
    /// - Returns: the id of the connection.
    package func connect(
        _ answer: CodeAnswer, _ claim: Claim, _ provider: ConfiguredProvider, _ oauth: OAuth2, query: [NamedValue],
        for principal: Principal
    ) async throws(ServiceError) -> String {
        let callback = Self.kept(query, oauth)
        let (tokens, first, now) = (answer.tokens, answer.first, time.now)
        let facts = try vault.seal(
            TokenGrant(response: first.redacted, claims: first.claims, callback: callback), user: principal.userID,
            connection: claim.connectionID)
        let held = UnidentifiedGrant(
            answer: facts, scopes: tokens.scopes ?? first.scopes,
            requestedScopes: claim.authorization.requestedScopes, at: now)
        try await hold(tokens, held, claim, oauth, for: principal)
        return try await finish(
            claim.connectionID, of: principal.userID, provider,
            credentials: FixedCredential(token: tokens.accessToken))
    }

    private func secondHop(
        _ first: TokenResponse, _ requests: TokenRequest, _ provider: ConfiguredProvider, _ oauth: OAuth2,
        _ variant: String?
    ) async throws(ProviderError) -> TokenResponse {
        guard let hop = oauth.secondExchange else { return first }
        guard let endpoint = provider.endpoint(hop.endpoint, variant: variant) else {
            throw ProviderError(.misconfigured, "The endpoint “\(hop.endpoint)” is not configured.")
        }
        let request = requests.hop(
            grantType: hop.grantType, tokenParameter: hop.tokenParameter, token: first.accessToken,
            sendsClientSecret: hop.sendsClientSecret, at: endpoint + hop.path)
        return try TokenResponse(
            try await gateway.plain(request), oauth: oauth,
            secrets: [first.accessToken.value, requests.clientSecret?.value].compactMap { $0 }, now: time.now)
    }

    /// Makes the tokens durable before anything else is done with them: the code that brought them is spent.
    private func hold(
        _ tokens: TokenResponse, _ held: UnidentifiedGrant, _ claim: Claim, _ oauth: OAuth2, for principal: Principal
    ) async throws(ServiceError) {
        let vault = vault
        try await users.update(principal.userID) { (user) throws(ServiceError) in
            try user.update(claim.connectionID) { (connection) throws(ServiceError) in
                guard connection.grant.number == claim.grant, connection.disconnection == nil else {
                    throw CallbackFailure.state(.alreadyUsed).error
                }
                var sealed = try vault.sealed(tokens, user: principal.userID, connection: connection.id)
                sealed.grantExpiresAt = tokens.grantExpiresAt ?? oauth.lifetimes.grant.map(held.at.advanced(by:))
                try connection.authorized(sealed, held)
            }
        }
    }

    /// Finds out which account a held grant is for, and connects it.
    ///
    /// - Returns: the id of the connection: the one that the user already had to the same account, if there was one.
    /// - Throws: ``ServiceError/provider(_:)`` when the provider fails to identify the account. The failure is recorded with
    ///   the time of the next attempt, or the grant is ended when it can never be finished. A cancelled task records nothing:
    ///   the reconciler finishes the grant.
    package func finish(
        _ id: String, of userID: String, _ provider: ConfiguredProvider, credentials: any CredentialSource
    ) async throws(ServiceError) -> String {
        guard let connection = try await users.user(userID).connection(id), let held = connection.grant.unidentified
        else {
            throw .notFound
        }
        let grant = try vault.open(held, user: userID, connection: id)
        let identity: AccountIdentity
        do {
            identity = try await self.identity(grant, connection, provider, credentials)
        } catch {
            if Task.isCancelled { throw .canceled }
            if Self.mayPass(error), held.at.advanced(by: UnidentifiedGrant.lifetime) > time.now {
                try await postpone(connection, of: userID, error)
            } else {
                try await abandon(connection, of: userID, error)
            }
            throw .provider(error)
        }
        try await accounts.add(connection, accountID: identity.id, user: userID)
        return try await connect(connection, callback: grant.callback, identity, user: userID)
    }

    private static func mayPass(_ error: ProviderError) -> Bool {
        switch error.kind {
        case .transient, .rateLimited, .misconfigured: true
        default: false
        }
    }

    /// Asks the provider, and retries after short pauses while the failure may pass.
    private func identity(
        _ grant: TokenGrant, _ connection: Connection, _ provider: ConfiguredProvider,
        _ credentials: any CredentialSource
    ) async throws(ProviderError) -> AccountIdentity {
        var account = ProviderContext.Account()
        account.variant = connection.variant
        account.callback = grant.callback
        let session = ProviderSession(gateway, provider, account: account, credentials: credentials)
        for pause in OAuthLimits.identityPauses {
            do { return try await session.identity(of: grant) } catch {
                guard error.kind == .transient, error.retryAfter.map({ $0 <= pause }) ?? true else {
                    throw error.shown()
                }
            }
            Metrics.retries.add()
            try? await time.sleep(for: pause)
        }
        do { return try await session.identity(of: grant) } catch {
            throw error.shown()
        }
    }

    private func postpone(_ connection: Connection, of userID: String, _ error: ProviderError)
        async throws(ServiceError)
    {
        let now = time.now
        try await users.update(userID) { (user) throws(ServiceError) in
            try user.update(
                connection.id, where: { $0.grant.number == connection.grant.number && $0.grant.unidentified != nil }
            ) { (connection) throws(ServiceError) in connection.identificationPostponed(error, at: now) }
        }
    }

    /// Ends a grant that cannot be used.
    private func abandon(_ connection: Connection, of userID: String, _ error: ProviderError) async throws(ServiceError)
    {
        let outcome: RevocationOutcome
        do { outcome = try await revoke(connection, user: userID) } catch { throw .canceled }
        let now = time.now
        try await users.update(userID) { (user) throws(ServiceError) in
            let ended = try user.update(connection.id, where: { $0.grant.number == connection.grant.number }) {
                (connection) throws(ServiceError) in try connection.abandoned(outcome, error, at: now)
            }
            if ended != nil, outcome == .pending { user.revocationOwed(RevocationTicket(connection, at: now)) }
        }
    }

    /// Connects the account, with this connection or with an earlier one to the same account.
    private func connect(
        _ pending: Connection, callback: JSONValue, _ identity: AccountIdentity, user userID: String
    ) async throws(ServiceError) -> String {
        let (vault, now) = (vault, time.now)
        return try await users.update(userID) { (user) throws(ServiceError) -> String in
            guard let current = user.connection(pending.id) else { throw .notFound }
            guard current.grant.number == pending.grant.number, current.grant.unidentified != nil,
                current.disconnection == nil
            else { throw CallbackFailure.state(.alreadyUsed).error }
            return try user.identified(current.id, as: identity, callback: callback, at: now) {
                (text, field, target) throws(ServiceError) in
                let secret = try vault.open(text, user: userID, connection: current.id, field: field)
                return try vault.seal(secret, user: userID, connection: target, field: field)
            }
        }
    }
}

extension CredentialVault {
    /// The authorization's data besides its tokens, in the sealed form that is stored.
    fileprivate func seal(_ grant: TokenGrant, user: String, connection: String) throws(ServiceError) -> String {
        let facts: JSONValue = ["response": grant.response, "claims": grant.claims, "callback": grant.callback]
        return try seal(Secret(facts.description), user: user, connection: connection, field: "held")
    }

    fileprivate func open(_ held: UnidentifiedGrant, user: String, connection: String) throws(ServiceError)
        -> TokenGrant
    {
        let facts = try open(held.answer, user: user, connection: connection, field: "held")
        guard let value = try? JSONValue.parse(Array(facts.value.utf8)) else {
            throw .internalFault("The stored answer of an unfinished authorization cannot be read.")
        }
        return TokenGrant(
            response: value["response"] ?? [:], claims: value["claims"] ?? [:], callback: value["callback"] ?? [:])
    }
}
