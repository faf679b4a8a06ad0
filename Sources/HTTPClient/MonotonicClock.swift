// The time that deadlines are measured in: it never goes back, and nobody sets it.

import Glibc

/// Nanoseconds of a clock that only goes forward.
struct MonotonicTime: Comparable, Sendable {
    var nanoseconds: Int64

    static func now() -> MonotonicTime {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The time after a duration, which must be within `HTTPClientLimits.timeoutMax`.
    static func + (time: MonotonicTime, duration: Duration) -> MonotonicTime {
        MonotonicTime(nanoseconds: time.nanoseconds + duration.nanoseconds)
    }

    /// The whole milliseconds until this time, rounded up; 0 when it has come.
    func milliseconds(from now: MonotonicTime) -> Int {
        max(0, Int((nanoseconds - now.nanoseconds + 999_999) / 1_000_000))
    }
}

extension Duration {
    /// The duration in nanoseconds.
    var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
