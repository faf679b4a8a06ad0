// The users of an installation and their connections at the running host: who may see them, page by page, and what an erasure leaves.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Users over HTTP", .timeLimit(.minutes(5)))
struct UserRouteTests {
    /// A client with a new application key.
    private func application(_ callers: Callers, _ scopes: String) async throws -> TestClient {
        let answer = try await callers.superuser.send(
            "POST", "/api/app-keys", body: #"{"name":"back end","scopes":["\#(scopes)"]}"#)
        return callers.nobody.with(token: try #require(answer.json["secret"]?.string))
    }

    /// All entries of a list, page by page, and the number of pages.
    private func all(
        _ client: TestClient, _ path: String, _ member: String
    ) async throws -> (entries: [JSONValue], pages: Int) {
        var entries: [JSONValue] = []
        var cursor = ""
        for page in 1...100 {
            let mark = path.contains("?") ? "&" : "?"
            let answer = try await client.get("\(path)\(mark)cursor=\(cursor)")
            #expect(answer.status == 200, "\(answer.text)")
            entries += answer.json[member]?.array ?? []
            guard let next = answer.json["nextCursor"]?.string else { return (entries, page) }
            cursor = next
        }
        throw HostProcessError(description: "the list of \(path) does not end")
    }

    /// The files of the data directory whose name or content has one of `texts`.
    ///
    /// The audit log keeps the ids of connections, and none of users.
    private func files(of callers: Callers, with texts: [String]) throws -> [String] {
        let root = callers.installation.data
        return try FileManager.default.subpathsOfDirectory(atPath: root).filter { path in
            let content = FileManager.default.contents(atPath: "\(root)/\(path)") ?? Data()
            return texts.contains { text in
                if path.hasPrefix("audit/"), text.hasPrefix("conn-") { return false }
                return path.contains(text) || content.range(of: Data(text.utf8)) != nil
            }
        }
    }

    /// Gives a user a linked Discord account.
    private func link(_ callers: Callers, _ client: TestClient, account: String) async throws {
        let body = #"{"token":"token-of-\#(account)","attributes":{"discordId":"\#(account)"}}"#
        try await Case("POST", "/external-accounts", body, 201).run(callers.bot)
        try await Case("PATCH", "/external-accounts/link/token-of-\(account)", 204).run(client)
    }

    @Test("The pages list every user once, whatever their size")
    func pages() async throws {
        let callers = try await Callers()
        var ids: [String] = []
        for number in 1...5 {
            let id = number == 3 ? "Ünï @\(number)" : "person-\(number)"
            ids.append(id)
            _ = try await callers.installation.connect("stripe", callers.installation.client(user: id))
        }
        let client = try await application(callers, "users")
        for limit in [1, 2, 5, 200] {
            let found = try await all(client, "/api/users?limit=\(limit)", "users")
            #expect(found.entries.compactMap { $0["id"]?.string }.sorted() == ids.sorted())
            #expect(found.pages == (5 + limit - 1) / limit)
            #expect(found.entries.allSatisfy { $0["connections"] == 1 && $0["services"] == ["stripe"] })
        }
        #expect(try await client.get("/api/users?cursor=x").status == 400)
        #expect(try await client.get("/api/users?limit=201").status == 400)
    }

    @Test("Applications with the scope and superusers see users; a user sees itself and no other")
    func callers() async throws {
        let callers = try await Callers()
        _ = try await callers.installation.connect("stripe", callers.user)
        let key = try await application(callers, "users")
        for client in [key, key.with(field: "X-User-Id", "2"), callers.superuser] {
            #expect(try await client.get("/api/users").status == 200)
            #expect(try await client.get("/api/users/1").status == 200)
            #expect(try await client.get("/api/users/2").status == 404)
        }
        let others = [
            callers.user, callers.other, callers.bot, callers.service, try await application(callers, "records"),
        ]
        for client in others {
            for path in ["/api/users", "/api/connections"] { #expect(try await client.get(path).status == 403) }
            #expect(try await client.send("DELETE", "/api/users/1").status == 403)
        }
        #expect(try await key.get("/api/connections").status == 403)
        #expect(try await callers.user.get("/api/users/1").status == 200)
        #expect(try await callers.apiKey(user: "1").get("/api/users/1").status == 200)
        for client in [callers.other, callers.bot, callers.service] {
            let foreign = try await client.get("/api/users/1")
            #expect(foreign.status == 404)
            #expect(comparable(foreign) == comparable(try await client.get("/api/users/unknown")))
        }
        for (method, path) in [
            ("GET", "/api/users"), ("GET", "/api/users/1"), ("DELETE", "/api/users/1"), ("GET", "/api/connections"),
        ] {
            #expect(try await callers.nobody.send(method, path).status == 401)
        }
    }

    @Test("A user has connections with their classes and the linked Discord account, also in the user's own session")
    func detail() async throws {
        let callers = try await Callers()
        let id = try await callers.installation.connect("stripe", callers.user)
        try await link(callers, callers.user, account: "424242424242424242")
        for client in [try await application(callers, "users"), callers.user] {
            let user = try await client.get("/api/users/1").json["user"] ?? .null
            #expect(user["id"] == "1")
            #expect(user["connections"]?[0]?["id"]?.string == id)
            #expect(user["connections"]?[0]?["class"] == "working")
            let account = try #require(user["externalAccounts"]?[0])
            #expect(account["provider"] == "discord")
            #expect(account["accountId"] == "424242424242424242")
            #expect(account["inDiscord"] == true && account["archived"] == false)
        }
    }

    @Test("An erasure ends the grants, leaves no trace in any file, and a repeat finds nothing")
    func erasure() async throws {
        let callers = try await Callers()
        let id = "person-to-erase-4711"
        let user = try await callers.installation.client(user: id)
        let connection = try await callers.installation.connect("stripe", user)
        _ = try await callers.installation.connect("xero", user)
        _ = try await callers.installation.sync(connection, user, body: #"{"dataTypes":["customers"]}"#)
        try await link(callers, user, account: "515151515151515151")
        let waiting = #"{"token":"waits","attributes":{"discordId":"515151515151515151"}}"#
        try await Case("POST", "/external-accounts", waiting, 201).run(callers.bot)
        let key = try await callers.apiKey(user: id)
        _ = try await callers.installation.connect("stripe", callers.other)
        #expect(try await user.get("/api/integrations/status").json.at("data.integrations")?.array?.count == 2)
        #expect(try await key.get("/api/integrations/connections").status == 200)
        #expect(try !files(of: callers, with: [id, "515151515151515151", connection]).isEmpty)

        let client = try await application(callers, "users")
        let erased = try await client.send("DELETE", "/api/users/\(id)")
        #expect(erased.status == 200, "\(erased.text)")
        #expect(erased.json.at("erased.connections") == 2 && erased.json.at("erased.apiKeys") == 1)
        // The account at Stripe is another user's as well, whose grant stays.
        #expect(erased.json.at("erased.revocations.revoked") == 1, "\(erased.text)")
        #expect(erased.json.at("erased.revocations.sharedAccount") == 1, "\(erased.text)")
        #expect(try files(of: callers, with: [id, "515151515151515151", connection]) == [])
        #expect(try await client.send("DELETE", "/api/users/\(id)").status == 404)
        #expect(try await client.get("/api/users/\(id)").status == 404)
        #expect(try await user.get("/api/integrations/status").json.at("data.integrations")?.array?.isEmpty == true)
        #expect(try await key.get("/api/integrations/connections").status == 401)
        #expect(try await all(client, "/api/users", "users").entries.count == 1)
        // The other user with an account of the same provider keeps it.
        #expect(try await callers.other.get("/api/integrations/connections").json["connections"]?.array?.count == 1)
        let check = try await HostProcess.run(["check", "--data", callers.installation.data])
        #expect(check.code == 0, "\(check.output)")
    }

    @Test("An erasure stops a running sync, does not wait for a silent provider, and nothing comes back")
    func late() async throws {
        let callers = try await Callers()
        let id = "person-with-a-sync"
        let user = try await callers.installation.client(user: id)
        let connection = try await callers.installation.connect("stripe", user)
        let faults = callers.installation.sandbox.url + "/_sandbox/faults"
        for match in ["/api/v1/customers", "/oauth/deauthorize"] {
            let fault =
                #"{"provider":"stripe","match":"\#(match)","count":9,"after-processing":true,"delay-ms":20000}"#
            let added = try await callers.nobody.unchecked.post(faults, fault)
            #expect(200...299 ~= added.status, "\(added.text)")
        }
        let started = try await user.post(
            "/api/integrations/connections/\(connection)/sync", #"{"dataTypes":["customers"]}"#)
        #expect(started.status == 200)
        let clock = ContinuousClock()
        let begun = clock.now
        let client = try await application(callers, "users")
        async let repeated = client.send("DELETE", "/api/users/\(id)")
        let erased = try await client.send("DELETE", "/api/users/\(id)")
        #expect(clock.now - begun < .seconds(15))
        #expect(erased.status == 200 && erased.json.at("erased.connections") == 1, "\(erased.text)")
        #expect(try await [200, 404].contains(repeated.status))
        // The answers of the provider come now, or never: nothing of the user is stored for them.
        for _ in 0..<5 {
            #expect(try await client.get("/api/users/\(id)").status == 404)
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try files(of: callers, with: [id, connection]) == [])
    }

    @Test("A user without a document but with an API key can be erased")
    func keyOnly() async throws {
        let callers = try await Callers()
        let key = try await callers.apiKey(user: "key-only")
        let client = try await application(callers, "users")
        let erased = try await client.send("DELETE", "/api/users/key-only")
        #expect(erased.status == 200 && erased.json.at("erased.apiKeys") == 1)
        #expect(try await key.get("/api/integrations").status == 401)
        #expect(try await client.send("DELETE", "/api/users/key-only").status == 404)
    }

    @Test("The list of all connections filters by class, provider and status, in pages of any size")
    func connections() async throws {
        let callers = try await Callers()
        var stripe: [String] = []
        for number in 1...4 {
            let client = try await callers.installation.client(user: "holder-\(number)")
            stripe.append(try await callers.installation.connect("stripe", client))
            _ = try await callers.installation.connect("xero", client)
        }
        // One begun and never completed.
        _ = try await callers.installation.client(user: "holder-1").post(
            "/api/integrations/connections", #"{"service":"quickbooks"}"#)
        let client = try await application(callers, "connections")
        func ids(_ query: String) async throws -> [String] {
            var found: [String]?
            for limit in [1, 3, 200] {
                let list = try await all(client, "/api/connections?limit=\(limit)&\(query)", "connections")
                let ids = list.entries.compactMap { $0["id"]?.string }
                if let found { #expect(found == ids, "limit \(limit) of \(query)") }
                found = ids
            }
            return found ?? []
        }
        #expect(try await ids("").count == 9)
        #expect(try await ids("service=stripe").sorted() == stripe.sorted())
        #expect(try await ids("service=stripe&status=connected&class=working").sorted() == stripe.sorted())
        #expect(try await ids("status=pending").count == 1)
        #expect(try await ids("class=pending&service=quickbooks").count == 1)
        #expect(try await ids("class=revoked") == [])
        #expect(try await ids("status=disconnected") == [])
        #expect(try await ids("class=working").count == 8)
        for query in ["class=x", "status=x", "cursor=x", "cursor=8c1f0a2b3c4d5e6f.x", "limit=0"] {
            #expect(try await client.get("/api/connections?\(query)").status == 400, "\(query)")
        }
        // What a list says of a connection is what its explanation says.
        let entries = try await all(client, "/api/connections", "connections").entries
        for entry in entries {
            let user = try #require(entry["userId"]?.string)
            let id = try #require(entry["id"]?.string)
            let explained = try await client.with(field: "X-User-Id", user).get(
                "/api/integrations/connections/\(id)/explain")
            #expect(explained.json.at("explanation.class") == entry["class"])
        }
    }
}
