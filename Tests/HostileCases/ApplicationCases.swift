// What applications, bots and operators may do, tried by others; what an application tries beyond its users; and links that lead out of
// the connect pages.

import HostTesting
import ProviderSDK

extension Attack {
    private struct Reserved: Sendable {
        let method: String
        let path: String
        var body: String?

        init(_ method: String, _ path: String, _ body: String? = nil) {
            (self.method, self.path, self.body) = (method, path, body)
        }
    }

    /// Routes that no user's session opens; `{user}` stands for another user.
    private static let reserved = [
        Reserved("GET", "/api/users"), Reserved("GET", "/api/users/{user}"), Reserved("DELETE", "/api/users/{user}"),
        Reserved("GET", "/api/connections"), Reserved("GET", "/api/connections?status=connected"),
        Reserved("GET", "/api/app-keys"), Reserved("POST", "/api/app-keys", #"{"name":"a"}"#),
        Reserved("POST", "/api/app-keys/AAAAAAAAAAAAAAAA/rotate", "{}"),
        Reserved("DELETE", "/api/app-keys/AAAAAAAAAAAAAAAA"),
        Reserved("POST", "/api/connect/sessions", #"{"userId":"{user}","returnTo":"https://evil.example.com/"}"#),
        Reserved("GET", "/api/connect/sessions/AAAAAAAAAAAAAAAA"),
        Reserved("DELETE", "/api/connect/sessions/AAAAAAAAAAAAAAAA"),
        Reserved("PATCH", "/api/admin/userIntegration/{user}", #"{"status":"connected"}"#),
        Reserved("POST", "/external-accounts", #"{"token":"a","attributes":{"discordId":"1"}}"#),
        Reserved("POST", "/external-accounts/users", #"{"action":"discord-users-sync","userIds":["1"]}"#),
    ]

    private static let zeros = String(repeating: "A", count: 43)

    /// What is no session, and no key that exists.
    private static let strangers: [(name: String, fields: String)] = [
        ("nothing", ""), ("a made-up application key", "Authorization: Bearer ihs_AAAAAAAAAAAAAAAA_\(zeros)\r\n"),
        ("a made-up API key", "Authorization: Bearer ihk_AAAAAAAAAAAAAAAA_\(zeros)\r\n"),
        ("a made-up link", "Authorization: Bearer ihc_AAAAAAAAAAAAAAAA_\(zeros)\r\n"),
        ("a user's name and a made-up key", "X-User-Id: 1\r\nAuthorization: Bearer ihs_AAAAAAAAAAAAAAAA_\(zeros)\r\n"),
    ]

    private static func filled(_ text: String, _ user: String) -> String { text.replacing("{user}", with: user) }

    private static func send(
        _ route: Reserved, as user: String, token: String? = nil, fields: String = "", _ victim: Victim
    ) async throws -> TestResponse {
        try await victim.send(
            route.method, filled(route.path, user), body: route.body.map { filled($0, user) }, token: token,
            fields: fields)
    }

    private static func refused(_ answer: TestResponse, _ statuses: [Int]) -> Outcome {
        .of(statuses.contains(answer.status), "answered \(answer.status): \(answer.text.prefix(200))")
    }

    private static func byStranger(_ name: String, _ fields: String, _ route: Reserved) -> Attack {
        Attack(.token, "\(route.method) \(route.path) with \(name)") { victim in
            refused(try await send(route, as: "1", fields: fields, victim), [400, 401])
        }
    }

    private static func byUser(_ route: Reserved) -> Attack {
        Attack(.token, "\(route.method) \(route.path) with a user's session", need: .twoSessions) { victim in
            let user = victim.userID ?? "1"
            return refused(try await send(route, as: user, token: victim.otherToken, victim), [401, 403, 404])
        }
    }

    private static func byApplication(_ route: Reserved) -> Attack {
        Attack(.token, "\(route.method) \(route.path) with an application key", need: .application) { victim in
            refused(try await send(route, as: "1", token: victim.applicationKey, victim), [401, 403, 404])
        }
    }

    private static func naming(_ name: String, _ fields: String) -> Attack {
        Attack(.token, "an application that names \(name)", need: .application) { victim in
            let answer = try await victim.send(
                "GET", "/api/integrations/connections", token: victim.applicationKey, fields: fields)
            return refused(answer, [400])
        }
    }

    private static func altering(_ name: String, _ change: @escaping @Sendable (String) -> String) -> Attack {
        Attack(.token, "an application key \(name)", need: .application) { victim in
            let answer = try await victim.send(
                "GET", "/api/integrations/connections", token: change(victim.applicationKey ?? ""),
                fields: "X-User-Id: 1\r\n")
            return refused(answer, [401])
        }
    }

    /// Routes that only an operator opens.
    private static var operators: [Reserved] {
        reserved.filter { $0.path.hasPrefix("/api/app-keys") || $0.path.hasPrefix("/api/admin") }
    }

    private static let names: [Attack] = [
        naming("two users", "X-User-Id: 1\r\nX-User-Id: 2\r\n"), naming("no user", "X-User-Id: \r\n"),
        naming("a user with a control character", "X-User-Id: a\u{1}b\r\n"),
        naming("a user that is too long", "X-User-Id: \(String(repeating: "a", count: 2000))\r\n"),
    ]

    private static let alterations: [Attack] = [
        altering("without its last byte") { String($0.dropLast()) }, altering("with a byte more") { $0 + "A" },
        altering("with another prefix") { "ihk_" + $0.dropFirst(4) }, altering("in capitals") { $0.uppercased() },
        altering("with the secret of another") { $0.dropLast(43) + zeros },
    ]

    package static let applicationTokens: [Attack] = {
        var attacks: [Attack] = []
        for (name, fields) in strangers { attacks += reserved.map { byStranger(name, fields, $0) } }
        attacks += reserved.map(byUser)
        attacks += operators.map(byApplication)
        return attacks + names + alterations
    }()

    package static let applicationIsolation: [Attack] = [
        Attack(.isolation, "another user's list by X-User-Id with a user's session", need: .twoSessions) { victim in
            let id = try await victim.connectionID()
            let answer = try await victim.send(
                "GET", "/api/integrations/connections", token: victim.otherToken,
                fields: "X-User-Id: \(victim.userID ?? "1")\r\n")
            return .of(!answer.text.contains(id), "listed: \(answer.text.prefix(200))")
        },
        Attack(.isolation, "another user's connection by an application that acts for a user", need: .application) {
            victim in
            let id = try await victim.connectionID()
            func answer(_ id: String) async throws -> String {
                let answer = try await victim.send(
                    "GET", "/api/integrations/connections/\(id)", token: victim.applicationKey,
                    fields: "X-User-Id: someone-else\r\n")
                var members = answer.json.members ?? []
                members.removeAll { $0.key == "duration" || $0.key == "correlationId" }
                return "\(answer.status) \(members.map { "\($0.key): \($0.value)" })".replacing(id, with: "…")
            }
            let (foreign, missing) = (try await answer(id), try await answer(id.dropLast(4) + "0000"))
            return .of(foreign.hasPrefix("404") && foreign == missing, "\(foreign.prefix(200)); \(missing.prefix(200))")
        },
        Attack(.isolation, "a link for another user by an application that acts for a user", need: .application) {
            victim in
            let answer = try await victim.send(
                "POST", "/api/connect/sessions",
                body: "{\"userId\":\"someone-else\",\"returnTo\":\(JSONValue.string(victim.returnTo))}",
                token: victim.applicationKey, fields: "X-User-Id: someone\r\n")
            return .of(answer.status == 400, "answered \(answer.status): \(answer.text.prefix(200))")
        },
    ]

    // MARK: Links

    private static func returning(_ name: String, _ make: @escaping @Sendable (String) -> String) -> Attack {
        Attack(.redirect, "a link that returns to the allowed page with \(name)", need: .application) { victim in
            let body = "{\"userId\":\"1\",\"returnTo\":\(JSONValue.string(make(victim.returnTo)))}"
            let answer = try await victim.send(
                "POST", "/api/connect/sessions", body: body, token: victim.applicationKey)
            guard answer.status == 400 else { return refused(answer, [400]) }
            // Without an allowed page a refusal proves nothing.
            return try await victim.isLinking() ? .refused : .skipped("the host makes no link to the allowed page")
        }
    }

    private static func leading(_ name: String, _ target: String) -> Attack {
        Attack(.redirect, name) { victim in
            let answer = try await victim.send("GET", target, fields: "Accept: text/html\r\n")
            let location = answer.header("Location") ?? "/"
            guard location.hasPrefix("/"), !location.hasPrefix("//") else {
                return .cameThrough("leads to \(location)")
            }
            guard answer.header("Set-Cookie") == nil else { return .cameThrough("the browser got a cookie") }
            return .of(answer.status >= 300, "answered \(answer.status): \(answer.text.prefix(200))")
        }
    }

    private static let targets: [(name: String, target: String)] = [
        ("a made-up link", "/connect?session=ihc_AAAAAAAAAAAAAAAA_\(zeros)"), ("a link without a token", "/connect"),
        ("a link with two tokens", "/connect?session=a&session=b"),
        ("a return address in the query", "/connect?session=a&returnTo=https%3A%2F%2Fevil.example.com%2F"),
        ("a session that no browser opened", "/connect/AAAAAAAAAAAAAAAA"),
        ("a result of a session that no browser opened", "/connect/AAAAAAAAAAAAAAAA/result"),
        ("an end of a session that no browser opened", "/connect/AAAAAAAAAAAAAAAA/cancel"),
        ("an outcome that the host did not sign", "/connect/result?outcome=AAAA.AAAA"),
        ("a path that looks like another host", "//evil.example.com/connect"),
        ("a walk out of the pages", "/connect/..%2f..%2fevil.example.com"),
    ]

    package static let links: [Attack] = {
        var attacks = variants.map { returning($0.name, $0.make) }
        attacks += targets.map { leading($0.name, $0.target) }
        return attacks
    }()
}
