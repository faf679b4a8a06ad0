// The integrations of a user as the status document lists them, rendered once per revision of the user and then sent as often as it
// is asked for. Knows no request.

import ProviderSDK
import Synchronization

/// A user's integrations as JSON, ready to be sent.
typealias StatusList = UserRendering

extension UserRendering {
    /// The integrations of `user` at `now`.
    convenience init(_ user: User, registry: ProviderRegistry, at now: Timestamp) {
        var writer = JSONWriter(capacity: 64 + 256 * user.connections.count)
        var count = 0
        var expired = 0
        var validUntil: Timestamp?
        writer.array { writer in
            for connection in user.connections where connection.status == .connected || connection.status == .expired {
                var isExpired = connection.status == .expired
                if !isExpired, let end = Self.end(of: connection, registry) {
                    if end <= now { isExpired = true } else { validUntil = min(end, validUntil ?? end) }
                }
                count += 1
                expired += isExpired ? 1 : 0
                Self.write(connection, isExpired: isExpired, to: &writer)
            }
        }
        self.init(count: count, expiredCount: expired, bytes: writer.bytes, validUntil: validUntil)
    }

    /// When a connection ends on its own: at the end of a token that nothing can replace.
    private static func end(of connection: Connection, _ registry: ProviderRegistry) -> Timestamp? {
        guard let expiresAt = connection.expiresAt, connection.credentials.refreshToken == nil else { return nil }
        if case .accessToken = registry[connection.service]?.oauth?.refresh { return nil }
        return expiresAt
    }

    private static func write(_ connection: Connection, isExpired: Bool, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", connection.number)
            writer.member("provider", connection.service)
            writer.member("accountId", connection.accountID ?? connection.service)
            writer.member("accountName", connection.accountName ?? connection.accountID ?? connection.service)
            writer.member("status", isExpired ? "expired" : "connected")
            writer.member("expiresAt", connection.expiresAt?.text(withMilliseconds: true))
            writer.member("createdAt", connection.createdAt.text(withMilliseconds: true))
            writer.member("updatedAt", connection.updatedAt.text(withMilliseconds: true))
        }
    }
}

extension StoredUser {
    /// The user's integrations at `now`; rendered at the first call after a change of the user.
    func statusList(registry: ProviderRegistry, at now: Timestamp) -> StatusList {
        if let ready = renderedStatus.load() {
            if ready.isValid(at: now) { return ready }
            return StatusList(user, registry: registry, at: now)
        }
        return renderedStatus.storeIfNil(StatusList(user, registry: registry, at: now))
    }
}

extension ConnectionLookup {
    /// The user's integrations as the status document lists them.
    func status(of principal: Principal) async throws(ServiceError) -> StatusList {
        let now = time.now
        guard let stored = try await users.stored(principal.userID) else {
            return StatusList(User(id: principal.userID), registry: registry, at: now)
        }
        return stored.statusList(registry: registry, at: now)
    }

    /// The same when the user is in memory; nil says nothing about what is stored.
    func cachedStatus(of principal: Principal) -> StatusList? {
        users.cached(principal.userID)?.statusList(registry: registry, at: time.now)
    }
}
