// The heap of users against a dictionary: every entry is found, and the earliest comes first.

import Primitives
import Testing

@testable import Background

@Suite("User heap", .timeLimit(.minutes(1)))
struct UserHeapTests {
    @Test("After any puts and removals the heap holds what a dictionary holds, the earliest first", arguments: 0..<8)
    func model(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var (heap, model) = (UserHeap(), [UInt64: (moment: Int64, shard: UInt16, visits: Int)]())
        // Few different low bits, so that chains in the table are long.
        let hashes = (0..<600).map { UInt64($0 % 40) | UInt64($0) << 40 }
        for step in 0..<20_000 {
            let hash = hashes[Int.random(in: 0..<hashes.count, using: &random)]
            // It grows and shrinks several times.
            if Int.random(in: 0..<10, using: &random) < (step / 2500 % 2 == 0 ? 7 : 2) {
                let new = (
                    moment: Int64.random(in: 0..<1 << 46, using: &random),
                    shard: UInt16.random(in: 0..<4096, using: &random), visits: Int.random(in: 0...15, using: &random)
                )
                heap.put(.init(hash: hash, shard: new.shard, moment: new.moment, visits: new.visits))
                model[hash] = new
            } else {
                heap.remove(hash)
                model[hash] = nil
            }
            #expect(heap.count == model.count)
            #expect(heap.first?.moment == model.values.map(\.moment).min())
            let probe = hashes[Int.random(in: 0..<hashes.count, using: &random)]
            let (entry, expected) = (heap[probe], model[probe])
            #expect(entry?.moment == expected?.moment && entry?.shard == expected?.shard)
            #expect(entry?.visits == expected?.visits)
        }
        var last: Int64 = 0
        while let first = heap.first {
            #expect(first.moment >= last)
            last = first.moment
            heap.remove(first.hash)
        }
        #expect(heap.count == 0)
    }
}
