// Every example of the integrations document, quoted as it stands there, against the real executable.

import HostTesting
import ProviderSDK
import Testing

@Suite("Examples of the integrations document", .timeLimit(.minutes(5)))
struct IntegrationsExampleTests {
    private static let base = "/api/integrations"
    private static let connections = "/api/integrations/connections"
    private static let asked = #"{"service":"stripe","permissions":["read:payments","write:invoices"]}"#

    @Test("List Available Integrations")
    func listIntegrations() async throws {
        let callers = try await Callers()
        _ = try await callers.installation.connect("slack", callers.user)
        let list = try await Case("GET", Self.base, 200).run(callers.user).json
        #expect(list.members?.map(\.key) == ["success", "integrations"])
        let all = list["integrations"]?.array ?? []
        let shown = all.filter { $0["id"] == "stripe" || $0["id"] == "slack" }.sorted { first, _ in
            first["id"] == "stripe"
        }
        try Example(
            """
            {
              "success": true,
              "integrations": [
                {
                  "id": "stripe",
                  "name": "Stripe",
                  "description": "Payment processing and subscription management",
                  "category": "Payments",
                  "icon": "https://api.financbase.com/icons/stripe.svg",
                  "features": ["payments", "subscriptions", "invoicing"],
                  "isAvailable": true,
                  "isConnected": false
                },
                {
                  "id": "slack",
                  "name": "Slack",
                  "description": "Team communication and notifications",
                  "category": "Communication",
                  "icon": "https://api.financbase.com/icons/slack.svg",
                  "features": ["notifications", "messaging", "alerts"],
                  "isAvailable": true,
                  "isConnected": true
                }
              ]
            }
            """, varying: ["integrations.icon"]
        ).expect(["success": list["success"] ?? .null, "integrations": .array(shown)])
        for integration in shown {
            let icon = integration["icon"]?.string ?? ""
            #expect(icon == "\(callers.user.origin)/icons/\(integration["id"]?.string ?? "").svg")
        }
    }

    /// A connection to Stripe that has synced, with its id.
    private func synced(_ callers: Callers) async throws -> String {
        let id = try await callers.installation.connect("stripe", callers.user, body: Self.asked)
        _ = try await callers.installation.sync(
            id, callers.user, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
        return id
    }

    private static let moments: Set = ["id", "connectedAt", "lastSyncAt", "expiresAt"]

    @Test("List User Connections")
    func listConnections() async throws {
        let callers = try await Callers()
        let id = try await synced(callers)
        let list = try await Case("GET", Self.connections, 200).run(callers.user).json
        try Example(
            """
            {
              "success": true,
              "connections": [
                {
                  "id": "conn-123",
                  "service": "stripe",
                  "serviceName": "Stripe",
                  "status": "connected",
                  "connectedAt": "2024-01-01T00:00:00Z",
                  "lastSyncAt": "2024-01-01T12:00:00Z",
                  "syncStatus": "success",
                  "permissions": ["read:payments", "write:invoices"],
                  "expiresAt": "2024-02-01T00:00:00Z"
                }
              ]
            }
            """, varying: Set(Self.moments.map { "connections.\($0)" }), nullable: ["connections.expiresAt"],
            behind: ["connections": ["variant", "accountName"]]
        ).expect(list)
        #expect(list["connections"]?[0]?["variant"] == "connect")
        #expect(list["connections"]?[0]?["accountName"]?.string?.isEmpty == false)
        #expect(list["connections"]?[0]?["id"]?.string == id)
        #expect(id.hasPrefix("conn-"))
        // A token of Stripe does not expire; one of Xero does.
        _ = try await callers.installation.connect("xero", callers.user)
        let xero = try await callers.user.get("\(Self.connections)?service=xero").json["connections"] ?? .null
        #expect(xero.count == 1)
        #expect(xero[0]?["expiresAt"]?.string?.utf8.count == "2024-02-01T00:00:00Z".utf8.count)
        // A provider without variants shows none.
        let names = list["connections"]?[0]?.members?.map(\.key).filter { $0 != "variant" }
        #expect(xero[0]?.members?.map(\.key) == names)
    }

    @Test("Create Connection, and Creating a Stripe Connection")
    func create() async throws {
        let callers = try await Callers()
        for body in [
            """
            {
              "service": "stripe",
              "permissions": ["read:payments", "write:invoices"]
            }
            """, Self.asked,
        ] {
            let created = try await Case("POST", Self.connections, body, 200).run(callers.user)
            try Example(
                """
                {
                  "success": true,
                  "connectionId": "conn-456",
                  "authUrl": "https://connect.stripe.com/oauth/authorize?client_id=...",
                  "state": "state-token"
                }
                """, varying: ["connectionId", "authUrl", "state"]
            ).expect(created.json)
            let url = created.json["authUrl"]?.string ?? ""
            #expect(url.contains("/oauth/authorize?"))
            #expect(url.contains("client_id=") && url.contains("state=\(created.json["state"]?.string ?? "?")"))
        }
    }

    @Test("Get Connection")
    func get() async throws {
        let callers = try await Callers()
        let id = try await synced(callers)
        try await Case(
            "PATCH", "\(Self.connections)/\(id)",
            #"{"settings":{"syncFrequency":"daily","webhookUrl":"https://api.financbase.com/webhooks/stripe"}}"#, 200
        ).run(callers.user)
        try Example(
            """
            {
              "success": true,
              "connection": {
                "id": "conn-123",
                "service": "stripe",
                "serviceName": "Stripe",
                "status": "connected",
                "connectedAt": "2024-01-01T00:00:00Z",
                "lastSyncAt": "2024-01-01T12:00:00Z",
                "syncStatus": "success",
                "permissions": ["read:payments", "write:invoices"],
                "expiresAt": "2024-02-01T00:00:00Z",
                "settings": {
                  "webhookUrl": "https://api.financbase.com/webhooks/stripe",
                  "syncFrequency": "daily"
                }
              }
            }
            """, varying: Set(Self.moments.map { "connection.\($0)" }), nullable: ["connection.expiresAt"],
            behind: ["connection": ["variant", "accountName"]]
        ).expect(try await Case("GET", "\(Self.connections)/\(id)", 200).run(callers.user).json)
    }

    @Test("Update Connection")
    func update() async throws {
        let callers = try await Callers()
        let id = try await callers.installation.connect("stripe", callers.user, body: Self.asked)
        let changed = try await Case(
            "PATCH", "\(Self.connections)/\(id)",
            """
            {
              "settings": {
                "syncFrequency": "hourly",
                "webhookUrl": "https://api.example.com/webhooks/stripe"
              },
              "permissions": ["read:payments", "write:invoices", "read:customers"]
            }
            """, 200
        ).run(callers.user)
        try Example(
            """
            {
              "success": true,
              "connection": {
                "id": "conn-123",
                "settings": {
                  "syncFrequency": "hourly",
                  "webhookUrl": "https://api.example.com/webhooks/stripe"
                },
                "permissions": ["read:payments", "write:invoices", "read:customers"],
                "updatedAt": "2024-01-01T00:00:00Z"
              }
            }
            """, varying: ["connection.id", "connection.updatedAt"]
        ).expect(changed.json)
        let read = try await callers.user.get("\(Self.connections)/\(id)").json["connection"] ?? .null
        #expect(read.at("settings.syncFrequency") == "hourly")
        #expect(read["permissions"] == ["read:payments", "write:invoices", "read:customers"])
    }

    @Test("Delete Connection")
    func delete() async throws {
        let callers = try await Callers()
        let id = try await callers.installation.connect("stripe", callers.user)
        try Example(
            """
            {
              "success": true,
              "message": "Connection deleted successfully"
            }
            """
        ).expect(try await Case("DELETE", "\(Self.connections)/\(id)", 200).run(callers.user).json)
        try await Case("DELETE", "\(Self.connections)/\(id)", 404).run(callers.user)
    }

    @Test("Trigger Sync, Triggering a Sync, and Get Sync Status")
    func sync() async throws {
        let callers = try await Callers()
        let id = try await callers.installation.connect("stripe", callers.user)
        for types in [#"["payments", "invoices", "customers"]"#, #"["payments", "invoices"]"#] {
            let started = try await Case(
                "POST", "\(Self.connections)/\(id)/sync", #"{"syncType": "full", "dataTypes": \#(types)}"#, 200
            ).run(callers.user)
            try Example(
                """
                {
                  "success": true,
                  "syncId": "sync-789",
                  "status": "running",
                  "startedAt": "2024-01-01T00:00:00Z"
                }
                """, varying: ["syncId", "startedAt"]
            ).expect(started.json)
            #expect(started.json["syncId"]?.string?.hasPrefix("sync-") == true)
            _ = try await callers.installation.finishedSync(id, callers.user)
            let status = try await Case("GET", "\(Self.connections)/\(id)/sync", 200).run(callers.user).json
            try Example(
                """
                {
                  "success": true,
                  "sync": {
                    "id": "sync-789",
                    "connectionId": "conn-123",
                    "status": "completed",
                    "syncType": "full",
                    "startedAt": "2024-01-01T00:00:00Z",
                    "completedAt": "2024-01-01T00:05:00Z",
                    "recordsProcessed": 100,
                    "recordsSynced": 95,
                    "errors": 5,
                    "dataTypes": \(types)
                  }
                }
                """,
                varying: [
                    "sync.id", "sync.connectionId", "sync.startedAt", "sync.completedAt", "sync.recordsProcessed",
                    "sync.recordsSynced", "sync.errors",
                ]
            ).expect(status)
            let sync = status["sync"] ?? .null
            #expect(sync["id"] == started.json["syncId"])
            #expect(sync["connectionId"]?.string == id)
            let counts = ["recordsProcessed", "recordsSynced", "errors"].map { sync[$0]?.integer ?? -1 }
            #expect(counts[0] == counts[1] + counts[2] && counts[0] > 0)
        }
    }

    @Test("Start OAuth Flow, Handle OAuth Callback and OAuth Flow Implementation")
    func flow() async throws {
        let callers = try await Callers()
        for more in ["", "&scopes=read:payments,write:invoices&state=xyz"] {
            let begun = try await Case(
                "GET", "\(Self.base)/oauth/stripe/authorize?redirectUri=https://app.example.com/callback\(more)", 200
            ).run(callers.user).json
            try Example(
                """
                {
                  "success": true,
                  "authUrl": "https://connect.stripe.com/oauth/authorize?client_id=...",
                  "state": "state-token"
                }
                """, varying: ["authUrl", "state"]
            ).expect(begun)
            let allowed = try await callers.nobody.get((begun["authUrl"]?.string ?? "") + "&decision=allow")
            let query = (allowed.header("location") ?? "").split(separator: "?", maxSplits: 1).last ?? ""
            // What the document's page takes from its own address, and nothing else.
            let own = query.split(separator: "&").filter { $0.hasPrefix("code=") || $0.hasPrefix("state=") }
            #expect(own.contains("state=\(begun["state"]?.string ?? "?")"))
            let done = try await Case(
                "GET", "\(Self.base)/oauth/stripe/callback?\(own.joined(separator: "&"))", 200
            ).run(callers.user).json
            let state = more.isEmpty ? "" : #", "state": "xyz""#
            try Example(
                """
                {
                  "success": true,
                  "connectionId": "conn-456",
                  "message": "Integration connected successfully"\(state)
                }
                """, varying: ["connectionId"]
            ).expect(done)
            let one = try await callers.user.get("\(Self.connections)/\(done["connectionId"]?.string ?? "")").json
            #expect(one.at("connection.status") == "connected")
        }
    }

    @Test("Refresh Token")
    func refresh() async throws {
        let callers = try await Callers()
        let id = try await callers.installation.connect("xero", callers.user)
        let refreshed = try await Case(
            "POST", "\(Self.base)/oauth/xero/refresh",
            """
            {
              "connectionId": "\(id)"
            }
            """, 200
        ).run(callers.user)
        try Example(
            """
            {
              "success": true,
              "connection": {
                "id": "conn-123",
                "status": "connected",
                "expiresAt": "2024-02-01T00:00:00Z"
              }
            }
            """, varying: ["connection.id", "connection.expiresAt"]
        ).expect(refreshed.json)
        #expect(refreshed.json.at("connection.id")?.string == id)
    }
}
