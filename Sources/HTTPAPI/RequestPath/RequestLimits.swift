// The host's rate limits as routes name them, and the header fields that report them. RateLimiter counts.

import ConnectionModel
import HTTPServer
package import Primitives

/// The rate limits of routes.
package struct RequestLimits: Sendable {
    private let connectionCreation: RateLimiter
    private let sync: RateLimiter
    private let oauth: RateLimiter
    private let status: RateLimiter
    private let time: TimeSource

    /// Creates limits in requests per minute; 0 switches a limit off.
    package init(connectionCreation: Int, sync: Int, oauth: Int, status: Int, time: TimeSource) {
        self.connectionCreation = RateLimiter(limit: connectionCreation)
        self.sync = RateLimiter(limit: sync)
        self.oauth = RateLimiter(limit: oauth)
        self.status = RateLimiter(limit: status)
        self.time = time
    }

    /// Counts a request; nil when no limit applies to it.
    func admit(
        _ limit: RouteLimit, principal: Principal?, parameters: [String: String] = [:]
    ) -> RateLimiter.Decision? {
        let user = principal?.userID ?? ""
        switch limit {
        case .none: return nil
        case .connectionCreation: return connectionCreation.admit(user, now: time.instant.nanoseconds)
        case .sync:
            return sync.admit("\(user.utf8.count):\(user)/\(parameters["id"] ?? "")", now: time.instant.nanoseconds)
        case .oauth: return oauth.admit(user, now: time.instant.nanoseconds)
        case .status: return status.admit(user, now: time.instant.nanoseconds)
        }
    }
}

extension RateLimiter.Decision {
    /// The end of the window in seconds since 1970, rounded up.
    private func resetSeconds(at time: TimeSource) -> Int {
        Int((time.millisecondsSince1970 + Int64(resetNanoseconds / 1_000_000) + 999) / 1000)
    }

    /// The `X-RateLimit-` fields; empty when there is no limit.
    func headers(at time: TimeSource) -> [(name: String, value: String)] {
        guard limit > 0 else { return [] }
        return [
            ("X-RateLimit-Limit", String(limit)), ("X-RateLimit-Remaining", String(remaining)),
            ("X-RateLimit-Reset", String(resetSeconds(at: time))),
        ]
    }

    /// Writes the same fields on the event loop.
    func writeHeaders(at time: TimeSource, to response: inout ResponseWriter) {
        guard limit > 0 else { return }
        response.header("X-RateLimit-Limit", limit)
        response.header("X-RateLimit-Remaining", remaining)
        response.header("X-RateLimit-Reset", resetSeconds(at: time))
    }
}
