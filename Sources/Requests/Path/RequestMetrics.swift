// Requests counted by route and status, with a histogram of their durations. Counting is a few atomic additions;
// nothing here takes a lock after start. The metrics route renders the numbers.

package import Observability
import Synchronization

/// The requests of one route.
package final class RouteCounters: Sendable {
    /// The statuses that have their own counter; all others share the last one.
    package static let statuses = [
        200, 201, 204, 400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 502, 503,
    ]
    /// The upper bounds of the histogram, in milliseconds.
    package static let bucketsMilliseconds = [1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000]

    package let method: String
    package let template: String
    package let byStatus = (0...RouteCounters.statuses.count).map { _ in Counter() }
    package let byDuration = (0...RouteCounters.bucketsMilliseconds.count).map { _ in Counter() }
    package let microseconds = Counter()

    package init(method: String, template: String) {
        self.method = method
        self.template = template
    }

    /// Counts an answered request.
    func record(status: Int, nanoseconds: UInt64) {
        byStatus[Self.statuses.firstIndex(of: status) ?? Self.statuses.count].add()
        let milliseconds = Int(nanoseconds / 1_000_000)
        let bucket = Self.bucketsMilliseconds.firstIndex { milliseconds < $0 } ?? Self.bucketsMilliseconds.count
        byDuration[bucket].add()
        microseconds.add(Int(nanoseconds / 1000))
    }
}

/// The requests of all routes.
package final class RequestMetrics: Sendable {
    /// The route name for requests that match no route.
    static let unmatched = "unmatched"

    let unmatchedCounters = RouteCounters(method: "ANY", template: RequestMetrics.unmatched)
    private let routes = Mutex<[RouteCounters]>([])

    package init() {}

    /// Creates the counters of a route; called while the routes are set up.
    func counters(method: String, template: String) -> RouteCounters {
        let counters = RouteCounters(method: method, template: template)
        routes.withLock { $0.append(counters) }
        return counters
    }

    package var all: [RouteCounters] { routes.withLock { $0 } + [unmatchedCounters] }
}
