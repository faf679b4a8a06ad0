// The location of the key ring, and its creation on the first start. It is never made beside data that another ring has sealed.
// Cryptography defines its content.

package import Configuration
package import Cryptography
import Glibc

package enum KeyRings {
    /// The path of the key ring.
    package static func path(_ configuration: Configuration) -> String {
        (configuration.keysDirectory ?? configuration.dataDirectory + "/keys") + "/key-ring"
    }

    /// Whether the key ring exists.
    package static func exist(_ configuration: Configuration) -> Bool { unsafe access(path(configuration), F_OK) == 0 }

    /// Returns the key ring.
    ///
    /// - Parameter makes: whether a missing ring is made, because nothing is sealed yet or what is sealed is given up.
    package static func open(_ configuration: Configuration, makes: Bool) throws(HostStartError) -> KeyRing {
        let path = path(configuration)
        if !exist(configuration) {
            guard makes else {
                throw HostStartError(
                    "the key ring \(path) is missing, and nothing else opens what it sealed: restore it, or correct “keysDirectory”."
                )
            }
            try makeDirectory(configuration.dataDirectory)
            try makeDirectory(configuration.keysDirectory ?? configuration.dataDirectory + "/keys")
            do {
                return try KeyRing.create(path: path)
            } catch {
                // Another process may have created the ring first; then use that one.
                if unsafe access(path, F_OK) != 0 { throw HostStartError("\(error)") }
            }
        }
        do { return try KeyRing.load(path: path) } catch { throw HostStartError("\(error)") }
    }

    /// Returns the keys of the key ring.
    ///
    /// - Parameter makes: whether a missing ring is made.
    package static func keys(_ configuration: Configuration, makes: Bool) throws(HostStartError) -> HostKeys {
        let ring = try open(configuration, makes: makes)
        do { return try HostKeys(ring, path: path(configuration)) } catch {
            throw HostStartError("\(error)")
        }
    }

    private static func makeDirectory(_ path: String) throws(HostStartError) {
        var parent = path
        var missing: [String] = []
        while unsafe access(parent, F_OK) != 0 {
            missing.append(parent)
            guard let slash = parent.lastIndex(of: "/"), slash != parent.startIndex else { break }
            parent = String(parent[..<slash])
        }
        for folder in missing.reversed() {
            guard unsafe mkdir(folder, 0o700) != 0 else {
                giveOwner(to: folder)
                continue
            }
            if errno == EEXIST { continue }
            let reason = unsafe String(cString: strerror(errno))
            throw HostStartError("\(folder) cannot be created (\(reason)): check the path and its permissions.")
        }
    }

    /// Gives a folder that root has just made to the owner of the folder around it, whose host could not open it otherwise.
    private static func giveOwner(to folder: String) {
        var parent = stat()
        guard geteuid() == 0, unsafe stat(folder + "/..", &parent) == 0, parent.st_uid != 0 else { return }
        _ = unsafe chown(folder, parent.st_uid, parent.st_gid)
    }
}

/// The reason why the host did not start, in one sentence.
package struct HostStartError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
