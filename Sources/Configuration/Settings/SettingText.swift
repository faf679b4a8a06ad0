// Parses a setting's value from the text of an environment variable or a flag.

/// The value of a setting as it was given by a variable or a flag.
package struct SettingText {
    private enum Given {
        /// By a variable; the setting's separator is between the elements of a list.
        case joined(String)
        /// By a flag, once for each element of a list.
        case apart([String])
    }

    private let given: Given
    /// The name of the variable or the flag.
    private let place: String

    /// The value of the variable `name`.
    package init(variable name: String, _ text: String) {
        given = .joined(text)
        place = name
    }

    /// The values of the flag `name`, which can be given again for each element of a list.
    package init(flag name: String, _ texts: [String]) {
        given = .apart(texts)
        place = name
    }

    /// Sets `setting` and notes where it was given.
    package func apply(to configuration: inout Configuration, _ setting: Setting) throws(ConfigurationError) {
        guard let text else { return }
        switch setting.kind {
        case .text(let access), .path(let access): access.set(&configuration, text)
        case .texts(let separator, let access):
            access.set(&configuration, list(separator: separator))
        case .boolean(let access):
            guard let boolean = Bool(text) else { throw error("the value must be true or false") }
            access.set(&configuration, boolean)
        case .integer(let range, let access): access.set(&configuration, try integer(text, range))
        case .integers(let count, let range, let access):
            let texts = list(separator: ",")
            guard count ~= texts.count else {
                throw error("the value must be \(count.lowerBound) to \(count.upperBound) integers")
            }
            var integers: [Int] = []
            for text in texts { integers.append(try integer(text, range)) }
            access.set(&configuration, integers)
        case .word(let words, let access):
            guard words.contains(text) else {
                throw error("the value must be one of \(words.joined(separator: ", "))")
            }
            access.set(&configuration, text)
        }
        configuration.places.set(setting.path, place)
    }

    /// Returns the value of a setting that is not a list: the last one given.
    private var text: String? {
        switch given {
        case .joined(let text): text
        case .apart(let texts): texts.last
        }
    }

    private func list(separator: Character) -> [String] {
        switch given {
        case .joined(let text):
            text.split(separator: separator).map { String($0.trimmingPrefix(while: { $0 == " " })) }
        case .apart(let texts): texts
        }
    }

    private func integer(_ text: String, _ range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        guard !text.isEmpty, text.utf8.count <= 7, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
            let number = Int(text), range ~= number
        else { throw error("the value must be an integer from \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    private func error(_ problem: String) -> ConfigurationError { ConfigurationError(place: place, problem: problem) }
}
