// A refresh that dies: no grant may be lost that could be kept, and no connection may be called dead that is alive.

import HostTesting
import ProviderSDK
import Testing

@Suite("A crash in a refresh", .serialized)
struct RefreshCrashTests {
    static let noLimits = "\"rateLimits\":{\"connectionCreation\":0,\"sync\":0,\"oauth\":0,\"status\":0}"

    @Test(
        "no grant is lost while the provider still takes the token before the last",
        arguments: [("quickbooks", false), ("xero", false), ("xero", true)])
    func withGrace(service: String, torn: Bool) async throws {
        let sweep = try CrashSweep(extra: Self.noLimits)
        let kills = try await sweep.run(torn: torn) { installation in
            try await installation.connect(service, try installation.client(user: "user-1"))
        } act: { installation, id in
            _ = try await Self.refresh(id, of: service, installation)
        } check: { installation, id, calls in
            let status = try await Self.settled(id, of: service, installation)
            #expect(status == "connected", "killed at \(calls.count): \(calls.suffix(3)) \(installation.host.log)")
        }
        #expect(kills > 5)
    }

    @Test(
        "a grant ends only when the provider's answer died with the host, where a spent token is refused at once",
        arguments: [("discord", false), ("tiktok", false), ("discord", true)])
    func withoutGrace(service: String, torn: Bool) async throws {
        let sweep = try CrashSweep(extra: Self.noLimits)
        var lost: [Int] = []
        let kills = try await sweep.run(torn: torn) { installation in
            let client = try installation.client(user: "user-1")
            let id = try await installation.connect(service, client)
            return (id, try await Self.refreshes(service, installation))
        } act: { installation, prepared in
            _ = try await Self.refresh(prepared.0, of: service, installation)
        } check: { installation, prepared, calls in
            let wereSpent = try await Self.refreshes(service, installation) > prepared.1
            let status = try await Self.settled(prepared.0, of: service, installation)
            guard status != "connected" else { return }
            lost.append(calls.count)
            #expect(status == "expired")
            #expect(wereSpent, "the provider never saw a request, killed at \(calls.count): \(calls)")
            // What was completely written before the kill is there afterwards: then the new pair was not lost.
            let sent = try #require(calls.lastIndex { $0.hasPrefix("send socket") }, "\(calls)")
            let written = calls.dropLast()[(sent + 1)...].contains {
                $0.hasPrefix("pwrite") && $0.contains("/journal/")
            }
            #expect(!written, "the new pair was written before the kill at \(calls.count): \(calls)")
        }
        #expect(kills > 5)
        // The calls between the provider's answer and the end of the journal's write: nothing else may stand there.
        #expect(lost.count <= 4, "\(lost)")
        #expect(lost.isEmpty || lost == Array(lost[0]...lost[lost.count - 1]), "\(lost)")
    }

    private static func refresh(_ id: String, of service: String, _ installation: TestInstallation) async throws -> Int
    {
        try await installation.client(user: "user-1").post(
            "/api/integrations/oauth/\(service)/refresh", "{\"connectionId\":\"\(id)\"}"
        ).status
    }

    /// Refreshes that the provider carried out.
    private static func refreshes(_ service: String, _ installation: TestInstallation) async throws -> Int64 {
        let state = try await installation.client(user: nil).get(installation.sandbox.url + "/_sandbox/state").json
        return state["providers"]?[service]?.at("tokenCalls.refreshes")?.integer ?? -1
    }

    /// The status of the connection once refreshes have come to an end, one way or the other.
    private static func settled(
        _ id: String, of service: String, _ installation: TestInstallation
    ) async throws -> String {
        let client = try installation.client(user: "user-1")
        for _ in 0..<200 {
            let refreshed = try await refresh(id, of: service, installation)
            let status =
                try await client.get("/api/integrations/connections/\(id)").json.at("connection.status")?.string ?? ""
            if refreshed == 200 || status != "connected" { return status }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw HostProcessError(description: "The refresh does not settle: \(installation.host.log)")
    }
}
