// Deadlines come up in order, and cancelled ones do not pile up.

import Testing

@testable import HTTPServer

@Suite("Timer heap", .timeLimit(.minutes(2)))
struct TimerHeapTests {
    @Test("Entries come up in order and only when due")
    func entriesComeUpOrderOnly() {
        var heap = TimerHeap()
        var generator = SystemRandomNumberGenerator()
        let deadlines = (0..<1000).map { _ in UInt64.random(in: 0..<500, using: &generator) }
        for (index, deadline) in deadlines.enumerated() {
            heap.insert(TimerHeap.Entry(deadline: deadline, owner: .scheduled(UInt64(index))))
        }
        var seen: [UInt64] = []
        for now in stride(from: UInt64(0), through: 500, by: 7) {
            while let entry = heap.popDue(now) {
                #expect(entry.deadline <= now)
                seen.append(entry.deadline)
            }
            if let earliest = heap.earliest { #expect(earliest > now) }
        }
        while let entry = heap.popDue(.max) { seen.append(entry.deadline) }
        #expect(seen == deadlines.sorted())
    }

    @Test("Stale entries are cleared when they are the greater part")
    func staleEntriesClearedTheyGreater() {
        var heap = TimerHeap()
        for index in 0..<1000 {
            heap.insert(TimerHeap.Entry(deadline: UInt64(index), owner: .scheduled(UInt64(index))))
        }
        for index in 0..<900 {
            heap.noteStale { owner in
                if case .scheduled(let id) = owner { id > index } else { false }
            }
        }
        #expect(heap.count < 600)
        var last: UInt64 = 0
        while let entry = heap.popDue(.max) {
            #expect(entry.deadline >= last)
            last = entry.deadline
        }
        #expect(last == 999)
    }

    @Test("A token is packed and unpacked")
    func tokenPackedUnpacked() {
        for (descriptor, generation) in [(0, 0), (5, 7), (Int32.max, UInt32.max), (1023, 1 << 31)] as [(Int32, UInt32)]
        {
            let token = ConnectionToken(descriptor: descriptor, generation: generation)
            #expect(ConnectionToken(packed: token.packed) == token)
        }
    }
}
