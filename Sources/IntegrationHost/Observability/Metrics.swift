// The host's counters. Counting is one atomic addition, without a lock. How they are shown is the metrics route's.

import Synchronization

/// A number that only grows.
final class Counter: Sendable {
    private let number = Atomic<UInt64>(0)

    /// Adds `amount`.
    func add(_ amount: Int = 1) { number.wrappingAdd(UInt64(max(0, amount)), ordering: .relaxed) }

    /// What was counted so far.
    var value: UInt64 { number.load(ordering: .relaxed) }
}

/// What happens behind the routes, counted for the whole process.
enum Metrics {
    /// Integrations told by the status route, and how many of them were expired.
    static let integrationsReturned = Counter()
    static let expiredReturned = Counter()
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
