// A call that waits for its time, and can be called off from any thread. It knows no clock.

import Dispatch
import Primitives
import Synchronization

/// A call that waits for its time; see `EventLoop.schedule(after:_:)`.
public final class ScheduledCall: Sendable {
    let deadline: Nanoseconds
    private let loop: EventLoop
    private let body: Mutex<(@Sendable () -> Void)?>
    private let timerNumber = Atomic<UInt64>(0)

    init(loop: EventLoop, body: @escaping @Sendable () -> Void, deadline: Nanoseconds) {
        self.loop = loop
        self.body = Mutex(body)
        self.deadline = deadline
    }

    var timer: UInt64 { timerNumber.load(ordering: .relaxed) }

    func setTimer(_ number: UInt64) { timerNumber.store(number, ordering: .relaxed) }

    /// Drops the call if it has not been made.
    public func cancel() {
        guard body.withLock({ $0.take() }) != nil else { return }
        loop.forget(self)
    }

    /// Makes the call, once.
    func perform() {
        let body = body.withLock { $0.take() }
        body?()
    }

    /// Makes the call at its time without the loop, which has stopped.
    func performLater() {
        let now = EventLoop.clock()
        let delay = Int(clamping: deadline > now ? deadline - now : 0)
        DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(delay)) { self.perform() }
    }
}
