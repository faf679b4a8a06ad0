// The admission queue: its limits, the turns of its shares, and what it keeps.

import Primitives
import Testing

@Suite("Admission queue", .timeLimit(.minutes(2)))
struct AdmissionQueueTests {
    private func outcome<Element>(_ admission: AdmissionQueue<Element>.Admission) -> String {
        switch admission {
        case .start: "start"
        case .wait: "wait"
        case .refused: "refused"
        }
    }

    @Test("Starts work up to the limit, queues up to the limit, and refuses the rest")
    func limits() {
        var queue = AdmissionQueue<Int>(.init(active: 3, activePerShare: 2, waiting: 2))
        #expect(
            (1...6).map { outcome(queue.admit($0, share: "a")) } == [
                "start", "start", "wait", "wait", "refused", "refused",
            ])
        #expect(queue.activeCount == 2)
        #expect(queue.admit(7, share: "b") == .start)
        #expect(queue.admit(8, share: "c") == .refused)
        #expect(queue.next() == nil)
        queue.finished(share: "b")
        #expect(queue.next() == nil)
        #expect(queue.admit(8, share: "c") == .start)
        queue.finished(share: "a")
        #expect(queue.next() == 3)
        #expect(queue.next() == nil)
        #expect(queue.waitingCount == 1)
    }

    @Test("Serves shares in turn, and the elements of one share in order")
    func turns() {
        var queue = AdmissionQueue<String>(.init(active: 1, activePerShare: 1, waiting: 100))
        #expect(queue.admit("x", share: "x") == .start)
        for item in ["a1", "a2", "a3", "a4", "b1", "b2", "c1"] { _ = queue.admit(item, share: String(item.prefix(1))) }
        var served: [String] = []
        var key = "x"
        for _ in 0..<7 {
            queue.finished(share: key)
            guard let item = queue.next() else { break }
            served.append(item)
            key = String(item.prefix(1))
        }
        #expect(served == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"])
    }

    @Test("Passes over a share whose places are all taken")
    func fullLane() {
        var queue = AdmissionQueue<Int>(.init(active: 3, activePerShare: 1, waiting: 100))
        #expect(queue.admit(1, share: "slow") == .start)
        #expect(outcome(queue.admit(2, share: "slow")) == "wait")
        #expect(queue.admit(3, share: "b") == .start)
        #expect(queue.admit(4, share: "c") == .start)
        #expect(outcome(queue.admit(5, share: "b")) == "wait")
        queue.finished(share: "b")
        #expect(queue.next() == 5)
        #expect(queue.next() == nil)
    }

    @Test("Removes waiting elements on demand, and keeps nothing of shares without work")
    func removal() {
        var queue = AdmissionQueue<Int>(.init(active: 1, activePerShare: 1, waiting: 100))
        _ = queue.admit(0, share: "a")
        for item in 1...6 { _ = queue.admit(item, share: item % 2 == 0 ? "a" : "b") }
        queue.removeWaiting(share: "b") { $0 == 3 }
        #expect(queue.waitingCount == 5)
        #expect(queue.removeWaiting { $0 == 1 || $0 == 5 || $0 == 4 }.sorted() == [1, 4, 5])
        queue.finished(share: "a")
        #expect(queue.next() == 2)
        queue.finished(share: "a")
        #expect(queue.next() == 6)
        queue.finished(share: "a")
        #expect(queue.next() == nil)
        #expect(queue.isEmpty)
    }

    @Test("Any course of events: limits are kept and every element starts once", arguments: 1...20)
    func model(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var queue = AdmissionQueue<Int>(.init(active: 5, activePerShare: 2, waiting: 30))
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
                switch queue.admit(item, share: key) {
                case .start: active.append((item, key))
                case .wait: waiting.insert(item)
                case .refused: #expect(waiting.count == 30)
                }
            case 3 where !active.isEmpty:
                let ended = active.remove(at: Int(random.next() % UInt64(active.count)))
                queue.finished(share: ended.key)
            default:
                if let victim = waiting.first {
                    waiting.remove(victim)
                    queue.removeWaiting(share: keys[victim] ?? "") { $0 == victim }
                }
            }
            fill()
            #expect(queue.activeCount == active.count && active.count <= 5)
            #expect(queue.waitingCount == waiting.count)
            for key in Set(active.map(\.key)) { #expect(active.filter { $0.key == key }.count <= 2) }
            // An element waits only when all places, or all places of its share, are taken.
            if active.count < 5 {
                for item in waiting { #expect(active.filter { $0.key == keys[item] }.count == 2) }
            }
        }
        while !active.isEmpty {
            queue.finished(share: active.removeLast().key)
            fill()
        }
        #expect(waiting.isEmpty && queue.isEmpty)
    }
}
