// Why the stored form of a user or a connection cannot be read.

/// The reason why a stored user could not be read.
package struct UserCodingError: Error, CustomStringConvertible {
    package let problem: String
    package var description: String { "The stored user document cannot be read: \(problem)." }

    package init(problem: String) { self.problem = problem }
}
