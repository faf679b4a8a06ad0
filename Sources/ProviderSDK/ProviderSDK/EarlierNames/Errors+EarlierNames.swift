// Earlier names of error rules.

extension ErrorRule {
    /// The earlier name of ``status``.
    @available(*, deprecated, renamed: "status")
    public var statuses: ClosedRange<Int> {
        get { status }
        set { status = newValue }
    }

    /// The earlier name of ``where``.
    @available(*, deprecated, renamed: "where")
    public var condition: Condition? {
        get { self.where }
        set { self.where = newValue }
    }

    /// The earlier name of ``is``.
    @available(*, deprecated, renamed: "is")
    public var kind: ProviderError.Kind {
        get { self.is }
        set { self.is = newValue }
    }
}

extension ErrorClassification {
    /// The names of ``retryAfterFields`` in seconds; a list of texts cannot say another form.
    @available(*, deprecated, renamed: "retryAfterFields")
    public var retryAfterHeaders: [String] {
        get { retryAfterFields.map(\.header) }
        set { retryAfterFields = newValue.map { RetryAfterHeader(header: $0) } }
    }
}
