// A folder that plugins are loaded from, opened once. The checks and the dynamic loader use the same open folder, even if its
// path changes meanwhile. Knows files, not plugins.

import CLinux
import Glibc
import Providers

/// An open folder of plugins, and the rules on who may change it and what is in it.
///
/// A user who can write a plugin's file, or replace it, runs code in this process with every credential. Folder and file must
/// belong to root or to the user of this process, and no other user may write to them. A sticky folder is no exception: others
/// could still add files.
struct PluginFolder {
    /// Libraries of one folder at most.
    static let filesMax = 1000

    let path: String
    /// Never closed: `$ORIGIN` in a library's search path goes through this descriptor, and a library may open others later.
    private let descriptor: Int32
    private let status: stat

    /// Opens the folder.
    ///
    /// A path that is a symbolic link is followed: what counts is who can change the folder it leads to.
    ///
    /// - Returns: nil when there is no such folder.
    init?(_ path: String) throws(PluginRefusal) {
        let descriptor = unsafe cl_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_DIRECTORY, 0)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT { return nil }
            throw PluginRefusal(.unreadable(unsafe String(cString: strerror(code))))
        }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            close(descriptor)
            throw PluginRefusal(.unreadable("fstat failed"))
        }
        self.path = path
        self.descriptor = descriptor
        self.status = status
    }

    /// Refuses the folder when it belongs to another user or others can put files into it.
    func check() throws(PluginRefusal) { try Self.checkOwner(status) }

    /// The names of its libraries in order.
    func libraries() throws(PluginRefusal) -> [String] {
        // The stream takes over its descriptor and closes it.
        let copy = unsafe cl_openat(descriptor, ".", O_RDONLY | O_CLOEXEC | O_DIRECTORY, 0)
        guard copy >= 0, let directory = unsafe fdopendir(copy) else {
            let code = errno
            if copy >= 0 { close(copy) }
            throw PluginRefusal(.unreadable(unsafe String(cString: strerror(code))))
        }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
            guard name.hasSuffix(".so"), !name.hasPrefix(".") else { continue }
            guard names.count < Self.filesMax else { throw PluginRefusal(.tooManyFiles(max: Self.filesMax)) }
            names.append(name)
        }
        return names.sorted()
    }

    /// Opens a regular file of the folder that no other user can change; the caller closes it.
    ///
    /// A symbolic link is refused: its target could be changed through folders that were not checked.
    func open(_ name: String) throws(PluginRefusal) -> (descriptor: Int32, status: stat) {
        let file = unsafe cl_openat(descriptor, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0)
        guard file >= 0 else {
            let code = errno
            throw PluginRefusal(code == ELOOP ? .symbolicLink : .unreadable(unsafe String(cString: strerror(code))))
        }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else {
            close(file)
            throw PluginRefusal(.unreadable("fstat failed"))
        }
        return (file, status)
    }

    /// Returns a file's path for the dynamic loader.
    ///
    /// It goes through the open folder, so that the folder cannot be replaced.
    ///
    /// A path through the file's own descriptor would not work: `$ORIGIN` would not be a folder, so a plugin could not bring libraries.
    func loaderPath(_ name: String) -> String { "/proc/self/fd/\(descriptor)/\(name)" }

    /// Refuses what belongs to another user or can be written by others.
    static func checkOwner(_ status: stat) throws(PluginRefusal) {
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw PluginRefusal(.foreignOwner(user: status.st_uid, own: geteuid()))
        }
        guard status.st_mode & 0o022 == 0 else {
            throw PluginRefusal(.writableByOthers(mode: status.st_mode & 0o7777))
        }
    }
}

/// Why a folder or a file of it is not used.
struct PluginRefusal: Error {
    let reason: PluginRejection.Reason
    init(_ reason: PluginRejection.Reason) { self.reason = reason }
}
