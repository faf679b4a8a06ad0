// Decides what a sync run does next from what has happened so far. A state machine without I/O: each call passes the
// time, and the engine carries out the steps.

import ConnectionModel
import ProviderSDK

/// The reason why a run waits.
package enum SyncWait: String, Sendable, Equatable, CaseIterable {
    /// A permit to work.
    case turn
    /// The provider's rate limit.
    case rateLimit
    /// The pause after a failure.
    case retry
}

/// The state of a run.
struct SyncRunState: Sendable {
    /// The next step of a run.
    enum Step: Sendable, Equatable {
        /// Sync this data type from its checkpoint.
        case sync(String)
        /// Do nothing before this moment.
        case wait(until: Duration, SyncWait)
        /// End the run; nothing is left to do.
        case finish(SyncOutcome)
        /// Leave everything as it is; the next start of the host resumes the run.
        case suspend
    }

    /// Why a run is canceled.
    enum Cancellation: Sendable, Equatable {
        /// The host stops.
        case hostStops
        /// The user removed or disconnected the connection.
        case removed
        /// The connection no longer works.
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
    /// Whether all records of a completed data type became dead letters.
    private var hasOnlyErrors = false
    private(set) var cancellation: Cancellation?

    /// Creates the state of a run that begins or resumes.
    ///
    /// All times are relative to a moment that the caller chooses.
    ///
    /// - Parameter deadline: the time at which the run is given up.
    init(_ dataTypes: [String], policy: RetryPolicy, deadline: Duration) {
        pending = dataTypes.map { Pending(name: $0) }
        self.policy = policy
        self.deadline = deadline
    }

    /// The completed data types.
    var dataTypesDone: [String] { completed }

    /// Returns the next step at `now`.
    ///
    /// While a data type waits after a failure, the others go first.
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
            failRest(ProviderError(.permanent, "The sync exceeded its time limit."))
        }
        guard let earliest = pending.min(by: { $0.notBefore < $1.notBefore }) else { return .finish(outcome) }
        guard pausedUntil <= now else { return .wait(until: min(deadline, pausedUntil), .rateLimit) }
        if let ready = pending.first(where: { $0.notBefore <= now }) { return .sync(ready.name) }
        return .wait(until: min(deadline, earliest.notBefore), earliest.wait)
    }

    /// Marks a data type as complete.
    ///
    /// - Parameters:
    ///   - note: a remark on the data type.
    ///   - hasOnlyErrors: whether all its records became dead letters. The run is then no complete success.
    mutating func complete(_ name: String, note: String? = nil, hasOnlyErrors: Bool = false) {
        self.hasOnlyErrors = self.hasOnlyErrors || hasOnlyErrors
        if let note {
            let remark = "\(name): \(note)"
            let joined = self.note.map { "\($0) \(remark)" } ?? remark
            // A run can have very many data types; the first remarks are kept.
            if joined.utf8.count <= SyncLimits.noteBytesMax { self.note = joined }
        }
        pending.removeAll { $0.name == name }
        completed.append(name)
    }

    /// Records a temporary or permanent failure of a data type.
    ///
    /// - Parameters:
    ///   - progressed: whether a page was stored since the last failure, so that this failure is the first in a row.
    ///   - chance: a number from 0 to 1, for the length of the pause.
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
            // No other data type can succeed without a valid grant.
            if error.kind == .authRevoked { pending = [] }
            return
        }
        failed.notBefore = now + pause
        if case .rateLimited = error.kind {
            // The limit applies to the account, not to the data type.
            pausedUntil = max(pausedUntil, failed.notBefore)
            failed.wait = .rateLimit
        } else {
            failed.wait = .retry
        }
        pending[index] = failed
    }

    /// Fails the whole run, for a reason that concerns no single data type.
    mutating func failAll(_ error: ProviderError) {
        pending = []
        failures.append(SyncFailure(dataType: "", error: error))
    }

    /// Cancels the run; the first reason counts.
    mutating func cancel(_ reason: Cancellation) { cancellation = cancellation ?? reason }

    private mutating func failRest(_ error: ProviderError) {
        failures += pending.map { SyncFailure(dataType: $0.name, error: error) }
        pending = []
    }

    private var outcome: SyncOutcome {
        let isSuccess = failures.isEmpty && !hasOnlyErrors
        return SyncOutcome(
            status: isSuccess ? .completed : completed.isEmpty ? .failed : .partial, failures: failures, note: note)
    }
}
