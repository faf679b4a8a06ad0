// The bounds of answers that are made for requests, each with its unit in the name.

/// The bounds of answers.
package enum AnswerBounds {
    /// Large answers that are made at the same time; users take turns.
    package static let concurrentLargeMax = 4
}
