// Every provider from end to end over its stand-in: connect, sync every data type, read the records, refresh, disconnect. One test
// for all of them: what differs is data.

import HostTesting
import ProviderSDK
import Testing

@Suite("Providers")
struct ProviderTests {
    /// A provider and how it is connected.
    struct Case: Sendable, CustomStringConvertible {
        let service: String
        var variant: String?
        var accountID: String?
        /// Whether its tokens can be refreshed.
        var refreshes = true
        var description: String { variant.map { "\(service)/\($0)" } ?? service }

        var body: String {
            var members: [(key: String, value: JSONValue)] = [("service", .string(service))]
            if let variant { members.append(("variant", .string(variant))) }
            if let accountID { members.append(("accountId", .string(accountID))) }
            return JSONValue.object(members).description
        }
    }

    static let cases = [
        Case(service: "stripe"), Case(service: "quickbooks"), Case(service: "xero"),
        Case(service: "slack", refreshes: false),
        Case(service: "discord"),
        Case(service: "arc", variant: "iidx", accountID: "sandbox-player-1", refreshes: false),
        Case(service: "arc", variant: "sdvx", accountID: "sandbox-player-1", refreshes: false),
    ]

    @Test("connect, sync all, read, refresh, disconnect", arguments: cases)
    func wholeLife(provider: Case) async throws {
        let installation = try TestInstallation()
        let client = try installation.client(user: "user-1")
        let connections = "/api/integrations/connections"
        let id: String
        if provider.accountID == nil {
            id = try await installation.connect(provider.service, client, body: provider.body)
        } else {
            let created = try await client.post(connections, provider.body)
            id = try #require(created.json["connectionId"]?.string, "\(created.text)")
        }
        let connected = try await client.get("\(connections)/\(id)").json["connection"] ?? nil
        #expect(connected["status"] == "connected")

        let sync = try await installation.sync(id, client, body: #"{"syncType":"full"}"#)
        #expect(sync["status"] == "completed", "\(sync) \(installation.host.log)")
        #expect(sync["errors"] == 0, "\(sync)")
        let records = try await installation.records(id, client)
        #expect(Int64(records.count) == sync["recordsSynced"]?.integer)
        #expect(!records.isEmpty)
        for type in sync["dataTypes"]?.array ?? [] {
            #expect(records.contains { $0["dataType"] == type }, "nothing of \(type)")
        }

        let again = try await installation.sync(id, client, body: #"{"syncType":"incremental"}"#)
        #expect(again["status"] == "completed", "\(again) \(installation.host.log)")
        #expect(again["errors"] == 0)

        if provider.refreshes {
            let refreshed = try await client.post(
                "/api/integrations/oauth/\(provider.service)/refresh", "{\"connectionId\":\"\(id)\"}")
            #expect(refreshed.status == 200, "\(refreshed.text)")
            #expect(refreshed.json.at("connection.status") == "connected")
        }
        let deleted = try await client.send("DELETE", "\(connections)/\(id)")
        #expect(deleted.json["message"] == "Connection deleted successfully", "\(deleted.text)")
        #expect(try await client.get("\(connections)/\(id)").status == 404)
        #expect(try await client.get("\(connections)/\(id)/records").status == 404)
        #expect(!installation.host.log.contains("could not be told"), "\(installation.host.log)")
    }
}
