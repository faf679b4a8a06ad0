// The sandbox's time: the configured clock, which a control command can set forward. It only ever goes forward.

import Glibc
import Synchronization

/// The machine's wall clock.
public enum SystemClock {
    /// Milliseconds since 1970.
    public static func milliseconds() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// A clock that can be set forward.
final class SandboxClock: Sendable {
    private let source: @Sendable () -> Int64
    private let advance = Atomic<Int64>(0)

    init(_ source: @escaping @Sendable () -> Int64) { self.source = source }

    /// Milliseconds since 1970.
    var milliseconds: Int64 { source() + advance.load(ordering: .relaxed) }

    /// Seconds since 1970.
    var seconds: Int64 { milliseconds / 1000 }

    /// Sets the clock forward.
    func advance(seconds: Int64) { advance.wrappingAdd(seconds * 1000, ordering: .relaxed) }
}
