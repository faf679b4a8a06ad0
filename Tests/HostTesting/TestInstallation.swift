// A whole installation for tests: stand-in providers and a host as processes, wired to each other by a configuration file, with
// sessions for any user.

import Foundation
package import ProviderSDK
import ProviderSandbox
import Synchronization
package import TestSupport

/// A host with its stand-ins.
package final class TestInstallation: Sendable {
    package let directory: TemporaryDirectory
    package let sandbox: HostProcess
    private let running = Mutex<HostProcess?>(nil)
    private let configuration: String
    /// Session tokens by what they were asked for with, and the keys they were signed with.
    private let tokens = Mutex<[String: String]>([:])

    /// The host that was started last.
    package var host: HostProcess {
        guard let host = running.withLock(\.self) else { preconditionFailure("The host was not started.") }
        return host
    }

    /// Starts the stand-ins and a host on free ports.
    ///
    /// - Parameters:
    ///   - extra: members added to the configuration, as JSON text such as `"rateLimits":{"sync":0}`.
    ///   - logLevel: the least severe events that the host logs.
    ///   - environment: variables for the host.
    ///   - providers: settings in place of those that lead a provider to its stand-in.
    ///   - other: an installation whose stand-ins are used; nil starts new ones.
    ///   - startsHost: whether the host is started now, and not by ``restart(environment:)``.
    package init(
        extra: String = "\"rateLimits\":{\"connectionCreation\":0,\"sync\":0,\"oauth\":0,\"status\":0}",
        logLevel: String = "warning", environment: [String: String] = [:],
        providers: [String: JSONValue] = [:], beside other: TestInstallation? = nil, startsHost: Bool = true
    ) async throws {
        directory = try TemporaryDirectory()
        if let other {
            sandbox = other.sandbox
        } else {
            sandbox = try await HostProcess(["sandbox", "--listen", "127.0.0.1:0"])
        }
        configuration = try directory.write(
            "host.json",
            Self.configuration(
                sandbox: sandbox.url, data: directory.path + "/data", logLevel: logLevel, extra: extra,
                replaced: providers))
        if startsHost { try await restart(environment: environment) }
    }

    /// Starts the host again over the same data.
    ///
    /// - Parameters:
    ///   - environment: variables for the host.
    ///   - flags: further flags of `serve`.
    package func restart(environment: [String: String] = [:], flags: [String] = []) async throws {
        let started = try await HostProcess(["serve", "--config", configuration] + flags, environment: environment)
        running.withLock { $0 = started }
    }

    /// Ends the host as a crash does, and puts a copy of another installation's data in place of its own.
    ///
    /// The other host must have ended.
    package func replaceData(by other: TestInstallation) async throws {
        running.withLock(\.self)?.kill()
        let (from, to) = (other.data, data)
        let copied = try await onOwnThread {
            try? FileManager.default.removeItem(atPath: to)
            let copied = try ChildProcess.run(["cp", "-a", from, to])
            // Without its mark the copy is a separate installation: it works in the background.
            try? FileManager.default.removeItem(atPath: to + "/installation")
            return copied
        }
        guard copied.code == 0 else { throw HostProcessError(description: copied.errors) }
    }

    /// The arguments of a command for this installation.
    package func command(_ arguments: String...) -> [String] { arguments + ["--config", configuration] }

    /// The path of the data directory.
    package var data: String { directory.path + "/data" }

    /// A client with a session of `user`.
    package func client(user: String?, flags: [String] = []) async throws -> TestClient {
        guard let user else { return try TestClient(host.url).checked }
        return try TestClient(host.url, token: try await token(user: user, flags: flags)).checked
    }

    /// A session token; the same one as before, as long as the host has the same keys.
    package func token(user: String, flags: [String] = []) async throws -> String {
        let keys = (try? Data(contentsOf: URL(fileURLWithPath: data + "/keys/key-ring"))) ?? Data()
        let asked = ([user] + flags + [keys.base64EncodedString()]).joined(separator: "\n")
        if let token = tokens.withLock({ $0[asked] }) { return token }
        let result = try await HostProcess.run(["token", "--config", configuration, "--user", user] + flags)
        guard result.code == 0 else { throw HostProcessError(description: result.errors) }
        let token = String(result.output.dropLast())
        tokens.withLock { $0[asked] = token }
        return token
    }

    /// Connects a provider as a user would: authorize, allow, callback.
    ///
    /// - Returns: the id of the connection.
    package func connect(_ service: String, _ client: TestClient, body: String? = nil) async throws -> String {
        let created = try await client.post("/api/integrations/connections", body ?? "{\"service\":\"\(service)\"}")
        guard let url = created.json["authUrl"]?.string else {
            throw HostProcessError(description: "no authUrl: \(created.text)")
        }
        let decided = try await client.with(token: nil).get(url + "&decision=allow")
        guard let location = decided.header("location") else {
            throw HostProcessError(description: "no redirect: \(decided.status) \(decided.text)")
        }
        let completed = try await client.get(location)
        guard let id = completed.json["connectionId"]?.string else {
            throw HostProcessError(description: "not connected: \(completed.text)")
        }
        return id
    }

    /// Syncs a connection and waits for the end.
    ///
    /// - Returns: the `sync` member of the status.
    package func sync(_ id: String, _ client: TestClient, body: String) async throws -> JSONValue {
        let started = try await client.post("/api/integrations/connections/\(id)/sync", body)
        guard started.status == 200 else { throw HostProcessError(description: "no sync: \(started.text)") }
        return try await finishedSync(id, client)
    }

    /// Waits until the latest sync of a connection has ended.
    package func finishedSync(_ id: String, _ client: TestClient) async throws -> JSONValue {
        try await waitFor("the end of the sync of \(id)", within: .seconds(60), every: .milliseconds(10)) {
            let status = try await client.get("/api/integrations/connections/\(id)/sync").json["sync"] ?? .null
            return status["status"] == "running" ? nil : status
        }
    }

    /// All records of a connection, page by page.
    package func records(_ id: String, _ client: TestClient, query: String = "limit=500") async throws -> [JSONValue] {
        var records: [JSONValue] = []
        var cursor = ""
        // A page after the last would mean a cursor that goes round.
        for _ in 0..<10_000 {
            let page = try await client.get("/api/integrations/connections/\(id)/records?\(query)&cursor=\(cursor)")
                .json
            guard let found = page["records"]?.array, let next = page["nextCursor"]?.string else {
                throw HostProcessError(description: "no page: \(page)")
            }
            records += found
            cursor = next
            if page["hasMore"] != true { return records }
        }
        throw HostProcessError(description: "the record stream has no end")
    }

    private static func configuration(
        sandbox: String, data: String, logLevel: String, extra: String, replaced: [String: JSONValue]
    ) -> String {
        let standIns = SandboxProvider.configuration(of: Sandbox(SandboxConfiguration()).providers(origin: sandbox))
        let providers = (standIns["providers"]?.members ?? []).map { ($0.key, replaced[$0.key] ?? $0.value) }
        return """
            {"listen":"127.0.0.1:0","dataDirectory":"\(data)","allowPrivateAddresses":true,"logLevel":"\(logLevel)",
            "redirectURIs":["https://app.example.com/callback"],"providers":\(JSONValue.object(providers))\(extra.isEmpty ? "" : "," + extra)}
            """
    }
}
