// Every route family, in memory and over a socket: what it decodes, what it refuses, and a normal answer of each route.

import HTTPServer
import HostTesting
import ProviderSDK
import Testing
import Users

@testable import ConnectionModel
@testable import Connections
@testable import HTTPAPI
@testable import Requests
@testable import Sessions

@Suite("Route families", .timeLimit(.minutes(1)))
struct RouteFamilyTests {
    private func caller(
        _ user: String?, _ transport: Transport, kind: PrincipalKind = .session, roles: [String] = []
    ) throws -> RouteCaller {
        try RouteFixture.shared.get().caller(user.map { "\($0)-\(transport)" }, transport, kind: kind, roles: roles)
    }

    @Test("The /api/integrations routes list, create, change and delete connections", arguments: Transport.allCases)
    func integrations(over transport: Transport) async throws {
        let base = "/api/integrations"
        let user = try caller("integrations", transport)
        try await caller(nil, transport).expect(401, #""error":"Authentication required""#, from: "GET", base)
        try await user.expect(200, #""id":"plain""#, #""id":"typed""#, from: "GET", base)
        try await user.expect(400, #""field":"status""#, from: "GET", base + "/connections?status=odd")
        try await user.expect(400, #""field":"service""#, from: "GET", base + "/connections?service=a&service=b")
        try await user.expect(415, from: "POST", base + "/connections", "{}", type: "text/plain")
        try await user.expect(400, #""field":"service""#, from: "POST", base + "/connections", "{}")
        try await user.expect(400, #""field":"more""#, from: "POST", base + "/connections", #"{"more":1}"#)
        try await user.expect(400, #""field":"body""#, from: "POST", base + "/connections", "[]")
        let created = try await user.expect(
            200, #""authUrl":null"#, from: "POST", base + "/connections",
            #"{"service":"typed","variant":"red","accountId":"a-1"}"#)
        let id = try #require(created.json["connectionId"]?.string)
        let one = base + "/connections/\(id)"
        try await user.expect(200, id, from: "GET", base + "/connections?status=connected&service=typed")
        try await user.expect(200, #""settings":{"webhookUrl":null"#, from: "GET", one)
        try await user.expect(400, #""field":"body""#, from: "PATCH", one, "{}")
        try await user.expect(400, #""field":"settings.odd""#, from: "PATCH", one, #"{"settings":{"odd":1}}"#)
        try await user.expect(
            200, #""settings":{"syncFrequency":"daily""#, from: "PATCH", one, #"{"settings":{"syncFrequency":"daily"}}"#
        )
        try await caller("stranger", transport).expect(404, "Integration not found", from: "GET", one)
        try await user.expect(200, "Connection deleted successfully", from: "DELETE", one)
        try await user.expect(404, from: "GET", one)
    }

    @Test("The /api/integrations routes refuse bots and services", arguments: [PrincipalKind.bot, .service])
    func programs(kind: PrincipalKind) async throws {
        let fixture = try RouteFixture.shared.get()
        // A role gives a program no connections either.
        for roles in [[], ["superuser"]] {
            let program = try fixture.caller("program", .memory, kind: kind, roles: roles)
            for entry in try #require(fixture.documents.first { $0.name == "integrations" }).routes {
                let target = entry.template.split(separator: "/").map { $0.hasPrefix("{") ? "x" : $0 }
                try await program.expect(
                    403, "Insufficient permissions for this integration", from: entry.method.description,
                    "/" + target.joined(separator: "/"))
            }
        }
    }

    @Test(
        "The /api/integrations routes show the syncs, records and deliveries of a connection",
        arguments: Transport.allCases)
    func connection(over transport: Transport) async throws {
        let user = try caller("connection", transport)
        let created = try await user.expect(
            200, from: "POST", "/api/integrations/connections",
            #"{"service":"typed","variant":"blue","accountId":"a-2"}"#)
        let one = "/api/integrations/connections/\(try #require(created.json["connectionId"]?.string))"
        try await user.expect(404, from: "GET", one + "/sync")
        try await user.expect(400, #""field":"syncType""#, from: "POST", one + "/sync", #"{"syncType":"odd"}"#)
        try await user.expect(200, #""syncs":[]"#, from: "GET", one + "/syncs?limit=1")
        try await user.expect(200, #""records":[]"#, #""hasMore":false"#, from: "GET", one + "/records")
        for wrong in ["cursor=x", "since=x", "limit=0", "limit=1001", "dataType=odd"] {
            let field = try #require(wrong.split(separator: "=").first)
            try await user.expect(400, "\"field\":\"\(field)\"", from: "GET", one + "/records?" + wrong)
        }
        try await user.expect(200, #""deadLetters":[]"#, #""total":0"#, from: "GET", one + "/dead-letters")
        try await user.expect(400, #""field":"cursor""#, from: "GET", one + "/dead-letters?cursor=x")
        try await user.expect(200, #""replayed":0"#, from: "POST", one + "/dead-letters/replay", "{}")
        try await user.expect(200, #""explanation":{"#, from: "GET", one + "/explain")
        try await user.expect(200, #""deliveries":[]"#, #""page":2"#, from: "GET", one + "/webhook-deliveries?page=2")
        try await user.expect(400, #""field":"page""#, from: "GET", one + "/webhook-deliveries?page=0")
        try await user.expect(409, from: "GET", one + "/webhook-secret")
        try await user.expect(
            200, from: "PATCH", one, #"{"settings":{"webhookUrl":"https://app.example.com/hook"}}"#)
        let secret = try await user.expect(200, #""secret":"whsec_"#, from: "GET", one + "/webhook-secret")
        let rotated = try await user.expect(200, from: "POST", one + "/webhook-secret/rotate")
        #expect(secret.json["secret"] != rotated.json["secret"])
        try await user.expect(400, from: "POST", one + "/webhook-secret/rotate", #"{"odd":1}"#)
    }

    @Test(
        "The /api/integrations/oauth routes begin authorizations and refuse invalid ones", arguments: Transport.allCases
    )
    func oauth(over transport: Transport) async throws {
        let base = "/api/integrations/oauth/plain"
        let user = try caller("oauth", transport)
        try await user.expect(400, #""field":"redirectUri""#, from: "GET", base + "/authorize")
        let callback = "https://host.example/api/integrations/oauth/plain/callback"
        try await user.expect(200, #""authUrl":"http:"#, from: "GET", base + "/authorize?redirectUri=" + callback)
        try await user.expect(405, from: "HEAD", base + "/authorize")
        try await user.expect(400, from: "GET", base + "/callback?code=c&state=odd")
        try await user.expect(400, #""field":"connectionId""#, from: "POST", base + "/refresh", "{}")
        try await user.expect(404, from: "POST", base + "/refresh", #"{"connectionId":"conn-1"}"#)
    }

    @Test("The /api/integrations/status routes answer with durations, limits and codes", arguments: Transport.allCases)
    func status(over transport: Transport) async throws {
        let base = "/api/integrations"
        let user = try caller("status", transport)
        let refused = try await caller(nil, transport).expect(
            401, #"{"success":false,"error":{"code":"UNAUTHORIZED","message":"Authentication required"}}"#, from: "GET",
            base + "/status")
        #expect(refused.header("Retry-After") == "60")
        try await caller("bot", transport, kind: .bot).expect(400, #""INVALID_USER_ID""#, from: "GET", base + "/status")
        let path = base + "/status"
        try await user.expect(
            200, #"{"success":true,"data":{"integrations":[]},"duration":"#, from: "GET", path)
        try await user.expect(
            200, #""connectionId":"conn-"#, from: "POST", base + "/connect/typed",
            #"{"variant":"red","accountId":"a-3"}"#)
        // After the change of the user, from the cache, and with a query, which the handler answers.
        for target in [path, path, path + "?any=1"] {
            try await user.expect(200, #""provider":"typed","accountId":"a-3""#, #"},"duration":"#, from: "GET", target)
        }
        let head = try await user.expect(200, from: "HEAD", path)
        #expect(head.body.isEmpty)
        try await user.expect(409, #""CONFLICT""#, from: "POST", base + "/refresh/typed/a-3")
        try await user.expect(200, #""status":"disconnected""#, from: "DELETE", base + "/disconnect/typed/a-3")
        try await user.expect(404, #""INTEGRATION_NOT_FOUND""#, from: "DELETE", base + "/disconnect/typed/a-3")
    }

    @Test("The /api/v1/users routes set accounts of variants with a user session only", arguments: Transport.allCases)
    func v1Users(over transport: Transport) async throws {
        let user = try caller("7", transport)
        let base = "/api/v1/users/7-\(transport)/integrations/typed"
        try await caller(nil, transport).expect(401, "session-level", from: "GET", base)
        try await caller("8", transport).expect(403, #"{"success":false,"description":"#, from: "GET", base)
        try await user.expect(200, #"{"red":null,"blue":null}"#, from: "GET", base)
        try await user.expect(400, "The request changes nothing", from: "PATCH", base, "{}")
        try await user.expect(400, "green: Unknown field", from: "PATCH", base, #"{"green":"a"}"#)
        try await user.expect(200, #""accountID":"a-4""#, #""blue":null"#, from: "PATCH", base, #"{"red":"a-4"}"#)
        try await user.expect(200, #"{"authStatus":true}"#, from: "GET", base + "/red")
        try await user.expect(400, "expected one of red, blue", from: "GET", base + "/green")
        try await user.expect(404, from: "POST", base + "/red/oauth2callback", #"{"code":"c"}"#)
        try await user.expect(404, from: "GET", "/api/v1/users/7-\(transport)/integrations/odd")
    }

    @Test("The /api/userIntegration routes create, read, list, change and delete", arguments: Transport.allCases)
    func userIntegration(over transport: Transport) async throws {
        let base = "/api/userIntegration"
        let user = try caller("crud", transport)
        let superuser = try caller("root", transport, roles: ["superuser"])
        try await caller(nil, transport).expect(401, #"{"status":401,"error":"Unathorized"}"#, from: "GET", base)
        try await user.expect(400, #"{"status":400,"error":"Validation Error"}"#, from: "GET", base + "?page=0&limit=1")
        try await user.expect(400, from: "POST", base, #"{"isconnected":"yes"}"#)
        let created = try await user.expect(
            200, "UserIntegration created succesfully!!", from: "POST", base,
            #"{"isconnected":false,"userId":"crud-\#(transport)","integrationId":"plain"}"#)
        let id = try #require(created.json["data"]?["id"]?.string)
        try await user.expect(200, id, from: "GET", base + "/" + id)
        try await user.expect(200, id, from: "GET", base + "?page=1&limit=5")
        try await user.expect(400, "UserIntegrationId is Invalid", from: "GET", base + "/odd")
        try await user.expect(401, from: "DELETE", "/api/admin/userIntegration/" + id)
        try await superuser.expect(
            200, "updated successufully", from: "PATCH", "/api/admin/userIntegration/" + id, "{}")
        try await superuser.expect(200, "deleted Successfuly", from: "DELETE", "/api/admin/userIntegration/" + id)
    }

    @Test("The /external-accounts routes accept tokens from bots and link them", arguments: Transport.allCases)
    func externalAccounts(over transport: Transport) async throws {
        let base = "/external-accounts"
        let (user, bot) = (try caller("link", transport), try caller("bot", transport, kind: .bot))
        try await user.expect(401, "Unauthenticated User", from: "POST", base, "{}")
        try await bot.expect(400, #""statusCode":400,"error":"Bad Request""#, from: "POST", base, "{}")
        for id in [" 1", "1\\n", "1\\u202e", "1\\u0085", String(repeating: "1", count: 256)] {
            try await bot.expect(400, from: "POST", base, #"{"token":"t","attributes":{"plainId":"\#(id)"}}"#)
        }
        let body = #"{"token":"t-\#(transport)","attributes":{"plainId":"1","expiry":0}}"#
        try await bot.expect(201, "Added external account data successfully", from: "POST", base, body)
        try await user.expect(200, "Data returned successfully", from: "GET", base + "/t-\(transport)")
        try await user.expect(404, "No data found", from: "GET", base + "/odd")
        try await bot.expect(401, from: "PATCH", base + "/link/t-\(transport)")
        try await user.expect(403, from: "POST", base + "/users?action=odd")
    }

    @Test("System routes and /webhooks answer without a session", arguments: Transport.allCases)
    func system(over transport: Transport) async throws {
        let caller = try caller(nil, transport)
        try await caller.expect(200, #"{"status":"ok"}"#, from: "GET", "/healthz")
        try await caller.expect(200, #"{"status":"ready"}"#, from: "GET", "/readyz")
        try await caller.expect(200, "# TYPE http_requests_total counter", from: "GET", "/metrics")
        try await caller.expect(200, "<svg", from: "GET", "/icons/plain.svg")
        try await caller.expect(404, #"{"success":false,"error":"Not found"}"#, from: "GET", "/icons/odd.svg")
        try await caller.expect(200, #""openapi":"3.1.0""#, from: "GET", "/openapi.json")
        try await caller.expect(
            404, "There is no such provider", from: "POST", "/webhooks/odd", "x", type: "text/plain")
    }
}
