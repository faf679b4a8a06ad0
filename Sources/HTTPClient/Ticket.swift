// Joins the two sides of a task's cancellation, which may come before, during or after the request is handed over.

import Synchronization

/// The transfer of one `send`, once there is one, and whether its task was cancelled.
final class Ticket: Sendable {
    private struct State {
        var transfer: Transfer?
        var isCancelled = false
    }

    private let state = Mutex(State())

    /// Hands the transfer over, unless the task is cancelled already.
    func issue(_ transfer: Transfer, to worker: TransferLoop) {
        let isCancelled = state.withLock { state in
            state.transfer = transfer
            return state.isCancelled
        }
        if isCancelled {
            transfer.fail(.cancelled, mayHaveBeenSent: false)
        } else if !worker.post(.start(transfer)) {
            transfer.fail(.shutdown, mayHaveBeenSent: false)
        }
    }

    /// Ends the transfer, if it was handed over.
    func cancel(at worker: TransferLoop) {
        let transfer = state.withLock { state in
            state.isCancelled = true
            return state.transfer
        }
        if let transfer { worker.post(.cancel(transfer)) }
    }
}
