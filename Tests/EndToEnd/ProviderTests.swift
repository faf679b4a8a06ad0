// Every provider from end to end over its stand-in: connect, sync every data type, read the records, refresh, disconnect. One test
// for all of them: what differs is data.

import HostTesting
import ProviderSDK
import Testing

@Suite("Providers", .timeLimit(.minutes(5)))
struct ProviderTests {
    /// A provider and how it is connected.
    struct Case: Sendable, CustomStringConvertible {
        let service: String
        var variant: String?
        var accountID: String?
        /// Whether its stand-in holds records that are refused, as the real service does: plays without a lamp.
        var hasRefusedRecords = false
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
        Case(service: "stripe"), Case(service: "stripe", variant: "apps"), Case(service: "quickbooks"),
        Case(service: "xero"),
        Case(service: "slack", refreshes: false),
        Case(service: "discord"), Case(service: "instagram", refreshes: false), Case(service: "tiktok"),
        Case(service: "reddit"), Case(service: "kai", variant: "flo", hasRefusedRecords: true),
        Case(service: "kai", variant: "eag", hasRefusedRecords: true),
        Case(service: "kai", variant: "min", hasRefusedRecords: true),
        Case(service: "arc", variant: "iidx", accountID: "sandbox-player-1", refreshes: false),
        Case(service: "arc", variant: "sdvx", accountID: "sandbox-player-1", refreshes: false),
    ]

    @Test("Connect, sync all, read, refresh, disconnect", arguments: cases)
    func wholeLife(provider: Case) async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "user-1")
        let connections = "/api/integrations/connections"
        let id: String
        if provider.service == "kai" {
            id = try await connectWithoutState(provider, installation, client)
        } else if provider.accountID == nil {
            id = try await installation.connect(provider.service, client, body: provider.body)
        } else {
            let created = try await client.post(connections, provider.body)
            id = try #require(created.json["connectionId"]?.string, "\(created.text)")
        }
        let connected = try await client.get("\(connections)/\(id)").json["connection"] ?? .null
        #expect(connected["status"] == "connected")

        let sync = try await installation.sync(id, client, body: #"{"syncType":"full"}"#)
        #expect(sync["status"] == "completed", "\(sync) \(installation.host.log)")
        #expect((sync["errors"] == 0) != provider.hasRefusedRecords, "\(sync)")
        let (processed, synced) = (sync["recordsProcessed"]?.integer ?? 0, sync["recordsSynced"]?.integer ?? 0)
        #expect(processed == synced + (sync["errors"]?.integer ?? 0))
        let records = try await installation.records(id, client)
        #expect(Int64(records.count) == sync["recordsSynced"]?.integer)
        #expect(!records.isEmpty)
        for type in sync["dataTypes"]?.array ?? [] {
            #expect(records.contains { $0["dataType"] == type }, "nothing of \(type)")
        }

        let again = try await installation.sync(id, client, body: #"{"syncType":"incremental"}"#)
        #expect(again["status"] == "completed", "\(again) \(installation.host.log)")
        #expect((again["errors"] == 0) != provider.hasRefusedRecords)

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
        for failure in ["Could not revoke the grant", "Could not detach the account"] {
            #expect(!installation.host.log.contains(failure), "\(installation.host.log)")
        }
    }

    /// Connects a provider that gives no state back: the client posts the code itself.
    private func connectWithoutState(
        _ provider: Case, _ installation: TestInstallation, _ client: TestClient
    ) async throws -> String {
        let created = try await client.post("/api/integrations/connections", provider.body)
        let url = try #require(created.json["authUrl"]?.string, "\(created.text)")
        let location = try #require(try await client.with(token: nil).get(url + "&decision=allow").header("location"))
        let code = try #require(location.split(separator: "code=").last?.split(separator: "&").first)
        let path = "/api/v1/users/user-1/integrations/\(provider.service)/\(provider.variant ?? "")"
        #expect(try await client.get(path).json["authStatus"] == false)
        let completed = try await client.post(path + "/oauth2callback", "{\"code\":\"\(code)\"}")
        #expect(completed.status == 200, "\(completed.text)")
        #expect(try await client.get(path).json["authStatus"] == true)
        let connections = try await client.get("/api/integrations/connections?service=\(provider.service)").json
        return try #require(connections.at("connections.0.id")?.string)
    }
}
