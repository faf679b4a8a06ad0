// Actions of a running host for tests: the key of an application, runs, and how often a stand-in carried each action out.

package import ProviderSDK
import TestSupport

/// An application that runs actions for one user.
package struct ActionHarness: Sendable {
    package let installation: TestInstallation
    /// A client with the application's key, which acts for the user.
    package let client: TestClient

    /// Makes a key for an application that acts for `user`.
    package init(_ installation: TestInstallation, user: String = "user-1") async throws {
        self.installation = installation
        let made = try await HostProcess.run(
            installation.command("app-key", "create", "back end", "--scope", "actions", "--scope", "connections"))
        guard made.code == 0 else { throw HostProcessError(description: made.errors) }
        client = try TestClient(installation.host.url, token: String(made.output.dropLast()))
            .with(field: "X-User-Id", user)
    }

    private init(_ installation: TestInstallation, _ client: TestClient) {
        self.installation = installation
        self.client = client
    }

    /// Runs an action.
    package func run(
        _ action: String, _ inputs: JSONValue, key: String?, connection id: String
    ) async throws -> TestResponse {
        try await client.send(
            "POST", "/api/integrations/connections/\(id)/actions/\(action)",
            body: String(decoding: inputs.serialized, as: UTF8.self),
            headers: key.map { [("Idempotency-Key", $0)] } ?? [])
    }

    /// The runs of a connection, the newest first.
    package func runs(_ id: String) async throws -> [JSONValue] {
        let answer = try await client.get("/api/integrations/connections/\(id)/actions/runs?limit=200")
        guard let runs = answer.json["runs"]?.array else { throw HostProcessError(description: answer.text) }
        return runs
    }

    /// The runs of a connection once none runs and none is being settled.
    package func settled(_ id: String) async throws -> [JSONValue] {
        try await waitFor("the end of all runs of \(id)", within: .seconds(60), every: .milliseconds(50)) {
            let runs = try await runs(id)
            return runs.contains { $0["status"] == "running" || $0["settling"] == true } ? nil : runs
        }
    }

    /// How often the stand-in of a provider carried an action out.
    package func executions(_ provider: String, _ action: String) async throws -> Int {
        let state = try await TestClient(installation.sandbox.url).get("/_sandbox/state").json
        return Int(state["providers"]?[provider]?["executions"]?[action]?.integer ?? 0)
    }

    /// Lets the stand-in of a provider go wrong.
    package func fault(_ json: String) async throws {
        let answer = try await TestClient(installation.sandbox.url).post("/_sandbox/faults", json)
        guard answer.status == 200 || answer.status == 201 else { throw HostProcessError(description: answer.text) }
    }
}
