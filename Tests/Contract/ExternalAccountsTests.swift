// The external-accounts document: tokens from the bot, linking with what the provider does then, and the two ways to bring members
// up to date.

import Foundation
import HostTesting
import ProviderSDK
import Testing

@Suite("External accounts document", .timeLimit(.minutes(5)))
struct ExternalAccountsTests {
    private let far = 4_102_444_800_000

    private func body(_ token: String, account: String = "discord123", expiry: Int? = nil) -> String {
        let expiry = expiry.map { ",\"expiry\":\($0)" } ?? ""
        return
            #"{"token":"\#(token)","attributes":{"discordId":"\#(account)","discordJoinedAt":1705320000000\#(expiry)}}"#
    }

    @Test("A bot's token is kept, read back as given, and refused a second time", arguments: ["", "/"])
    func tokens(slash: String) async throws {
        let callers = try await Callers()
        let body = body("unique-token-123", expiry: far)
        let added = try await Case("POST", "/external-accounts\(slash)", body, 201).run(callers.bot)
        #expect(added.text == #"{"message":"Added external account data successfully"}"#)
        let again = try await Case("POST", "/external-accounts\(slash)", body, 409).run(callers.bot)
        #expect(again.text == #"{"statusCode":409,"error":"Conflict","message":"Token already exists"}"#)
        let read = try await Case("GET", "/external-accounts/unique-token-123", 200).run(callers.user)
        #expect(
            read.text
                == #"{"message":"Data returned successfully","attributes":{"discordId":"discord123","discordJoinedAt":1705320000000,"expiry":\#(far)}}"#
        )
        let files = try FileManager.default.subpathsOfDirectory(atPath: callers.installation.data)
        #expect(!files.contains { $0.contains("unique-token-123") }, "the token itself is not kept")
        try await Case("POST", "/external-accounts", self.body("old", expiry: 1_705_507_200_000), 201).run(callers.bot)
        for (method, path) in [("GET", "/external-accounts/old"), ("PATCH", "/external-accounts/link/old")] {
            let expired = try await Case(method, path, 401).run(callers.user)
            #expect(
                expired.text
                    == #"{"statusCode":401,"error":"Unauthorized","message":"Token Expired. Please generate it again"}"#
            )
        }
        for path in ["/external-accounts/missing", "/external-accounts/\(String(repeating: "x", count: 2000))"] {
            let missing = try await Case("GET", path, 404).run(callers.user)
            #expect(missing.text == #"{"statusCode":404,"error":"Not Found","message":"No data found"}"#)
        }
        try await Case("PATCH", "/external-accounts/link/missing", 404).run(callers.user)
    }

    @Test("Linking removes the unverified role, and reports a failure without losing the link")
    func link() async throws {
        let callers = try await Callers()
        for token in ["one", "two"] {
            try await Case("POST", "/external-accounts", body(token, account: "424242424242424242"), 201).run(
                callers.bot)
        }
        // Somebody who has left the server has no role to lose: nothing is left to be done.
        let linked = try await Case("PATCH", "/external-accounts/link/one", 204).run(callers.user)
        #expect(linked.body.isEmpty)
        try await Case("PATCH", "/external-accounts/link/one", 204).run(callers.user)
        let foreign = try await Case("PATCH", "/external-accounts/link/one", 404).run(callers.other)
        let missing = try await Case("PATCH", "/external-accounts/link/missing", 404).run(callers.other)
        #expect(comparable(foreign) == comparable(missing))
        await callers.installation.sandbox.terminate()
        let failed = try await Case("PATCH", "/external-accounts/link/two", 500).run(callers.other)
        #expect(failed.json["statusCode"] == 500)
        #expect(failed.json["message"]?.string?.hasPrefix("User details updated but") == true)
        for (method, client, path, status) in [
            ("PATCH", callers.superuser, "/external-accounts/discord-sync", 503),
            ("POST", callers.service, "/external-accounts/users", 500),
        ] {
            let response = try await client.send(
                method, path, body: method == "POST" ? #"{"action":"discord-users-sync"}"# : nil)
            #expect(response.status == status)
            #expect(response.json["statusCode"]?.integer == Int64(status))
            if status == 503 { #expect(response.header("Retry-After") == "60") }
            expectDeprecation(response, method == "PATCH")
        }
    }

    @Test("Linking a member who has the unverified role leaves the member without it, and with all others")
    func role() async throws {
        let callers = try await Callers()
        let sandbox = try await callers.nobody.get("\(callers.installation.sandbox.url)/_sandbox/providers").json
        let settings = sandbox.at("discord.settings") ?? .null
        let guild = "\(sandbox.at("discord.endpoints.api")?.string ?? "")/guilds/\(settings["guildId"]?.string ?? "")"
        let headers = [
            (name: "Authorization", value: "Bot \(settings["botToken"]?.string ?? "")"),
            (name: "User-Agent", value: "DiscordBot (https://tests.example.com, 1.0)"),
        ]
        let unverified: JSONValue = settings["unverifiedRoleId"] ?? .null
        let members = try await callers.nobody.send("GET", "\(guild)/members?limit=1000", headers: headers).json
        let member = members.array?.first { $0["roles"]?.array?.contains(unverified) == true } ?? .null
        let account = member.at("user.id")?.string ?? ""
        try await Case("POST", "/external-accounts", body("role", account: account), 201).run(callers.bot)
        try await Case("PATCH", "/external-accounts/link/role", 204).run(callers.user)
        let after = try await callers.nobody.send("GET", "\(guild)/members/\(account)", headers: headers).json
        #expect(after["roles"]?.array == member["roles"]?.array?.filter { $0 != unverified })
        try await Case("PATCH", "/external-accounts/link/role", 204).run(callers.user)
    }

    @Test("Membership at the provider decides who is deactivated and who is restored")
    func members() async throws {
        let callers = try await Callers()
        try await Case("POST", "/external-accounts", body("gone", account: "424242424242424242"), 201).run(callers.bot)
        try await Case("PATCH", "/external-accounts/link/gone", 204).run(callers.user)
        _ = try await callers.installation.connect("discord", callers.other)
        let own = try await callers.other.get("/api/integrations/status").json.at("data.integrations")?.array ?? []
        let account = own.first?["accountId"]?.string ?? ""
        try await Case("POST", "/external-accounts", body("here", account: account), 201).run(callers.bot)
        try await Case("PATCH", "/external-accounts/link/here", 204).run(callers.other)
        let action = #"{"action":"discord-users-sync","data":{}}"#
        let first = try await Case("POST", "/external-accounts/users", action, 200).run(callers.service)
        #expect(first.json["message"] == "Data Sync Complete")
        #expect(first.json["usersArchivedCount"] == 1)
        #expect(first.json["totalUsersProcessed"] == 2)
        #expect((first.json["rdsDiscordServerUsers"]?.integer ?? 0) > 1000, "it counts the server")
        let second = try await Case("POST", "/external-accounts/users?action=discord-users-sync", 200).run(
            callers.superuser)
        #expect(second.json["usersArchivedCount"] == 0)
        let old = try await Case("PATCH", "/external-accounts/discord-sync", 200).run(callers.superuser)
        #expect(old.json["rdsUsers"] == 2)
        #expect((old.json["discordUsers"]?.integer ?? 0) > 1000, "all pages of members are read")
        expectDeprecation(old, true)
    }

    /// The deprecated route says so once in every answer, and no other route does.
    private func expectDeprecation(
        _ response: TestResponse, _ isExpected: Bool, _ location: SourceLocation = #_sourceLocation
    ) {
        func values(_ name: String) -> [String] {
            response.headers.filter { $0.name.lowercased() == name }.map(\.value)
        }
        #expect(values("deprecation") == (isExpected ? ["@1705276800"] : []), sourceLocation: location)
        let link = #"</external-accounts/users>; rel="successor-version""#
        #expect(values("link") == (isExpected ? [link] : []), sourceLocation: location)
    }

    @Test("Invalid requests are refused in the document's shape")
    func badInput() async throws {
        let callers = try await Callers()
        let long = String(repeating: "x", count: 2000)
        for body in malformedBodies + [
            "{}", #"{"token":"t"}"#, #"{"attributes":{"discordId":"d"}}"#,
            #"{"token":1,"attributes":{"discordId":"d"}}"#,
            #"{"token":"","attributes":{"discordId":"d"}}"#, #"{"token":"\#(long)","attributes":{"discordId":"d"}}"#,
            #"{"token":"t","attributes":[]}"#, #"{"token":"t","attributes":{}}"#,
            #"{"token":"t","attributes":{"discordId":1}}"#, #"{"token":"t","attributes":{"discordId":""}}"#,
            #"{"token":"t","attributes":{"discordId":"\#(long)"}}"#,
            #"{"token":"t","attributes":{"discordId":"d","expiry":"soon"}}"#,
            #"{"token":"t","attributes":{"discordId":"d","expiry":1.5}}"#,
            #"{"token":"t","attributes":{"discordId":"d","expiry":-1}}"#,
            #"{"token":"t","attributes":{"discordId":"d","discordJoinedAt":{}}}"#,
            #"{"token":"t","attributes":{"discordId":"d","discordJoinedAt":"yesterday"}}"#,
            #"{"token":"t","attributes":{"discordId":"d","discordJoinedAt":1e17}}"#,
            #"{"token":"t","attributes":{"discordId":"d","discordJoinedAt":null}}"#,
            #"{"token":"t","attributes":{"discordId":"d","expiry":null}}"#,
            #"{"token":"t","attributes":{"discordId":"d","expiry":true}}"#,
            #"{"token":"t","attributes":{"discordId":"d","expiry":1e999}}"#,
            #"{"token":"t","attributes":{"discordId":"d","more":1e400}}"#,
            #"{"token":"t","attributes":{"discordId":"d","\#(long)":1}}"#,
            #"{"token":"t","attributes":{"discordId":"d\u0000"}}"#,
            #"{"token":"t\u0000","attributes":{"discordId":"d"}}"#, #"{"token":"t\n","attributes":{"discordId":"d"}}"#,
            #"{"token":"t","attributes":{"discordId":"d"},"more":1}"#,
            #"{"token":"t","token":"u","attributes":{"discordId":"d"}}"#,
        ] {
            let response = try await Case("POST", "/external-accounts", body, 400).run(callers.bot)
            #expect(response.json["statusCode"] == 400 && response.json["error"] == "Bad Request", "\(body)")
            #expect(response.json["message"]?.string != nil)
        }
        for body in malformedBodies.dropFirst() + [
            "{}", #"{"action":""}"#, #"{"action":1}"#, #"{"action":"unknown"}"#, #"{"action":"kai-users-sync"}"#,
            #"{"action":"discord-users-sync","data":1}"#, #"{"action":"discord-users-sync","more":1}"#,
        ] {
            try await Case("POST", "/external-accounts/users", body, 400).run(callers.service)
        }
        try await Case("POST", "/external-accounts/users", 400).run(callers.superuser)
        try await Case(
            "POST", "/external-accounts/users?action=discord-users-sync&action=discord-users-sync", 400
        ).run(callers.superuser)
        try await Case("POST", "/external-accounts", body("t"), type: "text/plain", 415).run(callers.bot)
        for (method, path) in [
            ("GET", "/external-accounts"), ("DELETE", "/external-accounts/t"), ("GET", "/external-accounts/link/t"),
            ("PATCH", "/external-accounts/kai-sync"), ("PATCH", "/external-accounts/t"),
        ] {
            let response = try await Case(method, path, 405).run(callers.user)
            #expect(response.header("Allow") != nil)
            #expect(response.json["statusCode"] == 405)
            expectDeprecation(response, false)
        }
        try await Case("GET", "/external-accounts/a/b/c", 404).run(callers.user)
    }

    @Test("Every route asks for the caller that the document names")
    func access() async throws {
        let callers = try await Callers()
        for client in [callers.nobody, callers.user, callers.superuser, callers.service] {
            let response = try await Case("POST", "/external-accounts", body("t"), 401).run(client)
            #expect(response.json["error"] == "Unauthorized")
        }
        try await Case("GET", "/external-accounts/t", 401).run(callers.nobody)
        for client in [callers.nobody, callers.bot, callers.service] {
            try await Case("PATCH", "/external-accounts/link/t", 401).run(client)
        }
        for (method, path, allowed) in [
            ("PATCH", "/external-accounts/discord-sync", false), ("POST", "/external-accounts/users", true),
        ] {
            let body = method == "POST" ? #"{"action":"unknown"}"# : nil
            for client in [callers.user, callers.bot] {
                let response = try await client.send(method, path, body: body)
                #expect(response.status == 403)
                #expect(response.json["error"] == "Forbidden")
                expectDeprecation(response, method == "PATCH")
            }
            let nobody = try await callers.nobody.send(method, path, body: body)
            #expect(nobody.status == 401)
            expectDeprecation(nobody, method == "PATCH")
            #expect((try await callers.service.send(method, path, body: body).status == 403) != allowed)
        }
    }
}
