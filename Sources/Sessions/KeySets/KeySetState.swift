// Decides when a key set is fetched: the rules as a state machine without I/O. Knows keys by id, and moments as numbers.

import Cryptography
import Primitives

/// The known keys of a key set, and the next step for a token that names one of its keys.
struct KeySetState: Sendable {
    /// The next step for a key id.
    enum Decision: Sendable {
        /// Verify with this key.
        case use(JWSVerifier)
        /// Fetch the set, report the outcome with ``finished(_:now:)``, and ask again.
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
    /// The first caller who needs a set that is too old fetches it. Its keys stay good meanwhile, and if the fetch fails.
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
