// What the process asks of the kernel before it does anything: no core dumps, no SIGPIPE or SIGXFSZ, enough descriptors, private files.

import CLinux
import Glibc

enum ProcessSettings {
    /// Applies the settings; call it before any thread exists.
    static func apply() {
        umask(0o077)
        signal(SIGPIPE, SIG_IGN)
        // A file that may not grow any further is an error of one write, not the end of the process.
        signal(SIGXFSZ, SIG_IGN)
        // Secrets in memory must not end up in a core file or in another process of the same user.
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        _ = cl_set_dumpable(0)
        var files = rlimit()
        if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0 {
            files.rlim_cur = files.rlim_max
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        }
    }

    /// Blocks the signals that end the program in this thread and all later ones; ``waitForStop()`` takes them.
    static func blockStopSignals() {
        var signals = stopSignals
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Waits for SIGTERM or SIGINT.
    static func waitForStop() {
        var signals = stopSignals
        var signal: Int32 = 0
        unsafe sigwait(&signals, &signal)
    }

    private static var stopSignals: sigset_t {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe sigaddset(&signals, SIGINT)
        return signals
    }
}
