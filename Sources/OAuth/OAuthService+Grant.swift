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
    /// Exchanges the code of a callback for tokens.
    ///
    /// The provider accepts a code once, so the exchange goes on when the task of the caller is cancelled.
    package func exchange(
        _ code: String, verifier: Secret?, _ claim: Claim, _ provider: ConfiguredProvider, _ oauth: OAuth2
    ) async throws(ProviderError) -> TokenResponse {
        let task = Task<Result<TokenResponse, ProviderError>, Never> {
            do throws(ProviderError) {
                return .success(try await redeem(code, verifier: verifier, claim, provider, oauth))
            } catch { return .failure(error) }
        }
        return try await task.value.get()
    }

    private func redeem(
        _ code: String, verifier: Secret?, _ claim: Claim, _ provider: ConfiguredProvider, _ oauth: OAuth2
    ) async throws(ProviderError) -> TokenResponse {
        guard let url = provider.endpoint("token", variant: claim.variant) else { throw Self.unconfigured(provider) }
        let requests = try tokenRequests(provider, oauth, claim.variant)
        // The life that the provider declares is that of the token which it gives in the end.
        var oauth = oauth
        if oauth.secondExchange != nil { oauth.lifetimes.accessToken = nil }
        let request = requests.exchange(
            code: code, redirectURI: claim.authorization.redirectURI, verifier: verifier?.value, at: url)
        let tokens = try TokenResponse(
            try await gateway.plain(request), oauth: oauth,
            secrets: request.credentials() + [code, verifier?.value, requests.clientSecret?.value].compactMap { $0 },
            now: time.now)
        // A new grant is not begun with a token that is no use alone; a grant that is renewed keeps it.
        guard !tokens.needsProof else {
            throw ProviderError(.permanent, "The provider's token has a type that cannot be used as a bearer token.")
        }
        return tokens
    }

    private func tokenRequests(
        _ provider: ConfiguredProvider, _ oauth: OAuth2, _ variant: String?
    ) throws(ProviderError) -> TokenRequest {
        guard let clientID = provider.clientID(variant) else { throw Self.unconfigured(provider) }
        return TokenRequest(
            oauth: oauth, clientID: clientID, clientSecret: provider.clientSecret(variant),
            settings: provider.publicSettings)
    }

    private static func unconfigured(_ provider: ConfiguredProvider) -> ProviderError {
        ProviderError(.misconfigured, "\(provider.manifest.name) is not configured.")
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
        _ tokens: TokenResponse, _ claim: Claim, _ provider: ConfiguredProvider, _ oauth: OAuth2, query: [NamedValue],
        for principal: Principal
    ) async throws(ServiceError) -> String {
        let facts = try vault.seal(
            TokenGrant(response: tokens.redacted, claims: tokens.claims, callback: Self.kept(query, oauth)),
            expectedAccount: claim.authorization.expectedAccount, user: principal.userID,
            connection: claim.connectionID)
        var held = UnidentifiedGrant(
            answer: facts, scopes: tokens.scopes, requestedScopes: claim.authorization.requestedScopes, at: time.now)
        held.awaitsExchange = oauth.secondExchange != nil
        _ = try await hold(tokens, held, oauth, in: claim.connectionID, claim.grant, user: principal.userID)
        return try await finish(
            claim.connectionID, of: principal.userID, provider,
            credentials: FixedCredential(token: tokens.accessToken))
    }

    /// Makes the tokens durable before anything else is done with them: what brought them is spent.
    ///
    /// - Parameter number: the number of the connection's grant so far.
    /// - Returns: the connection with them.
    private func hold(
        _ tokens: TokenResponse, _ held: UnidentifiedGrant, _ oauth: OAuth2?, in id: String, _ number: Int,
        user userID: String
    ) async throws(ServiceError) -> Connection {
        let vault = vault
        return try await users.update(userID) { (user) throws(ServiceError) in
            try user.update(id) { (connection) throws(ServiceError) in
                guard connection.grant.number == number, connection.disconnection == nil else {
                    throw CallbackFailure.state(.alreadyUsed).error
                }
                var sealed = try vault.sealed(tokens, user: userID, connection: id)
                sealed.grantExpiresAt = tokens.grantExpiresAt ?? oauth?.lifetimes.grant.map(held.at.advanced(by:))
                try connection.authorized(sealed, held)
                return connection
            }
        }
    }

    /// Finds out which account a held grant is for, and connects it.
    ///
    /// Where the provider does that, it exchanges the tokens once more before.
    ///
    /// - Returns: the id of the connection: the one that the user already had to the same account, if there was one.
    /// - Throws: ``ServiceError/provider(_:)`` when the provider fails. The failure is recorded with
    ///   the time of the next attempt, or the grant is ended when it can never be finished. A cancelled task records nothing:
    ///   the reconciler finishes the grant.
    package func finish(
        _ id: String, of userID: String, _ provider: ConfiguredProvider, credentials: any CredentialSource
    ) async throws(ServiceError) -> String {
        guard var connection = try await users.user(userID).connection(id), let held = connection.grant.unidentified
        else {
            throw .notFound
        }
        let (grant, expectedAccount) = try vault.open(held, user: userID, connection: id)
        var credentials = credentials
        if held.awaitsExchange {
            let first = try vault.accessToken(of: connection, user: userID)
            let tokens: TokenResponse
            do { tokens = try await exchangeAgain(first, connection.variant, provider) } catch {
                throw try await unfinished(held, of: connection, user: userID, error)
            }
            let exchanged = UnidentifiedGrant(
                answer: held.answer, scopes: tokens.scopes ?? held.scopes, requestedScopes: held.requestedScopes,
                at: time.now)
            connection = try await hold(
                tokens, exchanged, provider.oauth(connection.variant), in: id, connection.grant.number, user: userID)
            credentials = FixedCredential(token: tokens.accessToken)
        }
        let identity: AccountIdentity
        do { identity = try await self.identity(grant, connection, provider, credentials) } catch {
            throw try await unfinished(held, of: connection, user: userID, error)
        }
        if let expectedAccount, !expectedAccount.utf8.elementsEqual(identity.id.utf8) {
            let refusal = CallbackFailure.wrongAccount(identity)
            try await abandon(connection, of: userID, refusal)
            throw .conflict(refusal.message)
        }
        try await accounts.add(connection, accountID: identity.id, user: userID)
        return try await connect(connection, callback: grant.callback, identity, user: userID)
    }

    /// Records that a held grant could not be finished now.
    ///
    /// - Returns: the error for the caller.
    private func unfinished(
        _ held: UnidentifiedGrant, of connection: Connection, user userID: String, _ error: ProviderError
    ) async throws(ServiceError) -> ServiceError {
        if Task.isCancelled { return .canceled }
        if Self.mayPass(error), held.at.advanced(by: UnidentifiedGrant.lifetime) > time.now {
            try await postpone(connection, of: userID, error)
        } else {
            try await abandon(connection, of: userID, error)
        }
        return .provider(error)
    }

    /// Exchanges the first token of an authorization for the one that the connection gets.
    ///
    /// The first token stays good meanwhile, so the exchange can be tried again.
    private func exchangeAgain(
        _ first: Secret?, _ variant: String?, _ provider: ConfiguredProvider
    ) async throws(ProviderError) -> TokenResponse {
        guard let oauth = provider.oauth(variant), let hop = oauth.secondExchange, let first else {
            throw ProviderError(.permanent, "The token cannot be exchanged: connect the account again.")
        }
        guard let endpoint = provider.endpoint(hop.endpoint, variant: variant) else {
            throw ProviderError(.misconfigured, "The endpoint “\(hop.endpoint)” is not configured.")
        }
        let requests = try tokenRequests(provider, oauth, variant)
        let request = requests.hop(
            grantType: hop.grantType, tokenParameter: hop.tokenParameter, token: first,
            sendsClientSecret: hop.sendsClientSecret, at: endpoint + hop.path)
        return try await patiently { () async throws(ProviderError) in
            try TokenResponse(
                try await gateway.plain(request), oauth: oauth,
                secrets: [first.value, requests.clientSecret?.value].compactMap { $0 }, now: time.now)
        }
    }

    private static func mayPass(_ error: ProviderError) -> Bool {
        switch error.kind {
        case .transient, .rateLimited, .misconfigured: true
        default: false
        }
    }

    /// Asks the provider which account a grant is for.
    private func identity(
        _ grant: TokenGrant, _ connection: Connection, _ provider: ConfiguredProvider,
        _ credentials: any CredentialSource
    ) async throws(ProviderError) -> AccountIdentity {
        var account = ProviderContext.Account()
        account.variant = connection.variant
        account.callback = grant.callback
        let session = ProviderSession(gateway, provider, account: account, credentials: credentials)
        return try await patiently { () async throws(ProviderError) in try await session.identity(of: grant) }
    }

    /// Asks the provider, and retries after short pauses while the failure may pass.
    private func patiently<Answer: Sendable>(
        _ ask: () async throws(ProviderError) -> Answer
    ) async throws(ProviderError) -> Answer {
        for pause in OAuthLimits.identityPauses {
            do { return try await ask() } catch {
                guard error.kind == .transient, error.retryAfter.map({ $0 <= pause }) ?? true else {
                    throw error.shown()
                }
            }
            Metrics.retries.add()
            try? await time.sleep(for: pause)
        }
        do { return try await ask() } catch { throw error.shown() }
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
    fileprivate func seal(
        _ grant: TokenGrant, expectedAccount: String?, user: String, connection: String
    ) throws(ServiceError) -> String {
        let facts: JSONValue = [
            "response": grant.response, "claims": grant.claims, "callback": grant.callback,
            "expectedAccount": expectedAccount.map(JSONValue.string) ?? .null,
        ]
        return try seal(Secret(facts.description), user: user, connection: connection, field: "held")
    }

    fileprivate func open(
        _ held: UnidentifiedGrant, user: String, connection: String
    ) throws(ServiceError) -> (grant: TokenGrant, expectedAccount: String?) {
        let facts = try open(held.answer, user: user, connection: connection, field: "held")
        guard let value = try? JSONValue.parse(Array(facts.value.utf8)) else {
            throw .internalFault("The stored answer of an unfinished authorization cannot be read.")
        }
        let grant = TokenGrant(
            response: value["response"] ?? [:], claims: value["claims"] ?? [:], callback: value["callback"] ?? [:])
        return (grant, value["expectedAccount"]?.string)
    }
}
