// What the doctor found out about one part of an installation. A value; knows no check.

/// A statement about one part of an installation.
package struct Finding: Sendable, Equatable {
    /// How good it is.
    package enum Verdict: String, Sendable, CaseIterable {
        /// Nothing is wrong.
        case good = "ok"
        /// It could not be looked at; the text says why.
        case skipped
        /// It works and needs attention.
        case warning
        /// Something does not work, or will not work soon.
        case problem
    }

    /// What was looked at; a word that stays the same between versions.
    package let subject: String
    package let verdict: Verdict
    /// What was found.
    package let text: String
    /// What follows from it; nil when nothing is wrong.
    package let meaning: String?
    /// What to do; nil when nothing is wrong.
    package let remedy: String?

    package static func good(_ subject: String, _ text: String) -> Finding {
        Finding(subject: subject, verdict: .good, text: text, meaning: nil, remedy: nil)
    }

    package static func skipped(_ subject: String, _ text: String) -> Finding {
        Finding(subject: subject, verdict: .skipped, text: text, meaning: nil, remedy: nil)
    }

    package static func warning(_ subject: String, _ text: String, means meaning: String, do remedy: String) -> Finding
    {
        Finding(subject: subject, verdict: .warning, text: text, meaning: meaning, remedy: remedy)
    }

    package static func problem(_ subject: String, _ text: String, means meaning: String, do remedy: String) -> Finding
    {
        Finding(subject: subject, verdict: .problem, text: text, meaning: meaning, remedy: remedy)
    }
}
