// A host that dies while it takes a webhook in and carries it out: what was answered with success happens, and happens once.

import HostTesting
import ProviderSDK
import Synchronization
import TestSupport
import Testing

@Suite("A crash in a webhook", .timeLimit(.minutes(5)))
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
        "A webhook is processed exactly once, whether it was answered before the crash or sent again",
        arguments: [false, true])
    func change(torn: Bool) async throws {
        let sweep = CrashSweep(extra: Self.extra, torn: torn)
        let kills = try await sweep.run { installation in
            try await Self.prepare(installation)
        } act: { installation, prepared in
            let status = try await Self.deliver(prepared, installation)
            prepared.isAnswered.status.withLock { $0 = status }
            let client = try await installation.client(user: "owner")
            try await Self.waitUntilRead(prepared, installation, client)
        } check: { installation, prepared, calls in
            let answered = prepared.isAnswered.status.withLock(\.self)
            if answered != 200 { #expect(try await Self.deliver(prepared, installation) == 200) }
            let client = try await installation.client(user: "owner")
            try await Self.waitUntilRead(prepared, installation, client)
            let records = try await installation.records(prepared.id, client)
            let found = records.filter { $0["sourceId"] == .string(prepared.customer) }
            #expect(found.count == 1, "killed at \(calls.count), answered \(answered ?? 0): \(calls.suffix(3))")
            // A repeat of what is known is answered, too.
            #expect(try await Self.deliver(prepared, installation) == 200)
        }
        #expect(kills > 10)
    }

    @Test("A revocation answered before the crash is carried out after the restart")
    func revocation() async throws {
        let sweep = CrashSweep(extra: Self.extra)
        let kills = try await sweep.run { installation in
            try await Self.prepare(installation, event: "revoked")
        } act: { installation, prepared in
            let status = try await Self.deliver(prepared, installation)
            prepared.isAnswered.status.withLock { $0 = status }
            try await Self.waitUntilRevoked(prepared, try await installation.client(user: "owner"))
        } check: { installation, prepared, calls in
            let answered = prepared.isAnswered.status.withLock(\.self)
            if answered != 200 { #expect(try await Self.deliver(prepared, installation) == 200) }
            let client = try await installation.client(user: "owner")
            try await Self.waitUntilRevoked(prepared, client)
            let explained = try await client.get("/api/integrations/connections/\(prepared.id)/explain").json
            #expect(explained.at("explanation.class") == "revoked", "killed at \(calls.count): \(calls.suffix(3))")
        }
        #expect(kills > 5)
    }

    private static func waitUntilRevoked(_ prepared: Prepared, _ client: TestClient) async throws {
        try await waitUntil("the end of the grant") {
            let answer = try await client.get("/api/integrations/connections/\(prepared.id)").json
            return answer.at("connection.status") == "revoked"
        }
    }

    private static func prepare(
        _ installation: TestInstallation, event: String = "changed"
    ) async throws -> Prepared {
        let client = try await installation.client(user: "owner")
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
        try await waitUntil("the sync that reads the change") { try await isRead(prepared, installation, client) }
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
