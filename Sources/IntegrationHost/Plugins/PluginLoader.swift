// Finds plugin libraries and opens them. The only code that knows that providers come from shared objects.

import CLinux
import Glibc
import ProviderSDK

/// A provider and the file it came from.
struct LoadedPlugin: Sendable {
    let provider: any Provider
    let path: String
}

/// Opens the plugins of a list of folders.
///
/// A library is never closed again: Swift code cannot be unloaded.
struct PluginLoader {
    /// Files of one folder at most.
    static let filesPerFolderMax = 1000

    private(set) var plugins: [LoadedPlugin] = []
    private(set) var rejections: [PluginRejection] = []
    private var files: Set<FileIdentity> = []

    private struct FileIdentity: Hashable {
        let device: dev_t
        let inode: ino_t
    }

    /// Starts with no plugin; the SDK's own library is passed over wherever it lies.
    init() {
        if let path = Self.path(ofSymbol: "$s11ProviderSDK0A0Mp"), let status = Self.status(of: path) {
            files.insert(FileIdentity(device: status.st_dev, inode: status.st_ino))
        }
    }

    /// Opens every `.so` file of `folder`, in the order of their names.
    ///
    /// A folder that does not exist holds nothing.
    mutating func load(folder: String) {
        for name in Self.libraries(in: folder) { load(file: folder + "/" + name) }
    }

    /// Opens one file.
    mutating func load(file path: String) {
        do throws(Refusal) {
            guard let provider = try provider(at: path) else { return }
            let manifest = provider.manifest
            let problems = manifest.problems
            guard problems.isEmpty else { throw Refusal(.invalidManifest(problems)) }
            if let other = plugins.first(where: { $0.provider.manifest.id == manifest.id }) {
                throw Refusal(.duplicateID(manifest.id, other: other.path))
            }
            plugins.append(LoadedPlugin(provider: provider, path: path))
        } catch {
            rejections.append(PluginRejection(path: path, reason: error.reason))
        }
    }

    private struct Refusal: Error {
        let reason: PluginRejection.Reason
        init(_ reason: PluginRejection.Reason) { self.reason = reason }
    }

    /// The provider in the file; nil when the file was seen already.
    private mutating func provider(at path: String) throws(Refusal) -> (any Provider)? {
        let descriptor = unsafe cl_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
        guard descriptor >= 0 else { throw Refusal(.unreadable(unsafe String(cString: strerror(errno)))) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw Refusal(.unreadable("fstat failed")) }
        guard files.insert(FileIdentity(device: status.st_dev, inode: status.st_ino)).inserted else { return nil }
        // A FIFO or a device would make whoever reads it wait.
        guard status.st_mode & S_IFMT == S_IFREG else { throw Refusal(.notALibrary("it is no regular file")) }
        guard status.st_mode & 0o022 == 0 else { throw Refusal(.writableByOthers(mode: status.st_mode & 0o777)) }

        // A file that is no library is told apart before the dynamic loader sees it.
        var magic: UInt32 = 0
        guard unsafe pread(descriptor, &magic, 4, 0) == 4, magic == UInt32(littleEndian: 0x464C_457F) else {
            throw Refusal(.notALibrary("it is no ELF file"))
        }
        guard let library = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw Refusal(.notALibrary(unsafe dlerror().map { unsafe String(cString: $0) } ?? "it cannot be loaded"))
        }
        guard let version = unsafe dlsym(library, PluginEntry.versionSymbol) else {
            throw Refusal(.missingEntryPoint(PluginEntry.versionSymbol))
        }
        typealias Version = @convention(c) () -> UInt32
        let builtFor = unsafe unsafeBitCast(version, to: Version.self)()
        // Same major version, and nothing newer than what this host has.
        guard builtFor >> 16 == SDKVersion.compiled >> 16, builtFor <= SDKVersion.compiled else {
            throw Refusal(
                .incompatible(builtFor: SDKVersion.text(builtFor), needs: SDKVersion.text(SDKVersion.compiled)))
        }
        guard let make = unsafe dlsym(library, PluginEntry.makeSymbol) else {
            throw Refusal(.missingEntryPoint(PluginEntry.makeSymbol))
        }
        typealias Make = @convention(c) () -> UInt
        guard let provider = unsafe PluginEntry.take(unsafeBitCast(make, to: Make.self)()) else {
            throw Refusal(.noProvider)
        }
        return provider
    }

    private static func status(of path: String) -> stat? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status : nil
    }

    private static func path(ofSymbol symbol: String) -> String? {
        guard let address = unsafe dlsym(nil, symbol) else { return nil }
        guard let name = unsafe cl_file_of_address(address) else { return nil }
        return unsafe String(cString: name)
    }

    private static func libraries(in folder: String) -> [String] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory), names.count < filesPerFolderMax {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
            if name.hasSuffix(".so"), !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}

/// The folder of the running executable.
enum ExecutableFolder {
    static let path: String = {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            unsafe buffer.withMemoryRebound(to: CChar.self) { buffer in
                unsafe count =
                    buffer.baseAddress.map { unsafe max(0, readlink("/proc/self/exe", $0, buffer.count)) } ?? 0
            }
        }
        let path = String(decoding: bytes, as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }()
}
