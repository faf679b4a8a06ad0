// The machine's clocks. Services do not call it: they read the `TimeSource` that they are given.

import Glibc

/// The machine's wall clock and monotonic clock.
public enum SystemClock {
    /// Milliseconds since 1 January 1970, UTC.
    ///
    /// The wall clock can be set: it may jump, also backwards.
    public static var millisecondsSince1970: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Seconds since 1 January 1970, UTC, as of the kernel's last tick: cheaper, and up to 10 ms old.
    public static var coarseSecondsSince1970: Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return time.tv_sec
    }

    /// The present moment of the monotonic clock.
    public static var instant: MonotonicInstant {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicInstant(nanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }
}
