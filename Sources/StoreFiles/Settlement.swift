// Making durable what a killed process had written but not synced, behind a host that already serves: it can be read now, and what
// builds on it must not be undone by a power cut. The journal needs none of this.

/// The one sync of the whole file system after a process that was killed.
package final class Settlement: Sendable {
    private struct State {
        /// Whether the sync has ended.
        var isOver: Bool
        /// Why it failed.
        var failure: CallFailure?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let monitor: Monitor<State>

    /// A settlement that is done, because nothing is in doubt.
    package init() {
        monitor = Monitor(State(isOver: true))
    }

    /// Syncs the file system that `root` is on, on a separate thread.
    package init(of root: Directory) {
        let monitor = Monitor(State(isOver: false))
        self.monitor = monitor
        startThread(named: "store-settle") {
            var failure: CallFailure?
            do throws(CallFailure) { try root.fileSystem.syncfs(root.fd, path: root.path) } catch { failure = error }
            let waiters = monitor.withLock { state in
                defer { state.waiters = [] }
                state.isOver = true
                state.failure = failure
                return state.waiters
            }
            monitor.wakeAll()
            for waiter in waiters { waiter.resume() }
        }
    }

    /// Whether nothing is in doubt any more.
    package var isDone: Bool { monitor.withLock { $0.isOver && $0.failure == nil } }

    /// Waits until nothing is in doubt; blocks the thread.
    ///
    /// - Throws: the reason why it stays in doubt until the next start.
    package func wait() throws(StoreError) {
        monitor.wait { $0.isOver ? true : nil }
        try check()
    }

    /// Waits until nothing is in doubt, without a thread.
    ///
    /// - Throws: the reason why it stays in doubt until the next start.
    package func finished() async throws(StoreError) {
        if isDone { return }
        await withCheckedContinuation { continuation in
            let isOver = monitor.withLock { state in
                if !state.isOver { state.waiters.append(continuation) }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
        try check()
    }

    private func check() throws(StoreError) {
        if let failure = monitor.withLock({ $0.failure }) { throw failure.asStoreError }
    }
}
