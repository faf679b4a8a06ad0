// The main job from end to end, as a newcomer does it: the real executable, real HTTP, real files, killed processes.

import HostTesting
import ProviderSDK
import Testing

@Suite("First light", .timeLimit(.minutes(5)))
struct FirstLightTests {
    @Test("A user connects, syncs and reads back exactly what the provider holds, also after a crash")
    func wholeJob() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "newcomer")
        let id = try await installation.connect("stripe", client)

        let connection = try await client.get("/api/integrations/connections/\(id)").json["connection"] ?? .null
        #expect(connection["status"] == "connected")
        let listed = try await client.get("/api/integrations").json["integrations"]?.array ?? []
        #expect(listed.first { $0["id"] == "stripe" }?["isConnected"] == true)

        let sync = try await installation.sync(
            id, client, body: #"{"syncType":"full","dataTypes":["payments","invoices"]}"#)
        #expect(sync["status"] == "completed")
        #expect(sync["errors"] == 0)

        let records = try await installation.records(id, client)
        #expect(Int64(records.count) == sync["recordsSynced"]?.integer)
        for type in ["payments", "invoices"] {
            try await expectSame(type, records.filter { $0["dataType"]?.string == type }, installation, client)
        }
        #expect(Set(records.compactMap { $0["id"]?.string }).count == records.count)

        // A crash loses nothing: connection, sync and records are there when the host is back, and cursors still fit.
        installation.host.kill()
        try await installation.restart()
        let later = try await installation.client(user: "newcomer")
        #expect(try await later.get("/api/integrations/connections/\(id)").json["connection"]?["status"] == "connected")
        #expect(try await later.get("/api/integrations/connections/\(id)/sync").json["sync"] == sync)
        #expect(try await installation.records(id, later) == records)
        #expect(await installation.host.terminate() == 0)
    }

    /// Compares count and sum of amounts with what the stand-in holds.
    private func expectSame(
        _ type: String, _ records: [JSONValue], _ installation: TestInstallation, _ client: TestClient
    ) async throws {
        let totals = try await client.with(token: nil).get("\(installation.sandbox.url)/_sandbox/data/stripe/\(type)")
            .json
        #expect(totals["count"]?.integer == Int64(records.count), "\(type): \(totals)")
        var sums: [String: ExactDecimal] = [:]
        for record in records {
            guard let currency = record.at("data.currency")?.string,
                let amount = record.at("data.amount")?.number?.decimal
            else { continue }
            sums[currency] = sums[currency].map { $0.adding(amount) } ?? amount
        }
        let expected = totals["amounts"]?.members ?? []
        #expect(!expected.isEmpty)
        for (currency, amount) in expected {
            let wanted = amount.number?.decimal ?? amount.string.flatMap(ExactDecimal.init)
            let found = sums[currency.uppercased()]
            #expect(
                found.map { sum in wanted.map(sum.isSameAmount) ?? false } ?? false,
                "\(type) \(currency): \(String(describing: found)) \(amount)")
        }
    }

    @Test("A full sync that is killed in the middle goes on from its checkpoint and ends with every record once")
    func resumes() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "resumer")
        let id = try await installation.connect("stripe", client)
        _ = try await client.post(
            "/api/integrations/connections/\(id)/sync", #"{"syncType":"full","dataTypes":["payments"]}"#)
        for _ in 0..<400 {
            let done = try await client.get("/api/integrations/connections/\(id)/sync").json.at(
                "sync.recordsProcessed")?.integer
            if (done ?? 0) >= 300 { break }
            try await Task.sleep(for: .milliseconds(5))
        }
        installation.host.kill()
        try await installation.restart()
        let later = try await installation.client(user: "resumer")
        let sync = try await installation.finishedSync(id, later)
        #expect(sync["status"] == "completed")
        let records = try await installation.records(id, later)
        #expect(Int64(records.count) == sync["recordsSynced"]?.integer)
        #expect(Set(records.compactMap { $0["sourceId"]?.string }).count == records.count)
        try await expectSame("payments", records, installation, later)
    }

    @Test("A second full sync of unchanged data makes no new changes")
    func repeats() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "repeater")
        let id = try await installation.connect("stripe", client)
        let body = #"{"syncType":"full","dataTypes":["invoices"]}"#
        _ = try await installation.sync(id, client, body: body)
        let records = try await installation.records(id, client)
        let again = try await installation.sync(id, client, body: body)
        #expect(again["recordsSynced"]?.integer == Int64(records.count))
        #expect(try await installation.records(id, client) == records)
    }
}
