// Why a configuration cannot be used, with the place and the cure. Never quotes a value: it may be a secret.

/// A mistake in the configuration.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// Where it is: a file with line and column, an environment variable, or a flag.
    let place: String
    /// What is wrong and what to do.
    let problem: String

    var description: String { "\(place): \(problem)" }
}
