// Selects the integrations of a user for the status document, and which of them have expired. Does not depend on HTTP or JSON.

package import ConnectionModel
package import Primitives
package import ProviderSDK
package import Providers
import Synchronization
package import Users

/// The integrations of a user at one moment.
package struct StatusReport: Sendable {
    /// The connections that are connected or expired.
    package private(set) var integrations: [(connection: Connection, isExpired: Bool)] = []
    package private(set) var expiredCount = 0
    /// When the next integration that cannot renew itself expires; nil when none does.
    package private(set) var validUntil: Timestamp?

    package init(_ user: User, at now: Timestamp) {
        for connection in user.connections where connection.status == .connected || connection.status == .expired {
            var isExpired = connection.status == .expired
            if !isExpired, let end = connection.lapsesAt {
                if end <= now { isExpired = true } else { validUntil = min(end, validUntil ?? end) }
            }
            expiredCount += isExpired ? 1 : 0
            integrations.append((connection, isExpired))
        }
    }
}

/// Reads the integrations of users.
///
/// The caller passes the function that renders a report. It runs once for each change of a user, and the result is cached with the
/// user.
package struct StatusService: Sendable {
    package let users: UserStore
    package let registry: ProviderRegistry
    package let time: TimeSource

    package init(users: UserStore, registry: ProviderRegistry, time: TimeSource) {
        self.users = users
        self.registry = registry
        self.time = time
    }

    /// Returns the rendered report of a user; reads stored documents when needed.
    package func read(
        of principal: Principal, _ render: @Sendable (StatusReport) -> RenderedStatus
    ) async throws(ServiceError) -> RenderedStatus {
        let now = time.now
        guard let stored = try await users.stored(principal.userID) else {
            return render(StatusReport(User(id: principal.userID), at: now))
        }
        return rendered(stored, at: now, render)
    }

    /// Returns the cached report of a user.
    ///
    /// Returns nil when the cache has no entry; then call ``read(of:_:)``.
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
            return render(StatusReport(stored.user, at: now))
        }
        return stored.renderedStatus.storeIfNil(render(StatusReport(stored.user, at: now)))
    }
}
