// Names that plugins built for an earlier SDK link to. Each means what its successor means. All are deprecated, so the compiler
// keeps this project from using them.

/// An enum with cases that have a successor.
///
/// The conversion is reached through the protocol, so that no code but the conversion itself names a deprecated case.
protocol HasEarlierCases {
    /// The same meaning by its present case.
    var successor: Self { get }
}

extension HasEarlierCases {
    /// The same meaning by its present case.
    var current: Self { successor }
}
