// The completions of the command line for bash and zsh, made from the table of commands.

/// The completions of a command line.
struct Completions {
    /// A shell that completes command lines.
    enum Shell: String, CaseIterable {
        case bash, zsh
    }

    let commands: [Command]

    /// Returns the script that a shell loads.
    func script(for shell: Shell) -> String {
        switch shell {
        case .bash: bash
        case .zsh: zsh
        }
    }

    // MARK: bash

    private var bash: String {
        let cases = commands.map { command in
            "        \(command.name)) words='\(Self.words(of: command).joined(separator: " "))' ;;"
        }
        let choices = Self.choices(commands).map { name, words in
            "        \(name)) COMPREPLY=($(compgen -W '\(words.joined(separator: " "))' -- \"$word\")); return ;;"
        }
        return """
            # Completions of integration-host for bash.
            _integration_host() {
                local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words
                COMPREPLY=()
                case "$before" in
            \(choices.joined(separator: "\n"))
                    \(Self.paths(commands).joined(separator: " | "))) COMPREPLY=($(compgen -f -- "$word")); return ;;
                esac
                if [ "$COMP_CWORD" -eq 1 ]; then
                    COMPREPLY=($(compgen -W '\(commands.map(\.name).joined(separator: " ")) --help --version' -- "$word"))
                    return
                fi
                case "${COMP_WORDS[1]}" in
            \(cases.joined(separator: "\n"))
                    *) return ;;
                esac
                COMPREPLY=($(compgen -W "$words" -- "$word"))
                [ -n "${COMPREPLY[*]}" ] || COMPREPLY=($(compgen -f -- "$word"))
            }
            complete -o filenames -F _integration_host integration-host
            """
    }

    /// The words that can stand behind a command.
    private static func words(of command: Command) -> [String] { command.actions + command.options.map(\.name) }

    /// The options with a fixed choice of values, each once.
    private static func choices(_ commands: [Command]) -> [(String, [String])] {
        var choices: [String: [String]] = [:]
        for option in commands.flatMap(\.options) where !option.choices.isEmpty {
            choices[option.name] = option.choices
        }
        return choices.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The options whose value is a file or folder, each once.
    private static func paths(_ commands: [Command]) -> [String] {
        Set(commands.flatMap(\.options).filter { ["DIR", "FILE", "DIRECTORY"].contains($0.placeholder) }.map(\.name))
            .sorted()
    }

    // MARK: zsh

    private var zsh: String {
        let names = commands.map { "        '\($0.name):\(Self.quoted($0.summary))'" }
        let cases = commands.map { command in
            let options = command.options.map { "            '\(Self.zshOption($0))'" }
            let action =
                command.actions.isEmpty
                ? "'*:operand:_files'" : "'1:action:(\(command.actions.joined(separator: " ")))' '*:operand:_files'"
            return
                "        \(command.name)) _arguments \\\n\(options.joined(separator: " \\\n")) \\\n            \(action) ;;"
        }
        return """
            #compdef integration-host
            # Completions of integration-host for zsh.
            _integration_host() {
                local -a commands
                commands=(
            \(names.joined(separator: "\n"))
                )
                if (( CURRENT == 2 )); then
                    _describe command commands
                    return
                fi
                local command=${words[2]}
                shift words
                (( CURRENT-- ))
                case "$command" in
            \(cases.joined(separator: "\n"))
                esac
            }
            if [ "${funcstack[1]}" = _integration_host ]; then _integration_host "$@"; else compdef _integration_host integration-host; fi
            """
    }

    private static func zshOption(_ option: CommandFlag) -> String {
        let text = "\(option.kind == .values ? "*" : "")\(option.name)[\(quoted(option.summary))]"
        if option.kind == .toggle { return text }
        let values =
            option.choices.isEmpty
            ? (["DIR", "FILE", "DIRECTORY"].contains(option.placeholder) ? "_files" : "")
            : "(\(option.choices.joined(separator: " ")))"
        return "\(text):\(option.placeholder.replacing(":", with: "\\:")):\(values)"
    }

    /// A text without what ends a quoted word or has a meaning in a specification.
    private static func quoted(_ text: String) -> String {
        text.replacing("'", with: "’").replacing("[", with: "(").replacing("]", with: ")").replacing(":", with: "\\:")
    }
}
