// The signals that end a program: blocked in every thread and taken by the one that waits for them. Knows nothing of what is stopped.

import Glibc

/// SIGTERM and SIGINT.
package enum StopSignals {
    /// Blocks the signals in this thread and all later ones; ``wait(orEndOf:)`` takes them.
    package static func block() {
        var signals = set(SIGTERM, SIGINT, SIGCHLD)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Waits for SIGTERM or SIGINT, or for the end of `child`.
    ///
    /// - Returns: whether a signal came; false means that the child ended.
    @discardableResult
    package static func wait(orEndOf child: ChildProgram? = nil) -> Bool {
        while true {
            if let child, child.hasEnded { return false }
            var signals = set(SIGTERM, SIGINT, SIGCHLD)
            var signal: Int32 = 0
            unsafe sigwait(&signals, &signal)
            if signal != SIGCHLD { return true }
        }
    }

    /// Waits for a signal, or for the end of `child`, runs `stop` and exits; a second signal exits at once with 1.
    ///
    /// The exit code is 0 after a signal and 1 after the end of the child.
    package static func wait(orEndOf child: ChildProgram? = nil, thenStop stop: @escaping @Sendable () async -> Void)
        -> Never
    {
        let code: Int32 = wait(orEndOf: child) ? 0 : 1
        Task.detached {
            await stop()
            exit(code)
        }
        wait()
        _exit(1)
    }

    private static func set(_ signals: Int32...) -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal) }
        return set
    }
}
