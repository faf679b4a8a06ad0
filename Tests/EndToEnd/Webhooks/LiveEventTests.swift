// Live events of a running host over real sockets: whose events a caller reads, resuming, and the end of readers.

import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Live events", .timeLimit(.minutes(3)))
struct LiveEventTests {
    private static func application(_ installation: TestInstallation, _ scope: String) async throws -> TestClient {
        let made = try await HostProcess.run(installation.command("app-key", "create", "back end", "--scope", scope))
        #expect(made.code == 0, "\(made.errors)")
        return try TestClient(installation.host.url, token: String(made.output.dropLast()))
    }

    @Test("A session reads its own events, an application those of all users or of one, in the words of notifications")
    func audiences() async throws {
        let installation = try await TestInstallation(
            extra: #""rateLimits":{"sync":0,"connectionCreation":0,"oauth":0}"#)
        let (ann, ben) = (try await installation.client(user: "ann"), try await installation.client(user: "ben"))
        let application = try await Self.application(installation, "records")
        let own = try EventStream(ann)
        let all = try EventStream(application)
        let ofOne = try EventStream(application, user: "ben")
        for stream in [own, all, ofOne] { try await stream.wait(for: "retry: 2000") }
        #expect(own.text.contains("Content-Type: text/event-stream") && own.text.contains("Cache-Control: no-store"))
        let id = try await installation.connect("stripe", ann)
        let other = try await installation.connect("stripe", ben)
        _ = try await installation.sync(id, ann, body: #"{"dataTypes":["customers"]}"#)
        #expect(try await ann.send("DELETE", "/api/integrations/connections/\(id)").status == 200)
        try await all.wait(for: "connection.revoked")
        try await own.wait(for: "connection.revoked")
        let story = [
            "connection.connected", "sync.started", "records.changed", "sync.completed", "connection.revoked",
        ]
        #expect(own.types.filter { $0 != "sync.progress" } == story)
        #expect(all.types.filter { $0 != "sync.progress" } == [story[0]] + story)
        #expect(ofOne.types == ["connection.connected"])
        #expect(!own.text.contains(other) && !ofOne.text.contains(id))
        let line = try #require(own.text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("data: ") })
        let body = try JSONValue.parse(Array(line.dropFirst(6).utf8))
        #expect(body["type"] == "connection.connected" && body.at("data.userId") == "ann")
        #expect(body.at("data.connectionId")?.string == id && body.at("data.provider") == "stripe")
    }

    @Test("A reader that comes back misses nothing; one from before a restart is told so")
    func resuming() async throws {
        let installation = try await TestInstallation()
        let ann = try await installation.client(user: "ann")
        let first = try EventStream(ann)
        try await first.wait(for: "retry: 2000")
        let id = try await installation.connect("stripe", ann)
        try await first.wait(for: "connection.connected")
        first.close()
        let last = try #require(first.ids.last)
        #expect(try await ann.send("DELETE", "/api/integrations/connections/\(id)").status == 200)
        let second = try EventStream(ann, lastEventID: last)
        try await second.wait(for: "connection.revoked")
        #expect(second.types == ["connection.revoked"])
        #expect(await installation.host.terminate() == 0)
        try await installation.restart()
        let third = try EventStream(try await installation.client(user: "ann"), lastEventID: last)
        try await third.wait(for: "event: reset")
        #expect(third.types == ["reset"])
    }

    @Test("Bots, keys without the scope and strangers are refused, and so is one reader too many of a caller")
    func refusals() async throws {
        let installation = try await TestInstallation()
        let bot = try await installation.client(user: "bot", flags: ["--kind", "bot"])
        #expect(try await bot.get("/api/events").status == 403)
        #expect(try await Self.application(installation, "connections").get("/api/events").status == 403)
        #expect(try await installation.client(user: nil).get("/api/events").status == 401)
        let ann = try await installation.client(user: "ann")
        var readers: [EventStream] = []
        for _ in 0..<16 { readers.append(try EventStream(ann)) }
        for reader in readers { try await reader.wait(for: "retry: 2000") }
        let refused = try await ann.get("/api/events")
        #expect(refused.status == 429 && refused.header("Retry-After") != nil)
        let metrics = try await ann.unchecked.get("/metrics").text
        #expect(metrics.contains("integration_host_live_event_readers 16"))
        // A reader that goes away makes room.
        readers.removeLast().close()
        try await waitUntil("room for a reader") {
            try await ann.unchecked.get("/metrics").text.contains("integration_host_live_event_readers 15")
        }
        let next = try EventStream(ann)
        try await next.wait(for: "retry: 2000")
    }

    @Test("A host that stops ends its readers at once, with whole answers")
    func stop() async throws {
        let installation = try await TestInstallation()
        let reader = try EventStream(try await installation.client(user: "ann"))
        try await reader.wait(for: "retry: 2000")
        let clock = ContinuousClock()
        let begun = clock.now
        #expect(await installation.host.terminate() == 0)
        #expect(clock.now - begun < .seconds(15))
        try await waitUntil("the end of the reader") { reader.hasEnded }
        #expect(reader.text.hasSuffix("0\r\n\r\n"))
    }
}
