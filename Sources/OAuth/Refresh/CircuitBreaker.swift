// Circuit breakers of token endpoints. After some failures in a row the endpoint gets one probing request at a time. Kept in memory
// only; the pause of each connection is stored with the connection.

import ConnectionModel
import ProviderSDK
import StoredValues
import Synchronization

/// The circuit breaker of one token endpoint.
struct CircuitBreaker: Sendable, Equatable {
    /// Consecutive failures after which the breaker opens.
    static let failuresMax = 5
    static let pauseFirst = Duration.seconds(2)
    static let pauseLast = Duration.seconds(60)

    private(set) var failures = 0
    private(set) var openUntil: Timestamp?
    private var changedAt: Timestamp?

    /// Returns how long requests are refused; nil admits this one.
    ///
    /// An open breaker whose time has passed admits one probe, and no other request until the probe has an answer.
    mutating func admit(at now: Timestamp) -> Duration? {
        guard let openUntil else { return nil }
        let end = StoredMoment.end(openUntil, begun: changedAt, longest: RefreshPolicy.pauseMax, at: now)
        if let end { return end.duration(since: now) }
        // This request is the probe.
        self.openUntil = now.advanced(by: Self.pauseLast)
        changedAt = now
        return nil
    }

    /// Closes the breaker: the endpoint answered, even if with an error.
    mutating func succeed() { self = CircuitBreaker() }

    /// Counts a failure, and opens the breaker after too many or when the endpoint asks for a pause.
    mutating func fail(pause: Duration?, at now: Timestamp) {
        failures += 1
        changedAt = now
        var wait = min(pause ?? .zero, RefreshPolicy.pauseMax)
        if failures >= Self.failuresMax {
            let doubled = Self.pauseFirst * (1 << min(failures - Self.failuresMax, 16))
            wait = max(wait, min(doubled, Self.pauseLast))
        }
        openUntil = wait > .zero ? now.advanced(by: wait) : nil
    }
}

/// The circuit breakers of all token endpoints.
final class CircuitBreakers: Sendable {
    private let states = Mutex<[String: CircuitBreaker]>([:])

    private func key(_ provider: String, _ variant: String?) -> String { "\(provider)/\(variant ?? "")" }

    /// Returns how long requests are refused; nil admits this one.
    func admit(_ provider: String, _ variant: String?, at now: Timestamp) -> Duration? {
        states.withLock { $0[key(provider, variant), default: CircuitBreaker()].admit(at: now) }
    }

    /// Records the outcome of a request; nil is a success.
    func observe(_ failure: RefreshFailure?, _ provider: String, _ variant: String?, at now: Timestamp) {
        states.withLock { states in
            switch failure?.reason {
            case .transient, .unknown, .rateLimited:
                states[key(provider, variant), default: CircuitBreaker()].fail(pause: failure?.pause, at: now)
            // The endpoint works: its answer about this grant or application concerns the connection alone.
            case .revoked, .scopeLost, .misconfigured, nil: states[key(provider, variant)] = nil
            }
        }
    }
}
