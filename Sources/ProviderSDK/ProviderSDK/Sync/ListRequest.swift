// Reading a list of records page by page, as data: the request, where the records are, how to get to the next page, how to ask
// for changes only. A provider that needs more writes its own page function.

/// How one page leads to the next.
public enum Paging: Sendable {
    /// There is one page.
    case none
    /// The next page begins after the last record: `parameter` takes the value at `id` of that record.
    ///
    /// There are more pages while `hasMore` is true; without `hasMore`, while pages are full. A page that promises more and has no
    /// records, or where `hasMore` stands nothing, is an error that may pass.
    case lastRecord(parameter: String, id: JSONPath, hasMore: JSONPath?)
    /// Each page carries a token for the next at `token`; it ends when the token is absent, null, empty, or `hasMore` is false. No
    /// token though `hasMore` is true is an error that may pass.
    case token(parameter: String, token: JSONPath, hasMore: JSONPath?)
    /// Pages are numbered from `first`; the last is the one at `pageCount`, or the first that is not full. A page without records
    /// before the last is an error that may pass.
    case pageNumber(parameter: String, first: Int, pageCount: JSONPath?)
    /// Each page carries the URL of the next at `link`, of the same origin; it ends with null. A missing link is an error when
    /// `isRequired`.
    case nextLink(JSONPath, isRequired: Bool)
}

/// How a list is asked for changes since a moment.
public struct SinceParameter: Sendable {
    /// Where the moment goes.
    public enum Place: Sendable { case query(String), header(String) }
    /// How the moment is written.
    public enum Format: Sendable {
        /// Seconds since the epoch.
        case epochSeconds
        /// `2024-01-01T00:00:00Z`.
        case iso8601
        /// `2024-01-01T00:00:00`, in UTC.
        case iso8601WithoutZone
    }

    /// Where the moment goes.
    public var place: Place
    /// How it is written.
    public var format: Format

    /// A moment at `place` written as `format`.
    public init(_ place: Place, _ format: Format) {
        self.place = place
        self.format = format
    }

    /// `moment` as it is written in the request.
    public func text(_ moment: Timestamp) -> String {
        switch format {
        case .epochSeconds: String(moment.seconds)
        case .iso8601: moment.description
        case .iso8601WithoutZone: String(moment.description.dropLast())
        }
    }
}

/// A list of records of the provider.
public struct ListRequest: Sendable {
    /// The request of the first page, without its page size.
    public var request: ProviderRequest
    /// Where the items stand in a page.
    public var items: JSONPath
    /// How one page leads to the next.
    public var paging: Paging
    /// The parameter that asks for a page size; nil when there is none.
    public var pageSizeParameter: String?
    /// Items on a full page.
    public var pageSize: Int = 100
    /// How to ask for changes only; nil when the list cannot.
    public var since: SinceParameter?
    /// Where the parameters of page size and paging go.
    public var parameterPlace: ParameterPlace = .query
    /// What a page must show for there to be another; nil leaves it to ``paging``.
    ///
    /// For providers that give a token for the next page on the last one too.
    public var hasNext: Condition?
    /// Whether an answer is one item instead of a page of them: then ``items`` leads to it.
    public var isSingle: Bool = false
    /// Members added to each record, with placeholders in their values as in ``ProviderRequest``.
    ///
    /// For records that do not tell what they belong to.
    public var additions: [NamedValue] = []
    /// Where the record stands in an item; the item itself by default.
    public var record: JSONPath = ""
    /// Which items are records of this data type; nil means all.
    public var filter: Condition?
    /// Which items tell that their record was deleted; nil means none.
    public var isDeletion: Condition?
    /// What makes it a list of changes, newest first; nil for a list of records.
    public var changeLog: ChangeLog?
    /// Where the provider's count of all records stands in a page.
    public var totalCount: JSONPath?
    /// What must be there for an answer to be a page at all; else it is an error.
    public var isPage: Condition?
    /// Pages of one walk at most.
    public var pagesMax: Int = 100_000

    /// Where parameters go.
    public enum ParameterPlace: Sendable, Equatable {
        /// Into the query.
        case query
        /// Into the body, as fields of a form or members of a JSON object; numbers stay numbers there.
        case body
    }

    /// A list read with `request`, its records at `items`.
    public init(_ request: ProviderRequest, items: JSONPath, paging: Paging) {
        self.request = request
        self.items = items
        self.paging = paging
    }

    /// The same list with the differences that `configure` sets.
    public func with(_ configure: (inout ListRequest) -> Void) -> ListRequest {
        var copy = self
        configure(&copy)
        return copy
    }
}
