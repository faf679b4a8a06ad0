// Looks at the disk under the data directory: kind of file system, space, inodes, and the time of a durable write.

import CLinux
import Glibc
import Primitives
import Storage

/// What was measured on a disk.
struct DiskFacts: Equatable {
    var freeBytes: Int
    var freeInodes: Int
    /// Whether the file system counts inodes; btrfs does not.
    var countsInodes: Bool
    /// The median time of a durable write; nil when a write failed.
    var writeTime: Duration?
    /// Why a write failed.
    var failure: String?
}

/// The checks of the disk.
package enum DiskCheck {
    /// Returns what is found about the disk of `directory`, or of the nearest folder above that exists.
    package static func run(directory: String) -> [Finding] {
        var folder = directory
        while unsafe access(folder, F_OK) != 0 { folder = parent(of: folder) }
        if let name = DataDirectory.unsuitableFileSystem(at: folder) {
            return [
                .problem(
                    "disk", "\(folder) is on \(name)",
                    means: "Its locks or its writes cannot be relied on; the host refuses it.",
                    do: "Use a directory on a local disk or a block volume: ext4, xfs, btrfs or ZFS.")
            ]
        }
        guard let facts = measured(folder) else {
            return [
                .problem(
                    "disk", "\(folder) cannot be looked at (\(reason()))", means: "The host cannot read it either.",
                    do: "Check the path and its permissions.")
            ]
        }
        return findings(facts, folder: folder)
    }

    /// Judges what was measured.
    static func findings(_ facts: DiskFacts, folder: String) -> [Finding] {
        var findings: [Finding] = []
        let free = "\(facts.freeBytes >> 20) MiB are free on the disk of \(folder)"
        if facts.freeBytes < DoctorLimits.freeBytesMin {
            findings.append(
                .problem(
                    "disk-space", free, means: "Writes are refused when the disk is full; reads go on.",
                    do: "Free space or enlarge the disk; the host needs no restart."))
        } else if facts.freeBytes < DoctorLimits.freeBytesWarned {
            findings.append(
                .warning(
                    "disk-space", free, means: "Record streams are compacted into new files, which needs space.",
                    do: "Free space or enlarge the disk."))
        } else {
            findings.append(.good("disk-space", free))
        }
        if facts.countsInodes, facts.freeInodes < DoctorLimits.freeInodesMin {
            findings.append(
                .problem(
                    "disk-inodes", "\(facts.freeInodes) inodes are free",
                    means: "Each user and each record stream needs files; without inodes writes fail.",
                    do: "Remove small files, or make a file system with more inodes."))
        }
        return findings + [writing(facts, folder)]
    }

    private static func writing(_ facts: DiskFacts, _ folder: String) -> Finding {
        guard let time = facts.writeTime else {
            return .problem(
                "disk-speed", "A file cannot be written durably in \(folder) (\(facts.failure ?? "unknown"))",
                means: "The host cannot store anything there.",
                do: "Check the owner and the mode of the directory, quotas, and whether the disk is mounted read-only.")
        }
        let text = "A durable write takes \(time.wholeNanoseconds / 1_000_000) ms"
        if time > DoctorLimits.writeTimeMax {
            return .problem(
                "disk-speed", text, means: "Every change of a user waits this long; requests time out under load.",
                do: "Use a local SSD or a faster volume.")
        }
        if time > DoctorLimits.writeTimeWarned {
            return .warning(
                "disk-speed", text, means: "Every change of a user waits this long.",
                do: "Prefer a disk with a write time of a few milliseconds.")
        }
        return .good("disk-speed", text)
    }

    private static func measured(_ folder: String) -> DiskFacts? {
        var space = statvfs()
        guard unsafe statvfs(folder, &space) == 0 else { return nil }
        let free = UInt64(space.f_bavail).multipliedReportingOverflow(by: UInt64(space.f_frsize)).partialValue
        var facts = DiskFacts(
            freeBytes: Int(clamping: free), freeInodes: Int(clamping: UInt64(space.f_favail)),
            countsInodes: space.f_files > 0)
        var times: [Duration] = []
        for _ in 0..<DoctorLimits.timedWrites {
            let begin = SystemClock.instant
            guard durableWrite(in: folder) else {
                facts.failure = reason()
                return facts
            }
            times.append(begin.duration(to: SystemClock.instant))
        }
        facts.writeTime = times.sorted()[times.count / 2]
        return facts
    }

    /// Writes a small file to the disk and removes it; false with `errno` when that fails.
    private static func durableWrite(in folder: String) -> Bool {
        let path = "\(folder)/.doctor-\(getpid())"
        let descriptor = unsafe cl_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        let bytes = [UInt8](repeating: 0x2E, count: 4096)
        let isWritten =
            unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) } == bytes.count
            && fdatasync(descriptor) == 0
        let code = errno
        close(descriptor)
        unsafe unlink(path)
        errno = code
        return isWritten
    }

    private static func reason() -> String { unsafe String(cString: strerror(errno)) }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
