// The permits of syncs: a wait for a permit can be canceled, and a sync that waits for its provider gives its permit to another.

import Background
import Primitives
import ProviderSDK
import TestSupport
import Testing

@testable import Sync

@Suite("Sync permits", .timeLimit(.minutes(1)))
struct SyncPermitTests {
    @Test("A canceled wait for a permit ends, and another wait continues")
    func cancellation() async throws {
        let limiter = LaneLimiter(1)
        #expect(await limiter.acquire(for: "a", of: "acme"))
        let canceled = Task { await limiter.acquire(for: "b", of: "acme") }
        let patient = Task { await limiter.acquire(for: "c", of: "acme") }
        try await waitUntil("a waiting sync", every: .milliseconds(1)) { limiter.waitingCount(of: "acme") >= 2 }
        canceled.cancel()
        #expect(await canceled.value == false)
        limiter.release("acme")
        #expect(await patient.value)
        limiter.release("acme")
        #expect(await limiter.acquire(for: "a", of: "acme"))
        let late = Task { await limiter.acquire(for: "b", of: "acme") }
        late.cancel()
        #expect(await late.value == false)
        #expect(limiter.waitingCount(of: "acme") == 0)
    }

    @Test("A sync that waits for its provider gives its permit to another and resumes without waiting")
    func permits() async throws {
        let limiter = LaneLimiter(1)
        let progress = SyncProgress()
        #expect(await limiter.acquire(for: "a", of: "acme"))
        let permit = SyncPermit(in: limiter, of: "acme", progress: progress)
        permit.wait(until: .epoch)
        permit.wait(until: .epoch)
        #expect(progress.snapshot.wait == .rateLimit)
        #expect(await limiter.acquire(for: "b", of: "acme"))
        permit.resume("things")
        permit.resume("things")
        #expect(progress.snapshot.wait == nil)
        // Two syncs share one permit now: the next one waits for both to end.
        let next = Task { await limiter.acquire(for: "c", of: "acme") }
        try await waitUntil("a waiting sync", every: .milliseconds(1)) { limiter.waitingCount(of: "acme") != 0 }
        permit.close()
        permit.close()
        #expect(limiter.waitingCount(of: "acme") == 1)
        limiter.release("acme")
        #expect(await next.value)
        limiter.release("acme")
    }

    @Test("A provider whose syncs never end costs only itself")
    func stuckProviders() async throws {
        let limiter = LaneLimiter(4, perProvider: 3, reserved: 1)
        for user in ["a", "b", "c"] { #expect(await limiter.acquire(for: user, of: "stuck")) }
        let waiting = Task { await limiter.acquire(for: "d", of: "stuck") }
        try await waitUntil("a sync that waits", every: .milliseconds(1)) { limiter.waitingCount(of: "stuck") == 1 }
        // The last common permit, and then the one that is reserved for each provider.
        #expect(await limiter.acquire(for: "a", of: "stuck too"))
        for _ in 0..<100 {
            #expect(await limiter.acquire(for: "a", of: "quick"))
            limiter.release("quick")
        }
        waiting.cancel()
        #expect(await waiting.value == false)
    }
}
