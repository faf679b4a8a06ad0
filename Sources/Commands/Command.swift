// A command of the program: its name, options and work. Knows no command by name.

import Configuration
import Primitives

/// A command of the program.
package struct Command: Sendable {
    let name: String
    /// One line of options and operands for each way to use it.
    let usages: [String]
    /// What it does, in one sentence.
    let summary: String
    /// The words that its first operand can be; empty when it is any text or absent.
    let actions: [String]
    /// The options that only this command has.
    let ownFlags: [CommandFlag]
    /// The options that set settings, besides `--data`.
    let settings: [String]
    /// The largest number of operands.
    let operandsMax: Int
    /// Lines for a shell that show how it is used, without the name of the program.
    let examples: [String]
    let run: @Sendable (Arguments) throws -> Void

    /// - Parameters:
    ///   - usages: the options and operands of each way to use it, for the help.
    ///   - actions: the words that the first operand can be; empty when it is any text or absent.
    ///   - ownFlags: the options that only this command has.
    ///   - settings: the options that set settings, besides `--data`.
    ///   - examples: lines for a shell, without the name of the program.
    ///   - run: does the work; what it throws ends the program with a message.
    package init(
        name: String, usages: [String], summary: String, actions: [String] = [], ownFlags: [CommandFlag] = [],
        settings: [String] = [], operandsMax: Int = 0, examples: [String] = [],
        run: @escaping @Sendable (Arguments) throws -> Void
    ) {
        self.name = name
        self.usages = usages
        self.summary = summary
        self.actions = actions
        self.ownFlags = ownFlags
        self.settings = settings
        self.operandsMax = operandsMax
        self.examples = examples
        self.run = run
    }

    /// All its options, in the order of the help.
    var options: [CommandFlag] {
        var options = ownFlags
        for setting in SettingsTable.all {
            guard let flag = setting.flag, settings.contains(flag.name) || flag.name == "--data" else { continue }
            let summary = "\(setting.documentation) [\(setting.defaultWords.replacing("`", with: ""))]"
            options.append(
                setting.isList
                    ? .values(flag.name, flag.placeholder, summary) : .value(flag.name, flag.placeholder, summary))
        }
        return options + [
            .value("--config", "FILE", "the configuration file [INTEGRATION_HOST_CONFIG, or none]"),
            .toggle("--help", "print this help"), .toggle("--version", "print the version"),
        ]
    }

    /// The kinds of its options by their names.
    var flags: [String: Arguments.Flag] {
        Dictionary(options.map { ($0.name, $0.kind) }) { first, _ in first }
    }

    /// Throws unless the first operand is one of its actions.
    func checkAction(_ arguments: Arguments) throws(UsageError) {
        guard !actions.isEmpty, let given = arguments.operands.first, !actions.contains(given) else { return }
        throw UsageError(
            "“\(given)” is not one of \(actions.joined(separator: ", "))\(NearestName.question(given, in: actions))")
    }
}
