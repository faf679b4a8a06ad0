// What changed several times between two syncs is read as it is now, and what was deleted stays deleted, however often it is told.

import HostTesting
import ProviderSDK
import Testing

@Suite("Changes in order", .timeLimit(.minutes(5)))
struct ChangeOrderTests {
    /// Changes objects of the Stripe stand-in's first account.
    private func change(_ sandbox: TestClient, _ command: String) async throws {
        let reply = try await sandbox.post("/_sandbox/data", #"{"provider":"stripe",\#(command)}"#)
        #expect(reply.status < 300, "\(reply.text)")
    }

    /// The present state of every record, from the stream of changes.
    private func states(_ changes: [JSONValue]) -> [String: JSONValue] {
        var states: [String: JSONValue] = [:]
        for change in changes { states[change["sourceId"]?.string ?? "?"] = change }
        return states
    }

    @Test("The newest of several changes counts, and a deleted record does not come back with the overlap")
    func keepsNewest() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "user-1")
        let sandbox = try TestClient(installation.sandbox.url)
        let id = try await installation.connect("stripe", client)
        let body = #"{"syncType":"full","dataTypes":["payments","customers"]}"#
        #expect(try await installation.sync(id, client, body: body)["status"] == "completed")
        let before = try await installation.records(id, client)
        let payments = before.filter { $0["dataType"] == "payments" }.prefix(3).compactMap { $0["sourceId"]?.string }
        let customer = try #require(
            before.last { $0["dataType"] == "customers" && $0["change"] == "added" }?["sourceId"]?.string)
        let count = before.count

        // More than a page of events lies between the changes of one payment.
        for status in ["processing", "requires_capture"] {
            for payment in payments {
                try await change(
                    sandbox, #""type":"payments","action":"update","id":"\#(payment)","set":{"status":"\#(status)"}"#)
            }
            try await change(sandbox, #""type":"payments","action":"create","count":70"#)
        }
        for payment in payments {
            try await change(
                sandbox, #""type":"payments","action":"update","id":"\#(payment)","set":{"status":"succeeded"}"#)
        }
        try await change(sandbox, #""type":"customers","action":"update","id":"\#(customer)","set":{"amount":-500}"#)
        try await change(sandbox, #""type":"customers","action":"delete","id":"\#(customer)""#)

        let again = #"{"syncType":"incremental","dataTypes":["payments","customers"]}"#
        let sync = try await installation.sync(id, client, body: again)
        #expect(sync["status"] == "completed" && sync["errors"] == 0, "\(sync) \(installation.host.log)")
        let after = try await installation.records(id, client)
        let present = states(after)
        for payment in payments {
            #expect(present[payment]?.at("data.status") == "completed")
        }
        #expect(present[customer]?["change"] == "deleted")
        #expect(!after.dropFirst(count).contains { $0["sourceId"] == .string(customer) && $0["change"] != "deleted" })

        // The overlap tells all of it again, and nothing changes by that.
        #expect(try await installation.sync(id, client, body: again)["status"] == "completed")
        #expect(try await installation.records(id, client).count == after.count)
    }
}
