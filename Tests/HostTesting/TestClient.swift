// HTTP for tests: requests with a session, answers as JSON. Follows no redirect, so that tests see each one.

import HTTPClient
package import ProviderSDK

/// An answer of the host or of a stand-in.
package struct TestResponse: Sendable {
    package let status: Int
    package let headers: [NamedValue]
    package let body: [UInt8]

    package init(status: Int, headers: [NamedValue], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body as JSON; null when it is none.
    package var json: JSONValue { (try? JSONValue.parse(body)) ?? .null }

    package var text: String { String(decoding: body, as: UTF8.self) }
}

/// Sends requests to one origin.
package struct TestClient: Sendable {
    package let origin: String
    /// The session token sent with every request; nil sends none.
    package var token: String?
    /// The header fields sent with every request, besides the session.
    private var fields: [(name: String, value: String)] = []
    /// Whether an answer that the host's OpenAPI document does not promise fails the test.
    private var checksAnswers = false
    private let client: HTTPClient

    /// The one client of all tests: each would have a thread and connections of its own.
    private static let shared = Result {
        var configuration = HTTPClient.Configuration()
        configuration.addressPolicy = .any
        configuration.transfersMax = 1024
        configuration.transfersPerHostMax = 128
        return try HTTPClient(configuration)
    }

    package init(_ origin: String, token: String? = nil) throws {
        self.origin = origin
        self.token = token
        client = try Self.shared.get()
    }

    /// A client with separate connections that trusts the certificates in the file `authorities`.
    package init(_ origin: String, token: String? = nil, authorities: String) throws {
        self.origin = origin
        self.token = token
        var configuration = HTTPClient.Configuration()
        configuration.addressPolicy = .any
        configuration.certificateAuthoritiesFile = authorities
        client = try HTTPClient(configuration)
    }

    /// The same client with another session.
    package func with(token: String?) -> TestClient {
        var copy = self
        copy.token = token
        return copy
    }

    /// The same client, which checks each answer against the host's OpenAPI document.
    var checked: TestClient {
        var copy = self
        copy.checksAnswers = true
        return copy
    }

    /// The same client, which takes any answer.
    package var unchecked: TestClient {
        var copy = self
        copy.checksAnswers = false
        return copy
    }

    /// The same client with one more header field in every request.
    package func with(field name: String, _ value: String) -> TestClient {
        var copy = self
        copy.fields.append((name, value))
        return copy
    }

    /// Sends a request.
    ///
    /// - Parameters:
    ///   - target: a path of the origin, or an absolute URL.
    ///   - body: sent as `application/json` unless `headers` says otherwise.
    package func send(
        _ method: String, _ target: String, body: String? = nil, headers: [(name: String, value: String)] = []
    ) async throws -> TestResponse {
        var fields = fields + headers
        if let token { fields.append(("Authorization", "Bearer \(token)")) }
        if body != nil, !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            fields.append(("Content-Type", "application/json"))
        }
        let url = target.hasPrefix("/") ? origin + target : target
        let response = try await client.send(
            HTTPClient.Request(
                method: HTTPClient.Method(rawValue: method) ?? .get, url: url, headers: fields,
                body: body.map { Array($0.utf8) }))
        let answer = TestResponse(
            status: response.status, headers: response.headers.all.map { NamedValue($0.name, $0.value) },
            body: response.body)
        if checksAnswers, target.hasPrefix("/") { try await ServedContracts.check(method, target, answer, by: self) }
        return answer
    }

    package func get(_ target: String) async throws -> TestResponse { try await send("GET", target) }

    package func post(_ target: String, _ body: String) async throws -> TestResponse {
        try await send("POST", target, body: body)
    }
}
