// Moments, the system's clocks and a clock that a test moves.

import Primitives
import Testing

@Suite("Clocks", .timeLimit(.minutes(1)))
struct ClockTests {
    @Test("Instants are added and subtracted within the range of the clock")
    func arithmetic() {
        let moment = MonotonicInstant(nanoseconds: 1000)
        #expect(moment + .nanoseconds(5) - moment == .nanoseconds(5))
        #expect(moment - (moment + .seconds(1)) == .seconds(-1))
        #expect(moment + .seconds(-1) == MonotonicInstant(nanoseconds: 0))
        #expect(MonotonicInstant.distantFuture + .seconds(1) == .distantFuture)
        #expect(Duration.seconds(2).nanoseconds == 2_000_000_000)
        #expect(Duration.seconds(Int64.max).nanoseconds == .max)
        #expect(Duration.milliseconds(-1500).nanoseconds == -1_500_000_000)
    }

    @Test("The system clock goes forward, and a sleep lasts at least its duration")
    func system() async throws {
        let time = TimeSource.system
        let before = time.instant
        #expect(time.millisecondsSince1970 > 1_700_000_000_000)
        try await time.sleep(for: .milliseconds(20))
        #expect(time.instant - before >= .milliseconds(20))
    }

    @Test("A manual clock moves only when a test moves it")
    func stands() {
        let clock = ManualClock(millisecondsSince1970: 1000)
        let time = clock.source
        let before = time.instant
        #expect(time.millisecondsSince1970 == 1000 && time.instant == before)
        clock.advance(by: .seconds(3))
        #expect(time.millisecondsSince1970 == 4000 && time.instant - before == .seconds(3))
        clock.set(millisecondsSince1970: 500)
        #expect(time.millisecondsSince1970 == 500 && time.instant - before == .seconds(3))
    }

    @Test("A sleeper wakes when its deadline is reached")
    func sleepers() async throws {
        let clock = ManualClock()
        let time = clock.source
        let early = Task { try await time.sleep(for: .seconds(1)) }
        let late = Task { try await time.sleep(for: .seconds(10)) }
        await clock.waitForSleepers(2)
        clock.advance(by: .milliseconds(999))
        #expect(clock.sleeperCount == 2)
        #expect(clock.advanceToNextSleeper() == .milliseconds(1))
        try await early.value
        #expect(clock.sleeperCount == 1)
        #expect(clock.advanceToNextSleeper() == .seconds(9))
        try await late.value
        #expect(clock.advanceToNextSleeper() == nil)
        try await time.sleep(for: .zero)
    }

    @Test("A canceled sleep throws at once", arguments: [true, false])
    func cancellation(isManual: Bool) async {
        let clock = ManualClock()
        let time = isManual ? clock.source : .system
        let sleeping = Task { try await time.sleep(for: .seconds(600)) }
        if isManual { await clock.waitForSleepers() }
        sleeping.cancel()
        await #expect(throws: CancellationError.self) { try await sleeping.value }
        let late = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            try await time.sleep(for: .seconds(600))
        }
        await #expect(throws: CancellationError.self) { try await late.value }
        #expect(clock.sleeperCount == 0)
    }
}
