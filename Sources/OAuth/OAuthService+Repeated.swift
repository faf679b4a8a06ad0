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
    ) async throws(CallbackFailure) -> Completion? {
        let now = time.now
        let user: User?
        do throws(ServiceError) { user = try await users.stored(principal.userID)?.user } catch {
            throw CallbackFailure(error)
        }
        guard let user, let earlier = user.claimed(by: callback.tag), earlier.expiresAt > now,
            let connection = user.connection(earlier.connectionID), connection.disconnection == nil
        else { return nil }
        // A first callback whose caller went away has stored the tokens, and stopped before it asked whose they are.
        let isHeld = connection.grant.unidentified.map { $0.attempts == 0 || connection.failure == nil } ?? false
        if !connection.isConnected, !isHeld {
            // Nothing is known of a code whose exchange was interrupted, and it may be spent.
            guard let failure = connection.failure else { return nil }
            throw CallbackFailure(failure, failure.error)
        }
        do throws(ServiceError) {
            if isHeld, !connection.isConnected {
                guard let token = try vault.accessToken(of: connection, user: principal.userID) else { return nil }
                _ = try await finish(
                    connection.id, of: principal.userID, provider, credentials: FixedCredential(token: token))
            }
            guard let id = try await users.stored(principal.userID)?.user.claimed(by: callback.tag)?.connectionID else {
                return nil
            }
            return Completion(
                connectionID: id, callerState: try callerState(earlier.callerState, callback.state, for: principal))
        } catch {
            throw .afterExchange(error)
        }
    }
}

extension User {
    fileprivate func claimed(by tag: String) -> ClaimedCallback? {
        callbacks.first { $0.tag.utf8.elementsEqual(tag.utf8) }
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
