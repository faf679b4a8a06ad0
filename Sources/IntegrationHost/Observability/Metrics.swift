// The host's counters: requests by route and status with a histogram of their durations, and what happens behind them. Counting is
// one or two atomic additions; nothing here takes a lock after start. How they are shown is the metrics route's.

import Synchronization

/// A number that only grows.
final class Counter: Sendable {
    private let number = Atomic<UInt64>(0)

    /// Adds `amount`.
    func add(_ amount: Int = 1) { number.wrappingAdd(UInt64(max(0, amount)), ordering: .relaxed) }

    /// What was counted so far.
    var value: UInt64 { number.load(ordering: .relaxed) }
}

/// The requests of one route.
final class RouteCounters: Sendable {
    /// The statuses with a counter of their own; all others share the last one.
    static let statuses = [
        200, 201, 204, 400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 502, 503,
    ]
    /// The upper bounds of the histogram, in milliseconds.
    static let bucketsMilliseconds = [1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000]

    let method: String
    let template: String
    let byStatus = (0...RouteCounters.statuses.count).map { _ in Counter() }
    let byDuration = (0...RouteCounters.bucketsMilliseconds.count).map { _ in Counter() }
    let microseconds = Counter()

    init(method: String, template: String) {
        self.method = method
        self.template = template
    }

    /// Counts a request that was answered.
    func record(status: Int, nanoseconds: UInt64) {
        byStatus[Self.statuses.firstIndex(of: status) ?? Self.statuses.count].add()
        let milliseconds = Int(nanoseconds / 1_000_000)
        let bucket = Self.bucketsMilliseconds.firstIndex { milliseconds < $0 } ?? Self.bucketsMilliseconds.count
        byDuration[bucket].add()
        microseconds.add(Int(nanoseconds / 1000))
    }
}

/// The requests of all routes.
final class RequestMetrics: Sendable {
    /// The route under which requests without one are counted.
    static let unmatched = "unmatched"

    let unmatchedCounters = RouteCounters(method: "ANY", template: RequestMetrics.unmatched)
    private let routes = Mutex<[RouteCounters]>([])

    /// New counters for a route; called while the routes are put together.
    func counters(method: String, template: String) -> RouteCounters {
        let counters = RouteCounters(method: method, template: template)
        routes.withLock { $0.append(counters) }
        return counters
    }

    var all: [RouteCounters] { routes.withLock { $0 } + [unmatchedCounters] }
}

/// What happens behind the routes, counted for the whole process.
enum Metrics {
    /// Integrations told by the status route, and how many of them were expired.
    static let integrationsTold = Counter()
    static let expiredTold = Counter()
    /// Tries that were made again after a failure that may pass.
    static let retries = Counter()
    static let syncsCompleted = Counter()
    static let syncsFailed = Counter()
    static let recordsSynced = Counter()
    /// Reads of record streams that came upon damage.
    static let damagedReads = Counter()
    static let refreshesSucceeded = Counter()
    static let refreshesFailed = Counter()
    /// Connections that were ended, by what became of the grant at the provider.
    static let revocations: [RevocationOutcome: Counter] = Dictionary(
        uniqueKeysWithValues: RevocationOutcome.allCases.map { ($0, Counter()) })
    /// Attempts to deliver a notification, by what came of them.
    static let webhookAttempts: [DeliveryOutcome: Counter] = Dictionary(
        uniqueKeysWithValues: DeliveryOutcome.allCases.map { ($0, Counter()) })
    static let webhooksDelivered = Counter()
    static let webhooksFailed = Counter()
    static let outgoingAnswered = Counter()
    static let outgoingFailed = Counter()
    /// Log lines that found no room or no reader.
    static let logLinesDropped = Counter()
}
