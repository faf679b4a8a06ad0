// A moment of the monotonic clock, and the arithmetic of moments. It reads no clock.

/// A moment on a clock that only goes forward, in nanoseconds since some moment before the process began.
@frozen
public struct MonotonicInstant: Comparable, Hashable, Sendable {
    /// Nanoseconds since the clock's zero.
    public var nanoseconds: UInt64

    /// A moment so many nanoseconds after the clock's zero.
    @inlinable
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// The end of time: no clock reaches it.
    public static let distantFuture = MonotonicInstant(nanoseconds: .max)

    /// Whether `left` comes before `right`.
    @inlinable
    public static func < (left: MonotonicInstant, right: MonotonicInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The moment `duration` later, or earlier when it is negative; it stays within the clock's range.
    @inlinable
    public func advanced(by duration: Duration) -> MonotonicInstant {
        let step = duration.nanoseconds
        let (moment, overflow) =
            step < 0
            ? nanoseconds.subtractingReportingOverflow(step.magnitude)
            : nanoseconds.addingReportingOverflow(step.magnitude)
        return MonotonicInstant(nanoseconds: overflow ? (step < 0 ? 0 : .max) : moment)
    }

    /// The time from this moment to `other`; negative when `other` is earlier.
    @inlinable
    public func duration(to other: MonotonicInstant) -> Duration {
        other < self
            ? .nanoseconds(-Int64(clamping: nanoseconds - other.nanoseconds))
            : .nanoseconds(Int64(clamping: other.nanoseconds - nanoseconds))
    }

    /// The moment `duration` after `instant`.
    @inlinable
    public static func + (instant: MonotonicInstant, duration: Duration) -> MonotonicInstant {
        instant.advanced(by: duration)
    }

    /// The time from `right` to `left`.
    @inlinable
    public static func - (left: MonotonicInstant, right: MonotonicInstant) -> Duration { right.duration(to: left) }
}

extension Duration {
    /// The whole nanoseconds of the duration, at most 292 years.
    @inlinable
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, secondOverflow) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow || secondOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}
