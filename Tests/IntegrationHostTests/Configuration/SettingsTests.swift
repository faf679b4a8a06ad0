// The table of settings: the rules for every entry, and that file, environment and flags set the same value.

import ConnectionModel
import Foundation
import ProviderSDK
import TestSupport
import Testing

@testable import Configuration
@testable import OAuth

@Suite("Settings", .timeLimit(.minutes(1)))
struct SettingsTests {
    /// A valid value of a setting that is not its default: as JSON and as the text of a variable.
    private func sample(_ setting: Setting) -> (json: String, text: String) {
        switch setting.kind {
        case .text: ("\"sample\"", "sample")
        case .path: ("\"/sample\"", "/sample")
        case .texts(let separator, _): ("[\"one\",\"two\"]", "one\(separator)two")
        case .boolean: ("true", "true")
        case .integer(let range, _): ("\(range.upperBound)", "\(range.upperBound)")
        case .integers(_, let range, _):
            ("[\(range.lowerBound),\(range.upperBound)]", "\(range.lowerBound),\(range.upperBound)")
        case .word(let words, _): ("\"\(words[words.count - 1])\"", words[words.count - 1])
        }
    }

    /// The value of a setting as text, for comparing configurations.
    private func value(_ setting: Setting, _ configuration: Configuration) -> String {
        switch setting.kind {
        case .text(let access), .path(let access), .word(_, let access): access.get(configuration) ?? "none"
        case .texts(_, let access): "\(access.get(configuration) ?? [])"
        case .boolean(let access): "\(access.get(configuration) as Bool?)"
        case .integer(_, let access): "\(access.get(configuration) as Int?)"
        case .integers(_, _, let access): "\(access.get(configuration) ?? [])"
        }
    }

    @Test("Keys and variables are unique")
    func unique() {
        let keys = SettingsTable.all.map(\.path) + SettingsTable.groups.map(\.path)
        #expect(Set(keys).count == keys.count)
        let variables = SettingsTable.all.flatMap(\.variables) + [ConfigurationEnvironment.file]
        #expect(Set(variables).count == variables.count)
    }

    @Test("Every setting in the file belongs to an object of the table")
    func grouped() {
        let groups = SettingsTable.groups.map(\.path)
        for setting in SettingsTable.all where setting.path.count > 1 {
            #expect(groups.contains(setting.path.dropLast()), "\(setting.path)")
        }
    }

    @Test("The file, a variable and a flag set the same value")
    func sources() throws {
        for setting in SettingsTable.all {
            let (json, text) = sample(setting)
            var expected: String?
            if setting.isInFile {
                var configuration = Configuration()
                // The file also needs the other required members of the setting's group.
                let needed = Self.needed(setting.path)
                let body = setting.path.reversed().reduce(json) {
                    "{\"\($1)\":\($0)\($1 == setting.path.last ? needed : "")}"
                }
                try ConfigurationFile(path: "host.json", bytes: Array(body.utf8)).apply(to: &configuration)
                expected = value(setting, configuration)
                #expect(expected != value(setting, Configuration()) || setting.path.last == "version", "\(body)")
            }
            for variable in setting.variables {
                var configuration = Configuration()
                let unknown = try ConfigurationEnvironment([ConfigurationEnvironment.prefix + variable: text])
                    .apply(to: &configuration)
                #expect(unknown.isEmpty)
                #expect(value(setting, configuration) == expected ?? value(setting, configuration), "\(variable)")
                #expect(value(setting, configuration) != value(setting, Configuration()), "\(variable)")
            }
            if let flag = setting.flag {
                var configuration = Configuration()
                let texts = setting.isList ? ["one", "two"] : [text]
                try SettingText(flag: flag.name, texts).apply(to: &configuration, setting)
                #expect(value(setting, configuration) == expected ?? "[\"one\", \"two\"]")
                #expect(configuration.places.place(of: setting.path) == flag.name)
            }
        }
    }

    /// The other members that the object of `path` needs.
    private static func needed(_ path: [String]) -> String {
        if path.first == "backup" { return path.last == "directory" ? "" : ",\"directory\":\"/backups\"" }
        guard path.first == "sessions" else { return "" }
        return switch (path[1], path[2]) {
        case ("nextAuth", "secrets"), (_, "publicKeyFile"), (_, "jwksURL"): ""
        case ("nextAuth", _): ",\"secrets\":[\"secret\"]"
        default: ",\"publicKeyFile\":\"key.pem\""
        }
    }

    @Test("The description of a configuration contains no secrets")
    func secrets() throws {
        var configuration = Configuration()
        let file = #"{"sessions":{"nextAuth":{"secrets":["canary"]}}}"#
        try ConfigurationFile(path: "host.json", bytes: Array(file.utf8)).apply(to: &configuration)
        #expect(!"\(configuration)".contains("canary"))
    }

    @Test("The proxy is a text or an object")
    func proxy() throws {
        for json in [
            #"{"outgoingProxy":"http://p:1"}"#, #"{"outgoingProxy":{"url":"http://p:1","notifications":true}}"#,
        ] {
            var configuration = Configuration()
            try ConfigurationFile(path: "f", bytes: Array(json.utf8)).apply(to: &configuration)
            #expect(configuration.outgoingProxy.url?.value == "http://p:1")
            #expect(configuration.outgoingProxy.notifications == json.contains("true"))
        }
        var configuration = Configuration()
        #expect(throws: ConfigurationError.self) {
            try ConfigurationFile(path: "f", bytes: Array(#"{"outgoingProxy":1}"#.utf8)).apply(to: &configuration)
        }
    }

    @Test("A value of the environment may end in CR, as files of variables from Windows leave it")
    func carriageReturn() throws {
        var configuration = Configuration()
        let unknown = try ConfigurationEnvironment([
            "INTEGRATION_HOST_PUBLIC_URL": "https://a.example\r", "INTEGRATION_HOST_LISTEN": "\r",
        ]).apply(to: &configuration)
        #expect(unknown.isEmpty && configuration.publicURL == "https://a.example")
        #expect(configuration.listen == Configuration().listen)
    }

    @Test("A text file may begin with a byte order mark; UTF-16 and a NUL are refused with the reason")
    func textFiles() throws {
        let directory = try TemporaryDirectory()
        func read(_ bytes: [UInt8]) throws -> String {
            let path = directory.path + "/text"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            return String(decoding: try FileBytes.readText(path, bytesMax: 8), as: UTF8.self)
        }
        #expect(try read([0xEF, 0xBB, 0xBF] + Array("12345678".utf8)) == "12345678")
        #expect(try read(Array("a\r\n".utf8)) == "a\r\n")
        let foreign: [(bytes: [UInt8], reason: String)] = [
            ([0xFF, 0xFE, 0x61, 0], "UTF-16"), ([0xFE, 0xFF, 0, 0x61], "UTF-16"), ([0x61, 0], "NUL"),
        ]
        for (bytes, reason) in foreign {
            let error = #expect(throws: FileError.self) { try read(bytes) }
            #expect(error?.reason.contains(reason) == true)
        }
        #expect(throws: FileError.self) { try read(Array("123456789".utf8)) }
    }
}
