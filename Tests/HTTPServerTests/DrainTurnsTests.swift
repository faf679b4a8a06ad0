// The turns of connections whose bytes are dropped, and of those that send large bodies.

import Primitives
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

@Suite("Turns of large bodies", .timeLimit(.minutes(2)))
struct BulkTurnsTests {
    private static func token(_ number: Int) -> ConnectionToken {
        ConnectionToken(descriptor: Int32(number), generation: 1)
    }

    /// Takes a round in which each read costs `cost` microseconds; every connection that reads waits again.
    private static func round(_ turns: inout BulkTurns, cost: Nanoseconds, now: inout Nanoseconds) -> [Int32] {
        var round = turns.round(at: now)
        var read: [Int32] = []
        while let token = turns.take(of: &round, clock: { now }) {
            read.append(token.descriptor)
            now += cost * 1000
            turns.wait(token)
        }
        return read
    }

    @Test("All read once where there is time, in the order in which they came, and wait again")
    func withTime() {
        var turns = BulkTurns()
        var now: Nanoseconds = 1_000_000
        #expect(turns.isEmpty && Self.round(&turns, cost: 1, now: &now).isEmpty)
        for number in 0..<5 { turns.wait(Self.token(number)) }
        for _ in 0..<3 { #expect(Self.round(&turns, cost: 10, now: &now) == [0, 1, 2, 3, 4]) }
        #expect(!turns.isEmpty)
    }

    @Test("The round ends with its time, at least one reads, and the next round goes on behind it")
    func withoutTime() {
        var turns = BulkTurns()
        var now: Nanoseconds = 1_000_000
        for number in 0..<5 { turns.wait(Self.token(number)) }
        #expect(Self.round(&turns, cost: 500, now: &now) == [0, 1])
        #expect(Self.round(&turns, cost: 500, now: &now) == [2, 3])
        #expect(Self.round(&turns, cost: 5000, now: &now) == [4])
        #expect(Self.round(&turns, cost: 5000, now: &now) == [0])
    }

    @Test("Any number waits, and none is lost or read twice in a round")
    func many() {
        var turns = BulkTurns()
        var now: Nanoseconds = 1_000_000
        for number in 0..<10_000 { turns.wait(Self.token(number)) }
        var read: [Int32] = []
        while read.count < 20_000 { read += Self.round(&turns, cost: 1, now: &now) }
        #expect(read.prefix(20_000).elementsEqual((0..<20_000).map { Int32($0 % 10_000) }))
    }
}
