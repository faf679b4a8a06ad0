// What the tests share: a folder of their own each, a plan that makes chosen calls fail, and raw access to files.

import CLinux
import Glibc
import StoreFiles
import Synchronization

@testable import Storage

/// A new directory below the system's temporary one, removed with everything in it at the end.
final class Scratch: Sendable {
    let path: String

    init() {
        // In memory where possible: these tests prove order and content, and the crash tests what a disk does.
        let base = Scratch.isDirectory("/dev/shm") ? "/dev/shm" : "/tmp"
        var template = Array("\(base)/document-store-tests-XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }.map { unsafe String(cString: $0) }
        }
        guard let made else { fatalError("cannot make a temporary directory") }
        path = made
    }

    deinit { Self.remove(path) }

    static func remove(_ path: String) {
        for name in names(path) {
            let child = path + "/" + name
            if isDirectory(child) { remove(child) } else { unsafe unlink(child) }
        }
        unsafe rmdir(path)
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func mode(_ path: String) -> UInt32 {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    static func names(_ path: String) -> [String] {
        guard let stream = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Every file and directory below `path`, with paths relative to it.
    static func tree(_ path: String, prefix: String = "") -> [String] {
        names(path).flatMap { name in
            [prefix + name]
                + (isDirectory(path + "/" + name) ? tree(path + "/" + name, prefix: prefix + name + "/") : [])
        }
    }

    static func read(_ path: String) -> [UInt8]? {
        let fd = unsafe Glibc.open(path, O_RDONLY)
        guard fd >= 0 else { return nil }
        defer { Glibc.close(fd) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(fd, &part, part.count)
            if count <= 0 { return bytes }
            bytes += part[..<count]
        }
    }

    static func write(_ bytes: [UInt8], to path: String) {
        let fd = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard fd >= 0, unsafe Glibc.write(fd, bytes, bytes.count) == bytes.count else {
            fatalError("cannot write \(path)")
        }
        Glibc.close(fd)
    }
}

/// Makes the nth call of some kinds fail, once or from then on.
final class CountedFault: FaultPlan {
    private let calls: Set<FileCall>
    private let fault: Fault
    private let first: Int
    private let lasts: Bool
    private let seen = Mutex(0)
    private let enabled = Mutex(true)

    init(_ fault: Fault, at calls: Set<FileCall>, nth first: Int, lasts: Bool = false) {
        self.calls = calls
        self.fault = fault
        self.first = first
        self.lasts = lasts
    }

    /// How many of the calls were seen.
    var count: Int { seen.withLock { $0 } }

    func stop() { enabled.withLock { $0 = false } }
    func start() { enabled.withLock { $0 = true } }

    func fault(at call: FileCall, path: String) -> Fault? {
        guard calls.contains(call), enabled.withLock({ $0 }) else { return nil }
        let number = seen.withLock { seen in
            seen += 1
            return seen
        }
        return number == first || (lasts && number > first) ? fault : nil
    }
}

extension DataDirectory {
    /// Opens a directory with a fault plan.
    static func open(
        _ path: String, faults: (any FaultPlan)? = nil, options: StoreOptions = StoreOptions()
    ) throws(StoreError) -> DataDirectory {
        try DataDirectory(path: path, options: options, fileSystem: FileSystem(faults: faults))
    }
}

extension DocumentKey {
    static func user(_ id: String) -> DocumentKey { DocumentKey(collection: "users", id: Array(id.utf8)) }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// The error of a call that must fail.
func failure<Value>(_ body: () async throws -> Value) async -> StoreError? {
    do {
        _ = try await body()
        return nil
    } catch { return error as? StoreError }
}
