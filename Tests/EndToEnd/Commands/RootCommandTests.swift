// Commands of root beside, and without, the host of a service user: they work, and leave nothing that the service cannot use.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite(
    "Root's commands", .serialized, .timeLimit(.minutes(3)),
    .enabled(if: geteuid() == 0, "only root can start a host as another user"),
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/setpriv"), "setpriv starts the host"))
struct RootCommandTests {
    /// A user and group that own nothing else.
    static let service = 65_534
    static let stranger = 65_533

    /// A command of the executable as a user.
    private static func arguments(_ user: Int, _ arguments: [String]) -> [String] {
        ["--reuid=\(user)", "--regid=\(user)", "--clear-groups", HostProcess.executable.path] + arguments
    }

    private static func run(as user: Int, _ arguments: [String]) async throws -> ChildProcess.Ending {
        try await onOwnThread { try ChildProcess.run(["/usr/bin/setpriv"] + Self.arguments(user, arguments)) }
    }

    private static func serve(_ installation: TestInstallation) async throws -> HostProcess {
        try await HostProcess(
            arguments(service, ["serve"] + installation.command()), executable: "/usr/bin/setpriv")
    }

    /// The data directory and the files below it that belong to another user than the service's.
    private static func foreign(_ installation: TestInstallation) throws -> [String] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: installation.data)
        #expect(!paths.isEmpty)
        return ([""] + paths).filter { path in
            var status = stat()
            guard unsafe lstat(installation.data + "/" + path, &status) == 0 else { return false }
            return Int(status.st_uid) != service || Int(status.st_gid) != service
        }
    }

    private static func installation() async throws -> TestInstallation {
        let installation = try await TestInstallation(startsHost: false)
        let owned = try ChildProcess.run(["chown", "-R", "\(service):\(service)", installation.directory.path])
        #expect(owned.code == 0, "\(owned.errors)")
        return installation
    }

    private static func client(_ host: HostProcess, _ installation: TestInstallation) async throws -> TestClient {
        let token = try await HostProcess.run(["token", "--user", "u"] + installation.command())
        #expect(token.code == 0, "\(token.errors)")
        return try TestClient(host.url, token: String(token.output.dropLast()))
    }

    @Test("They are carried out by the running host of a service user, and other users are refused")
    func besideTheHost() async throws {
        let installation = try await Self.installation()
        let host = try await Self.serve(installation)
        var client = try await Self.client(host, installation)
        let id = try await installation.connect("stripe", client)
        let backup = installation.directory.path + "/backup"
        for command in [
            ["connections", "--user", "u"], ["api-key", "create", "--user", "u"], ["check"], ["keys", "rotate"],
            ["keys", "list"], ["backup", backup], ["app-key", "create", "back-end"],
        ] {
            let done = try await HostProcess.run(command + installation.command())
            #expect(done.code == 0, "\(command): \(done.errors)")
        }
        #expect(FileManager.default.fileExists(atPath: backup))
        let shown = try await HostProcess.run(["connections", "--user", "u"] + installation.command()).output
        #expect(shown.contains(id), "\(shown)")
        // A rotation changes the keys under the host and under the sessions alike.
        client = try await Self.client(host, installation)
        #expect(try await client.get("/api/integrations/connections/\(id)").status == 200)
        let sync = try await installation.sync(id, client, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
        #expect(sync["status"] == "completed", "\(sync) \(host.log)")
        for command in [["token", "--user", "u"], ["check"], ["connections", "--user", "u"]] {
            let refused = try await Self.run(as: Self.stranger, command + installation.command())
            #expect(refused.code != 0 && !refused.output.contains(id), "\(command): \(refused.output)")
            let own = try await Self.run(as: Self.service, command + installation.command())
            #expect(own.code == 0, "\(command): \(own.errors)")
        }
        #expect(try Self.foreign(installation) == [])
        #expect(await host.terminate() == 0, "\(host.log)")
    }

    @Test("Without a running host they leave a directory that the service user's host opens")
    func alone() async throws {
        let installation = try await Self.installation()
        // Root's command makes the data directory and its keys, before the service has ever run.
        let first = try await HostProcess.run(["token", "--user", "u"] + installation.command())
        #expect(first.code == 0, "\(first.errors)")
        #expect(try Self.foreign(installation) == [])
        var host = try await Self.serve(installation)
        let client = try TestClient(host.url, token: String(first.output.dropLast()))
        let id = try await installation.connect("stripe", client)
        #expect(await host.terminate() == 0, "\(host.log)")
        let backup = installation.directory.path + "/backup"
        for command in [
            ["api-key", "create", "--user", "u"], ["keys", "rotate"], ["check", "--repair"], ["backup", backup],
        ] {
            let done = try await HostProcess.run(command + installation.command())
            #expect(done.code == 0, "\(command): \(done.errors)")
        }
        #expect(try Self.foreign(installation) == [])
        host = try await Self.serve(installation)
        let later = try await Self.client(host, installation)
        #expect(try await later.get("/api/integrations/connections/\(id)").status == 200)
        let sync = try await installation.sync(id, later, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
        #expect(sync["status"] == "completed", "\(sync) \(host.log)")
        #expect(await host.terminate() == 0, "\(host.log)")

        // A restore into a new directory; a backup holds no keys.
        let kept = installation.directory.path + "/kept"
        try FileManager.default.moveItem(atPath: installation.data + "/keys", toPath: kept)
        try FileManager.default.removeItem(atPath: installation.data)
        let restored = try await HostProcess.run(["restore", backup] + installation.command())
        #expect(restored.code == 0, "\(restored.errors)")
        try FileManager.default.moveItem(atPath: kept, toPath: installation.data + "/keys")
        #expect(try Self.foreign(installation) == [])
        host = try await Self.serve(installation)
        let again = try await Self.client(host, installation)
        #expect(try await again.get("/api/integrations/connections/\(id)").status == 200)
        #expect(await host.terminate() == 0, "\(host.log)")
    }
}
