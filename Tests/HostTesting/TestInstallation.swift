// A whole installation for tests: stand-in providers and a host as processes, wired to each other by a configuration file, with
// sessions for any user.

package import ProviderSDK
import ProviderSandbox

/// A host with its stand-ins.
package final class TestInstallation: @unchecked Sendable {
    package let directory: TemporaryDirectory
    package let sandbox: HostProcess
    package private(set) var host: HostProcess
    private let configuration: String

    /// Starts the stand-ins and a host on free ports.
    ///
    /// - Parameters:
    ///   - extra: members added to the configuration, as JSON text such as `"rateLimits":{"sync":0}`.
    ///   - logLevel: the least severe events that the host logs.
    ///   - environment: variables for the host.
    ///   - providers: settings in place of those that lead a provider to its stand-in.
    package init(
        extra: String = "\"rateLimits\":{\"connectionCreation\":0,\"sync\":0,\"oauth\":0,\"status\":0}",
        logLevel: String = "warning", environment: [String: String] = [:],
        providers: [String: JSONValue] = [:]
    ) throws {
        directory = try TemporaryDirectory()
        sandbox = try HostProcess(["sandbox", "--listen", "127.0.0.1:0"])
        configuration = try directory.write(
            "host.json",
            Self.configuration(
                sandbox: sandbox.url, data: directory.path + "/data", logLevel: logLevel, extra: extra,
                replaced: providers))
        host = try HostProcess(["serve", "--config", configuration], environment: environment)
    }

    /// Starts the host again over the same data.
    ///
    /// - Parameter environment: variables for the host.
    package func restart(environment: [String: String] = [:]) throws {
        host = try HostProcess(["serve", "--config", configuration], environment: environment)
    }

    /// The arguments of a command for this installation.
    package func command(_ arguments: String...) -> [String] { arguments + ["--config", configuration] }

    /// The path of the data directory.
    package var data: String { directory.path + "/data" }

    /// A client with a session of `user`.
    package func client(user: String?, flags: [String] = []) throws -> TestClient {
        try TestClient(host.url, token: user.map { try token(user: $0, flags: flags) })
    }

    /// A session token.
    package func token(user: String, flags: [String] = []) throws -> String {
        let result = try HostProcess.run(["token", "--config", configuration, "--user", user] + flags)
        guard result.code == 0 else { throw HostProcessError(description: result.errors) }
        return String(result.output.dropLast())
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
        for _ in 0..<1200 {
            let status = try await client.get("/api/integrations/connections/\(id)/sync").json["sync"] ?? .null
            if status["status"] != "running" { return status }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw HostProcessError(description: "the sync did not end")
    }

    /// All records of a connection, page by page.
    package func records(_ id: String, _ client: TestClient, query: String = "limit=500") async throws -> [JSONValue] {
        var records: [JSONValue] = []
        var cursor = ""
        while true {
            let page = try await client.get("/api/integrations/connections/\(id)/records?\(query)&cursor=\(cursor)")
                .json
            guard let found = page["records"]?.array, let next = page["nextCursor"]?.string else {
                throw HostProcessError(description: "no page: \(page)")
            }
            records += found
            cursor = next
            if page["hasMore"] != true { return records }
        }
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
