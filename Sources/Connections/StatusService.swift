// Selects the integrations of a user for the status document, and which of them have expired. Does not depend on HTTP or JSON.

package import ConnectionModel
package import Primitives
package import ProviderSDK
package import Providers
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
/// The caller passes the function that renders a report. It runs once for each change of a user, and the result is kept apart from
/// the user's document.
package struct StatusService: Sendable {
    package let users: UserStore
    package let registry: ProviderRegistry
    package let time: TimeSource

    package init(users: UserStore, registry: ProviderRegistry, time: TimeSource) {
        self.users = users
        self.registry = registry
        self.time = time
    }

    /// Returns the rendered report of a user; reads the stored document when needed, which then does not enter the cache.
    package func read(
        of principal: Principal, _ render: @Sendable (StatusReport) -> RenderedStatus
    ) async throws(ServiceError) -> RenderedStatus {
        let epoch = users.statuses.epoch(of: principal.userID)
        let user = try await users.peek(principal.userID) ?? User(id: principal.userID)
        return keep(render(StatusReport(user, at: time.now)), of: principal, readAt: epoch)
    }

    /// Returns the report of a user if that needs no waiting.
    ///
    /// Returns nil when memory holds neither the report nor the user; then call ``read(of:_:)``.
    package func cached(
        of principal: Principal, _ render: @Sendable (StatusReport) -> RenderedStatus
    ) -> RenderedStatus? {
        let now = time.now
        if let report = users.statuses.find(principal.userID, at: now) { return report }
        let epoch = users.statuses.epoch(of: principal.userID)
        guard let stored = users.cached(principal.userID) else { return nil }
        return keep(render(StatusReport(stored.value, at: now)), of: principal, readAt: epoch)
    }

    private func keep(
        _ report: RenderedStatus, of principal: Principal, readAt epoch: RenderedStatusCache.Epoch
    ) -> RenderedStatus {
        users.statuses.insert(report, of: principal.userID, readAt: epoch)
        return report
    }
}
