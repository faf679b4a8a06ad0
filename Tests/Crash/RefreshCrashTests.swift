// A refresh that dies: no grant may be lost that could be kept, and no connection may be called dead that is alive.

import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("A crash in a refresh", .timeLimit(.minutes(5)))
struct RefreshCrashTests {
    static let noLimits = "\"rateLimits\":{\"connectionCreation\":0,\"sync\":0,\"oauth\":0,\"status\":0}"

    @Test(
        "With a grace period no crash in a refresh loses the grant",
        arguments: [("quickbooks", false), ("xero", false), ("xero", true)])
    func withGrace(service: String, torn: Bool) async throws {
        let sweep = CrashSweep(extra: Self.noLimits, torn: torn)
        let kills = try await sweep.run { installation in
            try await installation.connect(service, try await installation.client(user: "user-1"))
        } act: { installation, id in
            _ = try await Self.refresh(id, of: service, installation)
        } check: { installation, id, calls in
            let status = try await Self.settled(id, of: service, installation)
            #expect(status == "connected", "killed at \(calls.count): \(calls.suffix(3)) \(installation.host.log)")
        }
        #expect(kills > 5)
    }

    @Test(
        "Without a grace period a grant ends only when the provider's answer was lost in the crash",
        arguments: [("discord", false), ("tiktok", false), ("discord", true)])
    func withoutGrace(service: String, torn: Bool) async throws {
        let sweep = CrashSweep(extra: Self.noLimits, torn: torn)
        let kills = try await sweep.run { installation in
            let client = try await installation.client(user: "user-1")
            let id = try await installation.connect(service, client)
            return (id, try await Self.refreshes(service, installation))
        } act: { installation, prepared in
            _ = try await Self.refresh(prepared.0, of: service, installation)
        } check: { installation, prepared, calls in
            let wereSpent = try await Self.refreshes(service, installation) > prepared.1
            let status = try await Self.settled(prepared.0, of: service, installation)
            guard status != "connected" else { return }
            #expect(status == "expired")
            #expect(wereSpent, "the provider never saw a request, killed at \(calls.count): \(calls)")
            // What was completely written before the kill is there afterwards: then the new pair was not lost. So only the calls
            // between the provider's answer and the end of the journal's write may lose it.
            let sent = try #require(calls.lastIndex { $0.hasPrefix("send socket") }, "\(calls)")
            let later = Self.withoutRoll(calls[(sent + 1)...])
            let written = later.dropLast().contains { $0.hasPrefix("pwrite") && $0.contains("/journal/") }
            #expect(!written, "the new pair was written before the kill at \(calls.count): \(calls)")
        }
        #expect(kills > 5)
    }

    /// Drops the calls of the journal's change to a new segment, and of documents that move out of it.
    ///
    /// They run in the background, and a slow machine lets them fall into the act.
    private static func withoutRoll(_ calls: ArraySlice<String>) -> [String] {
        var segments: Set<String> = []
        return calls.filter { call in
            let parts = call.split(separator: " ", maxSplits: 1)
            guard parts.count == 2 else { return true }
            let (name, path) = (parts[0], String(parts[1]))
            if path.contains("/users/") || path.contains(".tmp") { return false }
            if name == "openat", path.contains("journal") || !path.contains("/") { segments.insert(path) }
            let isOfNewSegment = segments.contains { path.hasSuffix($0) }
            if isOfNewSegment, name == "pwrite" || name == "pwritev" { return true }
            return !isOfNewSegment && !name.hasSuffix("@0") && name != "fallocate"
        }
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
        let client = try await installation.client(user: "user-1")
        return try await waitFor("the end of refreshes: \(installation.host.log)") {
            let refreshed = try await refresh(id, of: service, installation)
            let status =
                try await client.get("/api/integrations/connections/\(id)").json.at("connection.status")?.string ?? ""
            return refreshed == 200 || status != "connected" ? status : nil
        }
    }
}
