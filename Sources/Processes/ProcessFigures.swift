// What the kernel counts for this process: memory, processor time, descriptors. Reads /proc; nothing here judges.

import CLinux
import Glibc

/// What the kernel counts for this process.
package struct ProcessFigures: Sendable {
    /// Bytes of memory that are in use.
    package var residentBytes = 0
    /// Processor time of all threads, in microseconds.
    package var processorMicroseconds = 0
    package var openDescriptors = 0
    package var descriptorsMax = 0
    package var threads = 0
    /// When the process started, in seconds since 1970.
    package var startedAt = 0

    /// The figures at this moment; what cannot be read is 0.
    package static var current: ProcessFigures {
        var figures = ProcessFigures()
        var usage = rusage()
        if unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            figures.processorMicroseconds =
                (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000
                + Int(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
        }
        let pages = words(of: "/proc/self/statm").dropFirst().first.flatMap { Int($0) } ?? 0
        figures.residentBytes = pages * Int(sysconf(Int32(_SC_PAGESIZE)))
        var limit = rlimit()
        if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            figures.descriptorsMax = Int(clamping: limit.rlim_cur)
        }
        figures.openDescriptors = entries(of: "/proc/self/fd")
        // The second field is the name of the program in parentheses, which may hold spaces (proc(5)).
        let status = text(of: "/proc/self/stat")
        if let close = status.lastIndex(of: ")") {
            let fields = status[status.index(after: close)...].split(separator: " ")
            if fields.count > 19 {
                figures.threads = Int(fields[17]) ?? 0
                let ticks = (Int(fields[19]) ?? 0) / max(1, Int(sysconf(Int32(_SC_CLK_TCK))))
                figures.startedAt = bootTime + ticks
            }
        }
        return figures
    }

    private static let bootTime: Int = {
        let line = text(of: "/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line.flatMap { Int($0.dropFirst("btime ".count)) } ?? 0
    }()

    private static func words(of path: String) -> [Substring] { text(of: path).split(separator: " ") }

    private static func text(of path: String) -> String {
        let descriptor = unsafe cl_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count < textBytesMax {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Bytes of a file of /proc that are read.
    private static let textBytesMax = 1 << 20

    private static func entries(of folder: String) -> Int {
        guard let directory = unsafe opendir(folder) else { return 0 }
        defer { unsafe closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        // Itself, its parent, and the descriptor of this reading.
        return max(0, count - 3)
    }
}
