// Reading a list of records page by page, as data: the request, the place of the records, the next page, and changes only. A provider
// that needs more writes its own page function.

/// A list of records of the provider.
public struct ListRequest: Sendable {
    /// The request of the first page, without its page size.
    public var request: ProviderRequest
    /// Where the items stand in a page.
    public var items: ValuePath
    /// How one page leads to the next.
    public var paging: Paging
    /// The parameter that asks for a page size; nil when there is none.
    public var pageSizeParameter: String?
    /// Items on a full page.
    public var pageSize: Int = 100
    /// How to ask for changes only; nil when the list cannot.
    public var since: MomentParameter?
    /// Where the parameters of page size and paging go.
    public var parameterPlace: ParameterPlace = .query
    /// What a page must show for there to be another; nil leaves it to ``paging``.
    ///
    /// For providers that give a token for the next page on the last one too.
    public var nextWhen: Condition?
    /// Whether an answer is one item instead of a page of them: then ``items`` leads to it.
    public var isSingle: Bool = false
    /// Members added to each record, with placeholders in their values as in ``ProviderRequest``.
    ///
    /// For records that do not say what they belong to.
    public var additions: [NamedValue] = []
    /// Where the record stands in an item; the item itself by default.
    public var record: ValuePath = ""
    /// Which items are records of this data type; nil means all.
    public var `where`: Condition?
    /// Which items say that their record was deleted; nil means none.
    public var deletedWhen: Condition?
    /// What makes it a list of changes, newest first; nil for a list of records.
    public var changeLog: ChangeLog?
    /// Where the provider's count of all records stands in a page.
    public var totalCount: ValuePath?
    /// What must be there for an answer to be a page at all; else it is an error.
    public var pageWhen: Condition?
    /// Pages of one walk at most.
    public var pagesMax: Int = 100_000
    /// Where the id of a record stands in it; several paths are one id together.
    ///
    /// Pages that overlap are laid over each other by it. Empty means the ids of the data type's mapping.
    public var recordID: [ValuePath] = []
    /// The page sizes that ``pageSizeParameter`` takes, where pages are numbered; nil when the provider takes one size only.
    ///
    /// Pages of different sizes overlap, so that a list which moved shows it.
    public var pageSizes: ClosedRange<Int>?
    /// Whether the provider promises that records which come and go during a walk move no other record from one page to another.
    ///
    /// Nil leaves it to ``paging``: tokens do, links and page numbers do not.
    public var keepsPlace: Bool?

    /// Where parameters go.
    public enum ParameterPlace: Sendable, Equatable {
        /// Into the query.
        case query
        /// Into the body, as fields of a form or members of a JSON object; numbers stay numbers there.
        case body
    }

    /// A list read with `request`, its records at `items`.
    public init(_ request: ProviderRequest, items: ValuePath, paging: Paging) {
        self.request = request
        self.items = items
        self.paging = paging
    }

    /// A list read with `request`, its records at `items`, with what `configure` sets.
    public init(
        _ request: ProviderRequest, items: ValuePath, paging: Paging, _ configure: (inout ListRequest) -> Void
    ) {
        self.init(request, items: items, paging: paging)
        configure(&self)
    }

    /// The same list with the differences that `configure` sets.
    public func with(_ configure: (inout ListRequest) -> Void) -> ListRequest {
        var copy = self
        configure(&copy)
        return copy
    }
}
