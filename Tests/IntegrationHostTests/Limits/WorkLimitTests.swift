// The limits of work that runs at the same time and of work that waits, from both sides: each line as its owner makes it.

import Cryptography
import Primitives
import ProviderSDK
import TestSupport
import Testing
import Users

@testable import Background
@testable import ConnectionModel
@testable import Connections
@testable import Credentials
@testable import Notifications
@testable import OAuth
@testable import Providers
@testable import Sync
@testable import Webhooks

@Suite("Limits of running and waiting work", .timeLimit(.minutes(2)))
struct WorkLimitTests {
    private static let now = MonotonicInstant(nanoseconds: 1_000_000_000_000)

    /// How many of the waiting works begin before one ends, and whether one more begins then.
    private static func begun<Line: WorkLine>(_ line: inout Line) -> (count: Int, nextAfterOne: Bool) {
        var works: [Line.Work] = []
        while case .begin(let work) = line.next(at: now) { works.append(work) }
        guard let first = works.first else { return (0, false) }
        line.finished(first)
        if case .begin = line.next(at: now) { return (works.count, true) }
        return (works.count, false)
    }

    @Test("As many works of a line begin as may run, and one more begins when one ends")
    func running() {
        var changes = ChangeSyncs.line()
        var lanes = [EventProcessor.line(isEnding: false), EventProcessor.line(isEnding: true)]
        var histories = HistoryReconciler.line()
        for number in 0..<100 {
            let connection = Connection(
                id: "c\(number)", number: number, service: "p", status: .connected, at: .epoch)
            _ = changes.join(ConnectionWork(connection, of: "u\(number)"))
            let account = AccountKey(service: "p", variant: nil, accountID: "\(number)")
            for index in lanes.indices {
                _ = lanes[index].join(EventProcessor.Lane(account: account, isEnding: index == 1))
            }
            _ = histories.join(HistoryReconciler.Work(id: "\(number)"))
        }
        let begun = [
            Self.begun(&changes), Self.begun(&lanes[0]), Self.begun(&lanes[1]), Self.begun(&histories),
        ]
        #expect(
            begun.map(\.count) == [
                SyncLimits.changesStartingMax, WebhookLimits.lanesMax, WebhookLimits.endingLanesMax,
                BackgroundLimits.historiesMovedTogetherMax,
            ])
        #expect(begun.map(\.nextAfterOne) == [true, true, true, true])
    }

    @Test("As many works wait in a line or for their time as may, and one more is refused")
    func waiting() {
        var histories = HistoryReconciler.line()
        for number in 0...BackgroundLimits.historiesWaitingMax {
            let isTaken = histories.join(HistoryReconciler.Work(id: "\(number)"))
            #expect(isTaken == (number < BackgroundLimits.historiesWaitingMax))
        }
        let deliveries = NotificationDispatcher.queue(ManualClock().source)
        for number in 0...NotificationLimits.scheduledMax {
            let isTaken = deliveries.schedule(DispatchLineTests.work(number), after: .seconds(1))
            #expect(isTaken == (number < NotificationLimits.scheduledMax))
        }
    }

    /// A connection of its own user at a provider.
    private static func work(_ number: Int, at provider: String) -> ConnectionWork {
        let id = "\(provider)-\(number)"
        return ConnectionWork(
            Connection(id: id, number: number, service: provider, status: .connected, at: .epoch), of: id)
    }

    /// Works of one provider after the other, until all places and one reserve are taken.
    ///
    /// - Returns: how many begin, by provider.
    private static func begun(_ line: ProviderLine, perProvider: Int, all: Int) -> [Int] {
        var line = line
        var begun: [Int] = []
        func fill(_ provider: String) -> Int {
            for number in 0...perProvider { _ = line.join(work(number, at: provider)) }
            var count = 0
            while case .begin = line.next(at: now) { count += 1 }
            return count
        }
        while begun.reduce(0, +) < all { begun.append(fill("p\(begun.count)")) }
        begun.append(fill("last"))
        return begun
    }

    @Test("As many works of all providers, of one and of its reserve run as may, and as many wait")
    func providers() {
        func check(_ line: ProviderLine, _ all: Int, _ perProvider: Int, reserved: Int, waiting: Int) {
            let begun = Self.begun(line, perProvider: perProvider, all: all)
            let whole = Array(repeating: perProvider, count: all / perProvider)
            let rest = all % perProvider == 0 ? [] : [max(all % perProvider, reserved)]
            #expect(begun == whole + rest + [reserved])
            var line = line
            for number in 0...waiting {
                let isTaken = line.join(Self.work(number, at: "p"))
                #expect(isTaken == (number < waiting))
            }
        }
        typealias Lifecycle = ConnectionLifecycle
        check(
            Lifecycle.line(), Lifecycle.concurrentMax, Lifecycle.concurrentPerProviderMax,
            reserved: Lifecycle.reservedPerProvider, waiting: Lifecycle.waitingPerProviderMax)
        typealias Refreshes = RefreshReconciler
        check(
            Refreshes.line(), Refreshes.concurrentMax, Refreshes.concurrentPerProviderMax,
            reserved: Refreshes.reservedPerProvider, waiting: Refreshes.waitingPerProviderMax)
        typealias Unidentified = UnidentifiedGrantReconciler
        check(
            Unidentified.line(), Unidentified.concurrentMax, Unidentified.concurrentPerProviderMax,
            reserved: Unidentified.reservedPerProvider, waiting: Unidentified.waitingPerProviderMax)
    }

    @Test("As many revocations run and wait as may, and one more waits or is refused")
    func revocations() {
        func work(_ number: Int) -> RevocationReconciler.Work {
            .init(user: "u\(number)", connection: "c", grant: number)
        }
        var line = RevocationReconciler.line()
        for number in 0...RevocationReconciler.waitingMax {
            let isTaken = line.join(work(number))
            #expect(isTaken == (number < RevocationReconciler.waitingMax))
        }
        let begun = Self.begun(&line)
        #expect(begun.count == RevocationReconciler.concurrentMax && begun.nextAfterOne)
    }

    @Test("As many hosts as may be are remembered for not answering, and one more is not")
    func silentHosts() {
        var line = DispatchLine()
        for number in 0...DispatchLine.silentHostsMax {
            let work = DispatchLineTests.work(number, host: "h\(number):443")
            #expect(DispatchLineTests.join(&line, work))
            #expect(DispatchLineTests.started(&line).count == 1)
            DispatchLineTests.finish(&line, work, isAnswered: false)
            #expect(line.hostCount == min(number + 1, DispatchLine.silentHostsMax))
        }
    }

    // MARK: Syncs

    @Test("Syncs get permits up to the numbers of all, of a provider and of its reserve, and one more waits")
    func permits() async throws {
        let fixture = try SyncFixture(ScriptedProvider { _, _ in ScriptedProvider.page(1...1) })
        let limiter = fixture.engine.limiter
        var waiting: [Task<Bool, Never>] = []
        func take(_ count: Int, of provider: String) async throws {
            for _ in 0..<count { try #require(await limiter.acquire(for: "u", of: provider)) }
            waiting.append(Task { await limiter.acquire(for: "u", of: provider) })
            try await waitUntil("one that waits") { limiter.waitingCount(of: provider) == 1 }
        }
        try await take(SyncLimits.concurrentPerProviderMax, of: "a")
        try await take(SyncLimits.concurrentMax - SyncLimits.concurrentPerProviderMax, of: "b")
        // All places are taken; the reserve of a provider is beyond them.
        try await take(SyncLimits.reservedPerProvider, of: "c")
        for task in waiting { task.cancel() }
        for task in waiting { #expect(await task.value == false) }
        await fixture.stop()
    }

    @Test("Schedules start syncs of a provider until so many wait, and none from then on")
    func crowd() async throws {
        let fixture = try SyncFixture(ScriptedProvider { _, _ in ScriptedProvider.page(1...1) })
        let limiter = fixture.engine.limiter
        for _ in 0..<SyncLimits.concurrentPerProviderMax { _ = await limiter.acquire(for: "u", of: "a") }
        var waiting: [Task<Bool, Never>] = []
        for count in [SyncLimits.scheduledWaitingMax - 1, SyncLimits.scheduledWaitingMax] {
            while waiting.count < count { waiting.append(Task { await limiter.acquire(for: "u", of: "a") }) }
            try await waitUntil("\(count) that wait") { limiter.waitingCount(of: "a") == count }
            #expect(fixture.engine.isCrowded("a") == (count == SyncLimits.scheduledWaitingMax))
        }
        for task in waiting { task.cancel() }
        for task in waiting { #expect(await task.value == false) }
        await fixture.stop()
    }

    @Test("Refusals for too many requests are retried for their time, and not a moment longer")
    func limitedTime() {
        let policy = RetryPolicy(failingTimeMax: .seconds(1))
        let error = ProviderError(.rateLimited(after: .seconds(1)), "Slow down.", status: 429)
        func pause(_ failingFor: Duration) -> Duration? {
            policy.pause(after: error, failures: 2, failingFor: failingFor, chance: 0)
        }
        #expect(pause(SyncLimits.limitedTimeMax) != nil)
        #expect(pause(SyncLimits.limitedTimeMax + .milliseconds(1)) == nil)
    }

    @Test("A sync goes on until its time is over, and fails then")
    func syncTime() {
        var state = SyncRunState(["a"], policy: SyncRunStateTests.policy, deadline: SyncLimits.timeMax)
        let before = state.next(at: SyncLimits.timeMax - .milliseconds(1))
        #expect(before == .sync("a"))
        guard case .finish(let outcome) = state.next(at: SyncLimits.timeMax) else {
            return #expect(Bool(false), "not finished")
        }
        #expect(outcome.status == .failed)
    }

    @Test("A list is read up to its pages and bytes, and a page more fails it")
    func pages() {
        let page = ScriptedProvider.page(1...1)
        for (name, change) in [
            ("pages", { $0.pages = SyncLimits.pagesMax - 1 + $1 }),
            ("bytes", { $0.bytes = SyncLimits.bytesMax - 1 + $1 }),
        ] as [(String, (inout SyncCheckpoint, Int) -> Void)] {
            for excess in [0, 1] {
                var checkpoint = SyncCheckpoint(syncID: "s", watermark: nil)
                change(&checkpoint, excess)
                let isTaken = (try? PageSync.check(page, after: checkpoint, of: "things")) != nil
                #expect(isTaken == (excess == 0), "\(name)")
            }
        }
    }

    @Test("A dead letter keeps a record for its replay up to a size, and none that is larger")
    func letterPayloads() throws {
        let origin = DeadLetterOrigin(
            vault: CredentialVault(try HostKeys(try KeyRing.generate(), path: "")), userID: "u", connectionID: "c",
            pluginID: "p", pluginVersion: "1", syncID: "s")
        let frame = #"{"id":""}"#.utf8.count
        for excess in [0, 1] {
            let count = SyncLimits.deadLetterPayloadBytesMax + excess
            let record = SourceRecord(["id": .string(String(repeating: "a", count: count - frame))])
            let failure = RecordFailure(sourceID: "a", field: "size", rule: "missing", problem: "It is missing.")
            let letter = origin.letter(record, of: "things", failure, at: .epoch)
            #expect(letter.payloadBytes == count && (letter.sealed != nil) == (excess == 0))
            #expect((origin.open(letter) == record.value) == (excess == 0))
        }
    }
}
