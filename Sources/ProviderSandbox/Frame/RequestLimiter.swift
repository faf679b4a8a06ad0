// Counts requests in windows of the sandbox's clock, for providers' rate limits and their headers. It knows no header.

import Synchronization

/// A number of requests in a window of time.
struct RequestQuota: Sendable {
    var requests: Int
    var seconds: Int64
}

/// What the limiter says of one request.
struct QuotaVerdict: Sendable {
    /// Whether the request is within the quota, or quotas are not enforced.
    let isAdmitted: Bool
    let limit: Int
    /// Requests left in this window; never below zero.
    let remaining: Int
    /// Milliseconds until the window ends.
    let resetMilliseconds: Int64
}

/// Windows of requests by key.
final class RequestLimiter: Sendable {
    private struct Window {
        var start: Int64
        var count: Int
    }

    private struct State {
        var isEnforced: Bool
        var replaced: RequestQuota?
        var windows: [String: Window] = [:]
    }

    private static let windowsMax = 10_000
    private let clock: SandboxClock
    private let state: Mutex<State>

    init(_ clock: SandboxClock, isEnforced: Bool) {
        self.clock = clock
        state = Mutex(State(isEnforced: isEnforced))
    }

    /// Enforces quotas or stops to; `quota` stands in for every documented one until it is nil again.
    func set(isEnforced: Bool, quota: RequestQuota?) {
        state.withLock { state in
            state.isEnforced = isEnforced
            state.replaced = quota
            state.windows = [:]
        }
    }

    /// Counts one request of `key`.
    func count(_ key: String, _ documented: RequestQuota) -> QuotaVerdict {
        let now = clock.milliseconds
        return state.withLock { state in
            let quota = state.replaced ?? documented
            let length = quota.seconds * 1000
            if state.windows.count >= Self.windowsMax { state.windows = [:] }
            var window = state.windows[key] ?? Window(start: now, count: 0)
            if now - window.start >= length { window = Window(start: now, count: 0) }
            let isWithin = window.count < quota.requests
            if isWithin { window.count += 1 }
            state.windows[key] = window
            return QuotaVerdict(
                isAdmitted: isWithin || !state.isEnforced, limit: quota.requests,
                remaining: max(0, quota.requests - window.count), resetMilliseconds: window.start + length - now)
        }
    }
}
