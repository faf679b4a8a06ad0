// Ends a grant at the provider, where the provider offers a way (RFC 7009). A failure of the provider is an outcome:
// a user can disconnect even while the provider is down. A cancellation is not.

import Background
package import ConnectionModel
import HTTPClient
import Observability
import ProviderSDK
import Providers

extension OAuthService: GrantRevoking {
    /// Ends the grant at the provider.
    ///
    /// Where that would end the grants of other connections to the same account, only the last connection ends it.
    package func revoke(
        _ connection: Connection, user: String
    ) async throws(CancellationError) -> RevocationOutcome {
        guard let provider = registry[connection.service], let oauth = provider.oauth,
            let revocation = oauth.revocation,
            let url = provider.endpoint("revoke", variant: connection.variant),
            let clientID = provider.clientID(connection.variant), !connection.credentials.isEmpty
        else { return .notOffered }
        if revocation.reach == .account {
            // If the other connections cannot be looked up, the grant is not ended: it may be shared with other users.
            guard (try? await accounts.isLast(connection, user: user)) == true else { return .sharedAccount }
        }
        do {
            guard try await session(connection, user: user, provider).detach() == .revokesGrant
            else {
                return .revoked
            }
        } catch {
            if Task.isCancelled { throw CancellationError() }
            log.warning(
                "Could not detach the account at the provider.",
                ["connectionId": .text(connection.id), "error": .text(error.shown().message)])
            return .failed
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
        do {
            let response = try await gateway.plain(request)
            let body = try? JSONValue.parse(response.body)
            let isDone =
                200...299 ~= response.status
                && (revocation.succeedsWhen.map { body.map(condition($0)) ?? false } ?? true)
            if !isDone {
                log.warning(
                    "The provider did not end the grant.",
                    ["connectionId": .text(connection.id), "status": .integer(response.status)])
            }
            return isDone ? .revoked : .failed
        } catch {
            if Task.isCancelled { throw CancellationError() }
            log.warning(
                "Could not revoke the grant at the provider.",
                ["connectionId": .text(connection.id), "error": .text(error.message)])
            return .failed
        }
    }

    /// Returns the connection's session with the tokens as they are: a grant that is about to end is not refreshed.
    private func session(
        _ connection: Connection, user: String, _ provider: ConfiguredProvider
    ) throws(ProviderError) -> ProviderSession {
        guard let token = try? vault.accessToken(of: connection, user: user) else {
            throw ProviderError(.permanent, "The stored credential cannot be opened.")
        }
        return ProviderSession(
            gateway, provider, account: connection.account, credentials: FixedCredential(token: token))
    }

    private func condition(_ condition: Condition) -> (JSONValue) -> Bool {
        let now = time.now
        return { condition.isMet(by: $0, now: now) }
    }
}
