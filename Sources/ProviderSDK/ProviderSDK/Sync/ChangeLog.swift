// Lists of changes, as data: what makes a list one of changes instead of records, and how a record is read by itself where the list
// cannot tell which change is the last. The walk is in ChangeWalk.

/// What makes a list one of changes, newest first: several of its items may tell of the same record.
///
/// A walk along it takes the newest change of each record and passes over the older ones, whichever page they stand on, so that no
/// record is ever set back. The records met so far are kept in the cursor: a walk that is broken off goes on where it was. Where the
/// list alone cannot decide — two changes of one moment, more records than a cursor holds — the record is read by itself as it is now.
public struct ChangeLog: Sendable {
    /// Where the id of the changed record stands in an item.
    public var recordID: ValuePath
    /// Where the moment of the change stands in an item.
    ///
    /// The order of changes that have the same moment is not relied on.
    public var moment: ValuePath
    /// Which items tell that a record was made: older than every other change of the same moment.
    public var createdWhen: Condition?
    /// The request for one record as it is now, which gets a slash and the id behind its path.
    public var read: ProviderRequest
    /// Whether a record that was read by itself turns out to be gone.
    public var goneWhen: Condition?
    /// The provider's codes for a record that cannot be read because it is gone.
    public var goneCodes: [String] = []

    /// Records of one walk that a cursor remembers, as numbers of 64 bits; those met after that are read by themselves.
    public static let rememberedMax = 2000
    /// Records that are read by themselves for one page.
    ///
    /// A provider's limit that strikes in between costs no more than these; the rest of the page comes as a page of its own.
    public static let readsPerPageMax = 10

    /// Changes that name their record at `recordID` and their time at `moment`; `read` reads one record.
    public init(recordID: ValuePath, moment: ValuePath, read: ProviderRequest) {
        self.recordID = recordID
        self.moment = moment
        self.read = read
    }

    /// Changes that name their record at `recordID` and their time at `moment`, with what `configure` sets.
    public init(
        recordID: ValuePath, moment: ValuePath, read: ProviderRequest, _ configure: (inout ChangeLog) -> Void
    ) {
        self.init(recordID: recordID, moment: moment, read: read)
        configure(&self)
    }
}
