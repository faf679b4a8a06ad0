// An option of a command: its name, its value and its help.

/// An option that only some commands have.
package struct CommandFlag: Sendable {
    /// Its name with the two dashes.
    let name: String
    let kind: Arguments.Flag
    /// The placeholder for its value in the help; empty when it takes none.
    let placeholder: String
    /// What it does, and its default where it has one.
    let summary: String
    /// The words that it accepts; empty when it accepts others.
    let choices: [String]

    /// An option without a value.
    package static func toggle(_ name: String, _ summary: String) -> CommandFlag {
        CommandFlag(name: name, kind: .toggle, placeholder: "", summary: summary, choices: [])
    }

    /// An option with one value.
    package static func value(
        _ name: String, _ placeholder: String, _ summary: String, choices: [String] = []
    ) -> CommandFlag {
        CommandFlag(name: name, kind: .value, placeholder: placeholder, summary: summary, choices: choices)
    }

    /// An option that can be given again for each value.
    package static func values(
        _ name: String, _ placeholder: String, _ summary: String, choices: [String] = []
    ) -> CommandFlag {
        CommandFlag(name: name, kind: .values, placeholder: placeholder, summary: summary, choices: choices)
    }

    /// Machine-readable output.
    package static let json = toggle("--json", "print JSON in place of text")
}
