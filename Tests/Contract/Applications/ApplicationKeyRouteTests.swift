// What an application key opens at the running host: as the application itself and for a user, by its scopes and no further.

import HostTesting
import ProviderSDK
import Testing

@Suite("Application keys over HTTP", .timeLimit(.minutes(5)))
struct ApplicationKeyRouteTests {
    /// Makes a key by route, and returns a client with it.
    private func key(
        _ callers: Callers, _ scopes: [String]? = nil
    ) async throws -> (client: TestClient, id: String, secret: String) {
        let list = scopes.map { "[" + $0.map { "\"\($0)\"" }.joined(separator: ",") + "]" }
        let body = #"{"name":"back end"\#(list.map { ",\"scopes\":\($0)" } ?? "")}"#
        let answer = try await callers.superuser.send("POST", "/api/app-keys", body: body)
        #expect(answer.status == 201)
        let secret = try #require(answer.json["secret"]?.string)
        let id = try #require(answer.json.at("key.id")?.string)
        return (callers.nobody.with(token: secret), id, secret)
    }

    @Test("A key acts for the user it names: that user's connections, and no other's")
    func acting() async throws {
        let callers = try await Callers()
        let id = try await callers.installation.connect("xero", callers.user)
        let (client, _, _) = try await key(callers)
        let path = "/api/integrations/connections/\(id)"
        #expect(try await client.with(field: "X-User-Id", "1").get(path).status == 200)
        #expect(try await client.with(field: "X-User-Id", "2").get(path).status == 404)
        let status = try await client.with(field: "X-User-Id", "1").get("/api/integrations/status")
        #expect(status.json.at("data.integrations")?.array?.count == 1)
    }

    @Test("Without a user, the application is nobody's user, and the answer says what is missing")
    func itself() async throws {
        let callers = try await Callers()
        let (client, _, _) = try await key(callers)
        let answer = try await client.get("/api/integrations/connections")
        #expect(answer.status == 403)
        #expect(answer.text.contains("X-User-Id"))
    }

    @Test("Two users, or a text that is no user id, are 400")
    func unusable() async throws {
        let callers = try await Callers()
        let (client, _, _) = try await key(callers)
        let twice = client.with(field: "X-User-Id", "1").with(field: "X-User-Id", "2")
        let long = client.with(field: "X-User-Id", String(repeating: "u", count: 257))
        for client in [twice, long] {
            #expect(try await client.get("/api/integrations/connections").status == 400)
        }
    }

    @Test("A session cannot name another user")
    func session() async throws {
        let callers = try await Callers()
        let id = try await callers.installation.connect("xero", callers.user)
        let other = callers.other.with(field: "X-User-Id", "1")
        #expect(try await other.get("/api/integrations/connections/\(id)").status == 404)
    }

    @Test("A scope opens its own routes only")
    func scopes() async throws {
        let callers = try await Callers()
        let id = try await callers.installation.connect("xero", callers.user)
        let routes = [
            ("connections", "/api/integrations/connections/\(id)"),
            ("records", "/api/integrations/connections/\(id)/records"),
            ("admin", "/api/app-keys"),
        ]
        for scope in ["connections", "records", "users", "admin"] {
            let client = try await key(callers, [scope]).client.with(field: "X-User-Id", "1")
            for (needed, path) in routes {
                let isOpen = scope == needed || scope == "admin"
                #expect(try await client.get(path).status == (isOpen ? 200 : 403), "\(scope) at \(path)")
            }
        }
    }

    @Test("A key without the scope admin is no superuser, for itself and for a user who is one")
    func power() async throws {
        let callers = try await Callers()
        let (client, _, _) = try await key(callers)
        for client in [client, client.with(field: "X-User-Id", "1")] {
            #expect(try await client.send("POST", "/api/app-keys", body: #"{"name":"n"}"#).status == 403)
            let refused = try await callers.user.send("DELETE", "/api/admin/userIntegration/x").status
            #expect(try await client.send("DELETE", "/api/admin/userIntegration/x").status == refused)
        }
        #expect(try await callers.user.send("POST", "/api/app-keys", body: #"{"name":"n"}"#).status == 403)
    }

    @Test("The routes of a user's own session stay closed")
    func ownSession() async throws {
        let callers = try await Callers()
        let client = try await key(callers, ["connections", "admin"]).client.with(field: "X-User-Id", "1")
        #expect(try await client.get("/api/v1/users/1/integrations/arc").status == 403)
    }

    @Test("A rotated key takes both secrets, a revoked one none, and the list shows no secret")
    func life() async throws {
        let callers = try await Callers()
        let (client, id, secret) = try await key(callers)
        let user = client.with(field: "X-User-Id", "1")
        let rotated = try await callers.superuser.send("POST", "/api/app-keys/\(id)/rotate")
        let new = try #require(rotated.json["secret"]?.string)
        #expect(new != secret)
        let next = user.with(token: new)
        #expect(try await user.get("/api/integrations/connections").status == 200)
        #expect(try await next.get("/api/integrations/connections").status == 200)
        let list = try await callers.superuser.get("/api/app-keys")
        #expect(list.json["keys"]?.array?.count == 1)
        #expect(!list.text.contains(secret.suffix(43)) && !list.text.contains(new.suffix(43)))
        #expect(try await callers.superuser.send("DELETE", "/api/app-keys/\(id)").status == 200)
        #expect(try await user.get("/api/integrations/connections").status == 401)
        #expect(try await next.get("/api/integrations/connections").status == 401)
        #expect(try await callers.superuser.send("DELETE", "/api/app-keys/\(id)").status == 404)
    }
}
