// Retries of transient failures: how many are made, and which failures are not retried.

import Primitives
import ProviderSDK
import Synchronization
import TestSupport
import Testing

@testable import ConnectionModel
@testable import Connections

@Suite("Retries", .timeLimit(.minutes(2)))
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

    /// Runs `work` on a clock on which each sleep ends as soon as it begins; its result and the lengths of the sleeps.
    private static func passing<Value>(_ work: (ManualClock) async -> Value) async -> (Value, [Duration]) {
        let clock = ManualClock()
        let pauses = Task {
            var pauses: [Duration] = []
            try? await waitUntil("the end of the retries", every: .milliseconds(1)) {
                if let pause = clock.advanceToNextSleeper() { pauses.append(pause) }
                return Task.isCancelled
            }
            return pauses
        }
        let value = await work(clock)
        pauses.cancel()
        return (value, await pauses.value)
    }

    private static let temporary: [ServiceError] = [
        .unavailable("busy", retryAfterSeconds: 1),
        .provider(ProviderError(.transient, "The provider does not answer.")),
    ]

    @Test("An operation is tried four times before its transient failure is reported", arguments: temporary)
    func transient(error: ServiceError) async {
        let (good, bad) = (Attempts(), Attempts())
        let (result, pauses) = await Self.passing { clock in
            try? await Retrying.run(on: clock.source) { () async throws(ServiceError) in try good.run(3, error) }
        }
        #expect(result == 4)
        #expect(pauses == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
        _ = await Self.passing { clock in
            await #expect(throws: error) {
                try await Retrying.run(on: clock.source) { () async throws(ServiceError) in try bad.run(9, error) }
            }
        }
        #expect(bad.count == 4)
    }

    @Test("An operation is not retried after ten seconds", arguments: temporary)
    func slow(error: ServiceError) async {
        let attempts = Attempts()
        _ = await Self.passing { clock in
            await #expect(throws: error) {
                try await Retrying.run(on: clock.source) { () async throws(ServiceError) in
                    clock.advance(by: Retrying.timeMax / 2)
                    return try attempts.run(9, error)
                }
            }
        }
        #expect(attempts.count == 2)
    }

    @Test(
        "A permanent failure is not retried",
        arguments: [
            ServiceError.notFound, .forbidden("no"), .invalid(field: "a", message: "b"), .internalFault("c"),
            .provider(ProviderError(.authRevoked, "gone")), .provider(ProviderError(.permanent, "no")),
        ])
    func permanent(error: ServiceError) async {
        let attempts = Attempts()
        await #expect(throws: error) {
            try await Retrying.run(on: .system) { () async throws(ServiceError) in try attempts.run(9, error) }
        }
        #expect(attempts.count == 1)
    }
}
