// The external-accounts document, tokens in detail: its own example as it is printed, tokens and moments of every form, and whose a
// token is once it was used.

import HostTesting
import ProviderSDK
import Testing

@Suite("External accounts document: tokens", .timeLimit(.minutes(5)))
struct ExternalAccountTokenTests {
    private static let missing = #"{"statusCode":404,"error":"Not Found","message":"No data found"}"#

    private func body(_ token: String, _ attributes: String = #""expiry":4102444800000"#) -> String {
        #"{"token":"\#(token)","attributes":{"discordId":"discord123",\#(attributes)}}"#
    }

    @Test("The document's example is accepted as printed and is expired by now")
    func example() async throws {
        let callers = try await Callers()
        let example = """
            {
              "token": "unique-token-123",
              "attributes": {
                "discordId": "discord123",
                "discordJoinedAt": 1705320000000,
                "expiry": 1705507200000
              }
            }
            """
        let added = try await Case("POST", "/external-accounts", example, 201).run(callers.bot)
        #expect(added.text == #"{"message":"Added external account data successfully"}"#)
        for (method, path) in [("GET", "/external-accounts/"), ("PATCH", "/external-accounts/link/")] {
            let expired = try await Case(method, path + "unique-token-123", 401).run(callers.user)
            #expect(
                expired.text
                    == #"{"statusCode":401,"error":"Unauthorized","message":"Token Expired. Please generate it again"}"#
            )
        }
    }

    @Test("The document's answers: the data of a token, the link, and every error's status and name")
    func answers() async throws {
        let callers = try await Callers()
        let attributes = #"{"discordId":"discord123","discordJoinedAt":1705320000000,"expiry":4102444800000}"#
        let body = #"{"token":"unique-token-123","attributes":\#(attributes)}"#
        try await Case("POST", "/external-accounts", body, 201).run(callers.bot)
        let read = try await Case("GET", "/external-accounts/unique-token-123", 200).run(callers.user)
        #expect(read.text == #"{"message":"Data returned successfully","attributes":\#(attributes)}"#)
        let linked = try await Case("PATCH", "/external-accounts/link/unique-token-123", 204).run(callers.user)
        #expect(linked.body.isEmpty && linked.header("Content-Type") == nil, "HTTP forbids the body that is shown")
        for (client, entry, name) in [
            (callers.bot, Case("POST", "/external-accounts", "{}", 400), "Bad Request"),
            (callers.user, Case("POST", "/external-accounts", body, 401), "Unauthorized"),
            (callers.bot, Case("POST", "/external-accounts", body, 409), "Conflict"),
            (callers.nobody, Case("GET", "/external-accounts/unique-token-123", 401), "Unauthorized"),
            (callers.user, Case("GET", "/external-accounts/none", 404), "Not Found"),
            (callers.nobody, Case("PATCH", "/external-accounts/link/unique-token-123", 401), "Unauthorized"),
            (callers.user, Case("PATCH", "/external-accounts/link/none", 404), "Not Found"),
            (callers.nobody, Case("PATCH", "/external-accounts/discord-sync", 401), "Unauthorized"),
            (callers.user, Case("PATCH", "/external-accounts/discord-sync", 403), "Forbidden"),
            (callers.superuser, Case("POST", "/external-accounts/users", #"{"data":{}}"#, 400), "Bad Request"),
            (callers.nobody, Case("POST", "/external-accounts/users", "{}", 401), "Unauthorized"),
            (callers.user, Case("POST", "/external-accounts/users", "{}", 403), "Forbidden"),
        ] {
            let response = try await entry.run(client)
            #expect(response.json["statusCode"]?.integer == Int64(entry.status))
            #expect(response.json["error"]?.string == name, "\(entry.method) \(entry.path)")
            #expect(response.json["message"]?.string?.isEmpty == false)
            #expect(response.json.members?.count == 3)
        }
    }

    @Test("A used link token is visible to its user and to services, not to other users")
    func usedTokens() async throws {
        let callers = try await Callers()
        try await Case("POST", "/external-accounts", body("t"), 201).run(callers.bot)
        let everybody = [callers.user, callers.other, callers.superuser, callers.bot, callers.service]
        for client in everybody { try await Case("GET", "/external-accounts/t", 200).run(client) }
        try await Case("PATCH", "/external-accounts/link/t", 204).run(callers.user)
        for client in [callers.user, try await callers.apiKey(user: "1"), callers.bot, callers.service] {
            try await Case("GET", "/external-accounts/t", 200).run(client)
        }
        for client in [callers.other, callers.superuser, try await callers.apiKey(user: "2")] {
            for path in ["/external-accounts/", "/external-accounts/link/"] {
                let method = path.hasSuffix("link/") ? "PATCH" : "GET"
                let foreign = try await Case(method, path + "t", 404).run(client)
                #expect(foreign.text == Self.missing)
                #expect(comparable(foreign) == comparable(try await client.send(method, path + "missing")))
            }
        }
    }

    @Test("A token is any text, and its path is its percent-encoding")
    func oddTokens() async throws {
        let callers = try await Callers()
        let longest = String(repeating: "x", count: 512)
        for (token, path) in [
            ("users", "users"), ("link", "link"), ("discord-sync", "discord-sync"), ("a b", "a%20b"),
            ("a/b", "a%2Fb"), ("%2f", "%252f"), ("..", "%2e%2e"), ("é", "%C3%A9"), ("😀", "%F0%9F%98%80"),
            (longest, longest),
        ] {
            try await Case("POST", "/external-accounts", body(token), 201).run(callers.bot)
            try await Case("GET", "/external-accounts/\(path)", 200).run(callers.user)
        }
        // What only looks the same, and what is no text, is no token; that is told to those who may ask.
        for path in ["e%CC%81", "%00", "%FF", "..%00", "Users", "users%20", longest + "x"] {
            #expect(try await Case("GET", "/external-accounts/\(path)", 404).run(callers.user).text == Self.missing)
            #expect(
                try await Case("PATCH", "/external-accounts/link/\(path)", 404).run(callers.user).text == Self.missing)
            try await Case("GET", "/external-accounts/\(path)", 401).run(callers.nobody)
        }
        try await Case("PATCH", "/external-accounts/link/a%2Fb", 204).run(callers.user)
    }

    @Test("Times are accepted in every form of a number and returned unchanged")
    func moments() async throws {
        let callers = try await Callers()
        for (number, (attribute, status)) in [
            (#""discordJoinedAt":1705320000000"#, 200), (#""discordJoinedAt":"2024-01-15T12:00:00Z""#, 200),
            (#""discordJoinedAt":"2026-05-14T06:06:28.058000+00:00""#, 200), (#""discordJoinedAt":0"#, 200),
            (#""expiry":0"#, 200), (#""expiry":4.1024448e12"#, 200), (#""expiry":4102444800000.0"#, 200),
            (#""expiry":8640000000000000"#, 200), (#""expiry":9007199254740993"#, 200), (#""expiry":1"#, 401),
            (#""expiry":1.7e12"#, 401),
        ].enumerated() {
            try await Case("POST", "/external-accounts", body("t\(number)", attribute), 201).run(callers.bot)
            let read = try await Case("GET", "/external-accounts/t\(number)", status).run(callers.user)
            guard status == 200 else { continue }
            let attributes = #"{"discordId":"discord123",\#(attribute)}"#
            #expect(read.text == #"{"message":"Data returned successfully","attributes":\#(attributes)}"#)
        }
    }
}
