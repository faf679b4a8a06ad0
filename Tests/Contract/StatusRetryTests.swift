// The retries that the status document promises, around a provider that fails for a moment or for good, and what its Monitoring section
// lists.

import HostTesting
import ProviderSDK
import Testing

@Suite("Retries and monitoring of the status document", .timeLimit(.minutes(5)))
struct StatusRetryTests {
    /// The value of a metric without labels.
    private func metric(_ name: String, _ callers: Callers) async throws -> Int64 {
        let lines = try await callers.nobody.get("/metrics").text.split(separator: "\n")
        let line = lines.first { $0.hasPrefix("integration_host_\(name) ") }
        return line.flatMap { JSONNumber(String($0.split(separator: " ").last ?? ""))?.integer } ?? -1
    }

    private func account(_ callers: Callers) async throws -> String {
        _ = try await callers.installation.connect("xero", callers.user)
        let list = try await callers.user.get("/api/integrations/status").json.at("data.integrations")?.array ?? []
        return list.first?["accountId"]?.string ?? ""
    }

    private func addFault(_ fault: String, _ callers: Callers) async throws {
        let sandbox = callers.installation.sandbox.url
        let added = try await callers.nobody.post("\(sandbox)/_sandbox/faults", fault)
        #expect(added.status == 201, "\(added.text)")
    }

    @Test(
        "A refresh that works within four tries succeeds and counts its retries",
        arguments: [1, 2, 3])
    func refresh(failures: Int64) async throws {
        let callers = try await Callers()
        let account = try await account(callers)
        try await addFault(#"{"provider":"xero","match":"token","status":503,"count":\#(failures)}"#, callers)
        let before = try await metric("retries_total", callers)
        let refreshed = try await Case("POST", "/api/integrations/refresh/xero/\(account)", 200).run(callers.user)
        #expect(refreshed.json.at("data.status") == "connected")
        #expect(try await metric("retries_total", callers) == before + failures)
        #expect((refreshed.json["duration"]?.integer ?? 0) >= [100, 300, 700][Int(failures) - 1])
    }

    @Test("A refresh that fails four times is reported, and the connection stays")
    func unreachable() async throws {
        let callers = try await Callers()
        let account = try await account(callers)
        let path = "/api/integrations/refresh/xero/\(account)"
        try await addFault(#"{"provider":"xero","match":"token","status":503,"count":4}"#, callers)
        for isGone in [false, true] {
            if isGone { callers.installation.sandbox.kill() }
            let before = try await metric("retries_total", callers)
            let failed = try await Case("POST", path, 502).run(callers.user)
            #expect(failed.json.at("error.code") == "PROVIDER_UNAVAILABLE")
            #expect(failed.header("Retry-After") == "60")
            #expect((failed.json["duration"]?.integer ?? 0) >= 700)
            #expect(try await metric("retries_total", callers) == before + 3)
            let list = try await callers.user.get("/api/integrations/status").json.at("data.integrations") ?? .null
            #expect(list[0]?["status"] == "connected")
        }
        // Who wants to leave may leave, whether the provider can be told or not.
        let ended = try await Case("DELETE", "/api/integrations/disconnect/xero/\(account)", 200).run(callers.user)
        #expect(ended.json.at("data.status") == "disconnected")
    }

    @Test("A definite refusal is tried once more, and not counted as a retry")
    func definite() async throws {
        let callers = try await Callers()
        let account = try await account(callers)
        try await addFault(
            #"{"provider":"xero","match":"token","status":400,"body":"{\"error\":\"invalid_grant\"}","count":2}"#,
            callers)
        let ended = try await Case("POST", "/api/integrations/refresh/xero/\(account)", 409).run(callers.user)
        #expect(ended.json.at("error.code") == "REAUTHORIZATION_REQUIRED")
        try await Case("POST", "/api/integrations/refresh/xero/missing", 404).run(callers.user)
        #expect(try await metric("retries_total", callers) == 0)
    }

    @Test("Logs and metrics count integrations, expired ones, requests, errors and durations by route")
    func monitoring() async throws {
        let callers = try await Callers(logLevel: "info")
        let account = try await account(callers)
        _ = try await callers.installation.connect("stripe", callers.user)
        try await addFault(
            #"{"provider":"xero","match":"token","status":400,"body":"{\"error\":\"invalid_grant\"}","count":2}"#,
            callers)
        try await Case("POST", "/api/integrations/refresh/xero/\(account)", 409).run(callers.user)
        let told = try await metric("integrations_status_integrations_total", callers)
        let expired = try await metric("integrations_status_expired_total", callers)
        let status = try await callers.user.get("/api/integrations/status")
        #expect(status.json.at("data.integrations")?.count == 2)
        #expect(try await metric("integrations_status_integrations_total", callers) == told + 2)
        #expect(try await metric("integrations_status_expired_total", callers) == expired + 1)
        let metrics = try await callers.nobody.get("/metrics").text
        let route = #"method="POST",route="/api/integrations/refresh/{provider}/{account_id}""#
        #expect(metrics.contains("http_requests_total{\(route),status=\"409\"} 1\n"))
        #expect(metrics.contains("http_request_duration_seconds_count{\(route)} 1\n"))
        #expect(await callers.installation.host.terminate() == 0)
        let lines = callers.installation.host.log.split(separator: "\n").compactMap {
            try? JSONValue.parse(Array($0.utf8))
        }
        let line = lines.first { $0["correlationId"]?.string == status.header("X-Correlation-Id") } ?? .null
        #expect(line["userId"] == "1")
        #expect((line["durationMs"]?.integer ?? -1) >= (status.json["duration"]?.integer ?? 0))
        #expect(line["integrationCount"] == 2)
        #expect(line["expiredCount"] == 1)
    }
}
