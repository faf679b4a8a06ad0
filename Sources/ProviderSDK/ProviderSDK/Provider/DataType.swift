// A kind of record that can be synced: how it is read, what it needs, how it is mapped.

/// A kind of record that can be synced.
public struct DataType: Sendable {
    /// Its name in sync requests, in the plural: `payments`.
    public let name: String
    /// The provider's scopes that reading it needs.
    public var scopes: [String] = []
    /// Scopes of the provider that let more of it be read.
    ///
    /// They are asked for when the application names them; without them less is read, and nothing fails.
    public var optionalScopes: [String] = []
    /// The variants that have it; empty means all.
    public var variants: [String] = []
    /// How all records are read; nil when the plugin reads them in code.
    public var list: ListRequest?
    /// How changes are read, where that is another list; nil means ``list`` with its `since` parameter.
    public var changes: ListRequest?
    /// Whether and how far back changes can be read; nil means every sync reads all records.
    public var incremental: Incremental?
    /// Which part of the provider's records its list shows; nil means all.
    ///
    /// Only what lies inside can be found missing. What lies outside stays, marked as out of reach.
    public var window: ReadWindow?
    /// How a record becomes a normalised one.
    public var mapping: FieldMapping

    /// Whether its records are those of a connection: false when the list needs neither the connection's credential nor to know its
    /// account.
    ///
    /// Records that are not a connection's are the operator's. Hosts read them for their own features and never offer them to the
    /// users who connect accounts.
    public var needsConnection: Bool {
        guard let request = list?.request, request.authorization != .connection else { return true }
        return request.placeholders.contains { !$0.hasPrefix("setting.") }
    }

    /// A data type whose records are mapped by `mapping`.
    public init(_ name: String, mapping: FieldMapping, _ configure: (inout DataType) -> Void = { _ in }) {
        self.name = name
        self.mapping = mapping
        configure(&self)
    }
}

/// Which part of the provider's records a list shows.
///
/// Fields and conditions are those of the normalised record.
public enum ReadWindow: Sendable {
    /// About the newest `count` records, by the moment in the field `by`.
    ///
    /// A list that shows less than half of that shows all.
    case newest(Int, by: String)
    /// The records of the last `time`, by the moment in the field `by`.
    case recent(Duration, by: String)
    /// The records that meet this. Others leave the list for other reasons than their deletion.
    case matching(Condition)
}

/// How changes are read.
public struct Incremental: Sendable {
    /// How far back the provider reports changes; after a longer gap everything is read.
    ///
    /// Nil means no limit.
    public var reach: Duration?
    /// How far before the last sync the next begins, so that late changes are not missed.
    public var overlap: Duration

    /// Changes within `reach`, read again from `overlap` before the last sync.
    public init(reach: Duration? = nil, overlap: Duration = .seconds(600)) {
        self.reach = reach
        self.overlap = overlap
    }
}
