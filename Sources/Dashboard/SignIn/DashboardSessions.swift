// Who is signed in to the dashboard: in memory, so that a restart signs everyone out. A cookie has a random secret, of which only the hash
// is kept. DashboardSessionTable is the state, without a clock.

import Cryptography
package import Primitives
import Synchronization

/// A person who is signed in.
struct DashboardSession: Sendable, Equatable {
    /// The application key with which the person signed in.
    let keyID: String
    /// What each form of the person's pages carries.
    let formToken: String
}

/// The signed-in people.
struct DashboardSessionTable {
    private struct Entry {
        let session: DashboardSession
        let begun: MonotonicInstant
        var used: MonotonicInstant
    }

    private var entries: [[UInt8]: Entry] = [:]

    var count: Int { entries.count }

    /// Signs a person in; the one who was idle longest makes room.
    mutating func add(_ session: DashboardSession, digest: [UInt8], at now: MonotonicInstant) {
        entries = entries.filter { Self.isLive($0.value, at: now) }
        if entries.count >= DashboardLimits.sessionsMax, let idle = entries.min(by: { $0.value.used < $1.value.used }) {
            entries[idle.key] = nil
        }
        entries[digest] = Entry(session: session, begun: now, used: now)
    }

    /// Returns who has the cookie; nil for no one, and for one whose time is over.
    mutating func session(_ digest: [UInt8], at now: MonotonicInstant) -> DashboardSession? {
        guard var entry = entries[digest] else { return nil }
        guard Self.isLive(entry, at: now) else {
            entries[digest] = nil
            return nil
        }
        entry.used = now
        entries[digest] = entry
        return entry.session
    }

    /// Signs a person out.
    mutating func remove(_ digest: [UInt8]) { entries[digest] = nil }

    private static func isLive(_ entry: Entry, at now: MonotonicInstant) -> Bool {
        now < entry.begun + DashboardLimits.sessionLifetime && now < entry.used + DashboardLimits.idleTimeMax
    }
}

/// The signed-in people of a host, by their cookies.
package final class DashboardSessions: Sendable {
    /// The name of the cookie.
    static let cookieName = "integration-host-dashboard"

    private let table = Mutex(DashboardSessionTable())
    private let time: TimeSource

    package init(time: TimeSource) { self.time = time }

    /// Signs a person in.
    ///
    /// - Returns: the secret for the cookie.
    func signIn(keyID: String) throws(CryptographyError) -> String {
        let secret = try SecureRandom.base64URL(byteCount: 32)
        let session = DashboardSession(keyID: keyID, formToken: try SecureRandom.base64URL(byteCount: 16))
        let now = time.instant
        table.withLock { $0.add(session, digest: SHA256.digest(secret).bytes, at: now) }
        return secret
    }

    /// Returns who sent these cookies; nil for no one.
    func session(cookies: [String]) -> DashboardSession? {
        let now = time.instant
        for secret in Self.secrets(cookies) {
            if let session = table.withLock({ $0.session(SHA256.digest(secret).bytes, at: now) }) { return session }
        }
        return nil
    }

    /// Signs out who sent these cookies.
    func signOut(cookies: [String]) {
        for secret in Self.secrets(cookies) { table.withLock { $0.remove(SHA256.digest(secret).bytes) } }
    }

    /// The value of `Set-Cookie`; without a secret it removes the cookie.
    static func cookie(_ secret: String?, isSecure: Bool) -> String {
        let seconds = secret == nil ? 0 : Int(DashboardLimits.sessionLifetime / .seconds(1))
        return "\(cookieName)=\(secret ?? ""); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict"
            + (isSecure ? "; Secure" : "")
    }

    private static func secrets(_ cookies: [String]) -> [String] {
        cookies.flatMap { $0.split(separator: ";") }.compactMap { pair in
            let pair = pair.drop { $0 == " " }
            guard pair.hasPrefix(cookieName + "=") else { return nil }
            return String(pair.dropFirst(cookieName.utf8.count + 1))
        }.filter { 1...100 ~= $0.utf8.count }
    }
}
