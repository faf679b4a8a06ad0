// Connect sessions of a running host: an application makes a link, one browser opens it, and the callback takes that browser's cookie in
// place of a session.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Connect sessions at a running host", .serialized, .timeLimit(.minutes(3)))
struct ConnectSessionTests {
    static let returnTo = "https://app.example.com/settings"

    static func installation(returnTo: String = #"["\#(returnTo)"]"#) async throws -> TestInstallation {
        try await TestInstallation(
            extra:
                #""rateLimits":{"connectionCreation":0,"sync":0,"oauth":0,"status":0},"connect":{"returnTo":\#(returnTo),"branding":{"name":"Fernhill"}}"#
        )
    }

    /// A client with a new application key.
    static func application(_ installation: TestInstallation, scopes: [String] = []) async throws -> TestClient {
        let flags = scopes.flatMap { ["--scope", $0] }
        let made = try await HostProcess.run(installation.command("app-key", "create", "back end") + flags)
        guard made.code == 0 else { throw HostProcessError(description: made.errors) }
        return try await installation.client(user: nil).with(token: String(made.output.dropLast()))
    }

    /// The body of a request for a session of `u`.
    static func body(_ more: String = "") -> String {
        #"{"userId":"u","returnTo":"\#(returnTo)"\#(more.isEmpty ? "" : ",\(more)")}"#
    }

    @Test("An application makes a link, reads its state and ends it; no file holds the token")
    func application() async throws {
        let installation = try await Self.installation()
        let client = try await Self.application(installation)
        let made = try await client.post("/api/connect/sessions", Self.body(#""services":["xero"],"ttlSeconds":60"#))
        #expect(made.status == 201)
        #expect(made.json.members?.map(\.key) == ["success", "url", "token", "expiresAt", "id"])
        let token = try #require(made.json["token"]?.string)
        #expect(made.json["url"]?.string == "\(installation.host.url)/connect?session=\(token)")
        let id = try #require(made.json["id"]?.string)
        let path = "/api/connect/sessions/\(id)"
        let read = try await client.get(path)
        #expect(read.json.at("session.state") == "open" && read.json.at("session.userId") == "u")
        installation.host.kill()
        try await installation.restart()
        let later = try TestClient(installation.host.url, token: client.token)
        #expect(try await later.get(path).json.at("session.state") == "open")
        #expect(try await later.with(field: "X-User-Id", "v").get(path).status == 404)
        #expect(try await later.with(field: "X-User-Id", "u").get(path).status == 200)
        let secret = token.split(separator: "_").last.map(String.init) ?? token
        for path in try FileManager.default.subpathsOfDirectory(atPath: installation.data) {
            guard let bytes = FileManager.default.contents(atPath: installation.data + "/" + path) else { continue }
            #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(path)")
        }
        #expect(try await later.send("DELETE", path).status == 200)
        #expect(try await later.get(path).json.at("session.state") == "revoked")
        #expect(try await later.get("/api/connect/sessions/none").status == 404)
    }

    @Test("A session of another kind, a key without the scope, and wrong parameters are refused")
    func refusals() async throws {
        let installation = try await Self.installation()
        let path = "/api/connect/sessions"
        let user = try await installation.client(user: "u")
        #expect(try await user.post(path, Self.body()).status == 403)
        let narrow = try await Self.application(installation, scopes: ["records"])
        #expect(try await narrow.post(path, Self.body()).status == 403)
        let client = try await Self.application(installation)
        #expect(try await client.with(field: "X-User-Id", "v").post(path, Self.body()).status == 400)
        let bad: [(body: String, field: String)] = [
            (#"{"userId":"u","returnTo":"https://evil.example/"}"#, "returnTo"),
            (#"{"userId":"u","returnTo":"\#(Self.returnTo)?x=1"}"#, "returnTo"),
            (#"{"userId":"","returnTo":"\#(Self.returnTo)"}"#, "userId"),
            (Self.body(#""services":["none"]"#), "services"), (Self.body(#""variant":"flo""#), "variant"),
            (Self.body(#""services":["kai"],"variant":"none""#), "variant"),
            (Self.body(#""ttlSeconds":59"#), "ttlSeconds"), (Self.body(#""ttlSeconds":3601"#), "ttlSeconds"),
            (Self.body(#""reconnect":"conn-none""#), "reconnect"), (Self.body(#""other":1"#), "other"),
        ]
        for (body, field) in bad {
            let answer = try await client.post(path, body)
            #expect(answer.status == 400 && answer.json.at("details.field")?.string == field, "\(body): \(answer.text)")
        }
        let without = try await Self.installation(returnTo: "[]")
        let other = try await Self.application(without)
        let answer = try await other.post(path, Self.body())
        #expect(answer.status == 400 && answer.text.contains("connect.returnTo"))
    }

    @Test("A user has twenty sessions: a new one takes the place of one that no browser opened")
    func count() async throws {
        let installation = try await Self.installation()
        let client = try await Self.application(installation)
        var ids: [String] = []
        for _ in 0..<21 {
            ids.append(try await client.post("/api/connect/sessions", Self.body()).json["id"]?.string ?? "")
        }
        #expect(try await client.get("/api/connect/sessions/\(ids[0])").status == 404)
        #expect(try await client.get("/api/connect/sessions/\(ids[1])").status == 200)
    }
}
