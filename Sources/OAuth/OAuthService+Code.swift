// Completes an authorization with its code alone, for providers that return no state. The session alone then decides
// who may bring the code, so this is never done for a provider that does return the state.

import ConnectionModel
import Cryptography
import Observability
package import ProviderSDK
import Providers
package import Users

extension OAuthService {
    /// Completes the authorization of `service` and `variant` that `principal` began, or one begun elsewhere.
    ///
    /// One begun elsewhere had the redirect URI that is configured. The same code at the same time is exchanged once.
    ///
    /// - Returns: the id of the connection.
    /// - Throws: ``ServiceError/provider(_:)`` with the status of the provider's answer when it refuses the code.
    package func complete(
        service: String, variant: String?, code: String, for principal: Principal
    ) async throws(CallbackFailure) -> String {
        let provider: ConfiguredProvider
        do throws(ServiceError) { provider = try available(service, variant: variant) } catch {
            throw CallbackFailure(error)
        }
        let variant = provider.stored(variant)
        guard let oauth = provider.oauth(variant) else { throw CallbackFailure(.notFound) }
        guard !oauth.returnsState else {
            throw .incomplete("code", "\(provider.manifest.name) is completed at its callback, with its state")
        }
        let parts = ["code", principal.userID, principal.sessionBinding, service, variant ?? "", code]
        let tag = SHA256.digest(parts.map { "\($0.utf8.count):\($0)" }.joined()).base64URL
        let completion = try await callbacks.once(tag) { () async in
            do throws(CallbackFailure) {
                let id = try await complete(provider, oauth, variant: variant, code: code, for: principal)
                return .completed(Completion(connectionID: id, callerState: nil))
            } catch {
                return error.error == .canceled && Task.isCancelled ? .abandoned : .failed(error)
            }
        }
        return completion.connectionID
    }

    /// Completes the authorization of `service` and `variant` with the query of a callback that has no state.
    ///
    /// - Returns: the id of the connection.
    package func complete(
        service: String, variant: String?, query: [NamedValue], for principal: Principal
    ) async throws(CallbackFailure) -> String {
        func value(_ name: String) -> String { query.first { $0.name == name }?.value ?? "" }
        for pair in query where pair.value.utf8.count > OAuthLimits.callbackParameterBytesMax {
            throw .incomplete(pair.name, "The parameter is too long")
        }
        let refusal = Redaction.text(Self.shown(value("error")), without: [value("code")].filter { !$0.isEmpty })
        guard refusal.isEmpty else {
            throw CallbackFailure(
                .provider(ProviderError(.permanent, "The provider refused the authorization.", code: refusal)),
                .refusal(code: refusal))
        }
        guard !value("code").isEmpty else { throw .incomplete("code", "The authorization code is missing") }
        return try await complete(service: service, variant: variant, code: value("code"), for: principal)
    }

    private func complete(
        _ provider: ConfiguredProvider, _ oauth: OAuth2, variant: String?, code: String, for principal: Principal
    ) async throws(CallbackFailure) -> String {
        let scopes = provider.manifest.requestedScopes(
            for: [], variant: variant, settings: provider.publicSettings)
        let (claim, isNew): (Claim, Bool)
        let verifier: Secret?
        do throws(ServiceError) {
            (claim, isNew) = try await self.claim(provider, variant: variant, scopes: scopes, for: principal)
            verifier = try self.verifier(of: claim, for: principal)
        } catch { throw CallbackFailure(error) }
        let tokens: TokenResponse
        do {
            tokens = try await exchange(code, verifier: verifier, claim, provider, oauth)
        } catch let refusal {
            do throws(ServiceError) { try await end(claim, isNew: isNew, refusal, for: principal) } catch {
                throw CallbackFailure(error)
            }
            throw CallbackFailure(.provider(refusal), .exchange(refusal))
        }
        do throws(ServiceError) {
            return try await connect(tokens, claim, provider, oauth, query: [], for: principal)
        } catch {
            throw .afterExchange(error)
        }
    }

    /// Records a refused code.
    private func end(
        _ claim: Claim, isNew: Bool, _ refusal: ProviderError, for principal: Principal
    ) async throws(ServiceError) {
        guard isNew else { return try await fail(claim, operation: .exchange, refusal, for: principal) }
        // Nothing existed before this code came, so a bad code leaves nothing behind.
        try await users.update(principal.userID) { (user) throws(ServiceError) in user.withdraw(claim.connectionID) }
    }

    /// The newest authorization that this session began, used up durably; else a new one.
    private func claim(
        _ provider: ConfiguredProvider, variant: String?, scopes: [String], for principal: Principal
    ) async throws(ServiceError) -> (claim: Claim, isNew: Bool) {
        let now = time.now
        let random: String
        let nonce: String
        do {
            random = try SecureRandom.base62(22)
            nonce = try SecureRandom.base62(22)
        } catch {
            throw .internalFault("\(error)")
        }
        let redirectURI = redirects.registered.first ?? redirects.own(service: provider.id)
        return try await users.update(principal.userID) { (user) throws(ServiceError) -> (Claim, Bool) in
            for connection in user.connections.reversed()
            where connection.service == provider.id && connection.variant == variant {
                guard
                    let authorization = connection.authorizations.last(where: {
                        principal.completes($0.sessionBinding) && $0.expiresAt > now
                    })
                else { continue }
                return (try user.claim(authorization, of: connection.id, at: now), false)
            }
            let id = try user.add(
                service: provider.id, variant: variant, status: .pending,
                shard: UserStore.shard(of: principal.userID), random: random, at: now)
            guard let connection = user.connection(id) else { throw .notFound }
            let authorization = PendingAuthorization(
                nonce: nonce, redirectURI: redirectURI, verifier: nil, callerState: nil,
                sessionBinding: principal.authorizationBinding, requestedScopes: scopes,
                expiresAt: now.advanced(by: PendingAuthorization.lifetime))
            return (Claim(connection, authorization), true)
        }
    }
}
