// Splits the command line into a command, its flags and its operands. Each command declares its flags; any other flag is
// a usage error with a suggestion.

import Primitives

/// A command line that cannot be understood.
package struct UsageError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// The flags and operands of one command.
package struct Arguments {
    /// The value that a flag takes.
    package enum Flag: Equatable {
        /// Nothing.
        case toggle
        /// One value; the last counts.
        case value
        /// One value, any number of times.
        case values
    }

    private var given: [String: [String]] = [:]
    package private(set) var operands: [String] = []

    /// Reads `arguments` for a command that takes `flags`.
    package init(_ arguments: some Sequence<String>, flags: [String: Flag]) throws(UsageError) {
        var rest = Array(arguments)[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--"), argument.utf8.count > 2 else {
                if argument.hasPrefix("-"), argument.utf8.count > 1 {
                    throw UsageError("there is no option “\(argument)”")
                }
                operands.append(argument)
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let flag = flags[name] else {
                throw UsageError("there is no option “\(name)”\(NearestName.question(name, in: flags.keys))")
            }
            if flag == .toggle {
                guard parts.count == 1 else { throw UsageError("“\(name)” takes no value") }
                given[name] = [""]
            } else {
                guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst(), !value.isEmpty else {
                    throw UsageError("“\(name)” needs a value")
                }
                given[name] = (flag == .values ? given[name] ?? [] : []) + [value]
            }
        }
    }

    /// The value of a flag; nil when it was not given.
    package subscript(_ name: String) -> String? { given[name]?.last }

    package func values(_ name: String) -> [String] { given[name] ?? [] }

    package func has(_ name: String) -> Bool { given[name] != nil }
}
