// The host against an authorization server that forgives nothing: a code or refresh token that comes twice ends everything issued with
// it. Whatever happens to the host, only a lost answer may cost a grant.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("A strict authorization server", .serialized, .timeLimit(.minutes(5)))
struct StrictServerTests {
    private static func start(_ server: StrictAuthorizationServer) async throws -> TestInstallation {
        try await TestInstallation(providers: ["xero": server.configuration])
    }

    private static func refresh(_ id: String, _ client: TestClient) async throws -> Int {
        try await client.post("/api/integrations/oauth/xero/refresh", "{\"connectionId\":\"\(id)\"}").status
    }

    private static func status(_ id: String, _ client: TestClient) async throws -> JSONValue? {
        try await client.get("/api/integrations/connections/\(id)").json.at("connection.status")
    }

    /// An authorization that was allowed: its callback.
    private static func begin(_ client: TestClient) async throws -> String {
        let created = try await client.post("/api/integrations/connections", #"{"service":"xero"}"#)
        let url = try #require(created.json["authUrl"]?.string, "\(created.text)")
        return try #require(try await client.with(token: nil).get(url).header("Location"))
    }

    @Test("Many refreshes at the same time are one token request, and syncs among them end no grant")
    func crowd() async throws {
        let server = StrictAuthorizationServer(clientSecret: "strict-secret")
        let installation = try await Self.start(server)
        let client = try await installation.client(user: "u")
        let id = try await installation.connect("xero", client)
        // The answer is late enough for all to come before it.
        server.strike { request in
            guard request.path == "/token" else { return nil }
            usleep(1_500_000)
            return nil
        }
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<32 { group.addTask { try await Self.refresh(id, client) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        server.strike(nil)
        #expect(statuses.allSatisfy { $0 == 200 })
        #expect(server.counts.refreshes == 1, "one for all who came while it was under way")
        server.setLife(seconds: 2)
        #expect(try await Self.refresh(id, client) == 200)
        for _ in 0..<4 {
            try await Task.sleep(for: .milliseconds(600))
            _ = try await client.post(
                "/api/integrations/connections/\(id)/sync", #"{"syncType":"full","dataTypes":["contacts","invoices"]}"#)
            async let one = Self.refresh(id, client)
            async let two = Self.refresh(id, client)
            _ = try await (one, two)
            let sync = try await installation.finishedSync(id, client)
            #expect(sync["status"] == "completed", "\(sync)")
        }
        #expect(try await Self.status(id, client) == "connected")
        #expect(server.counts.refreshesReusedNeedlessly + server.counts.refreshesReusedAfterLoss == 0)
        #expect(server.counts.codesReused == 0)
        #expect(server.problems.isEmpty, "\(server.problems)")
        #expect(server.liveFamilies == 1)
    }

    @Test("Failures of a token endpoint and kills of the host end no grant, unless an answer was lost")
    func kills() async throws {
        let server = StrictAuthorizationServer(clientSecret: "strict-secret", lifeSeconds: 3)
        let installation = try await Self.start(server)
        var client = try await installation.client(user: "u")
        let id = try await installation.connect("xero", client)
        let failures: [StrictAuthorizationServer.Fault] = [
            .instead { _ in .cut }, .instead { _ in .status(500, [], "") }, .instead { _ in .status(200, [], "{}") },
            .instead { _ in .json(429, ["error": "invalid_grant"]) },
            .instead { _ in .json(503, ["error": "invalid_grant"]) },
            .instead { _ in .status(302, [NamedValue("Location", "http://127.0.0.1:1/")], "") },
        ]
        for fault in failures {
            server.strike { $0.path == "/token" ? fault : nil }
            #expect(try await Self.refresh(id, client) >= 400)
            server.strike(nil)
            #expect(try await Self.status(id, client) == "connected")
            #expect(try await Self.refresh(id, client) == 200)
        }
        for round in 0..<5 {
            let busy = client
            let work = (0..<6).map { _ in Task { _ = try? await Self.refresh(id, busy) } }
            try await Task.sleep(for: .milliseconds(7 * (round + 1)))
            installation.host.kill()
            for task in work { await task.value }
            try await installation.restart()
            client = try await installation.client(user: "u")
            _ = try await Self.refresh(id, client)
            guard try await Self.status(id, client) != "connected" else { continue }
            #expect(server.counts.refreshesReusedAfterLoss > 0, "only a lost answer ends a grant")
            #expect(try await installation.connect("xero", client) != "")
            break
        }
        #expect(server.counts.refreshesReusedNeedlessly == 0)
        #expect(server.counts.codesReused == 0)
        #expect(server.problems.isEmpty, "\(server.problems)")
    }

    @Test("A disconnect ends a waiting sync and every token of the grant")
    func disconnected() async throws {
        let server = StrictAuthorizationServer(clientSecret: "strict-secret")
        let installation = try await Self.start(server)
        let client = try await installation.client(user: "u")
        let id = try await installation.connect("xero", client)
        server.strike { request in
            request.path.hasPrefix("/api.xro") ? .instead { _ in .late(milliseconds: 20_000, .cut) } : nil
        }
        let started = try await client.post(
            "/api/integrations/connections/\(id)/sync", #"{"syncType":"full","dataTypes":["contacts"]}"#)
        #expect(started.status == 200)
        let begun = ContinuousClock.now
        #expect(try await client.send("DELETE", "/api/integrations/connections/\(id)").status == 200)
        #expect(begun.duration(to: .now) < .seconds(15), "nobody waits for the page")
        #expect(try await client.get("/api/integrations/connections/\(id)").status == 404)
        #expect(server.liveFamilies == 0)
        #expect(server.counts.revocations == 1)
    }

    @Test(
        "A callback is taken once, by its provider and with every byte of its state, also over a restart and new keys")
    func callbacks() async throws {
        let server = StrictAuthorizationServer(clientSecret: "strict-secret")
        let installation = try await Self.start(server)
        let client = try await installation.client(user: "u")
        let replayed = try await Self.begin(client)
        let kept = try await Self.begin(client)
        let query = try #require(replayed.split(separator: "?", maxSplits: 1).last)
        // Another provider's callback, another user's session, a changed state: nobody is asked.
        for other in ["discord", "quickbooks", "stripe", "slack"] {
            #expect(try await client.get("/api/integrations/oauth/\(other)/callback?\(query)").status == 400)
        }
        #expect(try await installation.client(user: "v").get(replayed).status == 400)
        #expect(try await client.get(replayed + "&state=again").status == 400)
        let start = try #require(replayed.range(of: "state=")?.upperBound)
        let end = try #require(replayed.range(of: "&iss=")?.lowerBound)
        for index in replayed[start..<end].indices {
            var changed = replayed
            changed.replaceSubrange(index...index, with: replayed[index] == "A" ? "B" : "A")
            #expect(try await client.get(changed).status == 400, "\(changed)")
        }
        let asked = try await client.with(token: nil).get(installation.sandbox.url + "/_sandbox/state").json
        for name in ["discord", "quickbooks", "stripe", "slack"] {
            #expect(asked["providers"]?[name]?.at("tokenCalls.exchanges") == 0)
        }
        #expect(server.counts.exchanges == 0)
        let good = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 { group.addTask { try await client.get(replayed).status == 200 } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        // A repeat gets the first one's answer.
        #expect(good == 50)
        #expect(server.counts.exchanges == 1)
        // A state that the key before signed.
        #expect(try await HostProcess.run(installation.command("keys", "rotate")).code == 0)
        let signedBefore = try await Self.begin(client)
        #expect(try await HostProcess.run(installation.command("keys", "rotate")).code == 0)
        #expect(try await client.get(kept).status == 200)
        installation.host.kill()
        try await installation.restart()
        let later = try await installation.client(user: "u")
        func moved(_ callback: String) -> String {
            "/api/integrations/oauth/xero/callback?" + (callback.split(separator: "?", maxSplits: 1).last ?? "")
        }
        #expect(try await later.with(token: client.token).get(moved(replayed)).status == 200)
        #expect(server.counts.exchanges == 2)
        #expect(try await later.with(token: client.token).get(moved(signedBefore)).status == 200)
        #expect(server.counts.codesReused == 0)
    }
}
