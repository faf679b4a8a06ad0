// The signals that end a program, and those that other programs send in passing: blocked in every thread and taken by the one that waits
// for them. Knows nothing of what is stopped.

import Glibc

/// SIGTERM and SIGINT, which stop a program, and SIGHUP, SIGUSR1 and SIGUSR2, which must not end it unasked.
package enum StopSignals {
    /// What a signal means for the program.
    enum Meaning: Equatable {
        case stop, reload, childEnded, nothing
    }

    /// Blocks the signals in this thread and all later ones; ``wait(orEndOf:)`` takes them.
    package static func block() {
        var signals = all
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Waits for a signal that stops the program, or for the end of `child`.
    ///
    /// - Parameter reload: reads the program's files again.
    /// - Returns: whether a signal came; false means that the child ended.
    @discardableResult
    package static func wait(orEndOf child: ChildProgram? = nil, reload: () -> Void = {}) -> Bool {
        let (ignoresHangup, hasTerminal) = (isIgnored(SIGHUP), hadTerminal)
        while true {
            if let child, child.hasEnded { return false }
            var signals = all
            var signal: Int32 = 0
            unsafe sigwait(&signals, &signal)
            switch meaning(of: signal, hasTerminal: hasTerminal && !ignoresHangup) {
            case .stop: return true
            case .reload: reload()
            case .childEnded, .nothing: break
            }
        }
    }

    /// Returns what a signal means.
    ///
    /// A terminal that closes sends SIGHUP to the programs that were started in it: they stop as they do for SIGTERM. To a program
    /// without a terminal it says “read your files again”.
    static func meaning(of signal: Int32, hasTerminal: Bool) -> Meaning {
        switch signal {
        case SIGTERM, SIGINT: .stop
        case SIGHUP: hasTerminal ? .stop : .reload
        case SIGCHLD: .childEnded
        default: .nothing
        }
    }

    /// Waits for a signal, or for the end of `child`, runs `stop` and exits; a second signal exits at once with 1.
    ///
    /// The exit code is 0 after a signal and 1 after the end of the child.
    package static func wait(
        orEndOf child: ChildProgram? = nil, reload: () -> Void = {}, thenStop stop: @escaping @Sendable () async -> Void
    ) -> Never {
        let code: Int32 = wait(orEndOf: child, reload: reload) ? 0 : 1
        Task.detached {
            await stop()
            exit(code)
        }
        waitForSecond()
        _exit(1)
    }

    /// Waits for a second SIGTERM or SIGINT; a terminal that closes while the program stops does not hurry it.
    private static func waitForSecond() {
        while true {
            var signals = all
            var signal: Int32 = 0
            unsafe sigwait(&signals, &signal)
            if signal == SIGTERM || signal == SIGINT { return }
        }
    }

    /// Whether the program was started in a terminal.
    ///
    /// Read before the first signal: a terminal that has closed no longer answers.
    private static let hadTerminal = (0...2).contains { isatty($0) == 1 }

    /// Whether the program that started this one had it ignore `signal`, as `nohup` does.
    private static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        guard unsafe sigaction(signal, nil, &action) == 0 else { return false }
        return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }

    private static var all: sigset_t { signals(SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD) }

    private static func signals(_ numbers: Int32...) -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in numbers { unsafe sigaddset(&set, signal) }
        return set
    }
}
