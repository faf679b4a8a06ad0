// Finds plugin libraries and opens them. The only code that knows that providers come from shared objects.

import CLinux
import Configuration
import Cryptography
import Glibc
import ProviderSDK
package import Providers

/// Opens the plugins of a list of folders.
///
/// A library is never closed again: Swift code cannot be unloaded.
package struct PluginLoader {
    package private(set) var plugins: [LoadedPlugin] = []
    package private(set) var rejections: [PluginRejection] = []
    private var files: Set<FileIdentity> = []

    private struct FileIdentity: Hashable {
        let device: dev_t
        let inode: ino_t

        init(_ status: stat) {
            device = status.st_dev
            inode = status.st_ino
        }
    }

    /// Starts with no plugin; the SDK's own library is skipped in every folder.
    package init() {
        if let path = Self.path(ofSymbol: "$s11ProviderSDK0A0Mp"), let status = Self.status(of: path) {
            files.insert(FileIdentity(status))
        }
    }

    /// Opens every `.so` file of the folder at `path`, in the order of their names.
    ///
    /// - Returns: false when there is no such folder.
    @discardableResult
    package mutating func load(folder path: String) -> Bool {
        do throws(PluginRefusal) {
            guard let folder = try PluginFolder(path) else { return false }
            let names = try folder.libraries()
            // A folder without libraries is not an error.
            if !names.isEmpty { try folder.check() }
            for name in names { load(name, in: folder, isNamed: false) }
        } catch {
            rejections.append(PluginRejection(path: path, isFolder: true, reason: error.reason))
        }
        return true
    }

    /// Opens the file at `path`.
    package mutating func load(file path: String) {
        let slash = path.lastIndex(of: "/")
        let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        do throws(PluginRefusal) {
            guard let folder = try PluginFolder(parent) else {
                throw PluginRefusal(.unreadable(unsafe String(cString: strerror(ENOENT))))
            }
            try folder.check()
            load(name, in: folder, isNamed: true)
        } catch {
            rejections.append(PluginRejection(path: parent, isFolder: true, reason: error.reason))
        }
    }

    /// - Parameter isNamed: whether the caller names the file; a library of a folder that has no entry point is not a plugin.
    private mutating func load(_ name: String, in folder: PluginFolder, isNamed: Bool) {
        let path = folder.path + "/" + name
        var id: String?
        do throws(PluginRefusal) {
            guard let (provider, digest) = try provider(name, in: folder, isNamed: isNamed) else { return }
            let manifest = provider.manifest
            id = manifest.id
            let problems = manifest.problems
            guard problems.isEmpty else { throw PluginRefusal(.invalidManifest(problems)) }
            if let other = plugins.first(where: { $0.provider.manifest.id == manifest.id }) {
                throw PluginRefusal(.duplicateID(manifest.id, other: other.path))
            }
            plugins.append(LoadedPlugin(provider: provider, path: path, digest: digest))
        } catch {
            rejections.append(PluginRejection(path: path, providerID: id, reason: error.reason))
        }
    }

    /// The provider in the file, and the file's digest; nil when the file was seen already or is no plugin.
    private mutating func provider(
        _ name: String, in folder: PluginFolder, isNamed: Bool
    ) throws(PluginRefusal) -> (any Provider, digest: String)? {
        let (descriptor, status) = try folder.open(name)
        defer { close(descriptor) }
        guard files.insert(FileIdentity(status)).inserted else { return nil }
        // Opening a FIFO or a device would make the reader wait.
        guard status.st_mode & S_IFMT == S_IFREG else { throw PluginRefusal(.notALibrary("it is not a regular file")) }
        try PluginFolder.checkOwner(status)
        // A file that would crash the dynamic loader is refused before the loader sees it.
        let size = UInt64(max(0, status.st_size))
        if let problem = ELFLibrary.problem(fileBytes: size, read: { Self.read(descriptor, $0, $1) }) {
            throw PluginRefusal(.notALibrary(problem))
        }
        guard let library = unsafe dlopen(folder.loaderPath(name), RTLD_NOW | RTLD_LOCAL) else {
            let problem = unsafe dlerror().map { unsafe String(cString: $0) } ?? "it cannot be loaded"
            throw PluginRefusal(.notALibrary(problem.replacing(folder.loaderPath(""), with: "")))
        }
        let entryPoints = [PluginEntry.versionSymbol, PluginEntry.makeSymbol]
        if !isNamed, entryPoints.allSatisfy({ unsafe dlsym(library, $0) == nil }) { return nil }
        guard let version = unsafe dlsym(library, PluginEntry.versionSymbol) else {
            throw PluginRefusal(.missingEntryPoint(PluginEntry.versionSymbol))
        }
        typealias Version = @convention(c) () -> UInt32
        let builtFor = unsafe unsafeBitCast(version, to: Version.self)()
        // Accepts the same major version, and nothing newer than this host's SDK.
        guard builtFor >> 16 == SDKVersion.compiled >> 16, builtFor <= SDKVersion.compiled else {
            throw PluginRefusal(
                .incompatible(builtFor: SDKVersion.text(builtFor), needs: SDKVersion.text(SDKVersion.compiled)))
        }
        guard let make = unsafe dlsym(library, PluginEntry.makeSymbol) else {
            throw PluginRefusal(.missingEntryPoint(PluginEntry.makeSymbol))
        }
        typealias Make = @convention(c) () -> UInt
        guard let provider = unsafe PluginEntry.take(unsafeBitCast(make, to: Make.self)()) else {
            throw PluginRefusal(.noProvider)
        }
        return (provider, Self.digest(descriptor, byteCount: size))
    }

    private static func digest(_ descriptor: Int32, byteCount: UInt64) -> String {
        var hash = SHA256()
        var offset: UInt64 = 0
        while offset < byteCount {
            let bytes = read(descriptor, offset, 1 << 20)
            guard !bytes.isEmpty else { break }
            hash.update(bytes)
            offset += UInt64(bytes.count)
        }
        return hash.digest().hex
    }

    /// Bytes of an open file; fewer where it ends before.
    private static func read(_ descriptor: Int32, _ offset: UInt64, _ count: Int) -> [UInt8] {
        guard offset <= UInt64(Int64.max) else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let found = unsafe pread(
                    descriptor, buffer.baseAddress.map { unsafe $0 + filled }, count - filled, off_t(offset) + filled)
                if found < 0, errno == EINTR { continue }
                guard found > 0 else { return }
                filled += found
            }
        }
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
}
