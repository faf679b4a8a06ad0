// A host that dies while it takes a webhook in and carries it out: what was answered with success happens, and happens once.

import HostTesting
import ProviderSDK
import Synchronization
import Testing

@Suite("A crash in a webhook", .serialized)
struct WebhookCrashTests {
    static let extra =
        "\"webhookQuietSeconds\":0,\"sweepSeconds\":1,\"rateLimits\":{\"connectionCreation\":0,\"sync\":0,\"oauth\":0,\"status\":0}"

    private struct Prepared: Sendable {
        let id: String
        let headers: [(name: String, value: String)]
        let body: String
        /// What the delivery tells of: a customer that was made.
        let customer: String
        let isAnswered = Answer()
    }

    private final class Answer: Sendable {
        let status = Mutex<Int?>(nil)
    }

    @Test(
        "what was answered is read after the next start, what was not is sent again, and both are there once",
        arguments: [false, true])
    func change(torn: Bool) async throws {
        let sweep = try CrashSweep(extra: Self.extra)
        let kills = try await sweep.run(torn: torn) { installation in
            try await Self.prepare(installation)
        } act: { installation, prepared in
            let status = try await Self.deliver(prepared, installation)
            prepared.isAnswered.status.withLock { $0 = status }
            let client = try installation.client(user: "owner")
            try await Self.waitUntilRead(prepared, installation, client)
        } check: { installation, prepared, calls in
            let answered = prepared.isAnswered.status.withLock(\.self)
            if answered != 200 { #expect(try await Self.deliver(prepared, installation) == 200) }
            let client = try installation.client(user: "owner")
            try await Self.waitUntilRead(prepared, installation, client)
            let records = try await installation.records(prepared.id, client)
            let found = records.filter { $0["sourceId"] == .string(prepared.customer) }
            #expect(found.count == 1, "killed at \(calls.count), answered \(answered ?? 0): \(calls.suffix(3))")
            // A repeat of what is known is answered, too.
            #expect(try await Self.deliver(prepared, installation) == 200)
        }
        #expect(kills > 10)
    }

    @Test("a grant whose end was answered is ended after the next start, without its credentials")
    func revocation() async throws {
        let sweep = try CrashSweep(extra: Self.extra)
        let kills = try await sweep.run { installation in
            try await Self.prepare(installation, event: "revoked")
        } act: { installation, prepared in
            let status = try await Self.deliver(prepared, installation)
            prepared.isAnswered.status.withLock { $0 = status }
            try await Self.waitUntilRevoked(prepared, try installation.client(user: "owner"))
        } check: { installation, prepared, calls in
            let answered = prepared.isAnswered.status.withLock(\.self)
            if answered != 200 { #expect(try await Self.deliver(prepared, installation) == 200) }
            let client = try installation.client(user: "owner")
            try await Self.waitUntilRevoked(prepared, client)
            let explained = try await client.get("/api/integrations/connections/\(prepared.id)/explain").json
            #expect(explained.at("explanation.class") == "revoked", "killed at \(calls.count): \(calls.suffix(3))")
        }
        #expect(kills > 5)
    }

    private static func waitUntilRevoked(_ prepared: Prepared, _ client: TestClient) async throws {
        for _ in 0..<1000 {
            let answer = try await client.get("/api/integrations/connections/\(prepared.id)").json
            if answer.at("connection.status") == "revoked" { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw HostProcessError(description: "The grant is not ended.")
    }

    private static func prepare(
        _ installation: TestInstallation, event: String = "changed"
    ) async throws -> Prepared {
        let client = try installation.client(user: "owner")
        let id = try await installation.connect("stripe", client)
        _ = try await installation.sync(id, client, body: #"{"dataTypes":["customers"]}"#)
        let open = client.with(token: nil)
        let made = try await open.post(
            installation.sandbox.url + "/_sandbox/data", #"{"provider":"stripe","type":"customers","action":"create"}"#)
        let signed = try await open.post(
            installation.sandbox.url + "/_sandbox/webhooks",
            #"{"provider":"stripe","event":"\#(event)","type":"customers"}"#)
        return Prepared(
            id: id, headers: (signed.json["headers"]?.members ?? []).map { ($0.key, $0.value.string ?? "") },
            body: signed.json["body"]?.string ?? "", customer: made.json.at("ids.0")?.string ?? "none")
    }

    private static func deliver(_ prepared: Prepared, _ installation: TestInstallation) async throws -> Int {
        try await installation.client(user: nil).send(
            "POST", "/webhooks/stripe", body: prepared.body, headers: prepared.headers
        ).status
    }

    private static func waitUntilRead(
        _ prepared: Prepared, _ installation: TestInstallation, _ client: TestClient
    ) async throws {
        for _ in 0..<1000 {
            if try await isRead(prepared, installation, client) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw HostProcessError(description: "What changed is not read.")
    }

    private static func isRead(
        _ prepared: Prepared, _ installation: TestInstallation, _ client: TestClient
    ) async throws -> Bool {
        let sync = try await client.get("/api/integrations/connections/\(prepared.id)/sync").json["sync"]
        guard sync?["trigger"] == "webhook", sync?["status"] != "running" else { return false }
        return try await installation.records(prepared.id, client).contains {
            $0["sourceId"] == .string(prepared.customer)
        }
    }
}
