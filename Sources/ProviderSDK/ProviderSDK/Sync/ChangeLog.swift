// Lists of changes, as data: what makes a list one of changes instead of records. Also how a record is read by itself where the
// list does not show which change is the last. The walk is in ChangeWalk.

/// What makes a list one of changes, newest first: several of its items may be about the same record.
///
/// A walk takes the newest change of each record and skips the older ones on all pages, so that no record is set back. The cursor
/// keeps the records met so far, so an interrupted walk resumes where it was. Where the list cannot decide, the record is read by
/// itself as it is now: for two changes of one moment, or for more records than a cursor holds.
public struct ChangeLog: Sendable {
    /// Where the id of the changed record stands in an item.
    public var recordID: ValuePath
    /// Where the moment of the change stands in an item.
    ///
    /// The order of changes that have the same moment is not relied on.
    public var moment: ValuePath
    /// Which items say that a record was made: older than every other change of the same moment.
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
    /// If a provider's limit is hit in between, no more than these reads are lost; the rest of the page comes as another page.
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
