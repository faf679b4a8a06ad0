// The documentation of the settings: the table in docs/configuration.md.

/// Texts generated from the table of settings.
package enum SettingsDocumentation {
    /// The table of docs/configuration.md, in Markdown.
    package static var table: String {
        var lines = ["| key | default | what it is |", "|---|---|---|"]
        var groups = SettingsTable.groups
        for setting in SettingsTable.all {
            // An object comes before the first of its settings.
            for group in groups where setting.path.starts(with: group.path) {
                lines.append(row(group.path, group.defaultText, [group.documentation]))
            }
            groups.removeAll { setting.path.starts(with: $0.path) }
            lines.append(row(setting.path, setting.defaultWords, setting.words))
        }
        let provider = [ProviderSettingsTable.key, "<id>"]
        lines.append(row(provider, "none", ["the settings of a provider, by its id"]))
        for text in ProviderSettingsTable.texts {
            let words =
                [text.documentation] + (text.isSecret ? ["secret"] : []) + (text.isFile ? ["in the file only"] : [])
            lines.append(row(provider + [text.key], "none", words))
        }
        for (key, documentation) in ProviderSettingsTable.documentation {
            lines.append(row(provider + [key], "none", [documentation]))
        }
        return lines.joined(separator: "\n")
    }

    private static func row(_ path: [String], _ defaultText: String, _ words: [String]) -> String {
        "| `\(path.joined(separator: "."))` | \(defaultText) | \(words.joined(separator: "; ")) |"
    }
}

extension Setting {
    /// Its default, in Markdown.
    package var defaultWords: String {
        if let defaultText { return defaultText }
        let configuration = Configuration()
        switch kind {
        case .text(let access), .path(let access), .word(_, let access):
            return access.get(configuration).map { "`\($0)`" } ?? "none"
        case .texts(_, let access):
            let texts = access.get(configuration) ?? []
            return texts.isEmpty ? "none" : texts.map { "`\($0)`" }.joined(separator: ", ")
        case .boolean(let access): return access.get(configuration).map { "`\($0)`" } ?? "none"
        case .integer(_, let access): return access.get(configuration).map(String.init) ?? "none"
        case .integers(_, _, let access):
            return (access.get(configuration) ?? []).map(String.init).joined(separator: ", ")
        }
    }

    /// Its documentation: what it is, which values it takes, and where it can be given.
    fileprivate var words: [String] {
        var words = [documentation]
        switch kind {
        case .path where isInFile: words.append("a relative path in the file begins at the file's folder")
        case .text, .texts, .path: break
        case .boolean: words.append("`true` or `false`")
        case .integer(let range, _): words.append("an integer from \(range.lowerBound) to \(range.upperBound)")
        case .integers(let count, let range, _):
            words.append(
                "\(count.lowerBound) to \(count.upperBound) integers from \(range.lowerBound) to \(range.upperBound)")
        case .word(let choices, _): words.append("one of \(choices.map { "`\($0)`" }.joined(separator: ", "))")
        }
        if isSecret { words.append("secret") }
        if let flag { words.append("`\(flag.name)`") }
        if !isInFile { words.append("not in the file") }
        if !isVariable { words.append("in the file only") }
        return words
    }
}
