// Earlier names of mapping tables and conditions.

extension Condition: HasEarlierCases {
    @available(*, deprecated)
    var successor: Condition {
        guard case .isLess(let path, let other) = self else { return self }
        return .lessThan(path, other)
    }
}

extension Field {
    /// The earlier form of ``init(_:from:as:isRequired:)-(_,[ValuePath],_,_)``.
    @available(*, deprecated, renamed: "init(_:from:as:isRequired:)")
    public init(_ name: String, _ sources: [ValuePath], _ transform: Transform = .copy, isRequired: Bool = false) {
        self.init(name, from: sources, as: transform, isRequired: isRequired)
    }

    /// The earlier form of ``init(_:from:as:isRequired:)-(_,ValuePath,_,_)``.
    @available(*, deprecated, renamed: "init(_:from:as:isRequired:)")
    public init(_ name: String, _ source: ValuePath, _ transform: Transform = .copy, isRequired: Bool = false) {
        self.init(name, from: source, as: transform, isRequired: isRequired)
    }

    /// The earlier form of ``init(_:as:isRequired:)``.
    @available(*, deprecated, renamed: "init(_:as:)")
    public init(_ name: String, _ transform: Transform) { self.init(name, as: transform) }
}

extension Transform.Rule {
    /// The earlier name of ``where``.
    @available(*, deprecated, renamed: "where")
    public var condition: Condition {
        get { self.where }
        set { self.where = newValue }
    }
}
