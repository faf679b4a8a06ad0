// The integrations of a user that the status document lists: which there are, and which of them have expired. Knows no HTTP and no
// JSON.

package import ConnectionModel
package import Primitives
package import ProviderSDK
package import Providers
import Synchronization

/// The integrations of a user at one moment.
package struct StatusReport: Sendable {
    /// The connections that are connected or expired.
    package private(set) var integrations: [(connection: Connection, isExpired: Bool)] = []
    package private(set) var expiredCount = 0
    /// When the next integration expires that cannot renew itself; nil when none will.
    package private(set) var validUntil: Timestamp?

    package init(_ user: User, registry: ProviderRegistry, at now: Timestamp) {
        for connection in user.connections where connection.status == .connected || connection.status == .expired {
            var isExpired = connection.status == .expired
            if !isExpired, let end = Self.end(of: connection, registry) {
                if end <= now { isExpired = true } else { validUntil = min(end, validUntil ?? end) }
            }
            expiredCount += isExpired ? 1 : 0
            integrations.append((connection, isExpired))
        }
    }

    /// When a connection expires: at the end of a token that nothing can replace.
    private static func end(of connection: Connection, _ registry: ProviderRegistry) -> Timestamp? {
        guard let expiresAt = connection.expiresAt, connection.credentials.refreshToken == nil else { return nil }
        if case .accessToken = registry[connection.service]?.oauth?.refresh { return nil }
        return expiresAt
    }
}

/// Reads the integrations of users.
///
/// Callers bring the function that renders a report. It is called once for each change of a user; the result is kept with the user.
package struct StatusService: Sendable {
    package let users: UserStore
    package let registry: ProviderRegistry
    package let time: TimeSource

    package init(users: UserStore, registry: ProviderRegistry, time: TimeSource) {
        self.users = users
        self.registry = registry
        self.time = time
    }

    /// The rendered report of a user; stored documents are read when needed.
    package func read(
        of principal: Principal, _ render: @Sendable (StatusReport) -> RenderedStatus
    ) async throws(ServiceError) -> RenderedStatus {
        let now = time.now
        guard let stored = try await users.stored(principal.userID) else {
            return render(StatusReport(User(id: principal.userID), registry: registry, at: now))
        }
        return rendered(stored, at: now, render)
    }

    /// The rendered report of a user in memory; nil when memory has no entry, and ``read(of:_:)`` has the answer.
    package func cached(
        of principal: Principal, _ render: @Sendable (StatusReport) -> RenderedStatus
    ) -> RenderedStatus? {
        guard let stored = users.cached(principal.userID) else { return nil }
        return rendered(stored, at: time.now, render)
    }

    private func rendered(
        _ stored: StoredUser, at now: Timestamp, _ render: @Sendable (StatusReport) -> RenderedStatus
    ) -> RenderedStatus {
        if let ready = stored.renderedStatus.load() {
            if ready.isValid(at: now) { return ready }
            return render(StatusReport(stored.user, registry: registry, at: now))
        }
        return stored.renderedStatus.storeIfNil(render(StatusReport(stored.user, registry: registry, at: now)))
    }
}
