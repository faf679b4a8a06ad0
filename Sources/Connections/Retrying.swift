// Retries transient failures as the status document promises: three times, after 100, 200 and 400 ms.

package import ConnectionModel
import Observability
package import Primitives
import ProviderSDK

/// Repeats an operation that failed with a transient error.
package enum Retrying {
    /// The pauses before the second, third and last attempt.
    package static let pauses: [Duration] = [.milliseconds(100), .milliseconds(200), .milliseconds(400)]

    /// How long after the first attempt a further one may start.
    ///
    /// Without this limit, a request to three silent providers would take minutes.
    package static let timeMax = Duration.seconds(10)

    /// Returns the result of `body`, which is retried while it fails with a transient error.
    package static func run<Value: Sendable>(
        on time: TimeSource, _ body: @Sendable () async throws(ServiceError) -> Value
    ) async throws(ServiceError) -> Value {
        let start = time.instant
        for pause in pauses {
            do throws(ServiceError) { return try await body() } catch {
                guard mayPass(error), time.instant - start < timeMax else { throw error }
            }
            Metrics.retries.add()
            do { try await time.sleep(for: pause) } catch {
                throw .canceled
            }
        }
        return try await body()
    }

    private static func mayPass(_ error: ServiceError) -> Bool {
        switch error {
        case .unavailable: true
        case .provider(let error): error.kind == .transient
        default: false
        }
    }
}
