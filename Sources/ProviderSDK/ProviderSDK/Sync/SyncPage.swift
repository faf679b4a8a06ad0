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

    /// A page.
    public init(_ records: [SourceRecord], next: JSONValue? = nil, totalCount: Int? = nil) {
        self.records = records
        self.next = next
        self.totalCount = totalCount
    }
}
