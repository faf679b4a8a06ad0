// The permits of syncs: a wait for a permit can be canceled, and a sync that waits for its provider gives its permit to another.

import Primitives
import ProviderSDK
import TestSupport
import Testing

@testable import Sync

@Suite("Sync permits", .timeLimit(.minutes(1)))
struct SyncPermitTests {
    @Test("A canceled wait for a permit ends, and another wait continues")
    func cancellation() async throws {
        let limiter = FairGate(1)
        #expect(await limiter.acquire(for: "a"))
        let canceled = Task { await limiter.acquire(for: "b") }
        let patient = Task { await limiter.acquire(for: "c") }
        try await waitUntil("a sync that waits for a permit", every: .milliseconds(1)) { limiter.waitingCount >= 2 }
        canceled.cancel()
        #expect(await canceled.value == false)
        limiter.release()
        #expect(await patient.value)
        limiter.release()
        #expect(await limiter.acquire(for: "a"))
        let late = Task { await limiter.acquire(for: "b") }
        late.cancel()
        #expect(await late.value == false)
        #expect(limiter.waitingCount == 0)
    }

    @Test("A sync that waits for its provider gives its permit to another and resumes without waiting")
    func permits() async throws {
        let limiter = FairGate(1)
        let progress = SyncProgress()
        #expect(await limiter.acquire(for: "a"))
        let permit = SyncPermit(in: limiter, progress: progress)
        permit.wait(until: .epoch)
        permit.wait(until: .epoch)
        #expect(progress.snapshot.wait == .rateLimit)
        #expect(await limiter.acquire(for: "b"))
        permit.resume("things")
        permit.resume("things")
        #expect(progress.snapshot.wait == nil)
        // Two syncs share one permit now: the next one waits for both to end.
        let next = Task { await limiter.acquire(for: "c") }
        try await waitUntil("a sync that waits for a permit", every: .milliseconds(1)) { limiter.waitingCount != 0 }
        permit.close()
        permit.close()
        #expect(limiter.waitingCount == 1)
        limiter.release()
        #expect(await next.value)
        limiter.release()
    }
}
