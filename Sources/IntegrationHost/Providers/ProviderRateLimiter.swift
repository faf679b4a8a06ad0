// Keeps outgoing requests within the providers' rate limits: before a 429, after one, and by what answers say is left. All connections
// share it, because they share the limits. Waiting requests take turns, user by user.

import ProviderSDK
import Synchronization

/// How a request waits for the provider's rate limits.
struct RateLimitWait: Sendable {
    /// The user; requests without one share a turn.
    var share = ""
    /// The longest time it waits.
    var waitMax = Duration.seconds(120)
    /// Called when the request has to wait, with the moment until which it waits at least.
    var onWait: (@Sendable (Timestamp) -> Void)?
    /// Called when a request that had to wait waits no longer, whatever came of it.
    var onResume: (@Sendable () -> Void)?
}

/// The rate limits of all providers.
final class ProviderRateLimiter: Sendable {
    /// Somebody who waits, and what is to be told.
    fileprivate typealias Call = (continuation: CheckedContinuation<Answer, Never>, answer: Answer)

    fileprivate struct Waiter {
        let demand: SlidingWindowLimiter.Demand
        /// Nanoseconds of the monotonic clock.
        let deadline: UInt64
        let continuation: CheckedContinuation<Answer, Never>
    }

    fileprivate enum Answer: Sendable {
        case admitted
        case refused(afterNanoseconds: UInt64)
        case canceled
    }

    /// Those who wait for a provider, and the task that calls them up.
    fileprivate struct Lane {
        var line = FairLine<Waiter>()
        var caller: Task<Void, Never>?
        /// When the task looks next.
        var wake = UInt64.max
    }

    fileprivate struct State {
        var ledger = SlidingWindowLimiter()
        var lanes: [String: Lane] = [:]
    }

    private let state = Mutex(State())
    private let begun = MonotonicClock.nanoseconds

    /// Waits until a request fits all limits and is next in line, and counts it.
    ///
    /// - Throws: ``ProviderError`` of kind rateLimited when the wait would be too long, transient when the task is canceled.
    func admit(
        _ provider: ConfiguredProvider, account: String?, name: String?, _ turn: RateLimitWait = RateLimitWait()
    ) async throws(ProviderError) {
        let demand = SlidingWindowLimiter.Demand(
            provider: provider.id, account: account,
            // An account that is not known yet has used nothing of its own limits, and shares them with nobody.
            limits: provider.rateLimits.filter {
                ($0.name == nil || $0.name == name) && ($0.scope != .account || account != nil)
            })
        let (answer, hasWaited) = await answer(demand, turn)
        if hasWaited { turn.onResume?() }
        switch answer {
        case .admitted: return
        case .refused(let wait):
            let pause = Duration.nanoseconds(Int64(clamping: wait))
            // Whole seconds, and not a moment too early.
            let until = WallClock.now.advanced(by: pause + .milliseconds(999))
            throw ProviderError(
                .rateLimited(after: pause), "The limit of \(provider.manifest.name) is used up until \(until).")
        case .canceled:
            throw ProviderError(.transient, "The request was canceled while it waited for its turn.")
        }
    }

    /// Stops all requests of one account for a while; with nil, all requests to the provider.
    func pause(_ provider: ConfiguredProvider, account: String?, for pause: Duration) {
        let now = MonotonicClock.nanoseconds
        let length = UInt64(max(0, min(pause, .seconds(86_400)) / .nanoseconds(1)))
        state.withLock { $0.ledger.pause(provider.id, account: account, until: now + length, at: now) }
    }

    /// Begins with short limits used up for an account that was being worked with when the last process ended.
    ///
    /// Nobody knows what was left of them, so that they count as used up as of the beginning of this process; limits over a minute
    /// and more begin anew.
    func resume(_ provider: ConfiguredProvider, account: String?) {
        let demand = SlidingWindowLimiter.Demand(provider: provider.id, account: account, limits: provider.rateLimits)
        state.withLock { $0.ledger.useUp(demand, at: begun) }
    }

    /// How long requests of one account are held back by pauses that were asked for; nil when they are not.
    func pause(of provider: ConfiguredProvider, account: String?) -> Duration? {
        let demand = SlidingWindowLimiter.Demand(provider: provider.id, account: account, limits: [])
        let wait = state.withLock { $0.ledger.wait(demand, at: MonotonicClock.nanoseconds) }
        return wait > 0 ? .nanoseconds(Int64(clamping: wait)) : nil
    }

    /// Takes in what an answer says is left.
    func observe(_ response: ProviderResponse, _ provider: ConfiguredProvider, account: String?, now: Timestamp) {
        for headers in provider.manifest.rateLimitHeaders where headers.scope != .account || account != nil {
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

    // MARK: Waiting

    /// What becomes of a request, and whether it had to wait for that.
    private func answer(_ demand: SlidingWindowLimiter.Demand, _ turn: RateLimitWait) async -> (Answer, hasWaited: Bool)
    {
        let place = Mutex<UInt64?>(nil)
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (answers, waitsUntil) = state.withLock { state -> ([Call], Timestamp?) in
                    guard !Task.isCancelled else { return ([(continuation, .canceled)], nil) }
                    let now = MonotonicClock.nanoseconds
                    // Nobody who waits already is overtaken.
                    var answers = state.call(demand.provider, at: now)
                    let wait = state.ledger.wait(demand, at: now)
                    let pause = Duration.nanoseconds(Int64(clamping: wait))
                    if wait == 0 {
                        state.ledger.count(demand, at: now)
                        state.lanes[demand.provider, default: Lane()].line.charge(turn.share)
                        answers.append((continuation, .admitted))
                    } else if pause > turn.waitMax {
                        answers.append((continuation, .refused(afterNanoseconds: wait)))
                    } else {
                        let deadline = now + UInt64(max(0, turn.waitMax / .nanoseconds(1)))
                        let waiter = Waiter(demand: demand, deadline: deadline, continuation: continuation)
                        let number = state.lanes[demand.provider, default: Lane()].line.join(waiter, share: turn.share)
                        place.withLock { $0 = number }
                        wakeCaller(of: demand.provider, by: min(now + wait, deadline), &state)
                        return (answers, WallClock.now.advanced(by: pause))
                    }
                    return (answers, nil)
                }
                if let waitsUntil { turn.onWait?(waitsUntil) }
                for (continuation, answer) in answers { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                place.withLock { $0 }.flatMap { state.lanes[demand.provider]?.line.leave($0, share: turn.share) }
            }
            waiter?.continuation.resume(returning: .canceled)
        }
        return (answer, place.withLock { $0 } != nil)
    }

    /// Sees to it that somebody looks at the line at `moment` at the latest.
    private func wakeCaller(of provider: String, by moment: UInt64, _ state: inout sending State) {
        guard var lane = state.lanes[provider], lane.caller == nil || moment < lane.wake else { return }
        lane.caller?.cancel()
        lane.wake = moment
        lane.caller = Task { await self.callUp(provider, at: moment) }
        state.lanes[provider] = lane
    }

    /// Calls up those whose turn has come, again and again until nobody waits.
    private func callUp(_ provider: String, at moment: UInt64) async {
        var moment = moment
        while true {
            let now = MonotonicClock.nanoseconds
            if moment > now {
                do { try await Task.sleep(for: .nanoseconds(Int64(moment - now))) } catch { return }
            }
            let (answers, next) = state.withLock { state -> ([Call], UInt64?) in
                // Another caller that looks sooner may have come in its place.
                guard !Task.isCancelled else { return ([], nil) }
                let now = MonotonicClock.nanoseconds
                let answers = state.call(provider, at: now)
                let next = state.nextMoment(provider, after: now)
                state.lanes[provider]?.wake = next ?? .max
                if next == nil { state.lanes[provider]?.caller = nil }
                return (answers, next)
            }
            for (continuation, answer) in answers { continuation.resume(returning: answer) }
            guard let next else { return }
            moment = next
        }
    }
}

extension ProviderRateLimiter.State {
    /// Takes out of the line everybody who fits now, or cannot wait any longer.
    fileprivate mutating func call(
        _ provider: String, at now: UInt64
    ) -> [ProviderRateLimiter.Call] {
        guard var lane = lanes.removeValue(forKey: provider) else { return [] }
        defer { lanes[provider] = lane }
        var answers: [ProviderRateLimiter.Call] = []
        while lane.line.count > 0, let waiter = lane.line.next(where: { ledger.wait($0.demand, at: now) == 0 }) {
            ledger.count(waiter.demand, at: now)
            answers.append((waiter.continuation, .admitted))
        }
        while let waiter = lane.line.expired({ $0.deadline <= now }) {
            answers.append((waiter.continuation, .refused(afterNanoseconds: ledger.wait(waiter.demand, at: now))))
        }
        return answers
    }

    /// When somebody may fit, or cannot wait any longer; nil when nobody waits.
    fileprivate mutating func nextMoment(_ provider: String, after now: UInt64) -> UInt64? {
        guard let line = lanes[provider]?.line else { return nil }
        return line.elements.map { min(now + ledger.wait($0.demand, at: now), $0.deadline) }.min()
    }
}
