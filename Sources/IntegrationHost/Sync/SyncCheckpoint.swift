// The place of a sync in one data type, as it is stored together with each page. Pure.

import ProviderSDK

/// Where the sync of one data type stands.
struct SyncCheckpoint: Sendable, Equatable {
    /// The sync that wrote it.
    var syncID: String
    /// The cursor of the next page; nil for the first.
    var cursor: JSONValue?
    /// Whether the last page was read: what is left is to make it visible.
    var isRead = false
    /// Whether the data type is done.
    var isDone = false
    /// Up to when changes are known, once a sync was complete: the next incremental one begins there.
    var watermark: Timestamp?
    var processed = 0
    var synced = 0
    var errors = 0

    init(syncID: String, watermark: Timestamp?) {
        self.syncID = syncID
        self.watermark = watermark
    }

    /// Reads a stored checkpoint; nil when it is none.
    init?(_ bytes: [UInt8]?) {
        guard let bytes, let value = try? JSONValue.parse(bytes), let syncID = value["sync"]?.string else { return nil }
        self.syncID = syncID
        if let cursor = value["cursor"], !cursor.isNull { self.cursor = cursor }
        isRead = value["read"]?.boolean ?? false
        isDone = value["done"]?.boolean ?? false
        watermark = value["watermark"]?.integer.flatMap(Timestamp.init(milliseconds:))
        processed = value["processed"]?.integer.map(Int.init) ?? 0
        synced = value["synced"]?.integer.map(Int.init) ?? 0
        errors = value["errors"]?.integer.map(Int.init) ?? 0
    }

    /// The checkpoint as it is stored.
    var encoded: [UInt8] {
        var writer = JSONWriter(capacity: 128)
        writer.object { writer in
            writer.member("sync", syncID)
            writer.member("cursor", cursor ?? .null)
            writer.member("read", isRead)
            writer.member("done", isDone)
            if let watermark { writer.member("watermark", Int(watermark.milliseconds)) }
            writer.member("processed", processed)
            writer.member("synced", synced)
            writer.member("errors", errors)
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
    /// Go on with a generation that was begun before a restart.
    case resumeFull(SyncCheckpoint)
    /// Read the changes since this moment.
    case changes(since: Timestamp, SyncCheckpoint)

    /// The plan for a data type.
    ///
    /// - Parameters:
    ///   - type: what was asked for. Without a watermark, or with one beyond the provider's reach, changes mean everything.
    ///   - stored: the data type's checkpoint.
    ///   - generation: the checkpoint of a generation that is open.
    init(
        _ type: SyncType, syncID: String, incremental: Incremental?, stored: SyncCheckpoint?,
        generation: SyncCheckpoint?,
        now: Timestamp
    ) {
        if let stored, stored.syncID == syncID, stored.isDone {
            self = .nothing(stored)
        } else if let generation, generation.syncID == syncID {
            self = .resumeFull(generation)
        } else if type == .incremental, let incremental, let watermark = stored?.watermark,
            incremental.reach.map({ now.duration(since: watermark) < $0 }) ?? true
        {
            var checkpoint = SyncCheckpoint(syncID: syncID, watermark: watermark)
            if let stored, stored.syncID == syncID { checkpoint = stored }
            self = .changes(since: watermark.advanced(by: .zero - incremental.overlap), checkpoint)
        } else {
            self = .full
        }
    }
}
