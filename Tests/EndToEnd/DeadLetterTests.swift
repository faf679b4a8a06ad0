// A plugin with a broken mapping and what becomes of the records it fails on: kept, listed without their contents, taken in again
// once the plugin is mended, each of them once.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Dead letters of a broken plugin", .serialized, .timeLimit(.minutes(5)))
struct BrokenPluginTests {
    /// A plugin whose records come from code: 30 in three pages, of which every third has its amount elsewhere, one has no id and
    /// one has an id that is too long.
    private static func source(version: String, amount: String) -> String {
        """
        import ProviderSDK

        struct Ledger: Provider {
            let manifest = ProviderManifest(id: "ledger", name: "Ledger") { manifest in
                manifest.description = "A provider for tests"
                manifest.category = "Tests"
                manifest.version = "\(version)"
                manifest.auth = .accountID(AccountIDAuth())
                manifest.endpoints = ["api": "https://ledger.example"]
                manifest.dataTypes = [
                    DataType(
                        "entries",
                        mapping: FieldMapping(
                            "entry", sourceID: ["id"],
                            [Field("amount", from: \(amount), as: .decimal, isRequired: true), Field("person", from: "person", as: .text)]))
                ]
            }

            func page(_ request: PageRequest, in context: ProviderContext) async throws(ProviderError) -> SyncPage {
                let page = Int(request.cursor?.integer ?? 0)
                var records: [SourceRecord] = []
                for number in page * 10..<page * 10 + 10 {
                    let amount = (number % 3 == 0 ? "value" : "amount", JSONValue.string("\\(number).50"))
                    var id = "e-\\(number)"
                    if number == 25 { id = String(repeating: "x", count: 2000) }
                    var members: [(key: String, value: JSONValue)] = [("person", "Ann Lee"), ("key", "sk_live_12345")]
                    if number != 28 { members.append(("id", .string(id))) }
                    members.append((key: amount.0, value: amount.1))
                    records.append(SourceRecord(.object(members)))
                }
                return SyncPage(records, next: page < 2 ? .number(JSONNumber(page + 1)) : nil)
            }
        }

        @c(integration_host_plugin_sdk_version)
        public func pluginSDKVersion() -> UInt32 { SDKVersion.compiled }

        @c(integration_host_plugin_make_provider)
        public func makeProvider() -> UInt { PluginEntry.export(Ledger()) }
        """
    }

    private func client(_ host: HostProcess, _ user: String, _ data: String) async throws -> TestClient {
        let token = try await HostProcess.run(["token", "--user", user, "--data", data]).output.dropLast()
        return try TestClient(host.url, token: String(token))
    }

    private func sync(_ path: String, _ client: TestClient) async throws -> JSONValue {
        #expect(try await client.post(path + "/sync", #"{"syncType":"full"}"#).status == 200)
        for _ in 0..<600 {
            let run = try await client.get(path + "/sync").json["sync"] ?? .null
            if run["status"] != "running" { return run }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw HostProcessError(description: "the sync did not end")
    }

    private func letters(_ path: String, _ client: TestClient, query: String = "") async throws -> [JSONValue] {
        var letters: [JSONValue] = []
        var cursor: String? = ""
        while let place = cursor {
            let page = try await client.get("\(path)/dead-letters?limit=4&cursor=\(place)\(query)").json
            #expect(page["success"] == true, "\(page)")
            letters += page["deadLetters"]?.array ?? []
            cursor = page["nextCursor"]?.string
            #expect(page["hasMore"]?.boolean == (cursor != nil))
        }
        return letters
    }

    @Test("Records that a plugin fails on are kept, listed without their contents, and replayed once it is mended")
    func replay() async throws {
        let folder = try TemporaryDirectory()
        let data = folder.path + "/data"
        try await PluginTests.compile(Self.source(version: "1.0.0", amount: "\"amount\""), name: "Ledger", into: folder)
        let arguments = [
            "serve", "--listen", "127.0.0.1:0", "--data", data, "--plugins", folder.path,
        ]
        var host = try await HostProcess(arguments)
        var client = try await client(host, "owner", data)
        let created = try await client.post(
            "/api/integrations/connections", #"{"service":"ledger","accountId":"book-1"}"#)
        let id = try #require(created.json["connectionId"]?.string, "\(created.text)")
        let path = "/api/integrations/connections/\(id)"

        // 10 with the amount elsewhere, one without an id and one whose id is too long: 12 failures of 30.
        let run = try await sync(path, client)
        #expect(run["recordsProcessed"] == 30 && run["recordsSynced"] == 18 && run["errors"] == 12, "\(run)")
        let found = try await letters(path, client)
        #expect(found.count == 12)
        #expect(Set(found.compactMap { $0["id"]?.string }).count == 12)
        let first = try #require(found.first)
        #expect(first["sourceId"] == "e-0" && first["dataType"] == "entries" && first["field"] == "amount")
        #expect(first["rule"] == "required" && first["plugin"]?["version"] == "1.0.0" && first["syncId"] == run["id"])
        #expect(first["payload"]?["person"] == "Aaa Aaa" && first["payload"]?["value"] == "9.99", "\(first)")
        #expect(found.contains { $0["field"] == "sourceId" && $0["sourceId"]?.isNull == true })
        #expect(found.contains { $0["rule"] == "size" })
        let listing = try await client.get("\(path)/dead-letters?limit=200").text
        #expect(!listing.contains("Ann") && !listing.contains("sk_live"))
        #expect(try await client.get("\(path)/dead-letters?dataType=others").json["deadLetters"]?.count == 0)
        // Nothing of it is in the record stream, in whatever way it is asked for.
        #expect(try await client.get("\(path)/records").json["records"]?.count == 18)
        #expect(try await client.get("\(path)/records?dataType=~dead-letters").status == 400)
        // The same sync again meets the same records: no second letter, no second record.
        let again = try await sync(path, client)
        #expect(again["errors"] == 12)
        #expect(try await letters(path, client).count == 12)
        // The same plugin fails on the same records.
        let failed = try await client.send("POST", "\(path)/dead-letters/replay")
        #expect(failed.json["replayed"] == 0 && failed.json["failed"] == 12, "\(failed.text)")
        #expect(try await letters(path, client).count == 12)
        try await expectIsolation(path, host, data)

        host.kill()
        try FileManager.default.removeItem(atPath: folder.path + "/libLedger.so")
        try await PluginTests.compile(
            Self.source(version: "1.0.1", amount: "[\"amount\", \"value\"]"), name: "Ledger", into: folder)
        host = try await HostProcess(arguments)
        client = try await self.client(host, "owner", data)
        #expect(try await letters(path, client).count == 12)
        let one = try #require(first["id"]?.string)
        let partly = try await client.post("\(path)/dead-letters/replay", #"{"ids":["\#(one)"]}"#)
        #expect(partly.json["replayed"] == 1 && partly.json["failed"] == 0, "\(partly.text)")
        let replayed = try await client.send("POST", "\(path)/dead-letters/replay")
        #expect(replayed.json["replayed"] == 9 && replayed.json["failed"] == 2, "\(replayed.text)")
        // What is left has no id, or one that no plugin can mend; both say what the present plugin made of them.
        let left = try await letters(path, client)
        #expect(left.count == 2)
        #expect(left.allSatisfy { $0["plugin"]?["version"] == "1.0.1" })
        let records = try await client.get("\(path)/records?limit=100").json["records"]?.array ?? []
        #expect(Set(records.compactMap { $0["id"]?.string }).count == 28)
        #expect(records.count == 28)
        // A sync with the mended plugin finds every record unchanged, and no new letters.
        let last = try await sync(path, client)
        #expect(last["recordsSynced"] == 28 && last["errors"] == 2)
        #expect(try await client.get("\(path)/records?limit=100").json["records"]?.count == 28)
        let syncs = try await client.get("\(path)/syncs").json["syncs"]?.array ?? []
        #expect(syncs.count == 3)
        #expect(syncs.first == last && syncs.last == run)
        #expect(try await client.get("\(path)/syncs?limit=1").json["syncs"]?.count == 1)
        #expect(try await client.get("\(path)/syncs?limit=0").status == 400)
        // The command does the same through the host that runs.
        let command = ["dead-letters", "--user", "owner", "--data", data, "--plugins", folder.path]
        let listed = try await HostProcess.run(command)
        #expect(listed.code == 0 && listed.output.contains("2 dead letters"), "\(listed)")
        #expect(listed.output.contains("sourceId: id: ") && !listed.output.contains("Ann"))
        let repeatedList = listed.output
        let repeated = try await HostProcess.run(command + ["replay"])
        #expect(repeated.code == 0 && repeated.output.contains("0 replayed, 2 failed"), "\(repeated)")
        #expect(try await HostProcess.run(command + ["--connection", "conn-none"]).code == 1)
        #expect(try await HostProcess.run(command + ["again"]).code == 2)
        #expect(await host.terminate() == 0)
        // And without one.
        #expect(try await HostProcess.run(command).output == repeatedList)
        let check = try await HostProcess.run(["check", "--data", data])
        #expect(check.code == 0, "\(check)")
    }

    /// What somebody else asks of the connection is answered as for one that does not exist.
    private func expectIsolation(_ path: String, _ host: HostProcess, _ data: String) async throws {
        let stranger = try await client(host, "stranger", data)
        let missing = "/api/integrations/connections/conn-000aaaaaaaaaaaaaaaaaaaaaa"
        for (method, target) in [
            ("GET", "/dead-letters"), ("GET", "/dead-letters?limit=x"), ("POST", "/dead-letters/replay"),
            ("GET", "/syncs"), ("GET", "/records?cursor=x"), ("GET", "/records?since=x"),
        ] {
            let theirs = try await stranger.send(method, path + target)
            let none = try await stranger.send(method, missing + target)
            #expect(theirs.status == 404 && theirs.body == none.body, "\(method) \(target)")
        }
    }
}
