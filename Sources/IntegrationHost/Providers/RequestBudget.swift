// Keeps outgoing requests within the providers' limits: token buckets ahead of a 429, pauses after one, and what answers say is
// left. Shared by all connections, because the limits are.

import Glibc
import ProviderSDK
import Synchronization

/// The budget of requests to providers.
final class RequestBudget: Sendable {
    /// Buckets kept at most; the ones unused longest go first.
    static let bucketsMax = 10_000
    /// The longest time a request waits for its turn here.
    static let waitMax = Duration.seconds(120)

    private struct Key: Hashable {
        let provider: String
        let account: String?
        let name: String?
        let interval: Duration
    }

    private struct Bucket {
        var tokens: Double
        var updated: UInt64
    }

    private struct State {
        var buckets: [Key: Bucket] = [:]
        var pausedUntil: [Key: UInt64] = [:]
    }

    private let state = Mutex(State())

    /// Waits until a request fits all limits, and counts it.
    ///
    /// - Throws: ``ProviderError`` of kind rateLimited when the wait would be too long, transient when the task is cancelled.
    func admit(_ provider: ConfiguredProvider, account: String?, name: String?) async throws(ProviderError) {
        let start = MonotonicClock.nanoseconds
        while true {
            let now = MonotonicClock.nanoseconds
            let wait = take(provider, account: account, name: name, now: now)
            guard wait > 0 else { return }
            guard .nanoseconds(now - start + wait) <= Self.waitMax else {
                throw ProviderError(
                    .rateLimited(after: .nanoseconds(Int64(wait))),
                    "The limit of \(provider.manifest.name) is used up for now.")
            }
            do { try await Task.sleep(for: .nanoseconds(Int64(wait))) } catch {
                throw ProviderError(.transient, "The request was canceled while it waited for its turn.")
            }
        }
    }

    /// Stops all requests of one account for a while.
    func pause(_ provider: ConfiguredProvider, account: String?, for pause: Duration) {
        let key = Key(provider: provider.id, account: account, name: nil, interval: .zero)
        let until = MonotonicClock.nanoseconds &+ UInt64(max(0, pause / .nanoseconds(1)))
        state.withLock { state in
            if state.pausedUntil.count >= Self.bucketsMax { state.pausedUntil.removeAll() }
            state.pausedUntil[key] = max(until, state.pausedUntil[key] ?? 0)
        }
    }

    /// Takes in what an answer says is left.
    func observe(_ response: ProviderResponse, _ provider: ConfiguredProvider, account: String?, now: Timestamp) {
        for headers in provider.manifest.rateLimitHeaders {
            guard let text = response.header(headers.remaining), let left = ExactDecimal(text), left.coefficient <= 0
            else {
                continue
            }
            let told = headers.resetAfter.flatMap { response.header($0) }.flatMap { JSONNumber($0) }?.double
            let reset = told ?? headers.interval.map { $0 / .seconds(1) } ?? 0
            guard reset > 0, reset < 3600 else { continue }
            let shared = headers.scope == .account ? account : nil
            pause(provider, account: shared, for: .milliseconds(Int64(reset * 1000)))
        }
    }

    /// Nanoseconds until a request fits; 0 when it does and was counted.
    private func take(_ provider: ConfiguredProvider, account: String?, name: String?, now: UInt64) -> UInt64 {
        let limits = provider.rateLimits.filter { $0.name == nil || $0.name == name }
        return state.withLock { state in
            for shared in [account, nil] {
                let pauseKey = Key(provider: provider.id, account: shared, name: nil, interval: .zero)
                guard let until = state.pausedUntil[pauseKey] else { continue }
                if until > now { return until - now }
                state.pausedUntil[pauseKey] = nil
            }
            var refilled: [(Key, Bucket)] = []
            var wait: UInt64 = 0
            for limit in limits {
                let key = Key(
                    provider: provider.id, account: limit.scope == .account ? account : nil, name: limit.name,
                    interval: limit.interval)
                let perNanosecond = Double(limit.requests) / (limit.interval / .nanoseconds(1))
                var bucket = state.buckets[key] ?? Bucket(tokens: Double(limit.requests), updated: now)
                bucket.tokens = min(
                    Double(limit.requests), bucket.tokens + Double(now &- bucket.updated) * perNanosecond)
                bucket.updated = now
                if bucket.tokens < 1 { wait = max(wait, UInt64((1 - bucket.tokens) / perNanosecond) + 1) }
                refilled.append((key, bucket))
            }
            guard wait == 0 else { return wait }
            if state.buckets.count + refilled.count > Self.bucketsMax {
                let oldest = state.buckets.sorted { $0.value.updated < $1.value.updated }.prefix(Self.bucketsMax / 10)
                for (key, _) in oldest { state.buckets[key] = nil }
            }
            for (key, bucket) in refilled {
                state.buckets[key] = Bucket(tokens: bucket.tokens - 1, updated: bucket.updated)
            }
            return 0
        }
    }
}
