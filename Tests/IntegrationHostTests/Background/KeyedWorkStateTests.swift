// The state machine of background work, step by step: which work begins when, and that no work runs twice at once.

import Primitives
import Testing

@testable import Background
@testable import Sync

/// Work with a key and a share.
struct TestWork: Identifiable, Sendable, Equatable, ExpressibleByStringLiteral {
    let id: String
    var share = ""

    init(_ id: String, share: String = "") {
        self.id = id
        self.share = share
    }

    init(stringLiteral value: String) { self.init(value) }
}

@Suite("Keyed work", .timeLimit(.minutes(2)))
struct KeyedWorkStateTests {
    private typealias State = KeyedWorkState<FairWorkLine<TestWork>>

    /// A step of the state machine; moments are seconds.
    enum Step: Sendable {
        case schedule(TestWork, at: UInt64)
        case refuse(TestWork, at: UInt64)
        case begin(String)
        /// No work begins before this moment; with nil, before another step.
        case wait(UInt64?)
        case finish(String, again: UInt64? = nil)
        case claim(TestWork, Bool)
        case forget(String)
        case now(UInt64)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var runningMax = 9
        var waitingMax = 9
        var delayedMax = 9
        let steps: [Step]

        init(
            _ name: String, runningMax: Int = 9, waitingMax: Int = 9, delayedMax: Int = 9, _ steps: [Step]
        ) {
            testDescription = name
            self.runningMax = runningMax
            self.waitingMax = waitingMax
            self.delayedMax = delayedMax
            self.steps = steps
        }
    }

    static let cases = [
        Case("due work begins at once", [.schedule("a", at: 0), .begin("a"), .wait(nil)]),
        Case(
            "the earliest begins first",
            [
                .schedule("b", at: 7), .schedule("a", at: 5), .wait(5), .now(5), .begin("a"), .wait(7), .now(9),
                .begin("b"),
            ]),
        Case(
            "what is due at the same moment begins in the order it came",
            [
                .schedule("a", at: 5), .schedule("b", at: 5), .schedule("c", at: 5), .now(5), .begin("a"),
                .begin("b"), .begin("c"), .wait(nil),
            ]),
        Case(
            "of two moments the earlier counts",
            [
                .schedule("a", at: 5), .schedule("a", at: 9), .wait(5), .schedule("a", at: 3), .wait(3), .now(3),
                .begin("a"), .finish("a"), .now(9), .wait(nil),
            ]),
        Case(
            "work that becomes due now leaves its delay",
            [.schedule("a", at: 5), .schedule("a", at: 0), .begin("a"), .finish("a"), .now(5), .wait(nil)]),
        Case(
            "a key runs once at a time, and again when it was scheduled meanwhile",
            [
                .schedule("a", at: 0), .begin("a"), .schedule("a", at: 0), .schedule("a", at: 4), .wait(nil),
                .finish("a"), .begin("a"), .finish("a"), .wait(nil),
            ]),
        Case(
            "work that was scheduled for later while it ran waits until then",
            [
                .schedule("a", at: 0), .begin("a"), .schedule("a", at: 4), .finish("a"), .wait(4), .now(4),
                .begin("a"),
            ]),
        Case(
            "a run that asks for another gets it after its pause",
            [.schedule("a", at: 0), .begin("a"), .finish("a", again: 6), .wait(6), .now(6), .begin("a")]),
        Case(
            "of a retry and a schedule the earlier counts",
            [
                .schedule("a", at: 0), .begin("a"), .schedule("a", at: 2), .finish("a", again: 6), .wait(2), .now(2),
                .begin("a"), .finish("a"), .now(9), .wait(nil),
            ]),
        Case(
            "what runs is bounded, and what waits begins when there is room", runningMax: 2,
            [
                .schedule("a", at: 0), .schedule("b", at: 0), .schedule("c", at: 0), .begin("a"), .begin("b"),
                .wait(nil), .finish("b"), .begin("c"), .wait(nil),
            ]),
        Case(
            "shares take turns", runningMax: 1,
            [
                .schedule(TestWork("a1", share: "a"), at: 0), .schedule(TestWork("a2", share: "a"), at: 0),
                .schedule(TestWork("b1", share: "b"), at: 0), .begin("a1"), .finish("a1"), .begin("b1"),
                .finish("b1"), .begin("a2"),
            ]),
        Case(
            "what finds no room is refused", runningMax: 1, waitingMax: 1, delayedMax: 1,
            [
                .schedule("a", at: 0), .begin("a"), .schedule("b", at: 0), .refuse("c", at: 0),
                .schedule("d", at: 5), .refuse("e", at: 5), .schedule("d", at: 4), .schedule("b", at: 0),
                .finish("a"), .begin("b"),
            ]),
        Case(
            "a claimed key does not begin, and its work begins after the claim", runningMax: 1,
            [
                .schedule("a", at: 0), .claim("a", true), .wait(nil), .claim("a", false), .schedule("a", at: 0),
                .schedule("b", at: 0), .begin("b"), .wait(nil), .finish("b"), .finish("a"), .begin("a"),
                .claim("a", false),
            ]),
        Case(
            "forgotten work does not begin", runningMax: 1,
            [
                .schedule("a", at: 0), .begin("a"), .schedule("b", at: 0), .schedule("c", at: 5), .forget("b"),
                .forget("c"), .schedule("a", at: 0), .forget("a"), .finish("a"), .now(5), .wait(nil),
            ]),
        Case("a key that finishes without having begun changes nothing", [.finish("a"), .wait(nil)]),
    ]

    @Test("Each step leads to the expected state", arguments: cases)
    func steps(_ test: Case) {
        var state = State(
            FairWorkLine(runningMax: test.runningMax, waitingMax: test.waitingMax, share: \.share),
            delayedMax: test.delayedMax)
        var now = Self.at(0)
        for (number, step) in test.steps.enumerated() {
            let comment: Comment = "step \(number): \(step)"
            switch step {
            case .now(let seconds): now = Self.at(seconds)
            case .schedule(let work, let due):
                let isScheduled = state.schedule(work, at: Self.at(due), now: now)
                #expect(isScheduled, comment)
            case .refuse(let work, let due):
                let isScheduled = state.schedule(work, at: Self.at(due), now: now)
                #expect(!isScheduled, comment)
            case .begin(let id):
                guard case .begin(let work) = state.next(at: now) else {
                    Issue.record(comment)
                    return
                }
                #expect(work.id == id, comment)
                #expect(state.isBusy(id), comment)
            case .wait(let until):
                #expect(state.next(at: now) == .wait(until: until.map(Self.at)), comment)
            case .finish(let id, let again): state.finished(id, againAt: again.map(Self.at), now: now)
            case .claim(let work, let isClaimed): #expect(state.claim(work) == isClaimed, comment)
            case .forget(let id): state.forget(id)
            }
        }
    }

    @Test("A thousand keys at random moments run once each, in the order of their moments")
    func order() {
        var state = State(FairWorkLine(runningMax: 1))
        var generator = SystemRandomNumberGenerator()
        var due: [String: UInt64] = [:]
        for number in 0..<1000 {
            let (first, second) = (
                UInt64.random(in: 1...500, using: &generator), UInt64.random(in: 1...500, using: &generator)
            )
            due["\(number)"] = min(first, second)
            for due in [first, second] {
                let isScheduled = state.schedule(TestWork("\(number)"), at: Self.at(due), now: Self.at(0))
                #expect(isScheduled)
            }
        }
        var now = Self.at(0)
        var found: [UInt64] = []
        while true {
            switch state.next(at: now) {
            case .begin(let work):
                found.append(due.removeValue(forKey: work.id) ?? 0)
                state.finished(work.id, now: now)
                continue
            case .wait(let until?):
                #expect(until > now)
                now = until
                continue
            case .wait(nil): break
            }
            break
        }
        #expect(found.count == 1000 && due.isEmpty)
        #expect(found == found.sorted())
        #expect(state.isEmpty)
    }

    private static func at(_ seconds: UInt64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: seconds * 1_000_000_000)
    }
}
