// The sandbox's time: the configured clock, which a control command can set forward. It only ever goes forward.

import Synchronization

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
