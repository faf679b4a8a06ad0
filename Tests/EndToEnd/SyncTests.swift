// Syncs as an application sees them: over HTTP, with a provider that fails, limits and answers late, and a host that is stopped,
// killed and restarted.

import HostTesting
import ProviderSDK
import Testing

@Suite("Syncs over HTTP", .serialized, .timeLimit(.minutes(5)))
struct SyncTests {
    private static let connections = "/api/integrations/connections"
    private static let payments = #"{"syncType":"full","dataTypes":["payments"]}"#

    /// Adds a fault to the stand-in of Stripe.
    private func fault(_ installation: TestInstallation, _ members: String) async throws {
        let answer = try await installation.client(user: nil).post(
            installation.sandbox.url + "/_sandbox/faults",
            "{\"provider\":\"stripe\",\"match\":\"/api/v1/payment_intents\",\(members)}")
        #expect(200...299 ~= answer.status, "\(answer.text)")
    }

    /// Polls the sync until `condition` holds.
    private func status(
        _ id: String, _ client: TestClient, until condition: (JSONValue) -> Bool
    ) async throws -> JSONValue {
        for _ in 0..<1000 {
            let sync = try await client.get("\(Self.connections)/\(id)/sync").json["sync"] ?? .null
            if condition(sync) { return sync }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw HostProcessError(
            description: "the sync did not get there: \(try await client.get("\(Self.connections)/\(id)/sync").text)")
    }

    @Test("A provider's outage delays a sync, loses nothing and is reported as the reason to wait")
    func outage() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "patient")
        let id = try await installation.connect("stripe", client)
        try await fault(installation, "\"skip\":1,\"count\":4,\"status\":503")
        _ = try await client.post("\(Self.connections)/\(id)/sync", Self.payments)
        let waiting = try await status(id, client) { $0.at("progress.waitingFor") == "retry" }
        #expect(waiting["status"] == "running")
        #expect(waiting.at("progress.dataType") == "payments")
        #expect(waiting.at("progress.pages") == 1)
        #expect((waiting.at("progress.records")?.integer ?? 0) > 0)
        #expect(waiting.at("progress.waitingUntil")?.string != nil)
        let sync = try await installation.finishedSync(id, client)
        #expect(sync["status"] == "completed", "\(sync)")
        #expect(sync["progress"] == nil)
        let records = try await installation.records(id, client)
        #expect(Int64(records.count) == sync["recordsSynced"]?.integer)
        #expect(Set(records.compactMap { $0["sourceId"]?.string }).count == records.count)
    }

    @Test("A full sync deletes nothing for a page that contradicts itself, or that holds records without an id")
    func strangePages() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "careful")
        let id = try await installation.connect("stripe", client)
        let first = try await installation.sync(id, client, body: Self.payments)
        #expect(first["status"] == "completed")
        let count = try await installation.records(id, client).count
        // There is more, it says twice, and then gives it.
        try await fault(
            installation, #""skip":1,"count":2,"status":200,"body":"{\"data\":[],\"has_more\":true}""#)
        let second = try await installation.sync(id, client, body: Self.payments)
        #expect(second["status"] == "completed")
        #expect(second["recordsProcessed"] == first["recordsProcessed"])
        try await fault(
            installation, #""skip":1,"count":1,"status":200,"body":"{\"data\":[7,{}],\"has_more\":false}""#)
        let third = try await installation.sync(id, client, body: Self.payments)
        #expect(third["status"] == "completed" && third["errors"] == 2)
        #expect(third["message"]?.string?.hasPrefix("payments: records without an id: 2.") == true, "\(third)")
        #expect(try await installation.records(id, client).count == count, "readers were told of no change")
    }

    @Test("A connection is deleted at once, whatever its sync waits for")
    func deletion() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "leaver")
        let id = try await installation.connect("stripe", client)
        try await fault(
            installation, "\"count\":1000,\"status\":429,\"headers\":{\"Retry-After\":\"600\"}")
        _ = try await client.post("\(Self.connections)/\(id)/sync", Self.payments)
        _ = try await status(id, client) { $0.at("progress.waitingFor") == "rateLimit" }
        #expect(try await client.send("DELETE", "\(Self.connections)/\(id)").status == 200)
        #expect(try await client.get("\(Self.connections)/\(id)/sync").status == 404)
        #expect(await installation.host.terminate() == 0)
    }

    @Test("A hundred requests at once start one sync; a request for more data types is refused and names the sync")
    func parallel() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "eager")
        let id = try await installation.connect("stripe", client)
        try await fault(installation, "\"count\":1,\"delay-ms\":700")
        let path = "\(Self.connections)/\(id)/sync"
        let ids = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<100 { group.addTask { try await client.post(path, Self.payments).json["syncId"]?.string } }
            return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        let more = try await client.post(path, #"{"syncType":"full","dataTypes":["payments","invoices"]}"#)
        #expect(more.status == 409)
        #expect(more.json["error"]?.string?.contains((ids.first ?? nil) ?? "none") == true, "\(more.text)")
        #expect(try await installation.finishedSync(id, client)["status"] == "completed")
        #expect(try await client.post(path, #"{"dataTypes":["invoices"]}"#).status == 200)
        #expect(try await installation.finishedSync(id, client)["status"] == "completed")
    }

    @Test("An Idempotency-Key names one sync, also after a restart; with another body it is refused")
    func idempotency() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "careful")
        let id = try await installation.connect("stripe", client)
        let path = "\(Self.connections)/\(id)/sync"
        func post(_ client: TestClient, _ body: String, _ key: String) async throws -> TestResponse {
            try await client.send("POST", path, body: body, headers: [("Idempotency-Key", key)])
        }
        let first = try await post(client, Self.payments, "key-1").json["syncId"]
        #expect(first?.string?.hasPrefix("sync-") == true)
        _ = try await installation.finishedSync(id, client)
        #expect(try await post(client, Self.payments, "key-1").json["syncId"] == first)
        #expect(try await post(client, #"{"syncType":"incremental"}"#, "key-1").status == 409)
        #expect(try await post(client, Self.payments, String(repeating: "k", count: 256)).status == 400)
        installation.host.kill()
        try await installation.restart()
        let later = try await installation.client(user: "careful")
        #expect(try await post(later, Self.payments, "key-1").json["syncId"] == first)
        #expect(try await post(later, Self.payments, "key-2").json["syncId"] != first)
        _ = try await installation.finishedSync(id, later)
    }

    @Test("A stop in the middle of a sync leaves a checkpoint, and the next start ends the sync with every record once")
    func gracefulStop() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "stopper")
        let id = try await installation.connect("stripe", client)
        try await fault(installation, "\"skip\":2,\"count\":1,\"delay-ms\":30000")
        let begun = try await client.post("\(Self.connections)/\(id)/sync", Self.payments).json["syncId"]
        let before = try await status(id, client) { $0.at("progress.pages") == 2 }
        #expect(await installation.host.terminate() == 0)
        try await installation.restart()
        let later = try await installation.client(user: "stopper")
        let sync = try await installation.finishedSync(id, later)
        #expect(sync["id"] == begun)
        #expect(sync["status"] == "completed", "\(sync)")
        #expect((sync["recordsSynced"]?.integer ?? 0) > (before["recordsSynced"]?.integer ?? 0))
        let records = try await installation.records(id, later)
        #expect(Int64(records.count) == sync["recordsSynced"]?.integer)
        #expect(Set(records.compactMap { $0["sourceId"]?.string }).count == records.count)
    }
}
