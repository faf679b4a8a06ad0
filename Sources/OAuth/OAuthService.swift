// The OAuth flow, from an authorization URL to a connected account. OAuthState signs, TokenRequest builds what is sent,
// and UserStore stores. Knows no HTTP request of ours.

package import Background
package import Configuration
package import ConnectionModel
import Cryptography
import HTTPClient
package import Observability
package import Primitives
package import ProviderSDK
package import Providers
package import Users

/// Begins and completes authorizations.
package struct OAuthService: Sendable {
    package let users: UserStore
    package let registry: ProviderRegistry
    package let gateway: ProviderGateway
    package let keys: any KeySource
    package let vault: CredentialVault
    package let accounts: AccountUsers
    package let redirects: RedirectURIs
    package let time: TimeSource
    package let log: Log
    let callbacks: CallbackFlights

    package init(
        users: UserStore, registry: ProviderRegistry, gateway: ProviderGateway, keys: any KeySource,
        vault: CredentialVault, accounts: AccountUsers, redirects: RedirectURIs, time: TimeSource, log: Log
    ) {
        self.users = users
        self.registry = registry
        self.gateway = gateway
        self.keys = keys
        self.vault = vault
        self.accounts = accounts
        self.redirects = redirects
        self.time = time
        self.log = log
        callbacks = CallbackFlights(time: time)
    }

    /// An authorization that was begun.
    package struct Authorization: Sendable {
        package let connectionID: String
        package let url: String
        package let state: String
    }

    /// The parameters of an authorization.
    package struct Request: Sendable {
        package var service: String
        package var variant: String?
        /// The URI to which the provider sends the user; nil for the host's own callback.
        package var redirectURI: String?
        package var permissions: [String] = []
        /// The part of the request that names the permissions, for errors.
        package var permissionsField = "permissions"
        package var callerState: String?
        /// The connection whose account must come out of it; nil for any account.
        package var reconnects: String?

        package init(
            service: String, variant: String? = nil, redirectURI: String? = nil, permissions: [String] = [],
            callerState: String? = nil
        ) {
            self.service = service
            self.variant = variant
            self.redirectURI = redirectURI
            self.permissions = permissions
            self.callerState = callerState
        }
    }

    // MARK: Authorize

    /// Begins an authorization for a new connection and returns where to send the user.
    package func authorize(_ request: Request, for principal: Principal) async throws(ServiceError) -> Authorization {
        let provider = try available(request.service, variant: request.variant)
        let variant = provider.stored(request.variant)
        guard let oauth = provider.oauth(variant) else {
            throw .invalid(field: "service", message: "\(provider.manifest.name) is not connected with OAuth")
        }
        try provider.check(request.permissions, variant: variant, field: request.permissionsField)
        let redirectURI = request.redirectURI ?? redirects.own(service: provider.id)
        guard redirects.allows(redirectURI, service: provider.id) else {
            throw .invalid(field: "redirectUri", message: "The redirect URI is not registered with this host")
        }
        let secrets = try makeSecrets(for: oauth)
        let now = time.now
        let expiresAt = now.advanced(by: PendingAuthorization.lifetime)
        let connectionRandom = secrets.connectionRandom
        let (connectionID, state, scopes) = try await users.update(principal.userID) {
            (user) throws(ServiceError) -> (String, OAuthState, [String]) in
            let expected = try user.account(of: request.reconnects, service: provider.id, variant)
            let permissions =
                request.permissions.isEmpty
                ? user.permissions(at: provider.id, variant) : request.permissions
            let scopes = provider.manifest.requestedScopes(
                for: permissions, variant: variant, settings: provider.publicSettings)
            let id = try user.add(
                service: provider.id, variant: variant, status: .pending,
                shard: UserStore.shard(of: principal.userID), random: connectionRandom, at: now)
            let authorization = PendingAuthorization(
                nonce: try nonce(secrets.nonce, id, user.id, expiresAt), redirectURI: redirectURI,
                verifier: try secrets.verifier.map { (verifier) throws(ServiceError) in
                    try vault.seal(verifier, user: user.id, connection: id, field: "verifier")
                },
                callerState: try request.callerState.map { (state) throws(ServiceError) in
                    try vault.seal(Secret(state), user: user.id, connection: id, field: "callerState")
                }, sessionBinding: principal.authorizationBinding, requestedScopes: scopes, expiresAt: expiresAt,
                expectedAccount: expected)
            let userID = user.id
            return try user.update(id) { (connection) throws(ServiceError) in
                connection.authorizationBegan(authorization, permissions: request.permissions)
                return (id, try signed(authorization, user: userID, connection: connection), scopes)
            }
        }
        let url = authorizationURL(
            provider, oauth, variant: request.variant, redirectURI: redirectURI, scopes: scopes, state: state.text,
            verifier: secrets.verifier)
        return Authorization(connectionID: connectionID, url: url, state: state.text)
    }

    private struct Secrets {
        let nonce: String
        let verifier: Secret?
        let connectionRandom: String
    }

    private func makeSecrets(for oauth: OAuth2) throws(ServiceError) -> Secrets {
        do {
            return Secrets(
                nonce: try OAuthNonce.random(),
                verifier: oauth.pkce == .s256 ? Secret(try SecureRandom.base64URL(byteCount: 32)) : nil,
                connectionRandom: try SecureRandom.base62(22))
        } catch {
            throw .internalFault("\(error)")
        }
    }

    private func nonce(
        _ random: String, _ connectionID: String, _ userID: String, _ expiresAt: Timestamp
    ) throws(ServiceError) -> String {
        do {
            return try OAuthNonce.make(
                random: random, connectionID: connectionID, userID: userID, expiresAt: expiresAt, with: keys.ring
            ).text
        } catch {
            throw .internalFault("\(error)")
        }
    }

    private func authorizationURL(
        _ provider: ConfiguredProvider, _ oauth: OAuth2, variant: String?, redirectURI: String, scopes: [String],
        state: String, verifier: Secret?
    ) -> String {
        var query = [
            NamedValue("response_type", "code"), NamedValue("client_id", provider.clientID(variant) ?? ""),
            NamedValue("redirect_uri", redirectURI),
        ]
        if !scopes.isEmpty { query.append(NamedValue("scope", scopes.joined(separator: oauth.scopeSeparator))) }
        query.append(NamedValue("state", state))
        if let verifier {
            query.append(NamedValue("code_challenge", SHA256.digest(verifier.value).base64URL))
            query.append(NamedValue("code_challenge_method", "S256"))
        }
        query += oauth.authorizeParameters
        query = query.map { NamedValue(oauth.authorizeParameterNames[$0.name] ?? $0.name, $0.value) }
        return PercentEncoding.url(provider.endpoint("authorize", variant: variant) ?? "", query)
    }

    // MARK: Callback

    /// A completed authorization.
    package struct Completion: Sendable {
        package let connectionID: String
        /// The caller's own state, as it was given.
        package let callerState: String?

        package init(connectionID: String, callerState: String? = nil) {
            self.connectionID = connectionID
            self.callerState = callerState
        }
    }

    /// Completes the authorization that a callback of `service` belongs to.
    ///
    /// The same callback again, or at the same time, gets the same answer, and nothing is sent to the provider.
    ///
    /// - Parameters:
    ///   - query: the whole query of the callback.
    ///   - principal: who brings it; it must be the session that began.
    package func complete(
        service: String, query: [NamedValue], for principal: Principal
    ) async throws(CallbackFailure) -> Completion {
        func value(_ name: String) -> String? { query.first { $0.name == name }?.value }
        guard let provider = registry[service], provider.usesOAuth else {
            throw CallbackFailure(.invalid(field: "service", message: "Service not supported"))
        }
        for pair in query where pair.value.utf8.count > OAuthLimits.callbackParameterBytesMax {
            throw CallbackFailure(.invalid(field: pair.name, message: "The parameter is too long"), .stateInvalid)
        }
        // A parameter that is sent twice means nothing (RFC 6749 section 3.1).
        for name in ["state", "code", "error", "iss"] + provider.callbackParameterNames
        where query.count(where: { $0.name == name }) > 1 {
            throw CallbackFailure(
                .invalid(field: name, message: "“\(name)” is given more than once"), .stateInvalid)
        }
        let parts = [
            principal.userID, principal.sessionBinding, service, value("code") ?? "", value("error") ?? "",
        ]
        guard let state = value("state").flatMap(OAuthState.init), let tag = state.tag(of: parts, with: keys.ring)
        else { throw .state(.stateInvalid) }
        let callback = Callback(service: service, state: state, tag: tag, query: query)
        return try await callbacks.once(tag) { () async in
            do throws(CallbackFailure) {
                if let earlier = try await answer(toRepeated: callback, provider, for: principal) {
                    return .completed(earlier)
                }
                return try await complete(callback, provider, for: principal)
            } catch {
                return error.error == .canceled && Task.isCancelled ? .abandoned : .failed(error)
            }
        }
    }

    /// A callback that has the form of one.
    struct Callback: Sendable {
        let service: String
        let state: OAuthState
        /// The same for the same callback, and different for any other.
        let tag: String
        let query: [NamedValue]
    }

    private func complete(
        _ callback: Callback, _ provider: ConfiguredProvider, for principal: Principal
    ) async throws(CallbackFailure) -> CallbackFlights.End {
        // The state is used up durably before anything is sent: of different callbacks with it exactly one continues.
        let claim = try await claim(callback, for: principal)
        guard let oauth = provider.oauth(claim.variant) else { throw .state(.stateInvalid) }
        do throws(ServiceError) {
            let verifier = try verifier(of: claim, for: principal)
            let tokens: TokenResponse
            do throws(CallbackRefusal) {
                let code = try code(in: callback.query, provider, oauth, variant: claim.variant)
                do {
                    tokens = try await exchange(code, verifier: verifier, claim, provider, oauth)
                } catch {
                    throw CallbackRefusal(
                        operation: .exchange, recorded: error,
                        answer: CallbackFailure(.provider(error), .exchange(error)))
                }
            } catch {
                try await fail(claim, operation: error.operation, error.recorded, for: principal)
                return .refused(error.answer)
            }
            let connectionID = try await connect(
                tokens, claim, provider, oauth, query: callback.query, for: principal)
            return .completed(
                Completion(
                    connectionID: connectionID,
                    callerState: try callerState(claim.authorization.callerState, callback.state, for: principal)))
        } catch {
            throw .afterExchange(error)
        }
    }

    /// The caller's own state, as it was given.
    func callerState(
        _ sealed: String?, _ state: OAuthState, for principal: Principal
    ) throws(ServiceError) -> String? {
        try sealed.map { (sealed) throws(ServiceError) in
            try vault.open(sealed, user: principal.userID, connection: state.connectionID, field: "callerState").value
        }
    }

    /// The reason why a callback completes nothing.
    private struct CallbackRefusal: Error {
        var operation = ConnectionOperation.authorize
        /// The error that is recorded with the connection.
        let recorded: ProviderError
        /// The failure for the caller.
        let answer: CallbackFailure
    }

    /// The code in a callback.
    private func code(
        in query: [NamedValue], _ provider: ConfiguredProvider, _ oauth: OAuth2, variant: String?
    ) throws(CallbackRefusal) -> String {
        func value(_ name: String) -> String? { query.first { $0.name == name }?.value }
        if let code = value("error"), !code.isEmpty {
            let brought = ["state", "code"].compactMap(value)
            let code = Redaction.text(Self.shown(code), without: brought)
            let refused = "The provider refused the authorization."
            let reason = value("error_description").map { Redaction.text(Self.shown($0), without: brought) }
            throw CallbackRefusal(
                recorded: ProviderError(.permanent, reason ?? refused, code: code),
                answer: CallbackFailure(
                    .provider(ProviderError(.permanent, refused, code: code)), .refusal(code: code)))
        }
        guard let code = value("code"), !code.isEmpty else {
            throw CallbackRefusal(
                recorded: ProviderError(.permanent, "The callback lacks “code”.", code: "callback_incomplete"),
                answer: .incomplete("code", "The authorization code is missing"))
        }
        if let sent = value("iss"), !isIssuer(sent, provider, oauth, variant: variant) {
            throw CallbackRefusal(
                recorded: ProviderError(
                    .permanent, "The callback came from another authorization server.", code: "issuer_mismatch"),
                answer: .incomplete("iss", "The callback comes from another authorization server"))
        }
        for parameter in oauth.callbackParameters where parameter.isRequired && (value(parameter.name) ?? "").isEmpty {
            throw CallbackRefusal(
                recorded: ProviderError(
                    .permanent, "The callback lacks “\(parameter.name)”.", code: "callback_incomplete"),
                answer: .incomplete(
                    parameter.name, "The callback lacks a parameter that the provider always sends"))
        }
        try checkAccountID(in: query, provider, oauth)
        return code
    }

    /// Refuses a callback that brings an account id of another form than the provider's, before the code is used.
    private func checkAccountID(
        in query: [NamedValue], _ provider: ConfiguredProvider, _ oauth: OAuth2
    ) throws(CallbackRefusal) {
        let facts: JSONValue = ["callback": Self.kept(query, oauth)]
        for path in provider.manifest.identity?.id ?? [] {
            guard let id = path.first(in: facts)?.string,
                let problem = provider.manifest.accountIDs.refusal(of: id)
            else { continue }
            let name = path.description.split(separator: ".").last.map(String.init) ?? "callback"
            throw CallbackRefusal(
                recorded: ProviderError(
                    .permanent, "An account id of \(provider.manifest.name) \(problem).", code: "account_id_invalid"),
                answer: .incomplete(name, "“\(name)” \(problem)"))
        }
    }

    /// The id of the connection that a state is for; nil for a text that is no state.
    package static func connectionID(ofState text: String) -> String? { OAuthState(text)?.connectionID }

    /// The parameters of a callback that are kept with the connection.
    static func kept(_ query: [NamedValue], _ oauth: OAuth2) -> JSONValue {
        .object(
            oauth.callbackParameters.compactMap { parameter in
                query.first { $0.name == parameter.name }.map { (parameter.name, .string($0.value)) }
            })
    }

    /// Whether `sent` is the provider's issuer (RFC 9207 section 2.4).
    ///
    /// Without an issuer in the manifest, it must have the origin of one of the provider's own endpoints.
    private func isIssuer(
        _ sent: String, _ provider: ConfiguredProvider, _ oauth: OAuth2, variant: String?
    ) -> Bool {
        if let issuer = oauth.issuer { return sent.utf8.elementsEqual(issuer.utf8) }
        guard let origin = WebOrigin(of: sent) else { return false }
        return ["authorize", "token"].contains { name in
            provider.endpoint(name, variant: variant).flatMap(WebOrigin.init(of:)) == origin
        }
    }

    /// A text of the callback as it may be shown: bounded, and without control characters.
    static func shown(_ text: String) -> String {
        let scalars = text.unicodeScalars.prefix(ProviderError.messageLengthMax).map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: " " as Unicode.Scalar
            default: scalar
            }
        }
        var shown = String.UnicodeScalarView()
        shown.append(contentsOf: scalars)
        return String(shown)
    }

    /// Records why an authorization failed.
    package func fail(
        _ claim: Claim, operation: ConnectionOperation, _ error: ProviderError, for principal: Principal
    ) async throws(ServiceError) {
        let now = time.now
        try await users.update(principal.userID) { (user) throws(ServiceError) in
            try user.update(claim.connectionID, where: { _ in true }) { (connection) throws(ServiceError) in
                try connection.authorizationFailed(operation, error, at: now)
            }
        }
    }

    // MARK: Shared

    func available(_ service: String, variant: String?) throws(ServiceError) -> ConfiguredProvider {
        guard let provider = registry[service] else {
            throw .invalid(field: "service", message: "Service not supported")
        }
        guard provider.hasVariant(variant) else {
            let problem = variant == nil ? "needs a variant" : "has no such variant"
            throw .invalid(field: "variant", message: "\(provider.manifest.name) \(problem)")
        }
        guard provider.isAvailable(variant) else {
            throw .invalid(field: "service", message: "\(provider.manifest.name) is not configured on this host")
        }
        return provider
    }
}

/// The redirect URIs that an authorization may ask for, compared byte for byte.
package struct RedirectURIs: Sendable {
    package let address: PublicAddress
    package let registered: [String]

    package init(address: PublicAddress, registered: [String]) {
        self.address = address
        self.registered = registered
    }

    /// The host's own callback URL for a provider.
    package func own(service: String) -> String { "\(address.url)/api/integrations/oauth/\(service)/callback" }

    /// Whether `uri` is registered or is the host's own callback URL.
    func allows(_ uri: String, service: String) -> Bool {
        (registered + [own(service: service)]).contains { $0.utf8.elementsEqual(uri.utf8) }
    }
}

/// A token as it is, without a way to replace it: one that was just issued, or is about to be ended.
struct FixedCredential: CredentialSource {
    let token: Secret

    func accessToken() async throws(ProviderError) -> Secret { token }
    func replacement(for rejected: Secret) async throws(ProviderError) -> Secret? { nil }
}

extension User {
    /// The account of the connection that is connected again; nil when none is, or when it has no account.
    fileprivate func account(of id: String?, service: String, _ variant: String?) throws(ServiceError) -> String? {
        guard let id else { return nil }
        guard let connection = connection(id) else { throw .notFound }
        guard connection.service == service, connection.variant == variant else {
            throw .invalid(field: "reconnect", message: "The connection is one to another provider or variant")
        }
        return connection.accountID
    }

    /// The permissions that an authorization asks for when it names none: those of the user's connections to the provider.
    fileprivate func permissions(at service: String, _ variant: String?) -> [String] {
        var permissions: [String] = []
        for connection in connections where connection.service == service && connection.variant == variant {
            // A connection that was never connected only wished.
            guard connection.connectedAt != nil || connection.accountID != nil else { continue }
            permissions += connection.permissions.filter { !permissions.contains($0) }
        }
        return permissions
    }
}
