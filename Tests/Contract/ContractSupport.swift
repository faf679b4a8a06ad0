// What the contract tests share: one host with stand-ins, clients for the kinds of callers, and comparisons of answers with the
// examples of the documents.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

/// A host with clients for everybody who may call it.
struct Callers {
    let installation: TestInstallation
    /// A user, whose id is a number as in the documents' examples.
    let user: TestClient
    let other: TestClient
    let superuser: TestClient
    let bot: TestClient
    let service: TestClient
    let nobody: TestClient

    static let unlimited = "\"rateLimits\":{\"connectionCreation\":0,\"sync\":0,\"oauth\":0,\"status\":0}"

    init(
        extra: String = Callers.unlimited, logLevel: String = "warning", environment: [String: String] = [:]
    ) async throws {
        installation = try await TestInstallation(extra: extra, logLevel: logLevel, environment: environment)
        user = try await installation.client(user: "1")
        other = try await installation.client(user: "2")
        superuser = try await installation.client(user: "root", flags: ["--role", "superuser"])
        bot = try await installation.client(user: "bot", flags: ["--kind", "bot"])
        service = try await installation.client(user: "cron", flags: ["--kind", "service"])
        nobody = try await installation.client(user: nil)
    }

    /// A client with a new API key of `user`, made beside the running host.
    func apiKey(user: String) async throws -> TestClient {
        let made = try await HostProcess.run(["api-key", "create", "--user", user, "--data", installation.data])
        guard made.code == 0 else { throw HostProcessError(description: made.errors) }
        return nobody.with(token: String(made.output.dropLast()))
    }
}

/// A request with the answer that the document promises.
struct Case: Sendable {
    let method: String
    let path: String
    var body: String?
    var contentType: String? = "application/json"
    let status: Int

    init(_ method: String, _ path: String, _ status: Int) {
        self.method = method
        self.path = path
        self.status = status
    }

    init(_ method: String, _ path: String, _ body: String, type: String? = nil, _ status: Int) {
        self.method = method
        self.path = path
        self.body = body
        if let type { contentType = type }
        self.status = status
    }

    /// Sends the request and expects the status.
    @discardableResult
    func run(_ client: TestClient, _ location: SourceLocation = #_sourceLocation) async throws -> TestResponse {
        let headers: [(name: String, value: String)] =
            body == nil ? [] : contentType.map { [("Content-Type", $0)] } ?? []
        let response = try await client.send(method, path, body: body, headers: headers)
        #expect(
            response.status == status, "\(method) \(path) \(body ?? "") → \(response.text)", sourceLocation: location)
        if response.status != 204 {
            #expect(response.json.members != nil, "\(method) \(path): no JSON", sourceLocation: location)
        }
        return response
    }
}

/// What a foreign thing must answer exactly as a missing one: everything but what is different for every request.
func comparable(_ response: TestResponse, without texts: [String] = []) -> String {
    let changing: Set = ["x-correlation-id", "x-duration-ms", "date", "x-ratelimit-remaining", "x-ratelimit-reset"]
    let headers = response.headers.filter { !changing.contains($0.name.lowercased()) }
        .map { "\($0.name.lowercased()): \($0.value)" }.sorted()
    var body = response.text
    if let range = body.range(of: ",\"duration\":"), body.hasSuffix("}") {
        body = String(body[..<range.lowerBound]) + "}"
    }
    for text in texts { body = body.split(separator: text, omittingEmptySubsequences: false).joined(separator: "…") }
    return (["\(response.status)"] + headers.filter { !$0.hasPrefix("content-length") } + [body]).joined(
        separator: "\n")
}

/// Bodies that are no JSON object that a route could mean.
let malformedBodies = [
    "", "{", "[]", "null", "\"text\"", "1", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{'a':1}", "{\"a\":01}", "\u{FEFF}{}",
    "{\"a\":1}{}", "{\"a\":\"\\ud800\"}",
]
