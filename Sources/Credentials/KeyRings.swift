// The location of the key ring, and its creation on the first start. Cryptography defines its content.

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

    /// Returns the key ring; creates it when it does not exist.
    package static func open(_ configuration: Configuration) throws(HostStartError) -> KeyRing {
        let path = path(configuration)
        if unsafe access(path, F_OK) != 0 {
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

    /// Returns the keys of the key ring; creates the ring when it does not exist.
    package static func keys(_ configuration: Configuration) throws(HostStartError) -> HostKeys {
        let ring = try open(configuration)
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
        for folder in missing.reversed() where unsafe mkdir(folder, 0o700) != 0 && errno != EEXIST {
            let reason = unsafe String(cString: strerror(errno))
            throw HostStartError("\(folder) cannot be created (\(reason)): check the path and its permissions.")
        }
    }
}

/// The reason why the host did not start, in one sentence.
package struct HostStartError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
