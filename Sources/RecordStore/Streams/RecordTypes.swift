// The values that go in and out of record streams. Plain data: no files, no order, no time.

import Primitives

/// The name of a stream: 1 to ``StoreLimits/idBytesMax`` bytes, compared as bytes.
public struct StreamID: Hashable, Sendable {
    /// The bytes of the name.
    public let bytes: [UInt8]

    /// A stream by the bytes of its name; its limits are checked when it is used.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// A stream by the UTF-8 of its name; its limits are checked when it is used.
    public init(_ name: String) { bytes = Array(name.utf8) }
}

/// One change of one record.
public struct RecordChange: Equatable, Sendable {
    /// How the record changed.
    public enum Kind: UInt8, Sendable {
        /// The reader has not seen the record before, or saw it deleted.
        case added = 0
        /// The reader has seen an earlier content.
        case updated = 1
        /// The record is gone; there is no payload.
        case deleted = 2
    }

    /// The place in the stream: larger than that of every earlier change.
    public let sequence: UInt64
    /// The kind of the change.
    public let kind: Kind
    /// The data type that the record belongs to.
    public let dataType: String
    /// The record's id.
    public let id: [UInt8]
    /// The id at the source; empty when none was given.
    public let sourceID: [UInt8]
    /// The time given with the change, in milliseconds since 1970.
    public let timestampMilliseconds: Int64
    /// A hash of payload and source id that is the same for equal contents within one stream; 0 for deletions.
    public let contentHash: UInt64
    /// The payload as it was given.
    public let payload: [UInt8]
    /// Whether the record went out of sight at its source: what is stored is the last that was seen.
    public let isOutOfReach: Bool
}

/// A record that readers see and an open generation has not met.
public struct UnmetRecord: Sendable {
    /// The record's id.
    public let id: [UInt8]
    /// The id at the source; empty when none was given.
    public let sourceID: [UInt8]
    /// The payload that readers see.
    public let payload: [UInt8]
    /// Whether it was out of reach before.
    public let isOutOfReach: Bool

    /// A record with what readers see of it.
    public init(id: [UInt8], sourceID: [UInt8], payload: [UInt8], isOutOfReach: Bool) {
        self.id = id
        self.sourceID = sourceID
        self.payload = payload
        self.isOutOfReach = isOutOfReach
    }
}

/// The fate of a record that a generation has not met.
public enum UnmetFate: Sendable, Equatable {
    /// It is gone.
    case deleted
    /// It stays as readers see it.
    case kept
    /// It stays, marked as out of reach.
    case outOfReach
}

/// The fate of all records that a generation has not met.
public enum UnmetPolicy: Sendable {
    /// The same of each.
    case all(UnmetFate)
    /// What the closure says of each.
    case each(@Sendable (UnmetRecord) -> UnmetFate)
}

/// One page of changes.
public struct ChangePage: Sendable {
    /// The changes in order; may be empty while `hasMore` is true.
    public let changes: [RecordChange]
    /// The position of the next page; valid on the last page, too, to ask again later.
    public let next: RecordCursor
    /// Whether there was more when this page was read.
    public let hasMore: Bool
}

/// Chooses records by their id and source id.
public typealias RecordFilter = @Sendable (_ id: ArraySlice<UInt8>, _ sourceID: ArraySlice<UInt8>) -> Bool

/// Records as they are now, in the order of their last change.
public struct RecordPage: Sendable {
    /// The records, each with its last change.
    public let records: [RecordChange]
    /// The sequence after which the next page begins; nil on the last page.
    public let next: UInt64?
    /// The sequence of the newest change of the data type, deletions included; 0 before the first.
    public let lastSequence: UInt64
}

/// How many records of a batch were what.
public struct AppendOutcome: Equatable, Sendable {
    /// Records that were not there.
    public var added = 0
    /// Records whose content changed.
    public var updated = 0
    /// Records that already had this content, and deletions of records that are not there.
    public var unchanged = 0
    /// Records that were there and are deleted.
    public var deleted = 0

    /// No records.
    public init() {}
}

/// A full synchronisation of one data type that readers do not see yet.
public struct Generation: Hashable, Sendable {
    /// The stream it is for.
    public let stream: StreamID
    /// The data type it replaces.
    public let dataType: String
    /// Its number within the stream and data type.
    public let number: UInt32
}

/// The state of one data type in a stream.
public struct DataTypeState: Sendable {
    /// The data type.
    public let dataType: String
    /// The records that readers see.
    public let recordCount: Int
    /// The checkpoint of the last visible page or committed generation.
    public let checkpoint: [UInt8]?
    /// The generation that was begun and neither committed nor abandoned.
    public let generation: Generation?
    /// The checkpoint of that generation's last page.
    public let generationCheckpoint: [UInt8]?
}

/// The state of a stream.
public struct StreamState: Sendable {
    /// The data types, in the order of their first use.
    public let dataTypes: [DataTypeState]
    /// The sequence number of the newest visible change; 0 before the first.
    public let lastSequence: UInt64
    /// The size on disk.
    public let bytes: Int

    /// The state of one data type, or nil when the stream has none of it.
    public subscript(dataType: String) -> DataTypeState? {
        dataTypes.first { $0.dataType.utf8.elementsEqual(dataType.utf8) }
    }
}

/// A place in a stream, opaque; it survives restarts and compaction.
public struct RecordCursor: Hashable, Sendable {
    /// The beginning of every stream.
    public static let start = RecordCursor(epoch: 0, sequence: 0, base: 0, compactions: 0, check: 0)

    let epoch: UInt64
    /// The last change the reader got, or passed over.
    let sequence: UInt64
    /// The place the reader had when the stream was last compacted, or where it began if that was later: of the
    /// changes after it, the reader has seen only those that compaction left.
    let base: UInt64
    /// How often the stream had been compacted then.
    let compactions: UInt64
    /// What the stream makes of the rest and of the data type that was read; 0 only at the beginning.
    let check: UInt32

    init(epoch: UInt64, sequence: UInt64, base: UInt64, compactions: UInt64, check: UInt32) {
        self.epoch = epoch
        self.sequence = sequence
        self.base = base
        self.compactions = compactions
        self.check = check
    }

    private static let textBytes = 1 + 4 * 17 + 9

    /// The cursor as text of `[0-9a-f-]`, 78 bytes.
    public var text: String {
        let parts = [epoch, sequence, base, compactions].map { Hex.encode($0) } + [Hex.encode(check)]
        return "1-" + parts.joined(separator: "-")
    }

    /// A cursor from its text, or nil when it is not one.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == Self.textBytes, bytes[0] == 0x31 else { return nil }
        var parts: [UInt64] = []
        for index in 0..<4 {
            let start = 1 + index * 17
            guard bytes[start] == 0x2d, let part = Hex.number(lowercase: bytes[(start + 1)..<(start + 17)]) else {
                return nil
            }
            parts.append(part)
        }
        let end = Self.textBytes - 9
        guard bytes[end] == 0x2d, let check = Hex.number(lowercase: bytes[(end + 1)...]) else { return nil }
        self.init(
            epoch: parts[0], sequence: parts[1], base: parts[2], compactions: parts[3],
            check: UInt32(truncatingIfNeeded: check))
    }
}
