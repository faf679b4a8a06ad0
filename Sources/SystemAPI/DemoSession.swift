// The session of a demo: a token for programs, and a code that gives one browser the session. Only a demo has one; in
// a real installation no code leads to a session.

import ConnectionModel
package import Cryptography
package import ProviderSDK
package import Sessions
import Synchronization
import Users

/// The session of a demo's user.
package final class DemoSession: Sendable {
    /// The user of the session.
    package static let user = "demo-user"

    /// The token of the session.
    package let token: String
    let principal: Principal
    /// The code in the demo's link; valid once.
    package let code: String
    private let isUsed = Atomic(false)

    /// Creates a session; nil when the host's keys do not verify it.
    package init?(_ sessions: HostSessions, at now: Timestamp) throws(CryptographyError) {
        token = try sessions.issue(
            userID: Self.user, roles: [], kind: .session, lifetime: HostSessions.lifetimeDefault, at: now)
        guard let principal = sessions.session(of: token, at: now)?.principal else { return nil }
        self.principal = principal
        code = try SecureRandom.base62(22)
    }

    /// Returns whether `code` is correct; true only once.
    func admits(_ code: String) -> Bool {
        guard constantTimeEquals(code, self.code) else { return false }
        return isUsed.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
    }

    /// Returns the cookie that gives a browser the session.
    ///
    /// - Parameter isSecure: whether browsers reach the host over HTTPS.
    func cookie(isSecure: Bool) -> String {
        "integration-host-session=\(token); Path=/; Max-Age=\(HostSessions.lifetimeDefault.components.seconds); HttpOnly; SameSite=Lax"
            + (isSecure ? "; Secure" : "")
    }
}
