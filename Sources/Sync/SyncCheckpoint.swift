// The position of a sync in one data type, stored together with each page. Pure.

import ConnectionModel
import Primitives
import ProviderSDK
import Providers

/// The position of the sync of one data type.
struct SyncCheckpoint: Sendable, Equatable {
    /// The sync that wrote it.
    let syncID: String
    /// Identifies what the sync read with, as ``SyncSource`` names it.
    let source: String
    /// The cursor of the next page; nil for the first page.
    var cursor: JSONValue?
    /// Whether the last page was read, so that the read can be made visible.
    var isRead = false
    /// Whether the sync of the data type is complete.
    var isDone = false
    /// The moment up to which changes are known, once a sync was complete.
    ///
    /// The next incremental sync begins there.
    ///
    /// It is a time of the provider's clock when ``isOfProvider``, else of the host's clock.
    var watermark: Timestamp?
    /// Whether ``watermark`` is a time of the provider's own clock.
    var isOfProvider = false
    /// When the read began by the provider's clock; nil when its answers had no date.
    var asOf: Timestamp?
    /// The host's time since which no change was missed, once a sync was complete.
    var readSince: Timestamp?
    /// The plugin's memory of its last complete read.
    var memory: JSONValue?
    /// When a full read began.
    ///
    /// It may lack what changed at the provider since then.
    var begun: Timestamp?
    var processed = 0
    var synced = 0
    var errors = 0
    /// The count of records of a full read that failed and have no id.
    ///
    /// Any unmet record may be one of them.
    var unidentified = 0
    var pages = 0
    /// The hash of the cursor behind the last page whose number was a power of two.
    private(set) var mark: Int64?
    /// The bytes that were stored.
    var bytes = 0
    /// What the walk has shown so far.
    var walk = WalkCompleteness()
    /// What a read of all records covered, once its last page was read.
    var coverage = ReadCoverage.everything
    /// The least moment in the field that the provider's list is a window by.
    var oldest: Timestamp?
    /// The fate of the stored records that a complete read did not meet.
    var absences = AbsenceReport()
    /// The sync that marked records as missing, for the next full read to confirm.
    var missingSince: String?

    init(syncID: String, source: String = "", watermark: Timestamp?) {
        self.syncID = syncID
        self.source = source
        self.watermark = watermark
    }

    /// Begins a read of changes after the last complete read.
    init(syncID: String, source: String, after last: SyncCheckpoint) {
        self.init(syncID: syncID, source: source, watermark: last.watermark)
        isOfProvider = last.isOfProvider
        memory = last.memory
        missingSince = last.missingSince
    }

    /// Begins a read of all records after the last complete read; nil when there was none.
    init(syncID: String, source: String, instead last: SyncCheckpoint?) {
        self.init(syncID: syncID, source: source, watermark: last?.watermark)
        isOfProvider = last?.isOfProvider ?? false
        missingSince = last?.missingSince
    }

    /// Begins the walk again at the first page; what was stored so far stays.
    mutating func restart() {
        cursor = nil
        isRead = false
        processed = 0
        synced = 0
        errors = 0
        unidentified = 0
        pages = 0
        mark = nil
        oldest = nil
        coverage = .everything
    }

    /// Reads a stored checkpoint; nil when the bytes are not a checkpoint.
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
        walk = WalkCompleteness(value["walk"])
        coverage = ReadCoverage(stored: value["coverage"])
        oldest = value["oldest"]?.integer.flatMap(Timestamp.init(milliseconds:))
        absences = AbsenceReport(value["absences"])
        missingSince = value["missingSince"]?.string
    }

    /// A remark on a complete read; nil when there is none.
    var note: String? {
        guard isDone else { return nil }
        var remarks: [String] = []
        if hasOnlyErrors { remarks.append("no record could be stored, and \(errors) became dead letters.") }
        if unidentified > 0 {
            remarks.append(
                "records without an id: \(unidentified). "
                    + "Nothing was deleted, because any missing record may be one of them.")
        }
        remarks += absences.remarks
        return remarks.isEmpty ? nil : remarks.joined(separator: " ")
    }

    /// Whether the read met records, and none of them could be stored.
    var hasOnlyErrors: Bool { errors > 0 && synced == 0 }

    /// The counts of the read so far.
    var counts: SyncProgress.Counts {
        SyncProgress.Counts(processed: processed, synced: synced, errors: errors, pages: pages)
    }

    // MARK: Clocks

    /// The most that a watermark by the host's own clock may lie in the future.
    ///
    /// Well-kept clocks are set back by less.
    static let futureMax = Duration.seconds(60)

    /// Returns the watermark if it is plausible at `now`; nil when everything must be read.
    ///
    /// A watermark in the future comes from a clock that was wrong by an unknown amount. The provider's clock may be
    /// ahead of the host's.
    func believableWatermark(at now: Timestamp, reach: Duration?) -> Timestamp? {
        guard let watermark else { return nil }
        let age = now.duration(since: watermark)
        guard .zero - age <= (isOfProvider ? ProviderClock.aheadMax : Self.futureMax) else { return nil }
        if let reach, age >= reach { return nil }
        return isOfProvider ? watermark : min(watermark, now)
    }

    // MARK: Circles

    /// Marks the cursor behind a page.
    ///
    /// A walk that meets a marked cursor again is in a cycle of any length. The walk finds this after at most three times
    /// the pages of the cycle (Brent's algorithm).
    mutating func place() {
        if pages & (pages - 1) == 0 { mark = cursor.map(Self.mark) }
    }

    /// Whether the walk was at the marked `cursor` before.
    func hasMet(_ cursor: JSONValue) -> Bool { mark.map { $0 == Self.mark(cursor) } ?? false }

    /// Returns 64 bits of FNV-1a.
    ///
    /// A collision between two cursors of a walk is too improbable to matter.
    private static func mark(_ cursor: JSONValue) -> Int64 {
        Int64(bitPattern: FNV1a.hash(cursor.serialized))
    }

    /// Completes the data type: all changes up to the beginning of the read are known.
    ///
    /// - Parameters:
    ///   - begun: the beginning of the read by the host's clock. It counts when the provider's answers had no date.
    ///   - now: the host's clock, which may have been set back since.
    ///   - isComplete: whether the walk proved that it met everything. Else the next read of changes begins where this
    ///     one began.
    mutating func finish(begun moment: Timestamp, at now: Timestamp, isComplete: Bool) {
        if isComplete {
            watermark = asOf ?? min(moment, now)
            isOfProvider = asOf != nil
            readSince = moment
        }
        asOf = nil
        isDone = true
        cursor = nil
        mark = nil
        begun = nil
        walk = WalkCompleteness()
        coverage = .everything
        oldest = nil
    }

    /// The checkpoint in its stored form.
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
            if walk != WalkCompleteness() {
                writer.key("walk")
                walk.write(to: &writer)
            }
            if coverage != .everything { writer.member("coverage", coverage.stored) }
            if let oldest { writer.member("oldest", Int(oldest.milliseconds)) }
            if !absences.isEmpty { writer.member("absences", absences.stored) }
            if let missingSince { writer.member("missingSince", missingSince) }
        }
        return writer.bytes
    }
}

/// The next step of the sync of one data type.
enum SyncPlan: Sendable, Equatable {
    /// The sync is complete already: a restart found its last checkpoint.
    case nothing(SyncCheckpoint)
    /// Read all records into a new generation.
    case full
    /// Continue a generation that this sync began before.
    case resumeFull(SyncCheckpoint)
    /// Read the changes since this moment.
    case changes(since: Timestamp, SyncCheckpoint)

    /// Decides the plan for a data type.
    ///
    /// A sync never takes over what another sync has read. A caller that asks for a full sync gets all records as they
    /// are after the request. The sync also discards what it has read itself with another build of the plugin, or for
    /// another grant.
    ///
    /// - Parameters:
    ///   - type: the requested type. Changes mean everything when no plausible watermark is within the provider's
    ///     reach.
    ///   - stored: the checkpoint of the data type.
    ///   - generation: the checkpoint of an open generation.
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
