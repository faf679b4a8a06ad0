// Earlier names of lists, paging and lists of changes.

extension Paging: HasEarlierCases {
    @available(*, deprecated)
    var successor: Paging {
        guard case .nextLink(let link, let isRequired) = self else { return self }
        return .link(NextLink(link, isRequired: isRequired))
    }
}

extension ListRequest {
    /// The earlier name of ``where``.
    @available(*, deprecated, renamed: "where")
    public var filter: Condition? {
        get { self.where }
        set { self.where = newValue }
    }

    /// The earlier name of ``deletedWhen``.
    @available(*, deprecated, renamed: "deletedWhen")
    public var isDeletion: Condition? {
        get { deletedWhen }
        set { deletedWhen = newValue }
    }

    /// The earlier name of ``pageWhen``.
    @available(*, deprecated, renamed: "pageWhen")
    public var isPage: Condition? {
        get { pageWhen }
        set { pageWhen = newValue }
    }

    /// The earlier name of ``nextWhen``.
    @available(*, deprecated, renamed: "nextWhen")
    public var hasNext: Condition? {
        get { nextWhen }
        set { nextWhen = newValue }
    }
}

extension SinceParameter {
    /// The earlier form of ``location`` and ``name``.
    ///
    /// A moment in the body, which this form cannot say, reads as one in the query.
    @available(*, deprecated, message: "use location and name")
    public var place: Place {
        get { location == .header ? .header(name) : .query(name) }
        set {
            switch newValue {
            case .query(let name): (location, self.name) = (.query, name)
            case .header(let name): (location, self.name) = (.header, name)
            }
        }
    }

    /// The earlier form of ``init(in:name:format:text:)``.
    @available(*, deprecated, message: "use init(in:name:format:text:)")
    public init(_ place: Place, _ format: Format) {
        switch place {
        case .query(let name): self.init(in: .query, name: name, format: format)
        case .header(let name): self.init(in: .header, name: name, format: format)
        }
    }
}

extension ChangeLog {
    /// The earlier name of ``read``.
    @available(*, deprecated, renamed: "read")
    public var record: ProviderRequest {
        get { read }
        set { read = newValue }
    }

    /// The earlier name of ``createdWhen``.
    @available(*, deprecated, renamed: "createdWhen")
    public var isCreation: Condition? {
        get { createdWhen }
        set { createdWhen = newValue }
    }

    /// The earlier name of ``goneWhen``.
    @available(*, deprecated, renamed: "goneWhen")
    public var isGone: Condition? {
        get { goneWhen }
        set { goneWhen = newValue }
    }

    /// The earlier form of ``init(recordID:moment:read:)``.
    @available(*, deprecated, renamed: "init(recordID:moment:read:)")
    public init(recordID: ValuePath, moment: ValuePath, record: ProviderRequest) {
        self.init(recordID: recordID, moment: moment, read: record)
    }
}
