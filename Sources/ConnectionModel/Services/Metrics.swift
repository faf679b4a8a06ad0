// The host's counters. Counting is one atomic addition, without a lock. How they are shown is the metrics route's.

package import Observability
import Synchronization

/// What happens behind the routes, counted for the whole process.
package enum Metrics {
    /// Integrations told by the status route, and how many of them were expired.
    package static let integrationsReturned = Counter()
    package static let expiredReturned = Counter()
    /// Tries that were made again after a failure that may pass.
    package static let retries = Counter()
    package static let syncsCompleted = Counter()
    package static let syncsFailed = Counter()
    package static let recordsSynced = Counter()
    /// Reads of record streams that came upon damage.
    package static let damagedReads = Counter()
    package static let refreshesSucceeded = Counter()
    package static let refreshesFailed = Counter()
    /// Connections that were ended, by what became of the grant at the provider.
    package static let revocations: [RevocationOutcome: Counter] = Dictionary(
        uniqueKeysWithValues: RevocationOutcome.allCases.map { ($0, Counter()) })
    /// Attempts to deliver a notification, by what came of them.
    package static let webhookAttempts: [DeliveryOutcome: Counter] = Dictionary(
        uniqueKeysWithValues: DeliveryOutcome.allCases.map { ($0, Counter()) })
    package static let webhooksDelivered = Counter()
    package static let webhooksFailed = Counter()
    package static let outgoingAnswered = Counter()
    package static let outgoingFailed = Counter()
}
