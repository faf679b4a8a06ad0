// Earlier names of the manifest's parts.

extension ProviderAction {
    /// The earlier name of ``output``.
    @available(*, deprecated, renamed: "output")
    public var result: FieldMapping? {
        get { output }
        set { output = newValue }
    }
}

extension RateLimitHeaders {
    /// The earlier name of ``reset``.
    @available(*, deprecated, renamed: "reset")
    public var resetAfter: String? {
        get { reset }
        set { reset = newValue }
    }

    /// The earlier form of ``init(remaining:reset:resetFormat:scope:)``.
    @available(*, deprecated, renamed: "init(remaining:reset:resetFormat:scope:)")
    public init(remaining: String, resetAfter: String? = nil) {
        self.init(remaining: remaining, reset: resetAfter)
    }
}
