// The files in the folders of plugins, by what changes when one is replaced. Opens none of them.

package import Configuration
import Glibc

/// The libraries in the folders of plugins.
package enum PluginFiles {
    /// The path of each library with its inode, size and time of change.
    package static func all(_ configuration: Configuration) -> [String: String] {
        var found: [String: String] = [:]
        for folder in PluginFolders.paths(configuration) {
            guard let directory = unsafe opendir(folder) else { continue }
            defer { unsafe closedir(directory) }
            while let entry = unsafe readdir(directory), found.count < PluginFolder.filesMax {
                let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
                }
                let path = "\(folder)/\(name)"
                var status = stat()
                guard name.hasSuffix(".so"), !name.hasPrefix("."), unsafe stat(path, &status) == 0 else { continue }
                found[path] = "\(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
            }
        }
        return found
    }

    /// Returns the paths that came, went or changed, in order.
    package static func changes(from old: [String: String], to new: [String: String]) -> [String] {
        Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted()
    }
}
