// The kernel settings of a process, applied before anything else: no core dumps, no SIGPIPE or SIGXFSZ, enough descriptors, private
// files. Knows nothing of the program that calls it.

import CLinux
import Glibc

/// The settings of this process.
package enum ProcessSettings {
    /// Arenas of the allocator.
    private static let arenasMax: Int32 = 2
    /// A block of this size and more is given back to the kernel when it is freed.
    private static let ownMappingBytesMin: Int32 = 256 << 10

    /// Applies the settings; call it before any thread exists.
    package static func apply() {
        umask(0o077)
        signal(SIGPIPE, SIG_IGN)
        // Reaching the file size limit is an error of one write, not the end of the process.
        signal(SIGXFSZ, SIG_IGN)
        // Secrets in memory must not end up in a core file or in another process of the same user.
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        _ = cl_set_dumpable(0)
        // With an arena for each thread, memory that one thread frees is kept from all others.
        _ = mallopt(CL_M_ARENA_MAX, arenasMax)
        // Without it the allocator raises the size to that of the largest block freed, and keeps all smaller ones.
        _ = mallopt(CL_M_MMAP_THRESHOLD, ownMappingBytesMin)
        var files = rlimit()
        if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0 {
            files.rlim_cur = files.rlim_max
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        }
    }
}
