// What callers are told while the disk of a running host is full, and after it has given up: the documents' shapes, the time to come
// back, tries that are made again, and nothing lost.

import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("A store that fails", .timeLimit(.minutes(5)))
struct StoreFailureTests {
    private static let connections = "/api/integrations/connections"

    private func retries(_ callers: Callers) async throws -> Int64 {
        let lines = try await callers.nobody.get("/metrics").text.split(separator: "\n")
        let line = lines.first { $0.hasPrefix("integration_host_retries_total ") }
        return line.flatMap { JSONNumber(String($0.split(separator: " ").last ?? ""))?.integer } ?? -1
    }

    /// The answer to each kind of write.
    private func expectRefusals(_ callers: Callers, id: String, account: String) async throws {
        let unavailable = #"{"success":false,"error":"Service temporarily unavailable","retryAfter":5}"#
        for (method, path, body) in [
            ("POST", Self.connections, #"{"service":"xero"}"#),
            ("PATCH", "\(Self.connections)/\(id)", #"{"settings":{"syncFrequency":"daily"}}"#),
            ("DELETE", "\(Self.connections)/\(id)", nil), ("POST", "\(Self.connections)/\(id)/sync", "{}"),
            ("GET", "/api/integrations/oauth/xero/authorize?redirectUri=https://app.example.com/callback", nil),
            ("POST", "/api/integrations/oauth/xero/refresh", #"{"connectionId":"\#(id)"}"#),
        ] as [(String, String, String?)] {
            let refused = try await callers.user.send(method, path, body: body)
            #expect(refused.status == 503, "\(method) \(path)")
            #expect(refused.text == unavailable, "\(method) \(path)")
            #expect(refused.header("Retry-After") == "5")
        }
        for (method, path) in [
            ("POST", "connect/xero"), ("POST", "refresh/xero/\(account)"), ("DELETE", "disconnect/xero/\(account)"),
        ] {
            let before = try await retries(callers)
            let failed = try await callers.user.send(method, "/api/integrations/\(path)")
            #expect(failed.status == 500, "\(path): \(failed.text)")
            try Example(
                """
                {
                  "success": false,
                  "error": {
                    "code": "INTERNAL_ERROR",
                    "message": "Failed to fetch integrations"
                  },
                  "duration": 1250
                }
                """, varying: ["duration"]
            ).expect(failed.json)
            #expect(failed.header("Retry-After") == "60")
            // Three tries more, after 100, 200 and 400 ms.
            #expect(try await retries(callers) == before + 3, "\(path)")
            #expect((failed.json["duration"]?.integer ?? 0) >= 700, "\(path)")
        }
        // What is read is there all the time.
        #expect(try await callers.user.get("\(Self.connections)/\(id)").json.at("connection.status") == "connected")
        let list = try await callers.user.get("/api/integrations/status")
        #expect(list.json.at("data.integrations")?.count == 1)
    }

    private func connect(_ callers: Callers) async throws -> (id: String, account: String) {
        let id = try await callers.installation.connect("xero", callers.user)
        let list = try await callers.user.get("/api/integrations/status").json.at("data.integrations") ?? .null
        return (id, list[0]?["accountId"]?.string ?? "")
    }

    @Test(
        "With a full disk writes are refused with a retry time and reads work; later everything works")
    func full() async throws {
        let callers = try await Callers()
        let (id, account) = try await connect(callers)
        try FullDisk.set(true, for: callers.installation.host)
        try await expectRefusals(callers, id: id, account: account)
        try FullDisk.set(false, for: callers.installation.host)
        try await Case(
            "PATCH", "\(Self.connections)/\(id)", #"{"settings":{"syncFrequency":"daily"}}"#, 200
        ).run(callers.user)
        try await Case("GET", "/readyz", 200).run(callers.nobody)
        callers.installation.host.kill()
        try await callers.installation.restart()
        let client = try await callers.installation.client(user: "1")
        let read = try await client.get("\(Self.connections)/\(id)").json["connection"] ?? .null
        #expect(read["status"] == "connected")
        #expect(read.at("settings.syncFrequency") == "daily")
        #expect(try await client.get(Self.connections).json["connections"]?.count == 1)
    }

    @Test("A disconnect during a full disk is carried out")
    func disconnect() async throws {
        let callers = try await Callers()
        let (id, account) = try await connect(callers)
        // Where room is made too late for the last try, nothing was done, and it is tried again.
        var answer: TestResponse
        repeat {
            let before = try await retries(callers)
            try FullDisk.set(true, for: callers.installation.host)
            async let ended = callers.user.send("DELETE", "/api/integrations/disconnect/xero/\(account)")
            // The first try has failed when a second one is counted.
            try await waitUntil("a second try", every: .milliseconds(1)) { try await retries(callers) != before }
            try FullDisk.set(false, for: callers.installation.host)
            answer = try await ended
        } while answer.status == 500
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json.at("data.status") == "disconnected")
        #expect(try await callers.user.get("\(Self.connections)/\(id)").json.at("connection.status") == "disconnected")
    }

    @Test("After a failed disk the host is not ready and still answers reads")
    func readOnly() async throws {
        let disk = try FailingDisk()
        let callers = try await Callers(environment: try disk.environment())
        let (id, account) = try await connect(callers)
        let ready = try await Case("GET", "/readyz", 200).run(callers.nobody)
        #expect(ready.text == #"{"status":"ready"}"#)
        try disk.fail()
        try await Case(
            "PATCH", "\(Self.connections)/\(id)", #"{"settings":{"syncFrequency":"daily"}}"#, 503
        ).run(callers.user)
        for _ in 0..<2 {
            let unready = try await Case("GET", "/readyz", 503).run(callers.nobody)
            #expect(unready.text == #"{"status":"unavailable","reason":"read-only"}"#)
            #expect(unready.header("Retry-After") == "5")
            #expect(unready.header("Cache-Control") == "private, no-cache, no-store, must-revalidate")
        }
        try await Case("GET", "/healthz", 200).run(callers.nobody)
        #expect(try await callers.nobody.get("/metrics").text.contains("integration_host_store_read_only 1\n"))
        try await expectRefusals(callers, id: id, account: account)
        // The shapes of the other documents.
        let crud = try await callers.user.post(
            "/api/userIntegration", #"{"isconnected":false,"userId":"1","integrationId":"i"}"#)
        #expect(crud.status == 503 && crud.json["status"] == 503)
        let accounts = try await callers.user.send(
            "PATCH", "/api/v1/users/1/integrations/arc", body: #"{"iidx":"a"}"#)
        #expect(accounts.status >= 500 && accounts.json["description"]?.string != nil)
        #expect(await callers.installation.host.terminate() == 0)
        try await callers.installation.restart()
        let client = try await callers.installation.client(user: "1")
        #expect(try await client.get("\(Self.connections)/\(id)").json.at("connection.status") == "connected")
        #expect(try await client.get("/readyz").status == 200)
    }
}
