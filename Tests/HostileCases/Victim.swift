// The host that the cases attack: where it is, and what the attacker has of it.

import Foundation
package import HostTesting
package import ProviderSDK
import TestSupport

/// A running host, seen from outside.
package struct Victim: Sendable {
    package let address: UInt32
    package let port: UInt16
    /// The session of a user; nil leaves out the cases that need one.
    package var token: String?
    /// The session of another user.
    package var otherToken: String?
    /// The key of an application; nil leaves out the cases that need one.
    package var applicationKey: String?
    /// A page of the application that links may return to.
    package var returnTo = "https://app.example.com/callback"
    /// A provider with OAuth that the host has settings for.
    package var service = "xero"
    /// A redirect URI that the host allows.
    package var redirectURI: String
    /// The connection of the user that the cases share.
    private let connection = SharedConnection()

    /// A host at a place such as `127.0.0.1:8080` or `http://127.0.0.1:8080`; nil for a place that is not an IPv4 address and a port.
    package init?(_ place: String) {
        let text = place.hasPrefix("http://") ? place.dropFirst(7) : place[...]
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let port = UInt16(parts[1]), port > 0 else { return nil }
        let name = parts[0] == "localhost" ? "127.0.0.1" : parts[0]
        let numbers = name.split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
        guard numbers.count == 4 else { return nil }
        address = numbers.reduce(0) { $0 << 8 | UInt32($1) }
        self.port = port
        redirectURI = "http://\(name):\(port)/api/integrations/oauth/xero/callback"
    }

    /// Whether it runs on this machine.
    package var isLoopback: Bool { address >> 24 == 127 }

    /// Runs blocking work with a new connection to the host.
    package func connected<Value: Sendable>(
        _ work: @escaping @Sendable (RawConnection) throws -> Value
    ) async throws -> Value {
        let (address, port) = (address, port)
        return try await onOwnThread {
            guard let connection = RawConnection(address, port) else { throw VictimError.unreachable }
            return try work(connection)
        }
    }

    /// All answers to `text`, up to the end of the connection.
    package func exchange(_ text: String) async throws -> [TestResponse] {
        try await connected { connection in
            connection.send(Array(text.utf8))
            connection.finishSending()
            return TestResponse.all(in: connection.read(within: .seconds(15)))
        }
    }

    /// The one answer to a well-formed request; `target` is sent as it is.
    package func send(
        _ method: String, _ target: String, body: String? = nil, token: String? = nil, fields: String = ""
    ) async throws -> TestResponse {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(fields)"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
        guard let answer = try await exchange(head + "\r\n" + (body ?? "")).last else { throw VictimError.silent }
        return answer
    }

    /// The id of a connection of the user; made when it is first asked for.
    package func connectionID() async throws -> String { try await connection.id(of: self) }

    /// Whether an authorization with the allowed redirect URI begins: without that, a refusal proves nothing.
    package func isAuthorizing() async throws -> Bool { try await connection.isAuthorizing(for: self) }

    /// Whether the application can make a link that returns to the allowed page.
    package func isLinking() async throws -> Bool { try await connection.isLinking(for: self) }

    /// The id of the user, from the session.
    package var userID: String? { token.flatMap(Self.claims)?["sub"]?.string }

    /// The claims of a token, unverified.
    package static func claims(_ token: String) -> JSONValue? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        var text = parts[1].replacing("-", with: "+").replacing("_", with: "/")
        text += String(repeating: "=", count: (4 - text.count % 4) % 4)
        guard let data = Data(base64Encoded: String(text)) else { return nil }
        return try? JSONValue.parse([UInt8](data))
    }
}

/// Why a case could not be tried.
package enum VictimError: Error, CustomStringConvertible {
    case unreachable
    case silent
    case noConnection(String)

    package var description: String {
        switch self {
        case .unreachable: "the host accepts no connection"
        case .silent: "the host did not answer a well-formed request"
        case .noConnection(let text): "the host made no connection to try this with: \(text)"
        }
    }
}

/// What all cases share, so that they do not use up rate limits: one connection of the user, and one authorization that begins.
private actor SharedConnection {
    private var made: Task<String, any Error>?
    private var authorizes: Task<Bool, any Error>?
    private var links: Task<Bool, any Error>?

    func isLinking(for victim: Victim) async throws -> Bool {
        if let links { return try await links.value }
        let task = Task {
            let answer = try await victim.send(
                "POST", "/api/connect/sessions",
                body: "{\"userId\":\"1\",\"returnTo\":\(JSONValue.string(victim.returnTo))}",
                token: victim.applicationKey)
            return answer.status == 201
        }
        links = task
        return try await task.value
    }

    func isAuthorizing(for victim: Victim) async throws -> Bool {
        if let authorizes { return try await authorizes.value }
        let task = Task {
            let answer = try await victim.send(
                "GET",
                "/api/integrations/oauth/\(victim.service)/authorize?redirectUri=\(Attack.escaped(victim.redirectURI))",
                token: victim.token)
            return answer.status < 400
        }
        authorizes = task
        return try await task.value
    }

    func id(of victim: Victim) async throws -> String {
        if let made { return try await made.value }
        let task = Task {
            let answer = try await victim.send(
                "POST", "/api/integrations/connections", body: "{\"service\":\"\(victim.service)\"}",
                token: victim.token)
            guard let id = answer.json.at("connection.id")?.string ?? answer.json["connectionId"]?.string else {
                throw VictimError.noConnection(answer.text)
            }
            return id
        }
        made = task
        return try await task.value
    }
}
