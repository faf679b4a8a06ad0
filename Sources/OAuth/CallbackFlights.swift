// The callbacks that are being completed, and those that failed a short time ago. The same callback again waits for the first one and
// gets its answer. Knows no provider and stores nothing durably.

import ConnectionModel
import Primitives
import Synchronization
import Users

/// Completes each callback once.
package final class CallbackFlights: Sendable {
    typealias Completion = OAuthService.Completion

    /// The end of a callback's work.
    enum End: Sendable {
        case completed(Completion)
        case failed(CallbackFailure)
        /// A failure that is also the answer to the same callback again.
        case refused(CallbackFailure)
        /// All callers went away, so the work stopped.
        case abandoned

        fileprivate func get() throws(CallbackFailure) -> Completion {
            switch self {
            case .completed(let completion): return completion
            case .failed(let error), .refused(let error): throw error
            case .abandoned: throw .canceled
            }
        }
    }

    private struct Flight {
        let number: Int
        let task: Task<End, Never>
        var waiters: Int
    }

    private struct Refusal {
        let error: CallbackFailure
        let until: MonotonicInstant
    }

    private struct State {
        var lastNumber = 0
        var flights: [String: Flight] = [:]
        /// Two generations take turns, so that old answers go without a search.
        var young: [String: Refusal] = [:]
        var old: [String: Refusal] = [:]
        var rotation = MonotonicInstant(nanoseconds: 0)
    }

    private enum Entrance {
        case refused(CallbackFailure)
        case flight(Flight)
    }

    private let time: TimeSource
    private let state = Mutex(State())

    init(time: TimeSource) { self.time = time }

    /// Runs `work` for the callback `tag`, or waits for the run that began before.
    ///
    /// The work is canceled when all callers that wait for it are.
    func once(
        _ tag: String, _ work: @escaping @Sendable () async -> End
    ) async throws(CallbackFailure) -> Completion {
        while true {
            let entrance = state.withLock { enter(tag, work, &$0) }
            guard case .flight(let flight) = entrance else {
                if case .refused(let error) = entrance { throw error }
                continue
            }
            let end = await withTaskCancellationHandler {
                await flight.task.value
            } onCancel: {
                leave(tag, flight.number)
            }
            // This caller still waits, but the work had been abandoned before it came.
            if case .abandoned = end, !Task.isCancelled { continue }
            return try end.get()
        }
    }

    private func enter(
        _ tag: String, _ work: @escaping @Sendable () async -> End, _ state: inout State
    ) -> Entrance {
        let now = time.instant
        if let refusal = state.young[tag] ?? state.old[tag], now < refusal.until { return .refused(refusal.error) }
        if var flight = state.flights[tag] {
            flight.waiters += 1
            state.flights[tag] = flight
            return .flight(flight)
        }
        state.lastNumber += 1
        let number = state.lastNumber
        let flight = Flight(
            number: number,
            task: Task { [self] in
                let end = await work()
                land(tag, end)
                return end
            }, waiters: 1)
        state.flights[tag] = flight
        return .flight(flight)
    }

    /// A caller no longer waits.
    private func leave(_ tag: String, _ number: Int) {
        state.withLock { state in
            guard var flight = state.flights[tag], flight.number == number else { return }
            flight.waiters -= 1
            state.flights[tag] = flight
            if flight.waiters == 0 { flight.task.cancel() }
        }
    }

    private func land(_ tag: String, _ end: End) {
        let now = time.instant
        state.withLock { state in
            state.flights[tag] = nil
            guard case .refused(let error) = end else { return }
            let lifetime = ClaimedCallback.lifetime
            if state.rotation.advanced(by: lifetime) <= now
                || state.young.count >= OAuthLimits.refusedCallbacksKept / 2
            {
                state.old = state.young
                state.young = [:]
                state.rotation = now
            }
            state.young[tag] = Refusal(error: error, until: now.advanced(by: lifetime))
        }
    }
}
