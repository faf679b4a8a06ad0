// Repeats work, with a pause between the end of a run and the beginning of the next. The owner decides what the work
// is.

package import Primitives
import Synchronization

/// A piece of work that is repeated until it is stopped.
package final class RepeatedWork: Sendable {
    private let pause: Duration
    private let time: TimeSource
    private let work: @Sendable () async -> Void
    private let task = Mutex<Task<Void, Never>?>(nil)

    /// - Parameter pause: the time from the end of one run to the beginning of the next.
    package init(pause: Duration, time: TimeSource, _ work: @escaping @Sendable () async -> Void) {
        self.pause = pause
        self.time = time
        self.work = work
    }

    /// Begins; a second call does nothing.
    package func start() {
        task.withLock { task in
            guard task == nil else { return }
            task = Task { await self.run() }
        }
    }

    /// Cancels the current run and waits for its end.
    package func stop() async {
        let task = task.withLock { $0 }
        task?.cancel()
        await task?.value
    }

    private func run() async {
        while !Task.isCancelled {
            await work()
            do { try await time.sleep(for: pause) } catch { return }
        }
    }
}
