// Keeps outgoing requests within the providers' rate limits: before a 429, after a 429, and by what answers say is
// left. All connections share it, because they share the limits. Waiting requests take turns, user by user.

import ConnectionModel
package import Primitives
package import ProviderSDK
import Synchronization

/// How a request waits for the provider's rate limits.
package struct RateLimitWait: Sendable {
    /// The user; requests without one share a turn.
    package var share = ""
    /// The longest time that the request waits.
    package var waitMax = Duration.seconds(120)
    /// Called when the request has to wait, with the earliest moment at which the wait can end.
    package var onWait: (@Sendable (Timestamp) -> Void)?
    /// Called when a request that had to wait stops waiting, for any outcome.
    package var onResume: (@Sendable () -> Void)?
    /// Called just before a request is sent, after it has waited; what it throws is thrown instead of sending.
    package var beforeSending: (@Sendable () async throws(ProviderError) -> Void)?

    package init(
        share: String = "", waitMax: Duration = Duration.seconds(120), onWait: (@Sendable (Timestamp) -> Void)? = nil,
        onResume: (@Sendable () -> Void)? = nil
    ) {
        self.share = share
        self.waitMax = waitMax
        self.onWait = onWait
        self.onResume = onResume
    }
}

/// The rate limits of all providers.
package final class ProviderRateLimiter: Sendable {
    /// A waiting request and the answer for it.
    fileprivate typealias Call = (continuation: CheckedContinuation<Answer, Never>, answer: Answer)

    fileprivate struct Waiter {
        let demand: SlidingWindowLimiter.Demand
        let deadline: MonotonicInstant
        let continuation: CheckedContinuation<Answer, Never>
    }

    fileprivate enum Answer: Sendable {
        case admitted
        case refused(after: Duration)
        case canceled
    }

    /// The waiting requests of a provider, and the task that answers them.
    fileprivate struct Lane {
        var queue = FairQueue<Waiter>()
        var caller: Task<Void, Never>?
        /// When the task checks the queue next.
        var wake = MonotonicInstant.distantFuture
    }

    fileprivate struct State {
        var counts = SlidingWindowLimiter()
        var lanes: [String: Lane] = [:]
    }

    private let state = Mutex(State())
    private let time: TimeSource
    private let begun: MonotonicInstant

    package init(time: TimeSource) {
        self.time = time
        begun = time.instant
    }

    /// Waits until a request fits all limits and is next in line, and counts it.
    ///
    /// - Throws: ``ProviderError`` of kind rateLimited when the wait would be too long, and of kind transient when the
    ///   task is canceled.
    package func admit(
        _ provider: ConfiguredProvider, account: String?, name: String?, _ settings: RateLimitWait = RateLimitWait()
    ) async throws(ProviderError) {
        let demand = SlidingWindowLimiter.Demand(
            provider: provider.id, account: account,
            // An unknown account has used nothing of its limits, and shares them with no other account.
            limits: provider.rateLimits.filter {
                ($0.name == nil || $0.name == name) && ($0.scope != .account || account != nil)
            })
        let (answer, hasWaited) = await answer(demand, settings)
        if hasWaited { settings.onResume?() }
        switch answer {
        case .admitted: return
        case .refused(let wait):
            // Rounds up to whole seconds, so that the moment is not too early.
            let until = time.now.advanced(by: wait + .milliseconds(999))
            throw ProviderError(
                .rateLimited(after: wait), "The limit of \(provider.manifest.name) is used up until \(until).")
        case .canceled:
            throw ProviderError(.transient, "The request was canceled while it waited for the rate limit.")
        }
    }

    /// Stops all requests of one account for a while.
    ///
    /// With nil it stops all requests to the provider.
    package func pause(_ provider: ConfiguredProvider, account: String?, for pause: Duration) {
        let now = time.instant
        let until = now + max(.zero, min(pause, .seconds(86_400)))
        state.withLock { $0.counts.pause(provider.id, account: account, until: until, at: now) }
    }

    /// Treats short limits as used up for an account that was in use when the last process ended.
    ///
    /// How much of these limits was left is unknown. They count as used up when this process began. Limits over a minute
    /// and more start fresh.
    package func resume(_ provider: ConfiguredProvider, account: String?) {
        let demand = SlidingWindowLimiter.Demand(provider: provider.id, account: account, limits: provider.rateLimits)
        state.withLock { $0.counts.useUp(demand, at: begun) }
    }

    /// How long requested pauses still hold back the requests of one account; nil when they do not.
    package func pause(of provider: ConfiguredProvider, account: String?) -> Duration? {
        let demand = SlidingWindowLimiter.Demand(provider: provider.id, account: account, limits: [])
        let wait = state.withLock { $0.counts.wait(demand, at: time.instant) }
        return wait > .zero ? wait : nil
    }

    /// Reads how many requests an answer says are left, and pauses when none are.
    package func observe(_ response: ProviderResponse, _ provider: ConfiguredProvider, account: String?, now: Timestamp)
    {
        for headers in provider.manifest.rateLimitHeaders where headers.scope != .account || account != nil {
            guard let text = response.header(headers.remaining), let left = ExactDecimal(text), left.coefficient <= 0
            else {
                continue
            }
            let written = headers.reset.flatMap { response.header($0) }
            let reset = written.flatMap { headers.resetFormat.pause(in: $0, now: now) } ?? headers.interval ?? .zero
            guard reset > .zero, reset < .seconds(3600) else { continue }
            let shared = headers.scope == .account ? account : nil
            pause(provider, account: shared, for: reset)
        }
    }

    // MARK: Waiting

    /// Returns the outcome of a request, and whether it had to wait.
    private func answer(_ demand: SlidingWindowLimiter.Demand, _ settings: RateLimitWait) async -> (
        Answer, hasWaited: Bool
    ) {
        let ticket = Mutex<FairQueueTicket?>(nil)
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (answers, waitsUntil) = state.withLock { state -> ([Call], Timestamp?) in
                    guard !Task.isCancelled else { return ([(continuation, .canceled)], nil) }
                    let now = time.instant
                    // A new request must not overtake one that waits already.
                    var answers = state.call(demand.provider, at: now)
                    let wait = state.counts.wait(demand, at: now)
                    if wait <= .zero {
                        state.counts.count(demand, at: now)
                        state.lanes[demand.provider, default: Lane()].queue.charge(settings.share)
                        answers.append((continuation, .admitted))
                    } else if wait > settings.waitMax {
                        answers.append((continuation, .refused(after: wait)))
                    } else {
                        let deadline = now + max(.zero, settings.waitMax)
                        let waiter = Waiter(demand: demand, deadline: deadline, continuation: continuation)
                        let joined = state.lanes[demand.provider, default: Lane()].queue.join(
                            waiter, share: settings.share)
                        ticket.withLock { $0 = joined }
                        wakeCaller(of: demand.provider, by: min(now + wait, deadline), &state)
                        return (answers, time.now.advanced(by: wait))
                    }
                    return (answers, nil)
                }
                if let waitsUntil { settings.onWait?(waitsUntil) }
                for (continuation, answer) in answers { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                ticket.withLock { $0 }.flatMap { state.lanes[demand.provider]?.queue.leave($0) }
            }
            waiter?.continuation.resume(returning: .canceled)
        }
        return (answer, ticket.withLock { $0 } != nil)
    }

    /// Ensures that the task checks the queue at `moment` at the latest.
    private func wakeCaller(of provider: String, by moment: MonotonicInstant, _ state: inout sending State) {
        guard var lane = state.lanes[provider], lane.caller == nil || moment < lane.wake else { return }
        lane.caller?.cancel()
        lane.wake = moment
        lane.caller = Task { await self.callUp(provider, at: moment) }
        state.lanes[provider] = lane
    }

    /// Answers the requests whose turn has come, repeatedly, until none waits.
    private func callUp(_ provider: String, at moment: MonotonicInstant) async {
        var moment = moment
        while true {
            do { try await time.sleep(until: moment) } catch { return }
            let (answers, next) = state.withLock { state -> ([Call], MonotonicInstant?) in
                // A caller that checks sooner may have replaced this one.
                guard !Task.isCancelled else { return ([], nil) }
                let now = time.instant
                let answers = state.call(provider, at: now)
                let next = state.nextMoment(provider, after: now)
                state.lanes[provider]?.wake = next ?? .distantFuture
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
    /// Removes the requests that fit now, or can wait no longer, and returns them with their answers.
    fileprivate mutating func call(
        _ provider: String, at now: MonotonicInstant
    ) -> [ProviderRateLimiter.Call] {
        guard var lane = lanes.removeValue(forKey: provider) else { return [] }
        defer { lanes[provider] = lane }
        var answers: [ProviderRateLimiter.Call] = []
        while let waiter = lane.queue.next(where: { counts.wait($0.demand, at: now) <= .zero }) {
            counts.count(waiter.demand, at: now)
            answers.append((waiter.continuation, .admitted))
        }
        for waiter in lane.queue.removeAll(where: { $0.deadline <= now }) {
            answers.append((waiter.continuation, .refused(after: counts.wait(waiter.demand, at: now))))
        }
        return answers
    }

    /// The next moment at which a request may fit or can wait no longer; nil when none waits.
    fileprivate mutating func nextMoment(_ provider: String, after now: MonotonicInstant) -> MonotonicInstant? {
        guard let queue = lanes[provider]?.queue else { return nil }
        return queue.elements.map { min(now + counts.wait($0.demand, at: now), $0.deadline) }.min()
    }
}
