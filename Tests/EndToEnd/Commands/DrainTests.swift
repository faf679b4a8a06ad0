// A host that stops with `drainSeconds`: a balancer learns of it before connections are refused.

import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Drain", .timeLimit(.minutes(2)))
struct DrainTests {
    @Test("A host that stops is not ready, and still serves new connections for drainSeconds")
    func servesWhileItDrains() async throws {
        let drain = Duration.seconds(3)
        let installation = try await TestInstallation(extra: #""drainSeconds":3"#)
        func status(_ path: String) async throws -> Int {
            // Each request is on a connection of its own.
            try await TestClient(installation.host.url).get(path).status
        }
        #expect(try await status("/readyz") == 200)
        let start = ContinuousClock.now
        let ended = Task { [host = installation.host] in
            let code = await host.terminate()
            return (code: code, after: ContinuousClock.now - start)
        }
        try await waitUntil("the end of readiness", every: .milliseconds(10)) { try await status("/readyz") == 503 }
        #expect(ContinuousClock.now - start < drain, "it is not ready from the beginning of the drain on")
        for path in ["/healthz", "/api/integrations/status"] {
            #expect(try await status(path) == (path == "/healthz" ? 200 : 401))
        }
        #expect(try await status("/readyz") == 503)
        let end = await ended.value
        #expect(end.code == 0 && end.after >= drain)
        await #expect(throws: (any Error).self) { try await status("/healthz") }
    }
}
