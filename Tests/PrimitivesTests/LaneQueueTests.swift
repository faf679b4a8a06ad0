// Places in lanes: the lanes take turns, a lane has its bound and its reserve, and nothing that waits is forgotten.

import Testing

@testable import Primitives

@Suite("Lane queue", .timeLimit(.minutes(1)))
struct LaneQueueTests {
    private typealias Queue = LaneQueue<String>

    @Test("Lanes take turns, and shares take turns within a lane")
    func turns() {
        var queue = Queue(.init(total: 100))
        for name in ["a1", "a2", "a3"] { _ = queue.join(name, lane: "a", share: "one") }
        _ = queue.join("a4", lane: "a", share: "two")
        _ = queue.join("b1", lane: "b", share: "one")
        var order: [String] = []
        while let next = queue.next() { order.append(next) }
        #expect(order == ["a1", "b1", "a4", "a2", "a3"])
        #expect(queue.count == 0 && queue.activeCount == 5)
    }

    @Test("A lane takes no more than its bound, and its reserve even when all common places are taken")
    func bounds() {
        var queue = Queue(.init(total: 4, perLane: 3, reservedPerLane: 1))
        for number in 0..<5 { _ = queue.join("a\(number)", lane: "a", share: "") }
        for number in 0..<3 { _ = queue.join("b\(number)", lane: "b", share: "") }
        for number in 0..<3 { _ = queue.join("c\(number)", lane: "c", share: "") }
        var begun: [String] = []
        while let next = queue.next() { begun.append(next) }
        #expect(begun == ["a0", "b0", "c0", "a1"])
        _ = queue.join("d0", lane: "d", share: "")
        let reserved = queue.next()
        #expect(reserved == "d0")
        queue.finished("d")
        queue.finished("b")
        // Three common places are taken: the fourth goes to the lane whose turn it is, and b has its reserve.
        let next = [queue.next(), queue.next(), queue.next()]
        #expect(next == ["b1", nil, nil])
        let entered = [queue.tryEnter("a", share: ""), queue.tryEnter("e", share: "")]
        #expect(entered == [false, true])
    }

    @Test("Random joins, leaves and ends keep the counts, and everything begins in the end", arguments: 0..<20)
    func random(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var queue = LaneQueue<Int>(.init(total: 5, perLane: 3, reservedPerLane: 1))
        var (waiting, running) = ([Int: LaneQueue<Int>.Ticket](), [String]())
        let lanes = ["a", "b", "c", "d"]
        for number in 0..<2000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let lane = lanes[Int.random(in: 0..<lanes.count, using: &random)]
                waiting[number] = queue.join(number, lane: lane, share: "\(number % 3)")
            case 5:
                guard let (number, ticket) = waiting.randomElement(using: &random) else { break }
                let left = [queue.leave(ticket), queue.leave(ticket)]
                #expect(left == [number, nil])
                waiting[number] = nil
            default:
                guard !running.isEmpty else { break }
                queue.finished(running.remove(at: Int.random(in: 0..<running.count, using: &random)))
            }
            while let begun = queue.next() {
                let ticket = waiting.removeValue(forKey: begun)
                #expect(ticket != nil)
                if let ticket { running.append(ticket.lane) }
            }
            #expect(queue.count == waiting.count && queue.activeCount == running.count)
            #expect(lanes.allSatisfy { lane in running.count { $0 == lane } <= 3 })
            // Nobody waits for a place that is free.
            if running.count < 5 {
                let idle = Set(waiting.values.map(\.lane)).filter { lane in running.count { $0 == lane } < 3 }
                #expect(idle.isEmpty)
            }
        }
    }
}
