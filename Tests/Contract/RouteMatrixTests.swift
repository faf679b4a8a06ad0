// Every route of the host's own table with every kind of caller. The table is what /openapi.json tells, so that a route that is added
// is tested without being named here.

import HostTesting
import ProviderSDK
import Testing

@Suite("Every route, every caller", .timeLimit(.minutes(5)))
struct RouteMatrixTests {
    /// A route with its parameters filled in from `things`, and a body where it writes.
    struct Route: Sendable {
        let method: String
        let template: String
        let isPublic: Bool

        /// The path with the value of each parameter.
        func path(_ things: [String: String]) -> String {
            template.split(separator: "/", omittingEmptySubsequences: false).map { segment in
                segment.hasPrefix("{") ? things[String(segment.dropFirst().dropLast())] ?? "x" : String(segment)
            }.joined(separator: "/")
        }

        func names(_ parameter: String) -> Bool { template.contains("{\(parameter)}") }

        /// A body that the route takes, where it is known; any other route gets an empty object.
        func body(_ things: [String: String]) -> String? {
            guard method != "GET", method != "DELETE" else { return nil }
            switch template {
            case "/api/integrations/oauth/{service}/refresh": return #"{"connectionId":"\#(things["id"] ?? "x")"}"#
            case "/api/integrations/connections": return #"{"service":"stripe"}"#
            case "/api/integrations/connections/{id}/dead-letters/replay": return #"{"ids":[]}"#
            case "/api/v1/users/{user_id}/integrations/{provider}": return #"{"iidx":"a"}"#
            case "/api/v1/users/{user_id}/integrations/{provider}/{variant}/oauth2callback": return #"{"code":"a"}"#
            case "/external-accounts", "/external-accounts/":
                return #"{"token":"new","attributes":{"discordId":"d"}}"#
            case "/external-accounts/users": return #"{"action":"discord-users-sync","data":{}}"#
            case "/api/integrations/connections/{id}": return #"{"settings":{"syncFrequency":"daily"}}"#
            case "/api/userIntegration":
                return #"{"isconnected":false,"userId":"\#(things["user_id"] ?? "1")","integrationId":"i"}"#
            default: return "{}"
            }
        }

        func send(_ client: TestClient, _ things: [String: String]) async throws -> TestResponse {
            try await client.send(method, path(things), body: body(things))
        }
    }

    /// The routes, those that take something away last.
    private func routes(_ callers: Callers) async throws -> [Route] {
        let table = try await callers.nobody.get("/openapi.json")
        #expect(table.header("Content-Type") == "application/json")
        #expect(table.json["openapi"] == "3.1.0")
        var routes: [Route] = []
        for (template, operations) in table.json["paths"]?.members ?? [] {
            for (method, operation) in operations.members ?? [] {
                // An answer without end; the tests of live events call it.
                if operation.at("responses.200.content")?["text/event-stream"] != nil { continue }
                routes.append(
                    Route(
                        method: method.uppercased(), template: template,
                        isPublic: operation["security"]?.array?.isEmpty == true))
            }
        }
        #expect(routes.count > 30)
        return routes.filter { $0.method != "DELETE" } + routes.filter { $0.method == "DELETE" }
    }

    /// What belongs to `user`, which is the user “1” unless it is said otherwise.
    private func things(
        _ callers: Callers, of user: String = "1", _ client: TestClient? = nil
    ) async throws -> [String: String] {
        let client = client ?? callers.user
        let id = try await callers.installation.connect("xero", client)
        let list = try await client.get("/api/integrations/status").json.at("data.integrations")?.array ?? []
        let token = "token of \(user)"
        try await Case(
            "POST", "/external-accounts", #"{"token":"\#(token)","attributes":{"discordId":"d\#(user)"}}"#, 201
        ).run(callers.bot)
        try await Case("PATCH", "/external-accounts/link/token%20of%20\(user)", 204).run(client)
        return [
            "id": id, "user_id": user, "service": "xero", "provider": "xero",
            "account_id": list[0]["accountId"]?.string ?? "",
            "variant": "flo", "token": "token%20of%20\(user)", "file": "xero.svg",
        ]
    }

    @Test("No route answers without a session, and no request makes the host fail")
    func nobody() async throws {
        let callers = try await Callers()
        let things = try await things(callers)
        let revoked = "ihk_0123456789abcdef_" + String(repeating: "A", count: 43)
        for route in try await routes(callers) {
            for token in [nil, "x", revoked] {
                let status = try await route.send(callers.nobody.with(token: token), things).status
                if route.isPublic {
                    #expect(status < 500, "\(route.method) \(route.template)")
                } else {
                    #expect(status == 401, "\(route.method) \(route.template) with \(token ?? "nothing")")
                }
            }
        }
    }

    @Test("Another user's data answers byte for byte as missing data, to every kind of caller")
    func foreign() async throws {
        let callers = try await Callers()
        let own = try await things(callers)
        let unknown = [
            "id": String((own["id"] ?? "").dropLast(4)) + "0000", "user_id": "987654", "account_id": "missing",
            "token": "missing",
        ]
        let key = try await callers.apiKey(user: "2")
        var compared = 0
        for route in try await routes(callers) where !route.isPublic {
            for (name, value) in unknown
            where route.names(name) || (name == "id" && route.body(own)?.contains(own["id"] ?? "?") == true) {
                // A token is the operator's own, so that the operator's programs may read it whoever used it.
                let programs = name == "token" ? [] : [callers.bot, callers.service]
                for client in programs + [callers.other, key] {
                    let foreign = try await route.send(client, own)
                    let missing = try await route.send(client, own.merging([name: value]) { $1 })
                    #expect(400..<500 ~= foreign.status, "\(route.method) \(route.template): \(foreign.text)")
                    #expect(
                        comparable(foreign, without: [own[name] ?? ""]) == comparable(missing, without: [value]),
                        "\(route.method) \(route.template)")
                    compared += 1
                }
                // A superuser has no more rights outside of the routes that are made for superusers.
                guard !route.template.contains("userIntegration") else { continue }
                let admin = try await route.send(callers.superuser, own)
                let missing = try await route.send(callers.superuser, own.merging([name: value]) { $1 })
                #expect(
                    comparable(admin, without: [own[name] ?? ""]) == comparable(missing, without: [value]),
                    "\(route.method) \(route.template) as superuser")
            }
        }
        #expect(compared > 60)
        // Nothing of all that touched what the user has.
        let still =
            try await callers.user.get("/api/integrations/connections/\(own["id"] ?? "")").json["connection"] ?? .null
        #expect(still["status"] == "connected")
        #expect(still.at("settings.syncFrequency") == "manual")
    }

    @Test("An API key may use its user's routes, except those that need a session")
    func apiKey() async throws {
        let callers = try await Callers()
        let own = try await things(callers)
        let key = try await callers.apiKey(user: "1")
        for route in try await routes(callers) where !route.isPublic && route.method == "GET" {
            let session = try await route.send(callers.user, own)
            let program = try await route.send(key, own)
            if route.template.hasPrefix("/api/v1/users/") {
                #expect(program.status == 403, "\(route.template)")
            } else {
                #expect(program.status == session.status, "\(route.template): \(program.text)")
            }
            #expect(session.status < 500 && program.status < 500, "\(route.template)")
        }
    }

    @Test("An API key writes what its user's session writes, except on routes that need a session")
    func apiKeyWrites() async throws {
        let callers = try await Callers()
        let own = try await things(callers)
        let third = try await callers.installation.client(user: "3")
        let theirs = try await things(callers, of: "3", third)
        let key = try await callers.apiKey(user: "3")
        var written = 0
        for route in try await routes(callers) where !route.isPublic && route.method != "GET" {
            let session = try await route.send(callers.user, own)
            let program = try await route.send(key, theirs)
            if route.template.hasPrefix("/api/v1/users/") {
                #expect(program.status == 403, "\(route.method) \(route.template)")
            } else {
                #expect(program.status == session.status, "\(route.method) \(route.template): \(program.text)")
            }
            #expect(session.status < 500, "\(route.method) \(route.template): \(session.text)")
            if session.status < 300 { written += 1 }
        }
        #expect(written > 8, "the bodies are such that things happen")
        // Roles are a session's: the key of a superuser is that of a user.
        let rootKey = try await callers.apiKey(user: "root")
        let id = theirs["id"] ?? ""
        for method in ["PATCH", "DELETE"] {
            let body = method == "PATCH" ? "{}" : nil
            #expect(try await rootKey.send(method, "/api/admin/userIntegration/\(id)", body: body).status == 401)
        }
        try await Case("PATCH", "/external-accounts/discord-sync", 403).run(rootKey)
        try await Case("POST", "/external-accounts/users", #"{"action":"discord-users-sync"}"#, 403).run(rootKey)
        for (method, path, body) in [
            ("POST", "/api/v1/users/3/integrations/kai/flo/oauth2callback", #"{"code":"a"}"#),
            ("PATCH", "/api/v1/users/3/integrations/arc", #"{"iidx":"a"}"#),
        ] {
            #expect(try await key.send(method, path, body: body).status == 403)
        }
    }
}
