// Which element is served next: shares take turns, however many elements each has waiting.

import Testing

@testable import Primitives

@Suite("Fair queue", .timeLimit(.minutes(2)))
struct FairQueueTests {
    private func served(_ queue: inout FairQueue<String>, _ count: Int) -> [String] {
        (0..<count).compactMap { _ in queue.next() }
    }

    @Test("A share with fifty elements does not hold up a share with one")
    func fair() {
        var queue = FairQueue<String>()
        for index in 0..<50 { _ = queue.join("many-\(index)", share: "many") }
        #expect(served(&queue, 3) == ["many-0", "many-1", "many-2"])
        _ = queue.join("one", share: "one")
        _ = queue.join("two", share: "two")
        #expect(served(&queue, 4) == ["one", "two", "many-3", "many-4"])
        #expect(queue.count == 45)
    }

    @Test("Shares take turns, and each keeps its order")
    func turns() {
        var queue = FairQueue<String>()
        for share in ["a", "b", "c"] { for index in 0..<3 { _ = queue.join("\(share)\(index)", share: share) } }
        #expect(served(&queue, 9) == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"])
        #expect(queue.next() == nil)
    }

    @Test("An idle share earns no credit, and charged work counts against its share")
    func credit() {
        var queue = FairQueue<String>()
        for index in 0..<20 { _ = queue.join("busy\(index)", share: "busy") }
        _ = served(&queue, 10)
        for index in 0..<5 { _ = queue.join("away\(index)", share: "away") }
        #expect(served(&queue, 4) == ["away0", "busy10", "away1", "busy11"])
        queue.charge("away")
        queue.charge("away")
        #expect(served(&queue, 2).allSatisfy { $0.hasPrefix("busy") })
    }

    @Test("An element that does not fit is passed over and keeps its place")
    func fits() {
        var queue = FairQueue<Int>()
        for number in 1...3 { _ = queue.join(number, share: "a") }
        _ = queue.join(10, share: "b")
        #expect(queue.next(where: { $0 == 10 }) == 10)
        #expect(queue.next(where: { $0 > 1 }) == 2)
        #expect(queue.next(where: { $0 > 5 }) == nil)
        #expect(queue.next() == 1)
        #expect(queue.count == 1)
        #expect(queue.next(fromShares: { $0 != "a" }) == nil)
        #expect(queue.next(fromShares: { $0 == "a" }) == 3)
    }

    @Test("An element leaves once, and a predicate removes others")
    func leaves() {
        var queue = FairQueue<String>()
        let first = queue.join("first", share: "a")
        for text in ["second", "third", "fourth"] { _ = queue.join(text, share: "a") }
        _ = queue.join("other", share: "b")
        #expect(queue.leave(first) == "first")
        #expect(queue.leave(first) == nil)
        #expect(queue.removeAll { $0 == "other" || $0 == "third" }.sorted() == ["other", "third"])
        #expect(queue.elements.sorted() == ["fourth", "second"] && queue.count(of: "a") == 2)
        #expect(served(&queue, 3) == ["second", "fourth"])
    }

    @Test("The queue forgets idle shares")
    func forgets() {
        var queue = FairQueue<Int>()
        for number in 0..<5000 {
            _ = queue.join(number, share: "share-\(number)")
            #expect(queue.next() == number)
        }
        #expect(queue.lanes.count <= FairQueue<Int>.idleSharesMax + 1)
    }

    @Test("Any course of events: elements are served in the order of a plain model", arguments: 1...20)
    func model(seed: UInt64) {
        struct Waiting {
            let share: String
            let element: Int
            let ticket: FairQueueTicket
        }
        var random = SplitMix64(seed: seed)
        var queue = FairQueue<Int>()
        var waiting: [Waiting] = []
        var served: [String: UInt64] = [:]
        var floor: UInt64 = 0
        func level(_ share: String) -> UInt64 { served[share] ?? 0 }
        func charge(_ share: String) {
            floor = max(level(share), floor)
            served[share] = floor + 1
        }
        for element in 0..<3000 {
            let share = "s\(random.next() % 7)"
            switch random.next() % 8 {
            case 0, 1, 2, 3:
                if !waiting.contains(where: { $0.share == share }) { served[share] = max(level(share), floor) }
                waiting.append(Waiting(share: share, element: element, ticket: queue.join(element, share: share)))
            case 4:
                charge(share)
                queue.charge(share)
            case 5 where !waiting.isEmpty:
                let victim = waiting.remove(at: Int(random.next() % UInt64(waiting.count)))
                #expect(queue.leave(victim.ticket) == victim.element)
            default:
                let odd = random.next() % 4 == 0
                let firsts = Dictionary(waiting.map { ($0.share, $0.element) }) { first, _ in first }
                let expected = waiting.indices.filter { !odd || waiting[$0].element % 2 == 1 }.min { left, right in
                    let (left, right) = (waiting[left], waiting[right])
                    if left.share == right.share { return left.element < right.element }
                    return (level(left.share), firsts[left.share] ?? 0) < (level(right.share), firsts[right.share] ?? 0)
                }
                #expect(queue.next(where: { !odd || $0 % 2 == 1 }) == expected.map { waiting[$0].element })
                if let expected { charge(waiting.remove(at: expected).share) }
            }
            #expect(queue.count == waiting.count)
        }
    }
}
