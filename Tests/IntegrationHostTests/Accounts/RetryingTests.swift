// Trying again what may pass: how often, and what is never tried again.

import ProviderSDK
import Synchronization
import Testing

@testable import IntegrationHost

@Suite("Retries")
struct RetryingTests {
    private final class Attempts: Sendable {
        private let made = Atomic(0)
        var count: Int { made.load(ordering: .relaxed) }

        /// Fails with `error` the first `failures` times.
        func run(_ failures: Int, _ error: ServiceError) throws(ServiceError) -> Int {
            let number = made.add(1, ordering: .relaxed).newValue
            if number <= failures { throw error }
            return number
        }
    }

    /// Time that passes by pauses, and by `stride` with every look at it.
    private final class ManualTime: Sendable {
        private let state: Mutex<(now: UInt64, pauses: [Duration])>
        let stride: UInt64

        init(stride: UInt64 = 0) {
            self.stride = stride
            state = Mutex((now: 0, pauses: []))
        }

        var pauses: [Duration] { state.withLock { $0.pauses } }
        var time: Retrying.Time {
            Retrying.Time(
                now: {
                    self.state.withLock {
                        $0.now += self.stride
                        return $0.now
                    }
                },
                sleep: { pause in
                    self.state.withLock {
                        $0.now += UInt64(pause / .nanoseconds(1))
                        $0.pauses.append(pause)
                    }
                })
        }
    }

    private static let passing: [ServiceError] = [
        .unavailable("busy", retryAfterSeconds: 1),
        .provider(ProviderError(.transient, "The provider does not answer.")),
    ]

    @Test("what fails three times and then works has worked; what fails once more has failed", arguments: passing)
    func transient(error: ServiceError) async throws {
        let good = Attempts()
        let clock = ManualTime()
        #expect(
            try await Retrying.run(time: clock.time) { () async throws(ServiceError) in try good.run(3, error) } == 4)
        #expect(clock.pauses == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
        let bad = Attempts()
        await #expect(throws: error) {
            try await Retrying.run(time: clock.time) { () async throws(ServiceError) in try bad.run(9, error) }
        }
        #expect(bad.count == 4)
    }

    @Test("what has failed for ten seconds is not tried again", arguments: passing)
    func slow(error: ServiceError) async {
        let attempts = Attempts()
        let clock = ManualTime(stride: Retrying.timeMaxNanoseconds / 2)
        await #expect(throws: error) {
            try await Retrying.run(time: clock.time) { () async throws(ServiceError) in try attempts.run(9, error) }
        }
        #expect(attempts.count == 2)
    }

    @Test(
        "what will not pass is not tried again",
        arguments: [
            ServiceError.notFound, .forbidden("no"), .invalid(field: "a", message: "b"), .internalFault("c"),
            .provider(ProviderError(.authRevoked, "gone")), .provider(ProviderError(.permanent, "no")),
        ])
    func permanent(error: ServiceError) async {
        let attempts = Attempts()
        await #expect(throws: error) {
            try await Retrying.run { () async throws(ServiceError) in try attempts.run(9, error) }
        }
        #expect(attempts.count == 1)
    }
}
