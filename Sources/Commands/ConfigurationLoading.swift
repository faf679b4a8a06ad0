// Reads the configuration of a command: defaults, then the file, then the environment, then the flags.

package import Configuration
import Glibc
import Observability
import ProviderSDK

extension Configuration {
    /// The configuration for a command line.
    package static func load(_ arguments: Arguments) throws -> Configuration {
        let environment = Environment.all
        var configuration = Configuration()
        let variable = environment[ConfigurationEnvironment.prefix + ConfigurationEnvironment.file].flatMap {
            $0.isEmpty ? nil : $0
        }
        if let path = arguments["--config"] ?? variable {
            let file: [UInt8]
            do throws(FileError) {
                file = try FileBytes.readText(path, bytesMax: ConfigurationLimits.fileBytesMax)
            } catch {
                let advice = error.isMissing ? ": give the path of an existing file, or none" : ""
                throw ConfigurationError(place: path, problem: "the file cannot be read (\(error.reason))\(advice)")
            }
            try ConfigurationFile(path: path, bytes: file).apply(to: &configuration)
        }
        let unknown = try ConfigurationEnvironment(environment).apply(to: &configuration)
        for name in unknown {
            Log(level: .warning).warning(
                "Unknown setting in an environment variable.",
                ["name": .text(name), "didYouMean": .text(ConfigurationEnvironment.nearest(to: name))])
        }
        for setting in SettingsTable.all {
            guard let flag = setting.flag else { continue }
            try SettingText(flag: flag.name, arguments.values(flag.name)).apply(to: &configuration, setting)
        }
        try configuration.check()
        return configuration
    }
}

/// The environment of the process.
package enum Environment {
    package static var all: [String: String] {
        var variables: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let parts = unsafe String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            unsafe entry += 1
        }
        return variables
    }
}
