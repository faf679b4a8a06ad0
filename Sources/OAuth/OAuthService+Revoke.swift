// Ends a grant at the provider, where the provider offers a way (RFC 7009). A failure of the provider is an outcome:
// a user can disconnect even while the provider is down. A cancellation is not.

import Background
package import ConnectionModel
import HTTPClient
import Observability
import ProviderSDK
import Providers
package import Users

extension OAuthService: GrantRevoking {
    /// Ends the grant at the provider.
    ///
    /// Where that would end the grants of other connections to the same account, only the last connection ends it. A grant may be newer
    /// than the request to end the old one, so this is looked up just before each request is sent.
    package func revocation(
        of connection: Connection, user: String
    ) async throws(CancellationError) -> RevocationAnswer {
        guard let provider = registry[connection.service], let oauth = provider.oauth(connection.variant),
            let revocation = oauth.revocation,
            let url = provider.endpoint("revoke", variant: connection.variant),
            let clientID = provider.clientID(connection.variant), !connection.credentials.isEmpty
        else { return RevocationAnswer(.notOffered) }
        let check = { @Sendable () async throws(ProviderError) in
            guard revocation.reach == .account else { return }
            try await checkStanding(of: connection, user: user)
        }
        do {
            try await check()
            guard try await session(connection, user: user, provider, check).detach() == .revokesGrant else {
                return RevocationAnswer(.revoked)
            }
            let access = try? vault.accessToken(of: connection, user: user)
            let refresh = try? vault.refreshToken(of: connection, user: user)
            let token: Secret? =
                switch revocation.token {
                case .refreshToken: refresh ?? access
                case .accessToken: access
                default: nil
                }
            let request = TokenRequest(
                oauth: oauth, clientID: clientID, clientSecret: provider.clientSecret(connection.variant),
                settings: provider.publicSettings
            ).revocation(revocation, token: token, accountID: connection.accountID, at: url)
            try await check()
            return answer(try await gateway.plain(request), to: revocation, of: connection)
        } catch {
            if Task.isCancelled { throw CancellationError() }
            return answer(error, for: connection)
        }
    }

    /// Refuses to end all grants of an account that has another one.
    private func checkStanding(of connection: Connection, user: String) async throws(ProviderError) {
        let standing: AccountUsers.Standing
        do { standing = try await accounts.standing(of: connection, user: user) } catch {
            throw ProviderError(.transient, "The connections to the account could not be looked up.")
        }
        switch standing {
        case .last: return
        case .shared: throw ProviderError(.permanent, "The account has another grant.", code: Self.sharedCode)
        case .undecided:
            throw ProviderError(.transient, "The user has a grant whose account is not known yet.")
        }
    }

    /// The code of the refusal to end a grant that others need.
    private static let sharedCode = "shared_account"

    /// Returns what the provider's answer means.
    private func answer(
        _ response: ProviderResponse, to revocation: Revocation, of connection: Connection
    ) -> RevocationAnswer {
        let body = try? JSONValue.parse(response.body)
        let isDone =
            200...299 ~= response.status
            && (revocation.succeedsWhen.map { body.map(condition($0)) ?? false } ?? true)
        if isDone { return RevocationAnswer(.revoked) }
        let pause = response.retryAfter(now: time.now)
        let mayPass = pause != nil || [408, 425, 429].contains(response.status) || 500...599 ~= response.status
        log.warning(
            "The provider did not end the grant.",
            ["connectionId": .text(connection.id), "status": .integer(response.status)])
        return RevocationAnswer(mayPass ? .pending : .failed, retryAfter: pause)
    }

    /// Returns what a failure means.
    private func answer(_ error: ProviderError, for connection: Connection) -> RevocationAnswer {
        if error.code == Self.sharedCode { return RevocationAnswer(.sharedAccount) }
        log.warning(
            "Could not end the grant at the provider.",
            ["connectionId": .text(connection.id), "error": .text(error.shown().message)])
        switch error.kind {
        case .rateLimited(let pause): return RevocationAnswer(.pending, retryAfter: pause)
        case .transient: return RevocationAnswer(.pending, retryAfter: error.retryAfter)
        case .authExpired, .authRevoked:
            // Only the access token has ended: it is replaced when the revocation is retried.
            let isRenewable = connection.credentials.refreshToken != nil
            let hasEnded = connection.expiresAt.map { $0 <= time.now } ?? false
            return RevocationAnswer(isRenewable && hasEnded ? .pending : .failed)
        default: return RevocationAnswer(.failed)
        }
    }

    /// Returns the connection's session with the tokens as they are: a grant that is about to end is not refreshed.
    private func session(
        _ connection: Connection, user: String, _ provider: ConfiguredProvider,
        _ check: @escaping @Sendable () async throws(ProviderError) -> Void
    ) throws(ProviderError) -> ProviderSession {
        guard let token = try? vault.accessToken(of: connection, user: user) else {
            throw ProviderError(.permanent, "The stored credential cannot be opened.")
        }
        var wait = RateLimitWait()
        wait.beforeSending = check
        return ProviderSession(
            gateway, provider, account: connection.account, credentials: FixedCredential(token: token), wait: wait)
    }

    private func condition(_ condition: Condition) -> (JSONValue) -> Bool {
        let now = time.now
        return { condition.isMet(by: $0, now: now) }
    }
}
