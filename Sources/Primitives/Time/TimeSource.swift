// The time that a service works by. A service is given one and reads no other clock, so that a test can drive it.

/// A wall clock, a monotonic clock and a way to sleep: the machine's own, or those of a `ManualClock`.
///
/// It is a small value without an existential, so reading it costs one branch more than the system's clock.
public struct TimeSource: Sendable {
    private let manual: ManualClock?

    /// The machine's clocks.
    public static let system = TimeSource(manual: nil)

    init(manual: ManualClock?) { self.manual = manual }

    /// The time of day: milliseconds since 1 January 1970, UTC.
    public var millisecondsSince1970: Int64 { manual?.millisecondsSince1970 ?? SystemClock.millisecondsSince1970 }

    /// The present moment of the monotonic clock.
    public var instant: MonotonicInstant { manual?.instant ?? SystemClock.instant }

    /// Suspends the caller for `duration`.
    ///
    /// - Throws: `CancellationError` when the task is cancelled before that.
    public func sleep(for duration: Duration) async throws(CancellationError) {
        try await sleep(until: instant + duration)
    }

    /// Suspends the caller until the monotonic clock has reached `deadline`.
    ///
    /// - Throws: `CancellationError` when the task is cancelled before that.
    public func sleep(until deadline: MonotonicInstant) async throws(CancellationError) {
        if let manual { return try await manual.sleep(until: deadline) }
        if Task.isCancelled { throw CancellationError() }
        while true {
            let now = SystemClock.instant
            guard now < deadline else { return }
            do {
                // The suspending clock is CLOCK_MONOTONIC on Linux, as `instant` is.
                try await Task.sleep(for: now.duration(to: deadline), clock: .suspending)
            } catch {
                throw CancellationError()
            }
        }
    }
}
