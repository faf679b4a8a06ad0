// What a sync of one data type does next, from what is stored: a table of every state a stop can leave behind.

import ProviderSDK
import Testing

@testable import IntegrationHost

@Suite("Sync plan")
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

    @Test("a checkpoint is read back as it was written, its end included")
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

    @Test("nothing stored means everything is read, whatever was asked for")
    func firstSync() {
        #expect(Self.plan(.full) == .full)
        #expect(Self.plan(.incremental) == .full)
    }

    @Test("a data type that this sync has done already is not read again")
    func done() {
        let done = Self.checkpoint("now") { $0.isDone = true }
        #expect(Self.plan(.full, stored: done) == .nothing(done))
        #expect(Self.plan(.incremental, stored: done) == .nothing(done))
    }

    @Test("a generation of this sync is gone on with; one of another sync is not")
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

    @Test("changes are read from the watermark less the overlap, within the provider's reach only")
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

    @Test("changes that this sync has begun are gone on with where they were")
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

    @Test("changes that this sync began to read with another plugin are read from the watermark on again")
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
