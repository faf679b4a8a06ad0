// Why a configuration cannot be used, with the place and the remedy. Never quotes a value, which may be a secret.

/// A mistake in the configuration.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// The place of the problem: a file with line and column, an environment variable, or a flag.
    package let place: String
    /// The problem and what to do.
    package let problem: String

    package init(place: String, problem: String) {
        self.place = place
        self.problem = problem
    }

    package var description: String { "\(place): \(problem)" }
}
