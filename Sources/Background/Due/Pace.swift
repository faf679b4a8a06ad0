// How fast work over all users may go, and whether the time of day was set back. Values that read the clock they are given.

import Primitives

/// Keeps work to a share of the time, by pauses in proportion to what the work took.
struct Pace {
    private let share: Double
    private let time: TimeSource
    private var since: MonotonicInstant

    /// - Parameter share: the part of the time that the work may take, above 0 and at most 1.
    init(share: Double, _ time: TimeSource) {
        self.share = share
        self.time = time
        since = time.instant
    }

    /// Pauses when that is worth a timer.
    mutating func rest() async {
        let pause = (time.instant - since) * (1 / share - 1)
        guard pause >= .milliseconds(1) else { return }
        try? await time.sleep(for: pause)
        since = time.instant
    }
}

/// Finds out when the time of day is set back.
struct ClockWatch {
    /// Smaller corrections change nothing that counts.
    static let correctionMax = Duration.seconds(30)

    /// The time of day minus the monotonic clock, at most since the last set-back.
    private var offset: Duration
    private var isSetBack = false

    init(_ time: TimeSource) { offset = Self.offset(time) }

    private static func offset(_ time: TimeSource) -> Duration {
        .milliseconds(time.millisecondsSince1970) - (time.instant - MonotonicInstant(nanoseconds: 0))
    }

    /// Compares the clocks.
    mutating func look(_ time: TimeSource) {
        let now = Self.offset(time)
        if now + Self.correctionMax < offset {
            offset = now
            isSetBack = true
        } else {
            offset = max(offset, now)
        }
    }

    /// Returns whether the time of day was set back since the last call.
    mutating func takeSetBack(_ time: TimeSource) -> Bool {
        look(time)
        defer { isSetBack = false }
        return isSetBack
    }
}
