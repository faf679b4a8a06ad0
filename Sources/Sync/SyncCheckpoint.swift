// The place of a sync in one data type, as it is stored together with each page. Pure.

import ConnectionModel
import Primitives
import ProviderSDK
import Providers

/// Where the sync of one data type stands.
struct SyncCheckpoint: Sendable, Equatable {
    /// The sync that wrote it.
    let syncID: String
    /// What it was read with, as ``SyncSource`` names it.
    let source: String
    /// The cursor of the next page; nil for the first.
    var cursor: JSONValue?
    /// Whether the last page was read: what is left is to make it visible.
    var isRead = false
    /// Whether the data type is done.
    var isDone = false
    /// Up to when changes are known, once a sync was complete: the next incremental one begins there.
    ///
    /// By the provider's clock when ``isOfProvider``, else by the host's.
    var watermark: Timestamp?
    /// Whether ``watermark`` is by the provider's own clock.
    var isOfProvider = false
    /// When the read began by the provider's clock; nil when that did not tell.
    var asOf: Timestamp?
    /// The host's time since when nothing was missed, once a sync was complete.
    var readSince: Timestamp?
    /// What the plugin remembers from its last complete read.
    var memory: JSONValue?
    /// When a full read began: what changed at the provider since then may be missing in it.
    var begun: Timestamp?
    var processed = 0
    var synced = 0
    var errors = 0
    /// Records of a full read that failed and have no id: any record that it did not meet may be one of them.
    var unidentified = 0
    var pages = 0
    /// The mark of the cursor behind the last page whose number was a power of two.
    private(set) var mark: Int64?
    /// Bytes that were stored.
    var bytes = 0

    init(syncID: String, source: String = "", watermark: Timestamp?) {
        self.syncID = syncID
        self.source = source
        self.watermark = watermark
    }

    /// The beginning of a read of changes, after the last complete read.
    init(syncID: String, source: String, after last: SyncCheckpoint) {
        self.init(syncID: syncID, source: source, watermark: last.watermark)
        isOfProvider = last.isOfProvider
        memory = last.memory
    }

    /// Reads a stored checkpoint; nil when it is none.
    init?(_ bytes: [UInt8]?) {
        guard let bytes, let value = try? JSONValue.parse(bytes), let syncID = value["sync"]?.string else { return nil }
        self.syncID = syncID
        source = value["source"]?.string ?? ""
        if let cursor = value["cursor"], !cursor.isNull { self.cursor = cursor }
        isRead = value["read"]?.boolean ?? false
        isDone = value["done"]?.boolean ?? false
        watermark = value["watermark"]?.integer.flatMap(Timestamp.init(milliseconds:))
        isOfProvider = value["ofProvider"]?.boolean ?? false
        asOf = value["asOf"]?.integer.flatMap(Timestamp.init(milliseconds:))
        readSince = value["readSince"]?.integer.flatMap(Timestamp.init(milliseconds:))
        if let memory = value["memory"], !memory.isNull { self.memory = memory }
        begun = value["begun"]?.integer.flatMap(Timestamp.init(milliseconds:))
        processed = value["processed"]?.integer.map(Int.init) ?? 0
        synced = value["synced"]?.integer.map(Int.init) ?? 0
        errors = value["errors"]?.integer.map(Int.init) ?? 0
        unidentified = value["unidentified"]?.integer.map(Int.init) ?? 0
        pages = value["pages"]?.integer.map(Int.init) ?? 0
        mark = value["mark"]?.integer
        self.bytes = value["bytes"]?.integer.map(Int.init) ?? 0
    }

    /// What is to be said about what was read, though it was read to its end.
    var note: String? {
        guard isDone, unidentified > 0 else { return nil }
        return
            "records without an id: \(unidentified). Nothing was deleted, because each record that was not met may be one of them."
    }

    /// What was done so far.
    var counts: SyncProgress.Counts {
        SyncProgress.Counts(processed: processed, synced: synced, errors: errors, pages: pages)
    }

    // MARK: Clocks

    /// How far in the future a watermark by the host's own clock may lie: clocks that are kept right are set back by less.
    static let futureMax = Duration.seconds(60)

    /// The watermark as far as it can be believed at `now`; nil when it cannot, and everything has to be read.
    ///
    /// One in the future was written by a clock that was wrong then, by nobody knows how much. The provider's clock may be ahead of
    /// the host's.
    func believableWatermark(at now: Timestamp, reach: Duration?) -> Timestamp? {
        guard let watermark else { return nil }
        let age = now.duration(since: watermark)
        guard .zero - age <= (isOfProvider ? ProviderClock.aheadMax : Self.futureMax) else { return nil }
        if let reach, age >= reach { return nil }
        return isOfProvider ? watermark : min(watermark, now)
    }

    // MARK: Circles

    /// Notes the cursor behind a page: a walk that meets a noted one again goes round in a circle, whatever the circle's length, which
    /// is so told after at most three times its pages (Brent's algorithm).
    mutating func place() {
        if pages & (pages - 1) == 0 { mark = cursor.map(Self.mark) }
    }

    /// Whether the walk was at `cursor` before.
    func hasMet(_ cursor: JSONValue) -> Bool { mark.map { $0 == Self.mark(cursor) } ?? false }

    /// 64 bits of FNV-1a: of the cursors of a walk no two share them but by an accident that does not happen.
    private static func mark(_ cursor: JSONValue) -> Int64 {
        Int64(bitPattern: FNV1a.hash(cursor.serialized))
    }

    /// The data type is done: everything up to the beginning of the read is known.
    ///
    /// - Parameters:
    ///   - begun: that beginning by the host's clock, which counts when the provider did not tell the time by its own.
    ///   - now: the host's clock, which may have been set back since.
    mutating func finish(begun moment: Timestamp, at now: Timestamp) {
        watermark = asOf ?? min(moment, now)
        isOfProvider = asOf != nil
        asOf = nil
        readSince = moment
        isDone = true
        cursor = nil
        mark = nil
        begun = nil
    }

    /// The checkpoint as it is stored.
    var encoded: [UInt8] {
        var writer = JSONWriter(capacity: 128)
        writer.object { writer in
            writer.member("sync", syncID)
            writer.member("source", source)
            writer.member("cursor", cursor ?? .null)
            writer.member("read", isRead)
            writer.member("done", isDone)
            if let watermark { writer.member("watermark", Int(watermark.milliseconds)) }
            if isOfProvider { writer.member("ofProvider", true) }
            if let asOf { writer.member("asOf", Int(asOf.milliseconds)) }
            if let readSince { writer.member("readSince", Int(readSince.milliseconds)) }
            if let memory { writer.member("memory", memory) }
            if let begun { writer.member("begun", Int(begun.milliseconds)) }
            writer.member("processed", processed)
            writer.member("synced", synced)
            writer.member("errors", errors)
            if unidentified > 0 { writer.member("unidentified", unidentified) }
            writer.member("pages", pages)
            if let mark { writer.member("mark", .number(JSONNumber(mark))) }
            writer.member("bytes", bytes)
        }
        return writer.bytes
    }
}

/// What a sync of one data type does next.
enum SyncPlan: Sendable, Equatable {
    /// It is done already: a restart found its last checkpoint.
    case nothing(SyncCheckpoint)
    /// Read all records into a new generation.
    case full
    /// Go on with a generation that this sync began before.
    case resumeFull(SyncCheckpoint)
    /// Read the changes since this moment.
    case changes(since: Timestamp, SyncCheckpoint)

    /// The plan for a data type.
    ///
    /// What another sync has read is never taken over: whoever asks for a full sync gets everything as it is since then. The same goes
    /// for what this one has read with another build of the plugin, or for another grant.
    ///
    /// - Parameters:
    ///   - type: what was asked for. Without a watermark that can be believed, or with one beyond the provider's reach, changes mean
    ///     everything.
    ///   - stored: the data type's checkpoint.
    ///   - generation: the checkpoint of a generation that is open.
    init(
        _ type: SyncType, syncID: String, source: String, incremental: Incremental?, stored: SyncCheckpoint?,
        generation: SyncCheckpoint?, now: Timestamp
    ) {
        if let stored, stored.syncID == syncID, stored.isDone {
            self = .nothing(stored)
        } else if let generation, generation.syncID == syncID, generation.source == source {
            self = .resumeFull(generation)
        } else if type == .incremental, let incremental, let stored,
            let watermark = stored.believableWatermark(at: now, reach: incremental.reach)
        {
            var checkpoint = stored
            if stored.syncID != syncID || stored.source != source {
                checkpoint = SyncCheckpoint(syncID: syncID, source: source, after: stored)
            }
            self = .changes(since: watermark.advanced(by: .zero - incremental.overlap), checkpoint)
        } else {
            self = .full
        }
    }
}
