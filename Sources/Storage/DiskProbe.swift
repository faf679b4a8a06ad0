// Whether the disk under the data directory takes writes. A full disk fails the next write, which may be hours away; asking shows it
// before. Costs two system calls while nothing points to trouble.

import Glibc
import StoreFiles

/// Why the data directory takes no writes.
public enum DiskProblem: String, Sendable {
    /// The disk or a quota is full.
    case full = "disk-full"
    /// A write to the disk fails for another reason.
    case failing = "disk-failing"
}

/// What a probe found.
public struct DiskState: Sendable, Equatable {
    /// Why the data directory takes no writes; nil when it does.
    public var problem: DiskProblem?
    /// The bytes that this process may still write.
    public var freeBytes = 0
    /// The failures of writes so far, which the next probe compares.
    fileprivate var failures = 0

    /// A disk that nothing is known about.
    public init() {}
}

extension DataDirectory {
    /// Finds out whether the disk takes writes.
    ///
    /// Writes a small file when the last probe found trouble, when a write has failed since, or when little space is left.
    public func probe(after last: DiskState) async -> DiskState {
        do throws(StoreError) {
            return try await threads.run { () throws(StoreError) in self.probeNow(after: last) }
        } catch {
            // A directory that is closed has no problem with its disk.
            return last
        }
    }

    private func probeNow(after last: DiskState) -> DiskState {
        var state = DiskState()
        var space = statvfs()
        if unsafe fstatvfs(root.fd, &space) == 0 {
            state.freeBytes = Int(
                clamping: UInt64(space.f_bavail).multipliedReportingOverflow(by: UInt64(space.f_frsize)).partialValue)
        }
        guard readOnlyReason == nil else {
            state.problem = .failing
            return state
        }
        let failures = root.fileSystem.writeFailures.count
        if last.problem != nil || failures != last.failures || state.freeBytes < StorageLimits.probedFreeBytesMax {
            do throws(StoreError) { try writeProbe() } catch {
                state.problem = if case .noSpace = error { .full } else { .failing }
            }
        }
        state.failures = root.fileSystem.writeFailures.count
        return state
    }

    /// Writes a file that nothing needs, and removes it.
    private func writeProbe() throws(StoreError) {
        let bytes = [UInt8](repeating: 0x2E, count: StorageLimits.probeBytes)
        do throws(CallFailure) {
            let name = files.temporaryNames.next()
            let path = root.path(of: name)
            let fd = try root.fileSystem.open(
                name, in: root.fd, flags: O_CREAT | O_EXCL | O_WRONLY, mode: 0o600, path: path)
            defer { _ = try? root.fileSystem.unlink(name, in: root.fd, path: path) }
            do throws(CallFailure) {
                try root.fileSystem.write(bytes.span, to: fd, path: path)
                try root.fileSystem.fdatasync(fd, path: path)
            } catch {
                try? root.fileSystem.close(fd, path: path)
                throw error
            }
            try root.fileSystem.close(fd, path: path)
        } catch { throw error.asStoreError }
    }
}
