// The retries that the status document promises, around a provider that fails for a moment.

import HostTesting
import ProviderSDK
import Testing

@Suite("Retries of the status document")
struct StatusRetryTests {
    private func retries(_ callers: Callers) async throws -> Int64 {
        let lines = try await callers.nobody.get("/metrics").text.split(separator: "\n")
        let line = lines.first { $0.hasPrefix("integration_host_retries_total ") }
        return line.flatMap { JSONNumber(String($0.split(separator: " ").last ?? ""))?.integer } ?? -1
    }

    @Test("a refresh that fails twice and then works is a refresh; the tries are counted")
    func refresh() async throws {
        let callers = try Callers()
        _ = try await callers.installation.connect("xero", callers.user)
        let list = try await callers.user.get("/api/integrations/status").json.at("data.integrations")?.array ?? []
        let account = list.first?["accountId"]?.string ?? ""
        let sandbox = callers.installation.sandbox.url
        let fault = try await callers.nobody.post(
            "\(sandbox)/_sandbox/faults", #"{"provider":"xero","match":"token","status":503,"count":2}"#)
        #expect(fault.status == 201, "\(fault.text)")
        let before = try await retries(callers)
        let refreshed = try await Case("POST", "/api/integrations/refresh/xero/\(account)", 200).run(callers.user)
        #expect(refreshed.json.at("data.status") == "connected")
        #expect(try await retries(callers) == before + 2)
    }
}
