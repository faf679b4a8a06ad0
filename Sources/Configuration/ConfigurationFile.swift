// Reads the configuration file: strict JSON in which every key must be in the table of settings and every value of the right kind.
// Errors name line and column.

import ConnectionModel
import Primitives
import ProviderSDK

/// Reads one configuration file into a ``Configuration``.
package struct ConfigurationFile {
    /// The key with which an editor finds the schema of the file.
    package static let schema = "$schema"

    private let path: String
    private let bytes: [UInt8]

    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    /// Applies the file to the configuration.
    package func apply(to configuration: inout Configuration) throws(ConfigurationError) {
        var limits = JSONLimits()
        limits.bytesMax = ConfigurationLimits.fileBytesMax
        let root: JSONValue
        do {
            root = try JSONValue.parse(bytes, limits: limits)
        } catch {
            throw ConfigurationError(place: "\(path):\(error.line):\(error.column)", problem: error.problem)
        }
        configuration.places.set(file: path, bytes: bytes, root: root)
        for (key, value) in try members(root, "the configuration") {
            // Editors read the schema from the file.
            if key == Self.schema { continue }
            if key == ProviderSettingsTable.key {
                for (id, provider) in try members(value, key) {
                    configuration.providers[id] = try self.provider(provider, id, isVariant: false)
                }
            } else {
                try apply(value, [key], to: &configuration)
            }
        }
    }

    /// Applies `value` at `path`, which is a setting or an object of settings.
    private func apply(
        _ value: JSONValue, _ path: [String], to configuration: inout Configuration
    ) throws(ConfigurationError) {
        let key = path[path.count - 1]
        if let setting = SettingsTable.all.first(where: { $0.isInFile && $0.path == path }) {
            return try apply(value, setting, key, to: &configuration)
        }
        guard let group = SettingsTable.groups.first(where: { $0.path == path }) else { throw unknown(path, value) }
        if let shorthand = group.shorthand, value.string != nil {
            return try apply(value, path + [shorthand], to: &configuration)
        }
        for (key, value) in try members(value, key) { try apply(value, path + [key], to: &configuration) }
        if let need = group.need, !need.isMet(configuration) { throw error(value, "“\(key)” \(need.problem)") }
    }

    private func apply(
        _ value: JSONValue, _ setting: Setting, _ key: String, to configuration: inout Configuration
    ) throws(ConfigurationError) {
        switch setting.kind {
        case .text(let access): access.set(&configuration, try text(value, key))
        case .path(let access): access.set(&configuration, besideFile(try text(value, key)))
        case .texts(_, let access):
            guard let values = value.array else { throw error(value, "“\(key)” must be an array of texts") }
            var texts: [String] = []
            for value in values { texts.append(try text(value, key)) }
            access.set(&configuration, texts)
        case .boolean(let access):
            guard let boolean = value.boolean else { throw error(value, "“\(key)” must be true or false") }
            access.set(&configuration, boolean)
        case .integer(let range, let access): access.set(&configuration, try integer(value, key, range))
        case .integers(let count, let range, let access):
            guard let values = value.array, count ~= values.count else {
                throw error(value, "“\(key)” must be an array of \(count.lowerBound) to \(count.upperBound) integers")
            }
            var integers: [Int] = []
            for value in values { integers.append(try integer(value, key, range)) }
            access.set(&configuration, integers)
        case .word(let words, let access):
            let word = try text(value, key)
            guard words.contains(word) else {
                throw error(value, "“\(key)” must be one of \(words.joined(separator: ", "))")
            }
            access.set(&configuration, word)
        }
    }
}

extension ConfigurationFile {
    private func provider(
        _ value: JSONValue, _ id: String, isVariant: Bool
    ) throws(ConfigurationError) -> ProviderConfiguration {
        var provider = ProviderConfiguration()
        for (key, value) in try members(value, id) {
            if let setting = ProviderSettingsTable.texts.first(where: { $0.key == key }) {
                setting.set(&provider, try setting.isFile ? fileText(value, key) : text(value, key))
                continue
            }
            switch key {
            case ProviderSettingsTable.endpoints:
                for (name, url) in try members(value, key) { provider.endpoints[name] = try text(url, name) }
            case ProviderSettingsTable.variants where !isVariant:
                for (variant, settings) in try members(value, key) {
                    provider.variants[variant] = try self.provider(settings, variant, isVariant: true)
                }
            default: provider.settings[key] = try pluginSetting(value, key)
            }
        }
        return provider
    }

    /// A setting that only the plugin's manifest knows; it is checked once the plugins are loaded.
    private func pluginSetting(
        _ value: JSONValue, _ key: String
    ) throws(ConfigurationError) -> ProviderConfiguration.Setting {
        if let number = value.number { return .init(value: Secret(number.text), isNumber: true) }
        guard let text = value.string, !text.isEmpty else {
            throw error(value, "“\(key)” must be a number or a text that is not empty")
        }
        return .init(value: Secret(text))
    }

    /// The contents of the file that `value` names, without white space around them.
    private func fileText(_ value: JSONValue, _ key: String) throws(ConfigurationError) -> String {
        let path = besideFile(try text(value, key))
        let bytes: [UInt8]
        do throws(FileError) { bytes = try FileBytes.readText(path, bytesMax: ConnectionLimits.tokenBytesMax) } catch {
            throw self.error(
                value,
                "the file that “\(key)” names cannot be read (\(error.reason)): check its path and its permissions")
        }
        let trimmed = bytes.drop { $0 <= 0x20 }
        guard let last = trimmed.lastIndex(where: { $0 > 0x20 }) else {
            throw error(value, "the file of “\(key)” is empty")
        }
        return String(decoding: trimmed[...last], as: UTF8.self)
    }
}

extension ConfigurationFile {
    /// Returns `path`, which begins at the folder of the configuration file unless it is absolute.
    private func besideFile(_ path: String) -> String {
        guard !path.hasPrefix("/"), let slash = self.path.lastIndex(of: "/") else { return path }
        return self.path[...slash] + path
    }

    private func members(
        _ value: JSONValue, _ name: String
    ) throws(ConfigurationError) -> [(key: String, value: JSONValue)] {
        guard let members = value.members else { throw error(value, "“\(name)” must be an object") }
        return members
    }

    private func text(_ value: JSONValue, _ key: String) throws(ConfigurationError) -> String {
        guard let text = value.string, !text.isEmpty else {
            throw error(value, "“\(key)” must be a text that is not empty")
        }
        return text
    }

    private func integer(
        _ value: JSONValue, _ key: String, _ range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int {
        guard let integer = value.integer.map(Int.init), range ~= integer else {
            throw error(value, "“\(key)” must be an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    /// The error for a key that is in no table.
    private func unknown(_ path: [String], _ value: JSONValue) -> ConfigurationError {
        let key = path[path.count - 1]
        let parent = path.dropLast()
        let known =
            (SettingsTable.all.filter(\.isInFile).map(\.path) + SettingsTable.groups.map(\.path)
            + [[ProviderSettingsTable.key]])
            .filter { $0.count == path.count && $0.starts(with: parent) }.map { $0[$0.count - 1] }
        let question = NearestName.question(key, in: known)
        return error(
            value,
            "there is no setting “\(key)” here\(question.isEmpty ? ": check its spelling, or remove it" : question)")
    }

    private func error(_ value: JSONValue, _ problem: String) -> ConfigurationError {
        ConfigurationError(place: ConfigurationPlaces.text(path, bytes, value), problem: problem)
    }
}
