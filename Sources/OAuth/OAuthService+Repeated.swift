// The answer to a callback that came before, from what is stored about it. Nothing is exchanged a second time.

import ConnectionModel
import ProviderSDK
import Providers
import Users

extension OAuthService {
    /// Returns the answer to a callback that came before; nil for a callback that is new, or about which nothing is known.
    ///
    /// - Throws: the failure that the first one ended with.
    func answer(
        toRepeated callback: Callback, _ provider: ConfiguredProvider, for principal: Principal
    ) async throws(ServiceError) -> Completion? {
        let now = time.now
        guard let user = try await users.stored(principal.userID)?.user,
            let earlier = user.callbacks.first(where: { $0.tag.utf8.elementsEqual(callback.tag.utf8) }),
            earlier.expiresAt > now, let connection = user.connection(earlier.connectionID),
            connection.disconnection == nil
        else { return nil }
        if !connection.isConnected {
            guard let held = connection.grant.unidentified else {
                // Nothing is known of a code whose exchange was interrupted, and it may be spent.
                guard let failure = connection.failure else { return nil }
                throw .provider(failure.error)
            }
            // A first callback whose caller went away has stored the tokens, and stopped before it asked whose they are.
            if held.attempts > 0, let failure = connection.failure { throw .provider(failure.error) }
            guard let token = try vault.accessToken(of: connection, user: principal.userID) else { return nil }
            _ = try await finish(
                connection.id, of: principal.userID, provider, credentials: FixedCredential(token: token))
        }
        guard
            let id = try await users.stored(principal.userID)?.user.callbacks.first(where: {
                $0.tag.utf8.elementsEqual(callback.tag.utf8)
            })?.connectionID
        else { return nil }
        return Completion(
            connectionID: id, callerState: try callerState(earlier.callerState, callback.state, for: principal))
    }
}

extension ConnectionFailure {
    /// The provider's error that was recorded.
    fileprivate var error: ProviderError {
        let kind: ProviderError.Kind =
            switch self.kind {
            case .transient, .unknown: .transient
            case .rateLimited: .rateLimited(after: nil)
            case .misconfigured: .misconfigured
            default: .permanent
            }
        return ProviderError(kind, message, code: code)
    }
}
