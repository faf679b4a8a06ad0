// The queue as a value: limits, turns, and what is left behind.

import Testing

@testable import HTTPClient

@Suite("Fair queue")
struct FairQueueTests {
    @Test("starts as many as there are places, lets as many wait as may, and refuses the rest")
    func limits() {
        var queue = FairQueue<Int>(activeMax: 3, activePerKeyMax: 2, waitingMax: 2)
        #expect((1...6).map { queue.admit($0, key: "a") } == [.start, .start, .wait, .wait, .refused, .refused])
        #expect(queue.activeCount == 2)
        #expect(queue.admit(7, key: "b") == .start)
        #expect(queue.admit(8, key: "c") == .refused)
        #expect(queue.next() == nil)
        queue.finished(key: "b")
        #expect(queue.next() == nil)
        #expect(queue.admit(8, key: "c") == .start)
        queue.finished(key: "a")
        #expect(queue.next() == 3)
        #expect(queue.next() == nil)
        #expect(queue.waitingCount == 1)
    }

    @Test("serves keys in turn, and the items of one key in order")
    func turns() {
        var queue = FairQueue<String>(activeMax: 1, activePerKeyMax: 1, waitingMax: 100)
        #expect(queue.admit("x", key: "x") == .start)
        for item in ["a1", "a2", "a3", "a4", "b1", "b2", "c1"] { _ = queue.admit(item, key: String(item.prefix(1))) }
        var served: [String] = []
        var key = "x"
        for _ in 0..<7 {
            queue.finished(key: key)
            guard let item = queue.next() else { break }
            served.append(item)
            key = String(item.prefix(1))
        }
        #expect(served == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"])
    }

    @Test("passes over a key that has all its places, so that others go on")
    func fullLane() {
        var queue = FairQueue<Int>(activeMax: 3, activePerKeyMax: 1, waitingMax: 100)
        #expect(queue.admit(1, key: "slow") == .start)
        #expect(queue.admit(2, key: "slow") == .wait)
        #expect(queue.admit(3, key: "b") == .start)
        #expect(queue.admit(4, key: "c") == .start)
        #expect(queue.admit(5, key: "b") == .wait)
        queue.finished(key: "b")
        #expect(queue.next() == 5)
        #expect(queue.next() == nil)
    }

    @Test("lets go of waiting items on demand, and keeps nothing of keys without work")
    func removal() {
        var queue = FairQueue<Int>(activeMax: 1, activePerKeyMax: 1, waitingMax: 100)
        _ = queue.admit(0, key: "a")
        for item in 1...6 { _ = queue.admit(item, key: item % 2 == 0 ? "a" : "b") }
        queue.removeWaiting(key: "b") { $0 == 3 }
        #expect(queue.waitingCount == 5)
        #expect(queue.removeAllWaiting { $0 == 1 || $0 == 5 || $0 == 4 }.sorted() == [1, 4, 5])
        queue.finished(key: "a")
        #expect(queue.next() == 2)
        queue.finished(key: "a")
        #expect(queue.next() == 6)
        queue.finished(key: "a")
        #expect(queue.next() == nil)
        #expect(queue.isEmpty)
    }

    @Test("holds its limits, loses nothing and starts all over any course of events", arguments: 1...20)
    func model(seed: UInt64) {
        var random = SplitMix(state: seed)
        var queue = FairQueue<Int>(activeMax: 5, activePerKeyMax: 2, waitingMax: 30)
        var active: [(item: Int, key: String)] = []
        var keys: [Int: String] = [:]
        var waiting: Set<Int> = []
        func fill() {
            while let item = queue.next() {
                #expect(waiting.remove(item) != nil)
                active.append((item, keys[item] ?? ""))
            }
        }
        for item in 0..<2000 {
            let key = "k\(random.next() % 6)"
            keys[item] = key
            switch random.next() % 5 {
            case 0, 1, 2:
                switch queue.admit(item, key: key) {
                case .start: active.append((item, key))
                case .wait: waiting.insert(item)
                case .refused: #expect(waiting.count == 30)
                }
            case 3 where !active.isEmpty:
                let ended = active.remove(at: Int(random.next() % UInt64(active.count)))
                queue.finished(key: ended.key)
            default:
                if let victim = waiting.first {
                    waiting.remove(victim)
                    queue.removeWaiting(key: keys[victim] ?? "") { $0 == victim }
                }
            }
            fill()
            #expect(queue.activeCount == active.count && active.count <= 5)
            #expect(queue.waitingCount == waiting.count)
            for key in Set(active.map(\.key)) { #expect(active.filter { $0.key == key }.count <= 2) }
            // Whoever waits does so because all places are taken, or all of its key.
            if active.count < 5 {
                for item in waiting { #expect(active.filter { $0.key == keys[item] }.count == 2) }
            }
        }
        while !active.isEmpty {
            queue.finished(key: active.removeLast().key)
            fill()
        }
        #expect(waiting.isEmpty && queue.isEmpty)
    }
}

/// A small deterministic generator.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
