// The host's counters. Counting is one atomic addition without a lock. The metrics route renders them.

package import Observability
import Synchronization

/// The counters of the whole process.
package enum Metrics {
    /// Integrations returned by the status route, and how many of them were expired.
    package static let integrationsReturned = Counter()
    package static let expiredReturned = Counter()
    /// Retries after a transient failure.
    package static let retries = Counter()
    package static let (syncsCompleted, syncsFailed) = (Counter(), Counter())
    package static let recordsSynced = Counter()
    /// Reads of record streams that found damage.
    package static let damagedReads = Counter()
    package static let (refreshesSucceeded, refreshesFailed) = (Counter(), Counter())
    /// Connections that were ended, by the outcome at the provider.
    package static let revocations: [RevocationOutcome: Counter] = Dictionary(
        uniqueKeysWithValues: RevocationOutcome.allCases.map { ($0, Counter()) })
    /// Attempts to deliver a notification, by outcome.
    package static let webhookAttempts: [DeliveryOutcome: Counter] = Dictionary(
        uniqueKeysWithValues: DeliveryOutcome.allCases.map { ($0, Counter()) })
    package static let (webhooksDelivered, webhooksFailed) = (Counter(), Counter())
    package static let (outgoingAnswered, outgoingFailed) = (Counter(), Counter())
}
