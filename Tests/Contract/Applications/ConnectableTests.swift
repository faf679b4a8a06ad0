// What an application learns of what can be connected, and the permissions that requests may name.

import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("What can be connected", .timeLimit(.minutes(5)))
struct ConnectableTests {
    private static let documented = [
        "id", "name", "description", "category", "icon", "features", "isAvailable", "isConnected",
    ]
    private static let details = ["auth", "form", "defaultVariant", "variants", "scopes", "dataTypes"]

    private func application(_ callers: Callers) async throws -> TestClient {
        let answer = try await callers.superuser.send("POST", "/api/app-keys", body: #"{"name":"back end"}"#)
        return callers.nobody.with(token: try #require(answer.json["secret"]?.string))
    }

    @Test(
        "An application learns forms, variants, permissions and data types behind the documented members; a session asks for them"
    )
    func list() async throws {
        let callers = try await Callers()
        _ = try await callers.installation.connect("slack", callers.user)
        let application = try await application(callers)
        let plain = try await callers.user.get("/api/integrations").json["integrations"]?.array ?? []
        #expect(plain.count >= 10 && plain.allSatisfy { $0.members?.map(\.key) == Self.documented })
        let own = try await application.get("/api/integrations").json["integrations"]?.array ?? []
        #expect(own.allSatisfy { $0.members?.map(\.key) == Self.documented + Self.details })
        #expect(own.allSatisfy { $0["isConnected"] == false })
        let acting = try await application.send("GET", "/api/integrations", headers: [("X-User-Id", "1")]).json
        #expect(acting["integrations"]?.array?.filter { $0["isConnected"] == true }.map { $0["id"] } == ["slack"])
        let asked = try await callers.user.get("/api/integrations?include=details").json
        #expect(asked == acting)
        try await Case("GET", "/api/integrations?include=everything", 400).run(callers.user)
        try await Case("GET", "/api/integrations", 403).run(callers.bot)

        func provider(_ id: String) -> JSONValue { own.first { $0["id"]?.string == id } ?? .null }
        let (arc, stripe, xero) = (provider("arc"), provider("stripe"), provider("xero"))
        #expect(arc["auth"] == "accountId" && arc.at("form.fields.0.name") == "accountId")
        #expect(arc["variants"]?.array?.map { $0["id"] } == ["iidx", "sdvx"])
        #expect(stripe["auth"] == "oauth2" && stripe["form"]?.isNull == true && stripe["defaultVariant"] == "connect")
        let payments = stripe["scopes"]?[0] ?? .null
        #expect(payments["name"] == "read:payments" && payments["meaning"] == "See payments")
        #expect(payments["grants"] == ["read_only"] && payments["isStandard"] == true && payments["writes"] == false)
        let type = stripe["dataTypes"]?.array?.first { $0["name"] == "payments" } ?? .null
        #expect(type["scopes"] == ["read_only"])
        let fields = type["fields"]?.array ?? []
        #expect(fields.prefix(3).map { $0["name"] } == ["id", "sourceId", "amount"])
        #expect(fields[2]["type"] == "number" && fields[2]["isNullable"] == false)
        #expect(xero["variants"] == [])
    }

    @Test("An unknown permission is refused wherever one is named, with the accepted ones")
    func permissions() async throws {
        let callers = try await Callers(
            extra: Callers.unlimited + #","connect":{"returnTo":["https://app.example.com/settings"]}"#)
        let application = try await application(callers)
        let base = "/api/integrations"
        let id = try await callers.installation.connect("stripe", callers.user)
        let session = #"{"userId":"1","returnTo":"https://app.example.com/settings","#
        for (client, sent, field) in [
            (
                callers.user,
                Case("POST", base + "/connections", #"{"service":"stripe","permissions":["read:all"]}"#, 400),
                "permissions"
            ),
            (
                callers.user, Case("PATCH", "\(base)/connections/\(id)", #"{"permissions":["read:all"]}"#, 400),
                "permissions"
            ),
            (
                callers.user,
                Case(
                    "GET",
                    "\(base)/oauth/stripe/authorize?redirectUri=https://app.example.com/callback&scopes=read:all",
                    400), "scopes"
            ),
            (
                application,
                Case(
                    "POST", "/api/connect/sessions", session + #""services":["stripe"],"permissions":["read:all"]}"#,
                    400),
                "permissions"
            ),
        ] {
            let refused = try await sent.run(client).json
            #expect(refused.at("details.field")?.string == field, "\(refused)")
            let message = refused.at("details.message")?.string ?? ""
            #expect(
                message.contains("“read:all” is no permission of Stripe; accepted are read:payments, "), "\(message)")
        }
        let other = try await Case(
            "POST", base + "/connections",
            #"{"service":"arc","variant":"iidx","accountId":"a","permissions":["read:all"]}"#, 400
        ).run(callers.user)
        #expect(other.text.contains("it accepts none"))
        // Each permission is one of a provider that the session may connect.
        try await Case(
            "POST", "/api/connect/sessions", session + #""permissions":["read:payments","accounting.contacts"]}"#, 201
        ).run(application)
        try await Case("POST", "/api/connect/sessions", session + #""permissions":["read:all"]}"#, 400).run(application)
    }

    @Test(
        "Every record of every provider has the shape that the mapping tables give",
        arguments: ["stripe", "slack", "quickbooks", "xero", "reddit", "tiktok", "instagram", "discord", "kai", "arc"])
    func records(_ service: String) async throws {
        let callers = try await Callers()
        let contract = OpenAPIContract(try await callers.nobody.get("/openapi.json").json)
        let variants =
            try await callers.user.get("/api/integrations?include=details").json["integrations"]?.array?.first {
                $0["id"]?.string == service
            }?["variants"]?.array ?? []
        var checked = 0
        for variant in variants.isEmpty ? [nil] : variants.map({ $0["id"]?.string }) {
            guard variant != "apps" else { continue }
            var body: [(key: String, value: JSONValue)] = [("service", .string(service))]
            if let variant { body.append(("variant", .string(variant))) }
            if service == "arc" { body.append(("accountId", "sandbox-player-1")) }
            let text = String(decoding: JSONValue.object(body).serialized, as: UTF8.self)
            let id: String
            switch service {
            case "arc":
                let made = try await callers.user.post("/api/integrations/connections", text)
                id = try #require(made.json["connectionId"]?.string)
            case "kai":
                let variant = try #require(variant)
                id = try await connectWithoutState("kai", variant, body: text, callers)
            default: id = try await callers.installation.connect(service, callers.user, body: text)
            }
            let sync = try await callers.installation.sync(id, callers.user, body: #"{"syncType":"full"}"#)
            #expect(sync["status"] == "completed", "\(sync)")
            for record in try await callers.installation.records(id, callers.user, query: "limit=1000") {
                let name = "\(service).\(record["dataType"]?.string ?? "")"
                let schema: JSONValue = ["$ref": .string("#/components/schemas/\(name)")]
                let found = contract.mismatch(record["data"] ?? .null, schema)
                #expect(found == nil, "\(name): \(found ?? "")")
                checked += 1
            }
        }
        #expect(checked > 0, "\(service)")
    }

    /// Connects a provider that gives no state back: the client posts the code itself.
    private func connectWithoutState(
        _ service: String, _ variant: String, body: String, _ callers: Callers
    ) async throws -> String {
        let created = try await callers.user.post("/api/integrations/connections", body).json
        let url = try #require(created["authUrl"]?.string)
        let location = try #require(try await callers.nobody.get(url + "&decision=allow").header("location"))
        let code = try #require(location.split(separator: "code=").last?.split(separator: "&").first)
        let path = "/api/v1/users/1/integrations/\(service)/\(variant)/oauth2callback"
        let completed = try await callers.user.post(path, #"{"code":"\#(code)"}"#)
        #expect(completed.status == 200, "\(completed.text)")
        return try #require(created["connectionId"]?.string)
    }
}
