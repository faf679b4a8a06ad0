// The interface between a session scheme and the authenticator: a verifier, and where its tokens come from.

import ConnectionModel
package import ProviderSDK
package import Users

/// A session that a verifier accepted.
package struct VerifiedSession: Sendable, Equatable {
    package let principal: Principal
    /// The first moment at which the session is no longer good, the tolerance of its scheme included.
    package let expiresAt: Timestamp
}

/// Verifies the tokens of one scheme with one algorithm; both are the configuration's choice, never the token's.
protocol SessionVerifier: Sendable {
    /// Returns the session of a good token; nil for any other text.
    ///
    /// Waits only where keys have to be fetched first.
    func session(of token: String, at now: Timestamp) async -> VerifiedSession?
}

/// A verifier and the places its tokens come in.
package struct SessionScheme: Sendable {
    let verifier: any SessionVerifier
    /// Whether the token may come as `Authorization: Bearer`.
    var takesBearer = true
    /// The cookies that may carry the token.
    var cookieNames: [String] = []
    /// Whether a long token may be spread over the cookies `<name>.0`, `<name>.1` and so on.
    var isChunked = false
    /// The ids, as bytes, of the users whom the configuration makes superusers.
    var superusers: Set<[UInt8]> = []

    /// Returns the session of a good token, with the role that the configuration gives its user.
    func session(of token: String, at now: Timestamp) async -> VerifiedSession? {
        guard let session = await verifier.session(of: token, at: now) else { return nil }
        let user = session.principal
        guard user.kind == .session, superusers.contains(Array(user.userID.utf8)) else { return session }
        return VerifiedSession(
            principal: Principal(
                userID: user.userID, roles: user.roles + [Principal.superuserRole], kind: user.kind,
                sessionBinding: user.sessionBinding), expiresAt: session.expiresAt)
    }

    /// The texts among `cookies` that may be a token of this scheme.
    package func tokens(in cookies: [String]) -> [String] {
        var tokens: [String] = []
        for name in cookieNames {
            tokens += CookieValues.all(of: name, in: cookies)
            if isChunked, let token = CookieChunks.joined(name, in: cookies) { tokens.append(token) }
        }
        return tokens
    }
}
