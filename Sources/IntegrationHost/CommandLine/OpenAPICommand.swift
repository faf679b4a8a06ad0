// `integration-host openapi`: prints the document of all routes that a running host serves at /openapi.json.

import Commands
import Configuration
import Credentials
import Glibc
import HTTPAPI
import Observability
import Primitives
import Processes
import ProviderSDK
import Requests
import Storage
import SystemAPI

enum OpenAPICommand {
    static func run(_ arguments: Arguments) throws {
        let document = try document(try Configuration.load(arguments))
        StandardOutput.line(String(decoding: document, as: UTF8.self))
    }

    /// The document, made from the route tables of a host over an empty directory.
    ///
    /// Routes depend on providers, not on data, and this installation's data directory may be in use.
    private static func document(_ installation: Configuration) throws -> [UInt8] {
        let log = Log(level: .error)
        let registry = try HostResources.providers(installation).registry
        var configuration = installation
        configuration.keysDirectory = nil
        configuration.dataDirectory = try temporaryDirectory()
        defer { remove(configuration.dataDirectory) }
        let parts = try HostResources(configuration, time: .system, log: log, registry: registry)
        defer { parts.data.close() }
        let routes = HostRoutes(parts: parts, services: HostServices(parts))
        return routes.system(try routes.described(), readiness: Readiness(parts.data), metrics: RequestMetrics())
            .openAPI
    }

    private static func temporaryDirectory() throws -> String {
        let parent = Environment.all["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var template = Array("\(parent)/integration-host-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            let reason = unsafe String(cString: strerror(errno))
            throw HostStartError("no temporary directory can be made in \(parent) (\(reason)): set TMPDIR.")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes a directory with all that is in it.
    private static func remove(_ directory: String) {
        // What cannot be removed is left to the cleaner of temporary files.
        if let entries = unsafe opendir(directory) {
            while let entry = unsafe readdir(entries) {
                let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                    unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
                }
                guard name != ".", name != ".." else { continue }
                let path = directory + "/" + name
                if unsafe unlink(path) != 0 { remove(path) }
            }
            _ = unsafe closedir(entries)
        }
        _ = unsafe rmdir(directory)
    }
}
