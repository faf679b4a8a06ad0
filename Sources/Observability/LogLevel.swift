// How severe an event is.

/// How severe an event is.
package enum LogLevel: String, Sendable, Comparable, CaseIterable {
    case debug, info, warning, error

    package static func < (lhs: LogLevel, rhs: LogLevel) -> Bool {
        (allCases.firstIndex(of: lhs) ?? 0) < (allCases.firstIndex(of: rhs) ?? 0)
    }

    /// All levels as text for people.
    package static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
