// The host's rate limits as routes name them, and the header fields that report them. RateLimiter counts.

import ConnectionModel
import HTTPServer
package import Primitives
import Users

/// The rate limits of routes.
package struct RequestLimits: Sendable {
    /// The requests per minute of each limit; 0 switches a limit off.
    package struct Rates: Sendable {
        package var connectionCreation = 0
        package var sync = 0
        package var oauth = 0
        package var status = 0
        package var write = 0
        package var address = 0

        package init() {}
    }

    /// Bytes of an id that has a separate rate limit; requests with a longer one count for the user.
    private static let idBytesMax = 128
    /// Attempts of one client address to sign in to the dashboard.
    static let signInsPerMinute = 5

    private let connectionCreation: RateLimiter
    private let sync: RateLimiter
    private let oauth: RateLimiter
    private let status: RateLimiter
    private let write: RateLimiter
    private let address: RateLimiter
    private let signIn = RateLimiter(limit: RequestLimits.signInsPerMinute)
    private let time: TimeSource

    package init(_ rates: Rates, time: TimeSource) {
        connectionCreation = RateLimiter(limit: rates.connectionCreation)
        sync = RateLimiter(limit: rates.sync)
        oauth = RateLimiter(limit: rates.oauth)
        status = RateLimiter(limit: rates.status)
        write = RateLimiter(limit: rates.write)
        address = RateLimiter(limit: rates.address)
        self.time = time
    }

    /// Changes the limits; requests that were counted still count.
    package func set(_ rates: Rates) {
        connectionCreation.setLimit(rates.connectionCreation)
        sync.setLimit(rates.sync)
        oauth.setLimit(rates.oauth)
        status.setLimit(rates.status)
        write.setLimit(rates.write)
        address.setLimit(rates.address)
    }

    /// Counts a request of a route; nil when no limit applies to it.
    ///
    /// Without a user, requests of one client address count together.
    func admit(
        _ limit: RouteLimit, principal: Principal?, parameters: [String: String], address: String
    ) -> RateLimiter.Decision? {
        guard let limiter = limiter(limit) else { return nil }
        return limiter.admit(Self.key(limit, principal, parameters, address), now: time.instant.nanoseconds)
    }

    /// Returns whether ``admit(_:principal:parameters:address:)`` would allow a request; counts nothing.
    func hasRoom(
        _ limit: RouteLimit, principal: Principal?, parameters: [String: String], address: String
    ) -> Bool {
        guard let limiter = limiter(limit) else { return true }
        return limiter.hasRoom(Self.key(limit, principal, parameters, address), now: time.instant.nanoseconds)
    }

    private func limiter(_ limit: RouteLimit) -> RateLimiter? {
        switch limit {
        case .unlimited: nil
        case .connectionCreation: connectionCreation
        case .sync: sync
        case .oauth: oauth
        case .status: status
        case .write: write
        case .signIn: signIn
        }
    }

    /// Returns the text that counts; no user id contains NUL, so the kinds of keys stay apart.
    private static func key(
        _ limit: RouteLimit, _ principal: Principal?, _ parameters: [String: String], _ address: String
    ) -> String {
        guard let user = principal?.userID else { return "\0\(address)" }
        guard limit == .sync, let id = parameters["id"], id.utf8.count <= idBytesMax else { return user }
        return "\(user)\0\(id)"
    }

    /// Counts a request that needs a session and has none.
    func admitStranger(_ address: String) -> RateLimiter.Decision {
        self.address.admit(address, now: time.instant.nanoseconds)
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
