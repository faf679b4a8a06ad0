// The index of due users against a full walk: whatever changes, stops and clocks do, no user with something to do is
// passed over. The same model with a planted fault fails.

import Primitives
import ProviderSDK
import StoreFiles
import Testing

@testable import Background
@testable import Users

@Suite("Index of due users", .timeLimit(.minutes(2)))
struct DueIndexTests {
    @Test(
        "Random changes, visits, kills and clock jumps: every user is visited when something is due", arguments: 0..<60)
    func nothingIsMissed(seed: UInt64) {
        var world = DueWorld(seed: seed)
        #expect(world.run(steps: 400) == nil)
        #expect(world.visitCount > 0)
    }

    @Test("A planted fault is found", arguments: DueWorld.Fault.allCases)
    func plantedFault(_ fault: DueWorld.Fault) {
        let found = (0..<UInt64(200)).contains { seed in
            var world = DueWorld(seed: seed, fault: fault)
            return world.run(steps: 400) != nil
        }
        #expect(found)
    }

    @Test("A user who stays due is visited after 1, 4, 16 and then every 64 seconds")
    func pauses() {
        let user = DueIndex.User(DocumentKey(collection: "users", id: [1]))
        var (index, now, visits) = (DueIndex(), Timestamp.epoch.advanced(by: .seconds(1000)), [Int64]())
        let start = now
        func due() -> DueMoments {
            var due = DueMoments(at: now)
            due.addNow()
            return due
        }
        index.userChanged(user, due())
        while visits.count < 6 {
            for user in index.take(atMost: 10, at: now) {
                visits.append((now.milliseconds - start.milliseconds) / 1000)
                index.ended(user, due())
            }
            now = now.advanced(by: .seconds(1))
            // A change in between starts no visit of its own.
            index.userChanged(user, due())
        }
        #expect(visits == [0, 1, 5, 21, 85, 149])
    }

    @Test("What becomes due is not hidden by work that is due already")
    func nextMoment() {
        let user = DueIndex.User(DocumentKey(collection: "users", id: [1]))
        var (index, now) = (DueIndex(), Timestamp.epoch.advanced(by: .seconds(1000)))
        let later = now.advanced(by: .seconds(90))
        func due() -> DueMoments {
            var due = DueMoments(at: now)
            due.addNow()
            due.add(later)
            return due
        }
        index.userChanged(user, due())
        var last: Timestamp?
        while last.map({ $0 < later }) ?? true, now < later.advanced(by: .seconds(1)) {
            for user in index.take(atMost: 1, at: now) {
                last = now
                index.ended(user, due())
            }
            now = now.advanced(by: .seconds(1))
        }
        #expect(last == later)
    }
}

/// Documents, a clock, and an index that a stop loses.
struct DueWorld {
    /// A fault in how the index is used.
    enum Fault: CaseIterable {
        /// A change during a visit is overwritten by the end of the visit.
        case changeDuringVisit
        /// A change while its folder is read is overwritten by the older head.
        case changeDuringFill
        /// Only the earliest moment of a change counts.
        case onlyFirstMoment
        /// A clock that is set back leaves the index as it is.
        case noSecondFill
        /// One change in fifty is not noted.
        case forgottenChange
        /// A visit takes its user out of the index.
        case forgottenVisit
    }

    private struct Item {
        let number: Int
        let at: Timestamp
        /// When it was written; what a clock that was ahead wrote does not count, so that it is due at once.
        let writtenAt: Timestamp
        let isDueWhenWritten: Bool
        let isPossible: Bool

        func due(at now: Timestamp) -> Timestamp { writtenAt > now.advanced(by: .seconds(600)) ? .epoch : at }
    }

    private struct Document {
        var items: [Item] = []
        /// The stored summary: the earliest moment, and when it was computed; nil for a document of an earlier version.
        var head: (first: Timestamp?, asOf: Timestamp)?
    }

    private var random: SplitMix64
    private let fault: Fault?
    private let keys: [DueIndex.User]
    private var documents: [Document]
    private var index = DueIndex()
    private var now = Timestamp(milliseconds: 1_767_225_600_000) ?? .epoch
    /// The monotonic clock in milliseconds.
    private var instant: Int64 = 0
    private var lastVisit: [Int: Int64] = [:]
    private var dueSince: [Int: Int64] = [:]
    private var numbers = 0
    private var isClockBack = false
    private(set) var visitCount = 0

    init(seed: UInt64, fault: Fault? = nil) {
        random = SplitMix64(seed: seed)
        self.fault = fault
        let users = 12
        // All in one folder, so that changes meet the reading of it.
        var (ids, number) = ([[UInt8]](), 0)
        while ids.count < users {
            let id = Array("user-\(number)".utf8)
            if DocumentKey.shard(ofID: id) >> 8 == 0 { ids.append(id) }
            number += 1
        }
        keys = ids.map { DueIndex.User(DocumentKey(collection: "users", id: $0)) }
        documents = Array(repeating: Document(), count: users)
    }

    /// Returns the first user who was passed over; nil when there is none.
    mutating func run(steps: Int) -> String? {
        for step in 0..<steps {
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<8: change(Int.random(in: 0..<keys.count, using: &random))
            case 8..<15: advance(.milliseconds(Int64.random(in: 100...300_000, using: &random)))
            case 15: kill()
            case 16: setBack(.seconds(Int64.random(in: 1...200_000, using: &random)))
            case 17: loseHead()
            default: break
            }
            noteDue()
            settle()
            if let missed = missed() { return "step \(step): \(missed)" }
        }
        return nil
    }

    // MARK: What happens

    private func due(_ user: Int) -> DueMoments {
        var due = DueMoments(at: now)
        for item in documents[user].items { due.add(item.due(at: now)) }
        return due
    }

    private mutating func change(_ user: Int) {
        if documents[user].items.count > 2 { documents[user].items.removeFirst() }
        let at = now.advanced(by: .milliseconds(Int64.random(in: -10_000...7_200_000, using: &random)))
        numbers += 1
        documents[user].items.append(
            Item(
                number: numbers, at: at, writtenAt: now, isDueWhenWritten: at <= now,
                isPossible: Int.random(in: 0..<3, using: &random) > 0))
        save(user)
    }

    private mutating func save(_ user: Int) {
        var due = due(user)
        documents[user].head = (due.first, now)
        if fault == .forgottenChange, Int.random(in: 0..<50, using: &random) == 0 { return }
        if fault == .onlyFirstMoment { due = DueMoments(first: due.first, next: nil, at: due.now) }
        index.userChanged(keys[user], due)
    }

    private mutating func advance(_ duration: Duration) {
        now = now.advanced(by: duration)
        instant += Int64(duration / .milliseconds(1))
    }

    private mutating func setBack(_ duration: Duration) {
        now = now.advanced(by: .zero - duration)
        if fault != .noSecondFill { fill() }
    }

    /// A document of an earlier version, as a restored backup brings it: the host is not running then.
    private mutating func loseHead() {
        let user = Int.random(in: 0..<keys.count, using: &random)
        documents[user].head = nil
        kill()
    }

    private mutating func kill() {
        index = DueIndex()
        fill()
    }

    /// Reads all heads, while users change.
    private mutating func fill() {
        for shard in Set(keys.map(\.shard)).sorted() {
            index.beginFilling(shard)
            let users = keys.indices.filter { keys[$0].shard == shard }
            let heads = users.map { ($0, documents[$0].head) }
            if Bool.random(using: &random), let user = users.randomElement(using: &random) { change(user) }
            if fault == .changeDuringFill { index.beginFilling(shard) }
            for (user, head) in heads {
                if let head, head.asOf <= now.advanced(by: .seconds(600)) {
                    _ = index.fill(keys[user], due: head.first)
                } else if index.begin(keys[user]) {
                    visit(user)
                }
            }
            index.endFilling()
        }
    }

    private mutating func settle() {
        for _ in 0..<100 {
            let taken = index.take(atMost: 3, at: now)
            if taken.isEmpty { return }
            for key in taken {
                guard let user = keys.firstIndex(of: key) else { continue }
                visit(user)
            }
        }
    }

    private mutating func visit(_ user: Int) {
        visitCount += 1
        // The document as the visit reads it; it may change until the visit ends.
        let before = due(user)
        lastVisit[user] = instant
        let items = documents[user].items
        let left = items.filter { $0.due(at: now) > now || !$0.isPossible }
        if left.count < items.count {
            documents[user].items = left
            save(user)
        }
        if Int.random(in: 0..<4, using: &random) == 0 { change(user) }
        if fault == .changeDuringVisit { _ = index.begin(keys[user]) }
        if fault == .forgottenVisit, Int.random(in: 0..<20, using: &random) == 0 {
            return index.ended(keys[user], DueMoments(at: now))
        }
        index.ended(keys[user], before)
    }

    // MARK: The full walk

    /// Finds what is due by looking at every document.
    private mutating func noteDue() {
        for document in documents {
            for item in document.items where item.due(at: now) <= now && dueSince[item.number] == nil {
                dueSince[item.number] = instant
            }
        }
    }

    private func missed() -> String? {
        for (user, document) in documents.enumerated() {
            for item in document.items {
                guard let since = dueSince[item.number], item.due(at: now) <= now else { continue }
                if let visit = lastVisit[user], visit >= since, instant - visit <= 64_000 || !item.isPossible {
                    continue
                }
                // Work that was due when it was written may wait for the pause of a user who was visited to no effect.
                if item.isDueWhenWritten, instant - since <= 64_000 { continue }
                return
                    "user \(user) has item \(item.number) due since \(since), visited at \(lastVisit[user] ?? -1), now \(instant)"
            }
        }
        return nil
    }
}
