// When a key set is fetched: the rules as a state machine without I/O. Knows keys by id and moments as numbers.

import Cryptography
import Primitives

/// What is known of a key set, and what to do for a token that names one of its keys.
struct KeySetState: Sendable {
    /// What to do for a key id.
    enum Decision: Sendable {
        /// Verify with this key.
        case use(JWSVerifier)
        /// Fetch the set, tell the outcome with ``finished(_:now:)``, and ask again.
        case fetch
        /// Wait for the fetch that is under way, and ask again.
        case wait
        /// There is no such key.
        case refuse
    }

    private var verifiers: [[UInt8]: JWSVerifier] = [:]
    private var loaded: UInt64?
    private var attempted: UInt64?
    private var isFetching = false

    /// Decides about `keyID` at `now`, nanoseconds of the monotonic clock.
    ///
    /// A set that is too old is fetched again by the first who needs it; meanwhile, and when that fails, its keys stay good.
    mutating func decide(_ keyID: [UInt8], now: UInt64) -> Decision {
        if let verifier = verifiers[keyID], isFresh(now) || isFetching || !mayFetch(now) { return .use(verifier) }
        if isFetching { return .wait }
        guard mayFetch(now) else { return .refuse }
        isFetching = true
        attempted = now
        return .fetch
    }

    /// The fetch has ended, with a good set or, when `document` is nil, without one.
    mutating func finished(_ document: KeySetDocument?, now: UInt64) {
        isFetching = false
        guard let document else { return }
        verifiers = document.verifiers
        loaded = now
    }

    private func isFresh(_ now: UInt64) -> Bool {
        loaded.map { now &- $0 < SessionLimits.keySetLifetime.wholeNanoseconds } ?? false
    }

    private func mayFetch(_ now: UInt64) -> Bool {
        let interval = loaded == nil ? SessionLimits.keySetFirstFetchInterval : SessionLimits.keySetFetchInterval
        return attempted.map { now &- $0 >= interval.wholeNanoseconds } ?? true
    }
}
