// Clerk sessions: RS256 JWTs that live about a minute. The signature is checked before any claim is read. The key
// source provides the key.

import ConnectionModel
import Cryptography
import Primitives
import ProviderSDK
import Users

/// The rules by which a token of Clerk is a session and not one of its tokens for programs.
///
/// Clerk signs both with the same keys. The subject of a machine's token is a machine. An OAuth access token has a user as its
/// subject, but its header names its type and its claims name the client (RFC 9068 section 2).
enum ClerkSessions {
    /// The beginnings of the ids of machines, organizations and OAuth clients.
    private static let otherSubjects = ["mch_", "org_", "oac_", "client_"]
    /// The beginnings of the ids of tokens that are given to programs: of machines, of OAuth, and API keys.
    private static let otherTokens = ["mt_", "oat_", "ak_"]

    /// Whether the header of a token lets it be a session: `typ` is absent or `JWT` in any case (RFC 7519 section 5.1).
    static func allows(_ header: JOSEHeader) -> Bool {
        header.type.map { ASCII.lowercased(Array($0.utf8)).elementsEqual("jwt".utf8) } ?? true
    }

    /// Whether the subject can be a user.
    static func allows(subject: String) -> Bool {
        !(otherSubjects + otherTokens).contains { subject.utf8.starts(with: $0.utf8) }
    }

    /// Whether a token with the id `jti` can be a session.
    static func allows(tokenID: String?) -> Bool {
        !otherTokens.contains { tokenID?.utf8.starts(with: $0.utf8) ?? false }
    }
}

/// The required claims of a Clerk session.
struct ClerkClaims: Sendable {
    /// The required `iss`; nil leaves it unchecked.
    let issuer: String?
    /// The accepted values of `azp`; empty leaves it unchecked.
    let authorizedParties: [String]
    /// The allowed difference between the clocks.
    static let tolerance = Duration.seconds(5)

    /// The session of a token with the payload `payload`, whose signature was checked.
    func session(_ payload: [UInt8], at now: Timestamp) -> VerifiedSession? {
        guard let claims = SessionClaims(payload), let userID = claims.userID("sub"),
            ClerkSessions.allows(subject: userID), ClerkSessions.allows(tokenID: claims.text("jti")),
            claims.text("client_id") == nil,
            let expiresAt = claims.expiry(at: now, tolerance: Self.tolerance, checksIssueTime: true),
            issuer.map({ claims.has("iss", $0) }) ?? true,
            authorizedParties.isEmpty || authorizedParties.contains(where: { claims.has("azp", $0) }),
            // A session that Clerk still waits for, such as for a second factor, is not signed in.
            !claims.has("sts", "pending")
        else { return nil }
        return VerifiedSession(
            principal: Principal(
                userID: userID, roles: claims.roles, kind: .session,
                sessionBinding: SessionBinding.of(claims, user: userID, scheme: "clerk")),
            expiresAt: expiresAt)
    }
}

/// Verifies Clerk sessions with one configured key.
struct ClerkVerifier: SessionVerifier {
    /// The cookie that Clerk's browser code sets.
    static let cookieName = "__session"

    let signatures: JWSVerifier
    let claims: ClerkClaims

    func session(of token: String, at now: Timestamp) -> VerifiedSession? {
        guard let header = try? JOSEHeader(unverified: token), ClerkSessions.allows(header),
            let payload = try? signatures.verify(token)
        else { return nil }
        return claims.session(payload, at: now)
    }
}

/// Verifies Clerk sessions with the keys of the issuer's key set.
///
/// The key set belongs to this verifier: no other issuer's key can be found in it.
struct ClerkKeySetVerifier: SessionVerifier {
    let keySet: RemoteKeySet
    let claims: ClerkClaims

    func session(of token: String, at now: Timestamp) async -> VerifiedSession? {
        // A token that cannot be good with any key must not cause a fetch of keys.
        guard let header = try? JOSEHeader(unverified: token), header.algorithm.utf8.elementsEqual("RS256".utf8),
            ClerkSessions.allows(header), let keyID = header.keyID,
            let signatures = await keySet.verifier(keyID: Array(keyID.utf8)),
            let payload = try? signatures.verify(token)
        else { return nil }
        return claims.session(payload, at: now)
    }
}
