// Connections of the real executable at providers that fail: what a user and an application see of lost answers, interrupted
// authorizations and endings.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("OAuth at failing providers", .serialized, .timeLimit(.minutes(5)))
struct OAuthTests {
    private static func fault(_ installation: TestInstallation, _ fault: String) async throws {
        let reply = try await installation.client(user: nil).post(installation.sandbox.url + "/_sandbox/faults", fault)
        guard reply.status == 201 else { throw HostProcessError(description: reply.text) }
    }

    private static func clear(_ installation: TestInstallation) async throws {
        _ = try await installation.client(user: nil).send("DELETE", installation.sandbox.url + "/_sandbox/faults")
    }

    private static func refresh(_ id: String, _ service: String, _ client: TestClient) async throws -> Int {
        try await client.post(
            "/api/integrations/oauth/\(service)/refresh", "{\"connectionId\":\"\(id)\"}"
        ).status
    }

    private static func status(_ id: String, _ client: TestClient) async throws -> String {
        try await client.get("/api/integrations/connections/\(id)").json.at("connection.status")?.string ?? ""
    }

    static let faults = [
        #""drop-after-processing":true,"count":4"#, #""drop":true,"count":4"#, #""truncate":20"#, #""garbage":true"#,
        #""huge-body":true"#, #""redirect":"http://127.0.0.1:1/""#, #""status":500"#,
        #""status":503,"after-processing":true"#,
        #""status":429,"headers":{"Retry-After":"1"}"#, #""status":401,"body":"{\"error\":\"invalid_client\"}""#,
        #""status":400,"body":"{\"error\":\"invalid_request\"}""#, #""status":200,"body":"[]""#,
        #""status":200,"body":"{\"access_token\":5}","after-processing":true"#,
    ]

    @Test("With a grace period no fault of the token endpoint ends a connection, and the next refresh works")
    func faults() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "u")
        let id = try await installation.connect("xero", client)
        for fault in Self.faults {
            try await Self.fault(installation, #"{"provider":"xero","match":"token",\#(fault)}"#)
            #expect(try await Self.refresh(id, "xero", client) != 200, "\(fault)")
            let status = try await Self.status(id, client)
            #expect(status == "connected", "\(fault)")
            try await Self.clear(installation)
            #expect(try await Self.refresh(id, "xero", client) == 200, "\(fault)")
        }
        #expect(try await Self.status(id, client) == "connected")
    }

    @Test(
        "Without a grace period a lost answer ends the grant, is reported, and connecting again works"
    )
    func lost() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "u")
        let id = try await installation.connect("discord", client)
        try await Self.fault(
            installation, #"{"provider":"discord","match":"token","status":500,"after-processing":true}"#)
        #expect(try await Self.refresh(id, "discord", client) == 502)
        #expect(try await Self.status(id, client) == "connected")
        #expect(try await Self.refresh(id, "discord", client) == 400)
        #expect(try await Self.status(id, client) == "expired")
        let explained = try await client.get("/api/integrations/connections/\(id)/explain").text
        #expect(explained.contains("was lost"), "\(explained)")
        #expect(try await installation.connect("discord", client) == id)
        #expect(try await Self.status(id, client) == "connected")
    }

    @Test(
        "An authorization whose provider fails after the first token is finished later with it, also after a crash",
        arguments: [("xero", "api"), ("instagram", "/graph/access_token")])
    func held(service: String, failing: String) async throws {
        let installation = try await TestInstallation(
            extra:
                #""sweepSeconds":1,"rateLimits":{"connectionCreation":0,"sync":0,"oauth":0,"status":0}"#)
        let client = try await installation.client(user: "u")
        let created = try await client.post("/api/integrations/connections", "{\"service\":\"\(service)\"}")
        let id = try #require(created.json["connectionId"]?.string)
        let url = try #require(created.json["authUrl"]?.string)
        let location = try #require(
            try await client.with(token: nil).get(url + "&decision=allow").header("location"))
        try await Self.fault(
            installation, "{\"provider\":\"\(service)\",\"match\":\"\(failing)\",\"status\":503,\"count\":1000}")
        #expect(try await client.get(location).status == 502)
        #expect(try await Self.status(id, client) == "pending")
        installation.host.kill()
        try await Self.clear(installation)
        try await installation.restart()
        let later = try await installation.client(user: "u")
        // It is asked again half a minute after the failure.
        try await waitUntil("the connection", within: .seconds(60), every: .milliseconds(100)) {
            try await Self.status(id, later) == "connected"
        }
        let state = try await later.with(token: nil).get(installation.sandbox.url + "/_sandbox/state").json
        #expect(state["providers"]?[service]?["tokenCalls"]?["exchanges"] == 1, "the code was spent once")
        let sync = try await installation.sync(id, later, body: #"{"syncType":"full"}"#)
        #expect(sync["status"] == "completed", "\(sync)")
    }

    @Test("After a disconnect no file holds a token, and metrics count how the grant ended")
    func erased() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "u")
        let id = try await installation.connect("quickbooks", client)
        // The document is in the journal before it is in its file.
        let journal = installation.data + "/journal"
        var sealed: Set<String> = []
        for name in try FileManager.default.contentsOfDirectory(atPath: journal) {
            let bytes = try #require(FileManager.default.contents(atPath: journal + "/" + name))
            let texts = String(decoding: bytes, as: UTF8.self).split(separator: "\"").map(String.init)
            sealed.formUnion(texts.filter { $0.hasPrefix("v1:") && $0.utf8.count > 40 })
        }
        #expect(!sealed.isEmpty)
        #expect(try await client.send("DELETE", "/api/integrations/connections/\(id)").status == 200)
        for path in try FileManager.default.subpathsOfDirectory(atPath: installation.data) {
            guard let bytes = FileManager.default.contents(atPath: installation.data + "/" + path) else { continue }
            for text in sealed { #expect(bytes.range(of: Data(text.utf8)) == nil, "\(path)") }
        }
        let metrics = try await client.get("/metrics").text
        #expect(metrics.contains("integration_host_revocations_total{outcome=\"revoked\"} 1"))
    }
}
