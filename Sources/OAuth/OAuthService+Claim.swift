// Uses up the authorization that a callback belongs to, or says why the callback has none.

package import ConnectionModel
package import ProviderSDK
import Users

extension OAuthService {
    /// An authorization that this callback alone may complete.
    package struct Claim: Sendable {
        package let connectionID: String
        package let variant: String?
        /// The number of the grant that the connection had.
        package let grant: Int
        package let authorization: PendingAuthorization

        package init(_ connection: Connection, _ authorization: PendingAuthorization) {
            connectionID = connection.id
            variant = connection.variant
            grant = connection.grant.number
            self.authorization = authorization
        }
    }

    func claim(_ callback: Callback, for principal: Principal) async throws(CallbackFailure) -> Claim {
        let (now, state) = (time.now, callback.state)
        var refusal = FailureReason.stateInvalid
        do throws(ServiceError) {
            return try await users.update(principal.userID) { (user) throws(ServiceError) -> Claim in
                guard let connection = user.connection(state.connectionID),
                    let authorization = connection.authorizations.first(where: {
                        $0.nonce.utf8.elementsEqual(state.nonce.utf8)
                    })
                else {
                    refusal = OAuthNonce(text: state.nonce).refusal(
                        connectionID: state.connectionID, userID: principal.userID, at: now, keyID: state.keyID,
                        with: keys.ring)
                    throw CallbackFailure.state(refusal).error
                }
                let binding = binding(authorization, user: user.id, connection: connection)
                guard connection.service.utf8.elementsEqual(callback.service.utf8), connection.disconnection == nil,
                    state.isValid(for: binding, with: keys.ring)
                else { throw CallbackFailure.state(refusal).error }
                guard principal.completes(authorization.sessionBinding) else {
                    refusal = .otherSession
                    throw CallbackFailure.state(refusal).error
                }
                guard authorization.expiresAt > now else {
                    refusal = .stateExpired
                    throw CallbackFailure.state(refusal).error
                }
                user.callbackClaimed(
                    ClaimedCallback(
                        tag: callback.tag, connectionID: connection.id, callerState: authorization.callerState,
                        expiresAt: now.advanced(by: ClaimedCallback.lifetime)), at: now)
                return try user.claim(authorization, of: connection.id, at: now)
            }
        } catch {
            guard case .invalid(field: "state", _) = error else { throw CallbackFailure(error) }
            throw .state(refusal)
        }
    }

    func binding(_ authorization: PendingAuthorization, user: String, connection: Connection) -> OAuthStateBinding {
        OAuthStateBinding(
            userID: user, sessionBinding: authorization.sessionBinding, service: connection.service,
            variant: connection.variant, connectionID: connection.id, redirectURI: authorization.redirectURI,
            verifier: authorization.verifier, callerState: authorization.callerState, nonce: authorization.nonce,
            expiresAt: authorization.expiresAt)
    }

    func signed(
        _ authorization: PendingAuthorization, user: String, connection: Connection
    ) throws(ServiceError) -> OAuthState {
        do {
            return try OAuthState.signed(
                binding(authorization, user: user, connection: connection), with: keys.ring)
        } catch {
            throw .internalFault("\(error)")
        }
    }
}

extension User {
    /// Uses up an authorization of a connection.
    package mutating func claim(
        _ authorization: PendingAuthorization, of id: String, at now: Timestamp
    ) throws(ServiceError) -> OAuthService.Claim {
        try update(id) { (connection) throws(ServiceError) in
            _ = connection.authorizationClaimed(authorization.nonce, at: now)
            return OAuthService.Claim(connection, authorization)
        }
    }
}
