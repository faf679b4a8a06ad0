// What plugins that were built for an earlier SDK link to. Each name here means what its successor means, and no code of ours uses
// one: the compiler forbids it, because all of them are deprecated.

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
