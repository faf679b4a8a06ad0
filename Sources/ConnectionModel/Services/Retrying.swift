// Trying again what failed in a way that may pass, as the status document promises: three times, after 100, 200 and 400 ms.

import Observability
package import Primitives
import ProviderSDK

/// Repeats what failed in a way that may pass.
package enum Retrying {
    /// The pauses before the second, third and last try.
    package static let pauses: [Duration] = [.milliseconds(100), .milliseconds(200), .milliseconds(400)]

    /// How long after the first try another one begins: whoever sits through three silent providers would wait for minutes.
    package static let timeMax = Duration.seconds(10)

    /// What `body` returns, tried again while it fails in a way that may pass.
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
                throw .unavailable("The request was canceled.", retryAfterSeconds: 1)
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
