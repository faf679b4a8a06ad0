// What a sync run does next, from what has happened to it so far. A state machine without I/O: the time comes with each call, and
// the engine carries out what it says.

import ConnectionModel
import ProviderSDK

/// What a run waits for.
package enum SyncWait: String, Sendable, Equatable {
    /// A place among the syncs that work at the same time.
    case turn
    /// The provider's limit of requests.
    case rateLimit
    /// A failure to pass.
    case retry
}

/// Where a run stands.
struct SyncRunState: Sendable {
    /// What is to be done next.
    enum Step: Sendable, Equatable {
        /// Sync this data type from where it is.
        case sync(String)
        /// Do nothing before this moment.
        case wait(until: Duration, SyncWait)
        /// Nothing is left to do.
        case finish(SyncOutcome)
        /// Leave everything as it is: the next start of the host goes on.
        case suspend
    }

    /// Why a run ends before its end.
    enum Cancellation: Sendable, Equatable {
        /// The host stops.
        case hostStops
        /// The user removed or disconnected the connection.
        case removed
        /// The connection does not work any more.
        case ended(ConnectionStatus)
    }

    private struct Pending {
        let name: String
        var notBefore = Duration.zero
        var failures = 0
        var failingSince: Duration?
        var wait = SyncWait.retry
    }

    private let policy: RetryPolicy
    private let deadline: Duration
    private var pending: [Pending]
    private var pausedUntil = Duration.zero
    private var completed: [String] = []
    private var failures: [SyncFailure] = []
    private var note: String?
    private(set) var cancellation: Cancellation?

    /// The state of a run that begins or goes on.
    ///
    /// All moments are counted from one that the caller chooses.
    /// - Parameter deadline: when the run is given up, whatever it is doing.
    init(_ dataTypes: [String], policy: RetryPolicy, deadline: Duration) {
        pending = dataTypes.map { Pending(name: $0) }
        self.policy = policy
        self.deadline = deadline
    }

    /// The data types that are done.
    var dataTypesDone: [String] { completed }

    /// What is to be done at `now`.
    ///
    /// A data type that waits for a failure to pass lets the others go first.
    mutating func next(at now: Duration) -> Step {
        if !pending.isEmpty {
            switch cancellation {
            case .hostStops: return .suspend
            case .removed:
                let note = "The connection was disconnected."
                return .finish(SyncOutcome(status: .canceled, failures: failures, note: note))
            case .ended(let status):
                failRest(ProviderError(.authRevoked, "The connection \(status.obstacle)."))
            case nil: break
            }
        }
        if !pending.isEmpty, now >= deadline {
            failRest(ProviderError(.permanent, "The sync took longer than a sync may take."))
        }
        guard let earliest = pending.min(by: { $0.notBefore < $1.notBefore }) else { return .finish(outcome) }
        guard pausedUntil <= now else { return .wait(until: min(deadline, pausedUntil), .rateLimit) }
        if let ready = pending.first(where: { $0.notBefore <= now }) { return .sync(ready.name) }
        return .wait(until: min(deadline, earliest.notBefore), earliest.wait)
    }

    /// A data type is done.
    ///
    /// - Parameter note: what is to be said about it; of several the first counts.
    mutating func complete(_ name: String, note: String? = nil) {
        self.note = self.note ?? note.map { "\(name): \($0)" }
        pending.removeAll { $0.name == name }
        completed.append(name)
    }

    /// A data type failed for now or for good.
    ///
    /// - Parameters:
    ///   - progressed: whether a page was stored since the last failure: then this one is the first in a row.
    ///   - chance: from 0 to 1, for the length of the pause.
    mutating func fail(_ name: String, _ error: ProviderError, progressed: Bool, at now: Duration, chance: Double) {
        guard let index = pending.firstIndex(where: { $0.name == name }) else { return }
        var failed = pending[index]
        if progressed {
            failed.failures = 0
            failed.failingSince = nil
        }
        failed.failures += 1
        let since = failed.failingSince ?? now
        failed.failingSince = since
        guard
            let pause = policy.pause(
                after: error, failures: failed.failures, failingFor: now - since, chance: chance)
        else {
            pending.remove(at: index)
            failures.append(SyncFailure(dataType: name, error: error))
            // Nothing else will succeed without a good grant.
            if error.kind == .authRevoked { pending = [] }
            return
        }
        failed.notBefore = now + pause
        if case .rateLimited = error.kind {
            // The limit is the account's, not the data type's.
            pausedUntil = max(pausedUntil, failed.notBefore)
            failed.wait = .rateLimit
        } else {
            failed.wait = .retry
        }
        pending[index] = failed
    }

    /// Nothing of the run can succeed, for a reason that is not a data type's.
    mutating func failAll(_ error: ProviderError) {
        pending = []
        failures.append(SyncFailure(dataType: "", error: error))
    }

    /// The run is to end; the first reason counts.
    mutating func cancel(_ reason: Cancellation) { cancellation = cancellation ?? reason }

    private mutating func failRest(_ error: ProviderError) {
        failures += pending.map { SyncFailure(dataType: $0.name, error: error) }
        pending = []
    }

    private var outcome: SyncOutcome {
        SyncOutcome(
            status: failures.isEmpty ? .completed : completed.isEmpty ? .failed : .partial, failures: failures,
            note: note)
    }
}
