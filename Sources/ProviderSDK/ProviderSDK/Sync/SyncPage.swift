// A page of records as it passes from a provider to the host's sync, and what the host asks for.

/// What the host asks a provider for: one page of a data type.
public struct PageRequest: Sendable {
    /// The data type.
    public var dataType: String
    /// The cursor of the page, as the page before gave it; nil for the first.
    public var cursor: JSONValue?
    /// Only changes since this moment; nil for all records.
    public var since: Timestamp?
    /// What the last page of the last complete read gave as ``SyncPage/memory``; nil in a read of all records.
    public var memory: JSONValue?

    /// The page of `dataType` at `cursor`.
    public init(dataType: String, cursor: JSONValue? = nil, since: Timestamp? = nil) {
        self.dataType = dataType
        self.cursor = cursor
        self.since = since
    }
}

/// One record as the provider has it.
public struct SourceRecord: Sendable {
    /// Whether the record is there or gone.
    public enum Change: Sendable, Equatable { case upserted, deleted }

    /// The record.
    public var value: JSONValue
    /// Whether it is there or gone.
    ///
    /// For a record that is gone only its id needs to be in ``value``.
    public var change: Change

    /// A record.
    public init(_ value: JSONValue, _ change: Change = .upserted) {
        self.value = value
        self.change = change
    }
}

/// One page of records.
public struct SyncPage: Sendable {
    /// The records, in the provider's order.
    public var records: [SourceRecord]
    /// The cursor of the next page; nil when this is the last.
    ///
    /// The host stores it: it holds nothing secret.
    public var next: JSONValue?
    /// How many records the provider says there are in all.
    public var totalCount: Int?
    /// What the provider's code needs at the next read of changes; only on the last page.
    ///
    /// Nil keeps the earlier one. The host stores it once the read is complete. Together with a cursor it has at most 60 KiB, and
    /// holds nothing secret.
    public var memory: JSONValue?

    /// Whether the page goes on where the page before it ended.
    public var continuity = PageContinuity.continuous
    /// Which records the read of all records could meet; only on its last page.
    public var coverage = ReadCoverage.everything

    /// A page.
    public init(_ records: [SourceRecord], next: JSONValue? = nil, totalCount: Int? = nil) {
        self.records = records
        self.next = next
        self.totalCount = totalCount
    }
}

/// Whether a page goes on where the page before it ended.
///
/// It decides what a walk proves: a record that no page holds is missing only where nothing lies between the pages.
public enum PageContinuity: Sendable, Equatable {
    /// Nothing that was there all the time lies between the two pages.
    case continuous
    /// Records moved since the page before, and what lies between the two is not known: the walk begins again.
    case broken
    /// The answer does not show it.
    ///
    /// A walk with such a page is believed when a second one meets the same records in the same order.
    case unproven
}

/// Which records a read of all records could meet.
public struct ReadCoverage: Sendable, Equatable {
    /// Records that belong together and were read to the end, by their source ids.
    public struct Part: Sendable, Equatable {
        /// What their source ids begin with.
        public var prefix: String
        /// The least source id that was shown, compared as bytes; nil when all were.
        public var least: String?

        /// The records whose source ids begin with `prefix`, from `least` on.
        public init(prefix: String, least: String? = nil) {
            self.prefix = prefix
            self.least = least
        }

        /// Whether a record belongs to the part.
        public func contains(_ sourceID: some Collection<UInt8>) -> Bool {
            guard sourceID.starts(with: prefix.utf8) else { return false }
            return least.map { !sourceID.lexicographicallyPrecedes($0.utf8) } ?? true
        }
    }

    /// The parts; nil means all records.
    public var parts: [Part]?
    /// Whether what lies outside the parts is out of sight; else nothing is known of it.
    public var isOutsideOutOfReach: Bool

    /// All records of the data type.
    public static let everything = ReadCoverage(parts: nil, isOutsideOutOfReach: true)

    /// These parts.
    public init(parts: [Part]?, isOutsideOutOfReach: Bool) {
        self.parts = parts
        self.isOutsideOutOfReach = isOutsideOutOfReach
    }
}
