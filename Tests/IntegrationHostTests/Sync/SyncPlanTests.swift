// The next step in the sync of a data type, from the stored state: a table of every state that a stop can leave.

import Primitives
import ProviderSDK
import Testing

@testable import ConnectionModel
@testable import Providers
@testable import Sync

@Suite("Sync plan", .timeLimit(.minutes(2)))
struct SyncPlanTests {
    static let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    static func checkpoint(
        _ sync: String, source: String = "plugin 1", _ change: (inout SyncCheckpoint) -> Void = { _ in }
    ) -> SyncCheckpoint {
        var checkpoint = SyncCheckpoint(syncID: sync, source: source, watermark: nil)
        change(&checkpoint)
        return checkpoint
    }

    static func plan(
        _ type: SyncType, stored: SyncCheckpoint? = nil, generation: SyncCheckpoint? = nil,
        incremental: Incremental? = Incremental(reach: .seconds(86_400), overlap: .seconds(60))
    ) -> SyncPlan {
        SyncPlan(
            type, syncID: "now", source: "plugin 1", incremental: incremental, stored: stored, generation: generation,
            now: Self.now)
    }

    @Test("A checkpoint is unchanged after encoding and decoding")
    func roundTrip() {
        let checkpoint = Self.checkpoint("s") { checkpoint in
            checkpoint.cursor = ["at": "x", "page": 3]
            checkpoint.isRead = true
            checkpoint.isDone = true
            checkpoint.watermark = Self.now
            checkpoint.processed = 7
            checkpoint.synced = 5
            checkpoint.errors = 2
        }
        #expect(SyncCheckpoint(checkpoint.encoded) == checkpoint)
        #expect(SyncCheckpoint(Self.checkpoint("s").encoded) == Self.checkpoint("s"))
        #expect(SyncCheckpoint(Array("nonsense".utf8)) == nil)
        #expect(SyncCheckpoint(nil) == nil)
    }

    @Test("Without stored state, every sync is a full read")
    func firstSync() {
        #expect(Self.plan(.full) == .full)
        #expect(Self.plan(.incremental) == .full)
    }

    @Test("A data type that this sync has finished is not read again")
    func done() {
        let done = Self.checkpoint("now") { $0.isDone = true }
        #expect(Self.plan(.full, stored: done) == .nothing(done))
        #expect(Self.plan(.incremental, stored: done) == .nothing(done))
    }

    @Test("A generation of this sync is resumed, and one of another sync or plugin is not")
    func generations() {
        let own = Self.checkpoint("now") { $0.isRead = true }
        #expect(Self.plan(.full, generation: own) == .resumeFull(own))
        let earlier = Self.checkpoint("earlier") { checkpoint in
            checkpoint.begun = Self.now
            checkpoint.isRead = true
        }
        #expect(Self.plan(.full, generation: earlier) == .full)
        #expect(Self.plan(.full, generation: Self.checkpoint("now", source: "plugin 2")) == .full)
    }

    @Test("Changes are read from the watermark minus the overlap, if the provider's reach allows it")
    func changes() {
        let watermark = Self.now.advanced(by: .seconds(-3600))
        let stored = Self.checkpoint("earlier") { $0.watermark = watermark }
        let begun = SyncCheckpoint(syncID: "now", source: "plugin 1", watermark: watermark)
        #expect(
            Self.plan(.incremental, stored: stored) == .changes(since: watermark.advanced(by: .seconds(-60)), begun))
        #expect(Self.plan(.full, stored: stored) == .full)
        #expect(Self.plan(.incremental, stored: stored, incremental: nil) == .full)
        let old = Self.checkpoint("earlier") { $0.watermark = Self.now.advanced(by: .seconds(-100_000)) }
        #expect(Self.plan(.incremental, stored: old) == .full)
        #expect(Self.plan(.incremental, stored: old, incremental: Incremental()) != .full)
    }

    @Test("A watermark in the future is ignored, unless the provider's clock may be ahead")
    func wrongClocks() {
        func plan(_ seconds: Int64, isOfProvider: Bool) -> SyncPlan {
            let stored = Self.checkpoint("earlier") { checkpoint in
                checkpoint.watermark = Self.now.advanced(by: .seconds(seconds))
                checkpoint.isOfProvider = isOfProvider
            }
            return Self.plan(.incremental, stored: stored)
        }
        func since(_ plan: SyncPlan) -> Timestamp? {
            if case .changes(let since, _) = plan { since } else { nil }
        }
        #expect(plan(3600, isOfProvider: false) == .full)
        #expect(since(plan(30, isOfProvider: false)) == Self.now.advanced(by: .seconds(-60)))
        #expect(since(plan(3600, isOfProvider: true)) == Self.now.advanced(by: .seconds(3540)))
        #expect(plan(2 * 86_400, isOfProvider: true) == .full)
    }

    @Test("A read is complete up to its beginning, by the provider's clock if known")
    func watermarks() {
        var known = Self.checkpoint("s") { $0.asOf = Self.now.advanced(by: .seconds(-1200)) }
        known.finish(begun: Self.now, at: Self.now, isComplete: true)
        #expect(known.watermark == Self.now.advanced(by: .seconds(-1200)) && known.isOfProvider)
        #expect(known.readSince == Self.now && SyncCheckpoint(known.encoded) == known)
        var unknown = Self.checkpoint("s")
        // The host's clock was set back while the sync ran.
        unknown.finish(begun: Self.now, at: Self.now.advanced(by: .seconds(-3600)), isComplete: true)
        #expect(unknown.watermark == Self.now.advanced(by: .seconds(-3600)) && !unknown.isOfProvider)
    }

    @Test(
        "A provider's clock is read from its answers, if it is plausible",
        arguments: [
            ("Sat, 01 Jun 2024 00:00:10 GMT", "2024-06-01T00:00:07Z"),
            ("Fri, 31 May 2024 23:40:00 GMT", "2024-05-31T23:39:57Z"),
            ("Thu, 01 Jan 1970 00:01:00 GMT", "1970-01-01T00:00:57Z"), ("Mon, 03 Jun 2024 00:00:00 GMT", nil),
            ("yesterday", nil), (nil, nil),
        ] as [(String?, String?)])
    func providerClock(date: String?, moment: String?) {
        let clock = ProviderClock()
        let response = ProviderResponse(status: 200, headers: date.map { [NamedValue("Date", $0)] } ?? [])
        clock.observe(response, now: Self.now, at: MonotonicInstant(nanoseconds: 5_000_000_000))
        #expect(
            clock.moment(at: MonotonicInstant(nanoseconds: 2_000_000_000)) == moment.flatMap { Timestamp(iso8601: $0) })
    }

    @Test("A read of changes that this sync began is resumed")
    func resumedChanges() {
        let begun = Self.checkpoint("now") { checkpoint in
            checkpoint.watermark = Self.now.advanced(by: .seconds(-3600))
            checkpoint.cursor = "c"
            checkpoint.processed = 100
        }
        #expect(
            Self.plan(.incremental, stored: begun)
                == .changes(since: Self.now.advanced(by: .seconds(-3660)), begun))
    }

    @Test("A read of changes that another plugin began restarts from the watermark")
    func otherChanges() {
        let watermark = Self.now.advanced(by: .seconds(-3600))
        let begun = Self.checkpoint("now", source: "plugin 2") { checkpoint in
            checkpoint.watermark = watermark
            checkpoint.cursor = "c"
        }
        let anew = SyncCheckpoint(syncID: "now", source: "plugin 1", watermark: watermark)
        #expect(
            Self.plan(.incremental, stored: begun) == .changes(since: watermark.advanced(by: .seconds(-60)), anew))
    }
}
