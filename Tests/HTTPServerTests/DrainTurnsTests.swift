// The turns of connections whose bytes are dropped.

import Testing

@testable import HTTPServer

@Suite("Drain turns", .timeLimit(.minutes(1)))
struct DrainTurnsTests {
    private func token(_ number: Int) -> ConnectionToken {
        ConnectionToken(descriptor: Int32(number), generation: 1)
    }

    @Test("So many turns are taken at once, and as many more when the time is over")
    func bound() {
        var turns = DrainTurns()
        for now: Nanoseconds in [100_000_000, 110_000_000] {
            for _ in 0..<DrainTurns.turnsMax {
                let isTaken = turns.takeTurn(now: now)
                #expect(isTaken)
            }
            let isTaken = turns.takeTurn(now: now + 9_000_000)
            #expect(!isTaken)
        }
    }

    @Test("Those that wait have their turns in the order in which they came; the first asks for a call")
    func order() {
        var turns = DrainTurns()
        let count = DrainTurns.turnsMax + 5
        let asks = (0..<count).map { turns.wait(token($0)) }
        #expect(asks == [true] + Array(repeating: false, count: count - 1))
        let first = turns.next(now: 1).map(\.descriptor)
        #expect(first == (0..<DrainTurns.turnsMax).map { Int32($0) })
        #expect(turns.hasWaiting)
        let second = turns.next(now: 2).map(\.descriptor)
        #expect(second == (DrainTurns.turnsMax..<count).map { Int32($0) })
        #expect(!turns.hasWaiting)
    }
}
