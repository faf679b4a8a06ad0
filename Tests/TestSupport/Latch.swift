// Moments that a test chooses instead of waiting for: a latch that holds a thread, and a line in which tasks take their turns.

import Dispatch

/// Holds threads until it is opened, for answers of scripted servers.
package final class Latch: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    package init() {}

    /// Waits for ``open()``, at most half a minute.
    package func wait() {
        if semaphore.wait(timeout: .now() + .seconds(30)) == .success { semaphore.signal() }
    }

    /// Ends all waits, now and later.
    package func open() { semaphore.signal() }
}

/// Runs its tasks one at a time in the order in which they were added, each up to where it waits.
///
/// A task that is added last so runs when every earlier one has begun and waits or has ended.
package final class TaskLine: TaskExecutor {
    private let queue = DispatchQueue(label: "task-line")

    package init() {}

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
