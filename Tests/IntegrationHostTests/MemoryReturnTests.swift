// When memory goes back to the kernel: after it was freed, when that makes no request wait.

import Primitives
import Testing

@testable import Processes

@Suite("Memory that goes back", .timeLimit(.minutes(1)))
struct MemoryReturnTests {
    private static let growth = MemoryReturnPlan.growthBytesMin

    /// Looks at a process every five seconds: its resident memory, and the seconds of processor time it used since the last look.
    private func returns(_ looks: [(residentBytes: Int, seconds: Double)], after: Int = 0) -> [Bool] {
        var now = MonotonicInstant(nanoseconds: 1_000_000_000)
        var used = Duration.zero
        var plan = MemoryReturnPlan(at: now, processorTime: used)
        return looks.map { look in
            now = now + MemoryReturnPlan.pause
            used += .seconds(look.seconds)
            let isDue = plan.isDue(residentBytes: look.residentBytes, processorTime: used, at: now)
            if isDue { plan.hasReturned(residentBytes: after, at: now) }
            return isDue
        }
    }

    @Test("Memory goes back once the process has grown and has little to do, and not again until it has grown again")
    func idle() {
        let busy = 2.0
        #expect(returns([(0, 0), (Self.growth - 1, 0)]) == [false, false])
        #expect(returns([(0, 0), (Self.growth, busy), (Self.growth, 0), (0, 0)]) == [false, false, true, false])
        #expect(
            returns([(0, 0), (9 << 20, 0), (8 << 20, 0), (12 << 20, 0)], after: 8 << 20) == [false, true, false, true])
        // What fell by itself is the new measure.
        #expect(returns([(90 << 20, busy), (10 << 20, 0), (10 << 20 + Self.growth, 0)]) == [false, false, true])
    }

    @Test("What was in use when memory last went back goes back too once the process has little to do, and only once")
    func inUseBefore() {
        let busy = (0..<12).map { look in (residentBytes: look == 0 ? 0 : 100 << 20, seconds: 5.0) }
        let idle = (0..<3).map { _ in (residentBytes: 100 << 20, seconds: 0.0) }
        let returned = returns(busy + idle, after: 100 << 20).enumerated().filter(\.element).map(\.offset)
        #expect(returned == [11, 12])
    }

    @Test("A process that is always busy gives memory back once a minute")
    func busy() {
        let looks = (0..<30).map { look in (residentBytes: look == 0 ? 0 : 100 << 20, seconds: 5.0) }
        let returned = returns(looks).enumerated().filter(\.element).map(\.offset)
        #expect(returned == [11, 23])
    }

    @Test("What was allocated in small pieces and freed goes back to the kernel")
    func returned() {
        // The pieces between those that are freed stay: no end of the heap is freed.
        var pieces: [[UInt8]?] = (0..<64).flatMap { _ in
            [[UInt8](repeating: 1, count: 500 << 10), [UInt8](repeating: 1, count: 64)]
        }
        let memory = MemoryReturn()
        for index in pieces.indices where index.isMultiple(of: 2) { pieces[index] = nil }
        let before = MemoryReturn.residentBytes
        #expect(before > 0)
        memory.giveBack()
        #expect(MemoryReturn.residentBytes < before)
        withExtendedLifetime(pieces) {}
    }
}
