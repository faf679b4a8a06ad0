// What belongs to another user: it answers exactly as what does not exist, however its id is written.

import Foundation
import HostTesting
import ProviderSDK

extension Attack {
    private struct Route: Sendable {
        let method: String
        let path: String
        var body: String?

        init(_ method: String, _ path: String, _ body: String? = nil) {
            (self.method, self.path, self.body) = (method, path, body)
        }
    }

    /// Routes of one connection; `{id}` stands for it.
    private static let routes = [
        Route("GET", "/api/integrations/connections/{id}"),
        Route("PATCH", "/api/integrations/connections/{id}", #"{"settings":{"syncFrequency":"daily"}}"#),
        Route("DELETE", "/api/integrations/connections/{id}"),
        Route("GET", "/api/integrations/connections/{id}/explain"),
        Route("POST", "/api/integrations/connections/{id}/sync", #"{"syncType":"full"}"#),
        Route("GET", "/api/integrations/connections/{id}/sync"),
        Route("GET", "/api/integrations/connections/{id}/syncs"),
        Route("GET", "/api/integrations/connections/{id}/records"),
        Route("GET", "/api/integrations/connections/{id}/dead-letters"),
        Route("POST", "/api/integrations/connections/{id}/dead-letters/replay", #"{"ids":[]}"#),
        Route("GET", "/api/integrations/connections/{id}/webhook-secret"),
        Route("POST", "/api/integrations/connections/{id}/webhook-secret/rotate"),
        Route("GET", "/api/integrations/connections/{id}/webhook-deliveries"),
        Route("POST", "/api/integrations/connections/{id}/webhook-deliveries/test"),
        Route("POST", "/api/integrations/connections/{id}/webhook-deliveries/evt-1/redeliver"),
        Route("GET", "/api/userIntegration/{id}"),
    ]

    /// Ways to write an id.
    private static let writings: [(name: String, write: @Sendable (String) -> String)] = [
        ("as it is", \.self), ("with an escaped letter", { $0.replacing("c", with: "%63") }),
        ("in capitals", { $0.uppercased() }), ("behind a walk upwards", { "x/../\($0)" }),
        ("behind an escaped walk upwards", { "x%2f..%2f\($0)" }), ("behind a dot", { "./\($0)" }),
        ("behind a slash", { "/\($0)" }), ("with a slash behind it", { "\($0)/" }), ("with a NUL", { "\($0)%00" }),
        ("with a parameter", { "\($0);x" }), ("with a space", { "%20\($0)" }), ("with a CR LF", { "\($0)%0d%0a" }),
        ("escaped twice", { $0.replacing("c", with: "%2563") }), ("with a wildcard", { $0.dropLast(3) + "*" }),
    ]

    /// Ways to write a user's id.
    private static let users: [(name: String, write: @Sendable (String, String) -> String)] = [
        ("as it is", { other, _ in other }),
        ("escaped", { other, _ in other.utf8.map { "%" + String($0, radix: 16) }.joined() }),
        ("with a zero", { other, _ in "0\(other)" }), ("with a NUL", { other, _ in "\(other)%00" }),
        ("with a space", { other, _ in "\(other)%20" }), ("with a newline", { other, _ in "\(other)%0a" }),
        ("behind a walk upwards", { other, own in "\(own)/../\(other)" }),
        ("behind an escaped walk upwards", { other, own in "\(own)%2f..%2f\(other)" }),
        ("in a list", { other, own in "\(own),\(other)" }), ("as a parameter", { other, own in "\(own);\(other)" }),
        ("in full-width digits", { _, _ in "%ef%bc%91" }), ("with a plus", { other, _ in "+\(other)" }),
    ]

    package static let isolation: [Attack] =
        routes.map { route in
            Attack(.isolation, "\(route.method) \(route.path) of another user", need: .twoSessions) { victim in
                try await compare(route, try await victim.connectionID(), victim)
            }
        }
        + writings.dropFirst().map { name, write in
            Attack(.isolation, "another user's connection, its id \(name)", need: .twoSessions) { victim in
                let id = try await victim.connectionID()
                let answer = try await victim.send(
                    "GET", "/api/integrations/connections/\(write(id))", token: victim.otherToken)
                return .of(answer.status >= 400, "answered \(answer.status): \(answer.text.prefix(200))")
            }
        }
        + users.map { name, write in
            Attack(.isolation, "another user's integrations, the user's id \(name)", need: .twoSessions) { victim in
                let other = victim.userID ?? "1"
                let own = victim.otherToken.flatMap(Victim.claims)?["sub"]?.string ?? "2"
                let answer = try await victim.send(
                    "GET", "/api/v1/users/\(write(other, own))/integrations/arc", token: victim.otherToken)
                return .of(answer.status >= 400, "answered \(answer.status): \(answer.text.prefix(200))")
            }
        } + [
            Attack(.isolation, "a list with another user's id in the query", need: .twoSessions) { victim in
                let id = try await victim.connectionID()
                let user = victim.userID ?? "1"
                for query in ["userId=\(user)", "user=\(user)", "userId[]=\(user)", "sub=\(user)"] {
                    let answer = try await victim.send(
                        "GET", "/api/integrations/connections?\(query)", token: victim.otherToken)
                    if answer.text.contains(id) { return .cameThrough("listed with \(query)") }
                }
                return .refused
            }
        ]

    /// The answer to another user's id must be the answer to an id that does not exist.
    private static func compare(_ route: Route, _ id: String, _ victim: Victim) async throws -> Outcome {
        let unknown = String(id.dropLast(4)) + "0000"
        func shape(_ id: String) async throws -> String {
            let answer = try await victim.send(
                route.method, route.path.replacing("{id}", with: id), body: route.body, token: victim.otherToken)
            let changing: Set = [
                "x-correlation-id", "x-duration-ms", "date", "x-ratelimit-remaining", "x-ratelimit-reset",
                "content-length",
            ]
            let fields = answer.headers.filter { !changing.contains($0.name.lowercased()) }
                .map { "\($0.name): \($0.value)" }
            var members = answer.json.members ?? []
            members.removeAll { $0.key == "duration" || $0.key == "correlationId" }
            let body = members.map { "\($0.key): \($0.value)" }.joined(separator: "\n").replacing(id, with: "…")
            return (["\(answer.status)"] + fields + [body]).joined(separator: "\n")
        }
        let foreign = try await shape(id)
        guard foreign.hasPrefix("4") else { return .cameThrough(String(foreign.prefix(300))) }
        guard !foreign.hasPrefix("429") else { return .skipped("the rate limit is used up") }
        let missing = try await shape(unknown)
        return .of(foreign == missing, "another user's: \(foreign.prefix(300)); a missing one: \(missing.prefix(300))")
    }
}
