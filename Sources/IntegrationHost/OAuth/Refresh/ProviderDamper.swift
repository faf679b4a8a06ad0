// Keeps a token endpoint that fails from being asked by every connection of its provider: after some failures in a row one request
// at a time finds out whether it works again. In memory only; each connection has a pause of its own on disk.

import ProviderSDK
import Synchronization

/// How the token endpoint of a provider does.
struct DamperState: Sendable, Equatable {
    /// Failures in a row that are let pass.
    static let failuresMax = 5
    static let pauseFirst = Duration.seconds(2)
    static let pauseLast = Duration.seconds(60)

    private(set) var failures = 0
    private(set) var closedUntil: Timestamp?

    /// How long no request may be made; nil admits one, and after failures nobody else until its time has passed.
    mutating func admit(at now: Timestamp) -> Duration? {
        guard let closedUntil else { return nil }
        if closedUntil > now { return closedUntil.duration(since: now) }
        // The one that finds out; its answer opens or closes.
        self.closedUntil = now.advanced(by: Self.pauseLast)
        return nil
    }

    /// An answer that shows that the endpoint works, whatever it said.
    mutating func succeed() { self = DamperState() }

    /// The endpoint failed, or asked for a pause.
    mutating func fail(pause: Duration?, at now: Timestamp) {
        failures += 1
        var wait = min(pause ?? .zero, RefreshPolicy.pauseMax)
        if failures >= Self.failuresMax {
            let doubled = Self.pauseFirst * (1 << min(failures - Self.failuresMax, 16))
            wait = max(wait, min(doubled, Self.pauseLast))
        }
        closedUntil = wait > .zero ? now.advanced(by: wait) : nil
    }
}

/// The dampers of all providers.
final class ProviderDamper: Sendable {
    private let states = Mutex<[String: DamperState]>([:])

    private func key(_ provider: String, _ variant: String?) -> String { "\(provider)/\(variant ?? "")" }

    /// How long no request may be made; nil admits this one.
    func admit(_ provider: String, _ variant: String?, at now: Timestamp) -> Duration? {
        states.withLock { $0[key(provider, variant), default: DamperState()].admit(at: now) }
    }

    /// Takes note of how a request ended; nil for a new pair.
    func observe(_ failure: RefreshFailure?, _ provider: String, _ variant: String?, at now: Timestamp) {
        states.withLock { states in
            switch failure?.failure {
            case .transient, .unknown, .rateLimited:
                states[key(provider, variant), default: DamperState()].fail(pause: failure?.pause, at: now)
            // The endpoint answers; what it says of this grant or this application is the connection's to remember.
            case .revoked, .scopeLost, .misconfigured, nil: states[key(provider, variant)] = nil
            }
        }
    }
}
