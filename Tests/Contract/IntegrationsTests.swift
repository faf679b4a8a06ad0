// The integrations document: every example with its members, and everything that must be refused.

import HostTesting
import ProviderSDK
import Testing

@Suite("Integrations document", .timeLimit(.minutes(5)))
struct IntegrationsTests {
    private static let base = "/api/integrations"

    @Test("The list of integrations has the documented members and marks the caller's connections")
    func list() async throws {
        let callers = try await Callers()
        _ = try await callers.installation.connect("stripe", callers.user)
        let integrations = try await Case("GET", Self.base, 200).run(callers.user).json["integrations"]?.array ?? []
        #expect(integrations.count >= 4)
        for integration in integrations {
            #expect(
                integration.members?.map(\.key) == [
                    "id", "name", "description", "category", "icon", "features", "isAvailable", "isConnected",
                ])
            let id = integration["id"]?.string ?? ""
            #expect(integration["isConnected"] == .boolean(id == "stripe"))
            let icon = try await callers.nobody.get(integration["icon"]?.string ?? "/")
            #expect(icon.status == 200)
            #expect(icon.header("Content-Type") == "image/svg+xml")
            #expect(icon.text.hasPrefix("<svg "))
        }
    }

    @Test("A connection is made, listed, changed, synced, refreshed and deleted as documented")
    func connection() async throws {
        let callers = try await Callers()
        let client = callers.user
        let created = try await Case(
            "POST", "\(Self.base)/connections",
            #"{"service":"stripe","permissions":["read:payments","write:invoices"]}"#, 200
        ).run(client)
        #expect(created.json.members?.map(\.key) == ["success", "connectionId", "authUrl", "state"])
        let id = try await callers.installation.connect(
            "stripe", client, body: #"{"service":"stripe","permissions":["read:payments","write:invoices"]}"#)
        let members = [
            "id", "service", "serviceName", "status", "connectedAt", "lastSyncAt", "syncStatus", "permissions",
            "expiresAt",
        ]
        let listed = try await Case("GET", "\(Self.base)/connections?service=stripe&status=connected", 200).run(client)
        #expect(listed.json["connections"]?.count == 1)
        let behind = ["variant", "accountName"]
        #expect(listed.json["connections"]?[0]?.members?.map(\.key) == members + behind)
        #expect(listed.json["connections"]?[0]?["permissions"] == ["read:payments", "write:invoices"])
        #expect(try await client.get("\(Self.base)/connections?service=slack").json["connections"]?.count == 0)
        let one = try await Case("GET", "\(Self.base)/connections/\(id)", 200).run(client).json["connection"] ?? .null
        #expect(one.members?.map(\.key) == members + ["settings"] + behind)
        let changed =
            try await Case(
                "PATCH", "\(Self.base)/connections/\(id)",
                #"{"settings":{"syncFrequency":"hourly","webhookUrl":"https://127.0.0.1:9/webhooks/stripe"},"permissions":["read:payments"]}"#,
                200
            ).run(client).json["connection"] ?? .null
        #expect(changed.members?.map(\.key) == ["id", "settings", "permissions", "updatedAt"])
        #expect(
            changed["settings"]
                == ["webhookUrl": "https://127.0.0.1:9/webhooks/stripe", "syncFrequency": "hourly"])
        let sync = try await callers.installation.sync(
            id, client, body: #"{"syncType":"full","dataTypes":["payments","invoices","customers"]}"#)
        #expect(
            sync.members?.map(\.key) == [
                "id", "connectionId", "status", "syncType", "startedAt", "completedAt", "recordsProcessed",
                "recordsSynced", "errors", "dataTypes",
            ])
        #expect(sync["status"] == "completed")
        let deleted = try await Case("DELETE", "\(Self.base)/connections/\(id)", 200).run(client)
        #expect(deleted.text == #"{"success":true,"message":"Connection deleted successfully"}"#)
        let missing = try await Case("GET", "\(Self.base)/connections/\(id)", 404).run(client)
        #expect(missing.text == #"{"success":false,"error":"Integration not found"}"#)
    }

    @Test("An authorization is begun, completed once and refreshed")
    func oauth() async throws {
        let callers = try await Callers()
        let authorized = try await Case(
            "GET",
            "\(Self.base)/oauth/xero/authorize?redirectUri=https://app.example.com/callback&scopes=accounting.contacts&state=mine",
            200
        ).run(callers.user)
        let url = authorized.json["authUrl"]?.string ?? ""
        let decided = try await callers.nobody.get(url + "&decision=allow")
        let location = decided.header("location") ?? ""
        #expect(location.hasPrefix("https://app.example.com/callback?"))
        let query = location.split(separator: "?", maxSplits: 1).last ?? ""
        let path = "\(Self.base)/oauth/xero/callback?\(query)"
        try await Case("GET", path, 400).run(callers.other)
        let done = try await Case("GET", path, 200).run(callers.user)
        #expect(done.json["message"] == "Integration connected successfully")
        #expect(done.json["state"] == "mine")
        #expect(try await Case("GET", path, 200).run(callers.user).body == done.body)
        try await Case("GET", path, 400).run(callers.other)
        let id = done.json["connectionId"]?.string ?? ""
        let refreshed = try await Case(
            "POST", "\(Self.base)/oauth/xero/refresh", #"{"connectionId":"\#(id)"}"#, 200
        ).run(callers.user)
        #expect(refreshed.json["connection"]?.members?.map(\.key) == ["id", "status", "expiresAt"])
    }

    @Test("Invalid requests are refused in the document's shape")
    func badInput() async throws {
        let callers = try await Callers()
        let id = try await callers.installation.connect("stripe", callers.user)
        let connection = "\(Self.base)/connections/\(id)"
        var table: [Case] = [
            Case("POST", "\(Self.base)/connections", #"{"service":"unknown"}"#, 400),
            Case("POST", "\(Self.base)/connections", #"{"service":1}"#, 400),
            Case("POST", "\(Self.base)/connections", #"{"service":"stripe","permissions":"x"}"#, 400),
            Case("POST", "\(Self.base)/connections", #"{"service":"stripe","more":1}"#, 400),
            Case("POST", "\(Self.base)/connections", #"{"service":"kai","variant":"unknown"}"#, 400),
            Case("PATCH", connection, "{}", 400), Case("PATCH", connection, #"{"settings":{}, "x":1}"#, 400),
            Case("PATCH", connection, #"{"settings":{"syncFrequency":"often"}}"#, 400),
            Case("PATCH", connection, #"{"settings":{"webhookUrl":"file:///etc/passwd"}}"#, 400),
            Case("POST", connection + "/sync", #"{"syncType":"some"}"#, 400),
            Case("POST", connection + "/sync", #"{"dataTypes":["unknown"]}"#, 400),
            Case("POST", connection + "/sync", #"{"dataTypes":[]}"#, 400),
            Case("GET", connection + "/sync", 404), Case("GET", connection + "/records?limit=0", 400),
            Case("GET", connection + "/records?cursor=x", 400),
            Case("GET", "\(Self.base)/oauth/xero/authorize", 400),
            Case("GET", "\(Self.base)/oauth/xero/authorize?redirectUri=https://evil.example", 400),
            Case("GET", "\(Self.base)/oauth/xero/callback?code=a&state=b", 400),
            Case("GET", "\(Self.base)/oauth/unknown/callback?code=a&state=b", 400),
            Case("POST", "\(Self.base)/oauth/xero/refresh", #"{"connectionId":"x"}"#, 404),
            Case("POST", "\(Self.base)/connections", "{}", type: "text/plain", 415),
            Case("PUT", connection, 405), Case("DELETE", Self.base, 405), Case("POST", Self.base + "/status", 405),
            Case("GET", "\(Self.base)/connections?status=unknown", 400), Case("GET", "\(Self.base)/unknown", 404),
            Case("GET", "\(Self.base)/connections/\(String(repeating: "x", count: 3000))", 404),
        ]
        for body in malformedBodies { table.append(Case("POST", "\(Self.base)/connections", body, 400)) }
        for entry in table { #expect(try await entry.run(callers.user).json["success"] == false) }
    }
}
