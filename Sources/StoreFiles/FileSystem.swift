// The only door to the file system: thin calls with EINTR and errno handled. A fault plan, present in tests alone,
// may make any call fail. Knows nothing of documents or records.

package import CLinux
import Glibc
import Synchronization

/// The calls a fault plan can make fail.
package enum FileCall: String, CaseIterable, Sendable {
    case open, mkdir, read, write, fdatasync, fsync, close, rename, unlink, truncate, syncfs, link, allocate
}

/// The effect of a fault plan on one call.
package enum Fault: Sendable {
    case error(Int32)
    /// Only this many bytes of a write reach the file.
    case short(Int)
}

/// Decides, in tests, which calls fail.
package protocol FaultPlan: Sendable {
    func fault(at call: FileCall, path: String) -> Fault?
}

/// The inode of a file and when it was born: a rename keeps both, a copy has others.
///
/// A file system that does not say when a file was born gives zero.
package struct FileBirth: Equatable, Sendable {
    package fileprivate(set) var inode: UInt64 = 0
    package fileprivate(set) var seconds: Int64 = 0
    package fileprivate(set) var nanoseconds: UInt32 = 0
}

/// A failed system call, whose meaning the caller decides.
package struct CallFailure: Error, Equatable {
    /// The error number.
    package let errno: Int32
    /// The call that failed.
    package let call: FileCall
    /// The path it was made with.
    package let path: String

    /// Whether the disk or a quota is full.
    package var isNoSpace: Bool { errno == ENOSPC || errno == EDQUOT }

    /// The error for a call after whose failure the state is still known.
    package var asStoreError: StoreError {
        isNoSpace ? .noSpace(call: call.rawValue, path: path) : .io(errno: errno, call: call.rawValue, path: path)
    }
}

/// Counts the calls that failed because the disk takes no more.
package final class WriteFailures: Sendable {
    private let number = Atomic<Int>(0)

    package init() {}

    /// The number of failures so far.
    package var count: Int { number.load(ordering: .relaxed) }

    func note(_ failure: CallFailure) {
        switch (failure.errno, failure.call) {
        case (_, .read), (_, .unlink): break
        case (ENOSPC, _), (EDQUOT, _), (EFBIG, _), (EIO, _), (EROFS, _): number.wrappingAdd(1, ordering: .relaxed)
        default: break
        }
    }
}

/// The calls to the file system.
package struct FileSystem: Sendable {
    /// The plan of failures; nil outside tests.
    package let faults: (any FaultPlan)?
    /// What failed because the disk takes no more.
    package let writeFailures = WriteFailures()

    /// The file system, with a plan of failures in tests.
    package init(faults: (any FaultPlan)? = nil) {
        self.faults = faults
    }

    private func check(_ call: FileCall, _ path: String) throws(CallFailure) {
        if let faults, case .error(let code) = faults.fault(at: call, path: path) {
            throw failed(code, call, path)
        }
    }

    /// The failure of a call, counted where the disk takes no more.
    private func failed(_ code: Int32, _ call: FileCall, _ path: String) -> CallFailure {
        let failure = CallFailure(errno: code, call: call, path: path)
        writeFailures.note(failure)
        return failure
    }

    private func result(_ value: Int32, _ call: FileCall, _ path: String) throws(CallFailure) {
        if value != 0 { throw failed(errno, call, path) }
    }

    /// Opens `name` below `directory`, never leaking into a child process.
    ///
    /// Only the data directory itself may be reached through a link in the last component.
    package func open(
        _ name: String, in directory: Int32, flags: Int32, mode: UInt32 = 0, followsLink: Bool = false, path: String
    ) throws(CallFailure) -> Int32 {
        try check(.open, path)
        while true {
            let fd = unsafe cl_openat(directory, name, flags | O_CLOEXEC | (followsLink ? 0 : O_NOFOLLOW), mode)
            if fd >= 0 {
                if flags & O_CREAT != 0 { giveOwner(of: directory, to: fd) }
                return fd
            }
            if errno != EINTR { throw failed(errno, .open, path) }
        }
    }

    /// Gives a file or folder that root has just made to the owner of its directory, whose host could not open it otherwise.
    package func giveOwner(of directory: Int32, to fd: Int32) {
        var (model, own) = (stat(), stat())
        guard Self.isRoot, unsafe fstat(directory, &model) == 0, model.st_uid != 0, unsafe fstat(fd, &own) == 0,
            own.st_uid == 0
        else { return }
        _ = fchown(fd, model.st_uid, model.st_gid)
    }

    private func giveOwner(of directory: Int32, to name: String) {
        var model = stat()
        guard Self.isRoot, unsafe fstat(directory, &model) == 0, model.st_uid != 0 else { return }
        _ = unsafe fchownat(directory, name, model.st_uid, model.st_gid, AT_SYMLINK_NOFOLLOW)
    }

    private static let isRoot = geteuid() == 0

    /// Closes once; an error is reported and never retried, since the descriptor is gone either way (close(2)).
    package func close(_ fd: Int32, path: String) throws(CallFailure) {
        let code = Glibc.close(fd)
        let reason = errno
        try check(.close, path)
        if code != 0 { throw failed(reason, .close, path) }
    }

    /// Writes all of `bytes`, at `offset` or at the file position, however many calls that takes.
    package func write(_ bytes: Span<UInt8>, to fd: Int32, at offset: Int? = nil, path: String) throws(CallFailure) {
        var done = 0
        while done < bytes.count {
            var count = bytes.count - done
            if let faults {
                switch faults.fault(at: .write, path: path) {
                case .error(EINTR): continue
                case .error(let code): throw failed(code, .write, path)
                case .short(let bytesMax): count = max(1, min(count, bytesMax))
                case nil: break
                }
            }
            let written = unsafe bytes.extracting(done..<done + count).withUnsafeBufferPointer { part in
                if let offset {
                    unsafe pwrite(fd, part.baseAddress, part.count, offset + done)
                } else {
                    unsafe Glibc.write(fd, part.baseAddress, part.count)
                }
            }
            if written < 0 {
                if errno == EINTR { continue }
                throw failed(errno, .write, path)
            }
            done += written
        }
    }

    /// Reads up to `buffer.count` bytes at `offset`; fewer only at the end of the file.
    package func read(into buffer: inout MutableSpan<UInt8>, from fd: Int32, at offset: Int, path: String)
        throws(CallFailure)
        -> Int
    {
        var done = 0
        while done < buffer.count {
            try check(.read, path)
            let count = unsafe buffer.withUnsafeMutableBufferPointer { buffer in
                let rest = buffer.extracting(done...)
                return unsafe pread(fd, rest.baseAddress, rest.count, offset + done)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw failed(errno, .read, path)
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Makes the content of a file durable.
    package func fdatasync(_ fd: Int32, path: String) throws(CallFailure) {
        try check(.fdatasync, path)
        try result(Glibc.fdatasync(fd), .fdatasync, path)
    }

    /// Asks for a file's content to be written soon, so that a sync of many files after the other waits once.
    ///
    /// A file system that cannot do this loses only time.
    package func startWriting(_ fd: Int32) { _ = cl_start_writing(fd) }

    /// Makes a file or the names of a directory durable.
    package func fsync(_ fd: Int32, path: String) throws(CallFailure) {
        try check(.fsync, path)
        try result(Glibc.fsync(fd), .fsync, path)
    }

    /// Flushes everything written to the file system that `fd` is on.
    package func syncfs(_ fd: Int32, path: String) throws(CallFailure) {
        try check(.syncfs, path)
        try result(CLinux.syncfs(fd), .syncfs, path)
    }

    /// Reserves space, which makes the file longer; the bytes read as zeros.
    ///
    /// Writing into reserved space spares fdatasync the change of the file's length, a third of its time on ext4.
    package func allocate(_ fd: Int32, from offset: Int, bytes: Int, path: String) throws(CallFailure) {
        try check(.allocate, path)
        try result(fallocate(fd, 0, offset, bytes), .allocate, path)
    }

    /// Cuts a file off at `bytes`.
    package func truncate(_ fd: Int32, to bytes: Int, path: String) throws(CallFailure) {
        try check(.truncate, path)
        try result(ftruncate(fd, bytes), .truncate, path)
    }

    /// Renames a file; replaces an existing one if `replacing`.
    package func rename(
        _ from: String, in source: Int32, to name: String, in target: Int32, replacing: Bool = true, path: String
    ) throws(CallFailure) {
        try check(.rename, path)
        let flags = replacing ? 0 : CL_RENAME_NOREPLACE
        try result(unsafe renameat2(source, from, target, name, flags), .rename, path)
    }

    /// Gives a file a second name.
    package func link(
        _ from: String, in source: Int32, to name: String, in target: Int32, path: String
    ) throws(CallFailure) {
        try check(.link, path)
        try result(unsafe linkat(source, from, target, name, 0), .link, path)
    }

    /// Removes a name; false when there was none.
    @discardableResult
    package func unlink(_ name: String, in directory: Int32, isDirectory: Bool = false, path: String)
        throws(CallFailure)
        -> Bool
    {
        try check(.unlink, path)
        if unsafe unlinkat(directory, name, isDirectory ? AT_REMOVEDIR : 0) == 0 { return true }
        if errno == ENOENT { return false }
        throw failed(errno, .unlink, path)
    }

    /// Makes a directory of mode 0700; false when there is one already.
    package func mkdir(_ name: String, in directory: Int32, path: String) throws(CallFailure) -> Bool {
        try check(.mkdir, path)
        if unsafe mkdirat(directory, name, 0o700) == 0 {
            giveOwner(of: directory, to: name)
            return true
        }
        if errno == EEXIST { return false }
        throw failed(errno, .mkdir, path)
    }

    /// The status of an open file.
    package func status(_ fd: Int32, path: String) throws(CallFailure) -> stat {
        var status = stat()
        if unsafe fstat(fd, &status) != 0 { throw failed(errno, .open, path) }
        return status
    }

    /// The inode of an open file and when it was born.
    package func birth(of fd: Int32, path: String) throws(CallFailure) -> FileBirth {
        var birth = FileBirth()
        guard unsafe cl_birth(fd, &birth.inode, &birth.seconds, &birth.nanoseconds) == 0 else {
            throw CallFailure(errno: errno, call: .open, path: path)
        }
        return birth
    }

    /// Gives a file or directory exactly this mode, independent of the umask.
    package func setMode(_ mode: mode_t, of fd: Int32, path: String) throws(CallFailure) {
        if try status(fd, path: path).st_mode & 0o7777 != mode, fchmod(fd, mode) != 0 {
            throw failed(errno, .open, path)
        }
    }
}

/// The system's sentence for an error number.
package func systemMessage(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    return unsafe buffer.withUnsafeMutableBufferPointer { buffer in
        guard let start = buffer.baseAddress else { return "error \(code)" }
        return unsafe strerror_r(code, start, buffer.count) == 0 ? unsafe String(cString: start) : "error \(code)"
    }
}

/// `count` bytes from the kernel's random number generator.
package func randomBytes(_ count: Int) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        while initialized < count {
            let start = unsafe buffer.baseAddress.map { unsafe $0 + initialized }
            let got = unsafe getrandom(start, count - initialized, 0)
            if got > 0 { initialized += got } else if errno != EINTR { fatalError("getrandom failed: \(errno)") }
        }
    }
}
