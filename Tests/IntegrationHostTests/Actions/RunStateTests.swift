// The life of a run: what each answer and each stop makes of it, and how a lost answer is settled.

import ConnectionModel
import ProviderSDK
import Testing

@testable import Actions

@Suite("Runs of actions", .timeLimit(.minutes(1)))
struct RunStateTests {
    private static let now = Timestamp.epoch.advanced(by: .seconds(1_000_000))
    private static let lost = ActionOutcome.unknown(ProviderError(.transient, "lost"))
    private static let refused = ActionOutcome.refused(ProviderError(.permanent, "no", code: "c", status: 400))

    private static func run(sent: Bool = true) -> ActionRunRecord {
        var run = ActionRunRecord(id: "run_1", action: "make", fingerprint: "f", sealedInputs: "v1:x", at: now)
        if sent { run.willSend(at: now) }
        return run
    }

    @Test("An answer ends a run, and no later one changes it")
    func ends() {
        var run = Self.run()
        run.note(.done(["id": "1"]), canSettle: true, at: Self.now)
        #expect(run.phase == .succeeded && run.output?["id"]?.string == "1" && run.sealedInputs == nil)
        run.note(Self.refused, canSettle: true, at: Self.now)
        #expect(run.phase == .succeeded)
        run.giveUp(at: Self.now)
        #expect(run.phase == .succeeded)
        var other = Self.run()
        other.note(Self.refused, canSettle: true, at: Self.now)
        #expect(other.phase == .failed && other.failure?.reason == .refused && other.failure?.code == "c")
    }

    @Test("A lost answer is settled later where that is possible, and stays unknown where it is not")
    func lostAnswers() {
        var run = Self.run()
        run.note(Self.lost, canSettle: true, at: Self.now)
        #expect(run.phase == .unsettled && run.sealedInputs != nil && run.completedAt == nil)
        #expect(run.settleAt == Self.now.advanced(by: .seconds(1)))
        run.note(Self.lost, canSettle: true, at: Self.now)
        #expect(run.settleAt == Self.now.advanced(by: .seconds(2)))
        // A repeat that could not be sent says nothing about the first request.
        run.note(.notSent(ProviderError(.transient, "x")), canSettle: true, at: Self.now)
        #expect(run.phase == .unsettled)
        run.note(.done(.null), canSettle: true, at: Self.now)
        #expect(run.phase == .succeeded && run.failure == nil)
        var other = Self.run()
        other.note(Self.lost, canSettle: false, at: Self.now)
        #expect(other.phase == .unknown && other.failure?.reason == .unknown && other.completedAt != nil)
    }

    @Test("A stop before the first byte fails a run as not sent; a stop behind it leaves it to be settled")
    func recovery() {
        var intended = Self.run(sent: false)
        intended.recover(canSettle: true, at: Self.now)
        #expect(intended.phase == .failed && intended.failure?.reason == .notSent)
        #expect(intended.failure?.isRetryable == true)
        var sent = Self.run()
        sent.recover(canSettle: true, at: Self.now)
        #expect(sent.phase == .unsettled && sent.settleAt == Self.now)
        var hopeless = Self.run()
        hopeless.recover(canSettle: false, at: Self.now)
        #expect(hopeless.phase == .unknown)
    }

    @Test("A run is sent again inside the provider's window only, then looked up, then given up")
    func steps() {
        func step(_ age: Duration, attempts: Int = 1, _ change: (inout ActionSpec) -> Void) -> SettleStep {
            var action = ActionSpec("make", "Make", .post("/x"))
            change(&action)
            var run = Self.run()
            for _ in 0..<attempts { run.note(Self.lost, canSettle: true, at: Self.now) }
            return SettleStep(action, run, at: Self.now.advanced(by: age))
        }
        let keyed: (inout ActionSpec) -> Void = {
            $0.idempotency = ActionIdempotency(.header("K"), window: .seconds(100))
        }
        #expect(step(.zero, keyed) == .sendAgain)
        #expect(step(.seconds(69), keyed) == .sendAgain)
        #expect(step(.seconds(70), keyed) == .giveUp)
        // A clock that went back says nothing about the window.
        #expect(step(.seconds(-1), keyed) == .giveUp)
        let looked: (inout ActionSpec) -> Void = {
            $0.lookUp = ActionLookUp(ActionRequest(.get, "/x"), objects: "", key: "k")
        }
        #expect(step(.seconds(86_400), attempts: ActionLimits.lookUpsMax, looked) == .lookUp)
        #expect(step(.zero, attempts: ActionLimits.lookUpsMax + 1, looked) == .giveUp)
        #expect(step(.zero) { _ in } == .giveUp)
    }

    @Test("A run comes back from its stored form as it was")
    func storedForm() throws {
        var runs = [Self.run(sent: false), Self.run(), Self.run(), Self.run(), Self.run()]
        runs[2].note(Self.lost, canSettle: true, at: Self.now)
        runs[3].note(Self.refused, canSettle: true, at: Self.now)
        runs[4].note(.done(["id": "1"]), canSettle: true, at: Self.now)
        for run in runs { #expect(try EndedRun(document: EndedRun(run).document).run == run) }
        var book = ActionBook(connectionID: "conn-1", userID: "user-1")
        for run in runs { try book.add(run) }
        book.close("run_2")
        let stored = try ActionBook(document: book.document)
        #expect(stored.open == runs && stored.ended == ["run_2"] && stored.userID == "user-1")
    }

    @Test("A book refuses a run behind its bound, and lists no more ended ones than its bound")
    func bounds() throws {
        var book = ActionBook(connectionID: "conn-1", userID: "user-1")
        for number in 0..<ActionLimits.openRunsMax {
            try book.add(
                ActionRunRecord(id: "run_\(number)", action: "a", fingerprint: "", sealedInputs: nil, at: Self.now))
        }
        #expect(throws: ServiceError.self) { try book.add(Self.run()) }
        for number in 0...ActionLimits.listedRunsMax { book.close("run_\(number)") }
        #expect(book.open.isEmpty && book.ended.count == ActionLimits.listedRunsMax && !book.ended.contains("run_0"))
    }

    @Test("The same key of a connection names the same run, which Discord's nonce has room for")
    func ids() {
        let id = ActionService.id(key: "order-1", connection: "conn-1")
        #expect(id == ActionService.id(key: "order-1", connection: "conn-1"))
        #expect(id != ActionService.id(key: "order-2", connection: "conn-1"))
        #expect(id != ActionService.id(key: "order-1", connection: "conn-2"))
        #expect(id.utf8.count == 24)
    }
}
