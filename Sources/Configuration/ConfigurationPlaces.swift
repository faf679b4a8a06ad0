// Where each setting was given. A mistake that is found late, after plugins or files are read, is still reported with its
// line and column. Knows no setting by name.

package import ProviderSDK

/// The places that settings were given in.
package struct ConfigurationPlaces: Sendable, CustomReflectable {
    private var file: (path: String, bytes: [UInt8], root: JSONValue)?
    private var given: [[String]: String] = [:]

    // The file holds secrets.
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// Gives the settings of this file precedence over those noted earlier.
    package mutating func set(file path: String, bytes: [UInt8], root: JSONValue) {
        file = (path, bytes, root)
        given = [:]
    }

    /// Notes that `setting` was given by an environment variable or a flag called `name`.
    package mutating func set(_ setting: [String], _ name: String) { given[setting] = name }

    /// Returns where `setting` was given.
    ///
    /// Its path is such as `providers`, an id, `endpoints` and a name; list elements are named by index.
    ///
    /// The place of an object that holds it counts too. Without any place the name of the setting is returned.
    package func place(of setting: [String]) -> String {
        for length in (0...setting.count).reversed() {
            if let name = given[Array(setting[..<length])] { return name }
        }
        guard let file else { return setting.joined(separator: ".") }
        var value = file.root
        for name in setting {
            guard let next = value[name] ?? Self.index(name).flatMap({ index in value.array?.dropFirst(index).first })
            else {
                return value.sourceOffset == file.root.sourceOffset
                    ? setting.joined(separator: ".") : Self.text(file.path, file.bytes, value)
            }
            value = next
        }
        return Self.text(file.path, file.bytes, value)
    }

    /// Returns where `setting` itself was given; nil when it was not.
    ///
    /// A text in place of an object gives the setting that it stands for.
    package func origin(of setting: [String]) -> String? {
        if let name = given[setting] { return name }
        guard let file else { return nil }
        var value = file.root
        for name in setting where value.members != nil {
            guard let next = value[name] else { return nil }
            value = next
        }
        return Self.text(file.path, file.bytes, value)
    }

    /// The file with the line and column of a value in it.
    package static func text(_ path: String, _ bytes: [UInt8], _ value: JSONValue) -> String {
        let (line, column) = JSONError.position(of: value.sourceOffset ?? 0, in: bytes)
        return "\(path):\(line):\(column)"
    }

    private static func index(_ name: String) -> Int? { JSONNumber(name)?.integer.flatMap(Int.init(exactly:)) }
}
