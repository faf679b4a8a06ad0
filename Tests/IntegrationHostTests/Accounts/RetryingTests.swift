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

    private static let passing: [ServiceError] = [
        .unavailable("busy", retryAfterSeconds: 1),
        .provider(ProviderError(.transient, "The provider does not answer.")),
    ]

    @Test("the pauses are those of the status document")
    func pauses() {
        #expect(Retrying.pauses == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
    }

    @Test("what fails three times and then works has worked; what fails once more has failed", arguments: passing)
    func transient(error: ServiceError) async throws {
        let good = Attempts()
        #expect(try await Retrying.run { () async throws(ServiceError) in try good.run(3, error) } == 4)
        let bad = Attempts()
        await #expect(throws: error) {
            try await Retrying.run { () async throws(ServiceError) in try bad.run(9, error) }
        }
        #expect(bad.count == 4)
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
