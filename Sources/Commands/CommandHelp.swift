// The help of the program and of each command, for a terminal of 80 columns or more.

import Configuration

/// Texts of the help.
enum CommandHelp {
    /// The largest width of a line; longer summaries continue on the next line.
    private static let columns = 110

    /// The exit codes of every command.
    static let exitCodes: [(code: Int32, meaning: String)] = [
        (ExitCode.success, "the command succeeded"),
        (ExitCode.failed, "it failed, or found something wrong; the message says what"),
        (ExitCode.usage, "the command line cannot be understood"),
        (ExitCode.configuration, "the configuration is wrong; a restart does not help"),
    ]

    /// The help of the whole program.
    static func program(_ commands: [Command]) -> String {
        """
        integration-host \(Version.text): connect, sync and read third-party accounts, self-hosted.

        Usage: integration-host COMMAND [OPTION]…

        \(table(commands.map { ($0.name, $0.summary) }))

        “integration-host COMMAND --help” explains a command. Every command takes --config FILE and --data DIR.

        Exit codes:
        \(table(exitCodes.map { ("\($0.code)", $0.meaning) }))
        """
    }

    /// How a command is used, for a command line that cannot be understood.
    static func reminder(of command: Command) -> String {
        "\(usage(of: command))\n\n“integration-host \(command.name) --help” explains the options."
    }

    private static func usage(of command: Command) -> String {
        command.usages.enumerated().map { index, usage in
            (index == 0 ? "Usage: " : "       ")
                + ["integration-host", command.name, usage].filter { !$0.isEmpty }.joined(separator: " ")
        }.joined(separator: "\n")
    }

    /// The help of one command.
    static func command(_ command: Command) -> String {
        var parts = [usage(of: command), command.summary]
        let options = command.options.map { option in
            ([option.name, option.placeholder].filter { !$0.isEmpty }.joined(separator: " "), summary(of: option))
        }
        parts.append("Options:\n\(table(options))")
        if !command.examples.isEmpty {
            parts.append(
                "Examples:\n" + command.examples.map { "  integration-host \($0)" }.joined(separator: "\n"))
        }
        return parts.joined(separator: "\n\n")
    }

    private static func summary(of option: CommandFlag) -> String {
        option.choices.isEmpty ? option.summary : "\(option.summary): \(option.choices.joined(separator: ", "))"
    }

    /// Lines of two columns.
    private static func table(_ rows: [(String, String)]) -> String {
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { name, text in
            let indent = String(repeating: " ", count: width + 4)
            let name = "  \(name)\(String(repeating: " ", count: width - name.count))  "
            return name + wrapped(text, columns - indent.count).joined(separator: "\n" + indent)
        }.joined(separator: "\n")
    }

    /// Splits a text into lines of at most `width` letters where its words allow it.
    private static func wrapped(_ text: String, _ width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let line = lines.last, line.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(line) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}

/// The exit codes of the program.
enum ExitCode {
    static let success: Int32 = 0
    static let failed: Int32 = 1
    static let usage: Int32 = 2
    /// `EX_CONFIG` of sysexits.h.
    static let configuration: Int32 = 78
}
