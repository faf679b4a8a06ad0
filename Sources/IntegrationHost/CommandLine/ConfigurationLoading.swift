// Reads the configuration of a command: defaults, then the file, then the environment, then the flags.

import Glibc
import ProviderSDK

extension Configuration {
    /// The configuration for a command line.
    static func load(_ arguments: Arguments) throws -> Configuration {
        let environment = Environment.all
        var configuration = Configuration()
        if let path = arguments["--config"] ?? environment[ConfigurationEnvironment.prefix + "CONFIG"] {
            let file: [UInt8]
            do throws(FileError) {
                file = try FileBytes.read(path, bytesMax: HostLimits.configurationBytesMax)
            } catch {
                // A missing file is a default install; one that is there must be readable.
                guard error.isMissing else {
                    throw ConfigurationError(place: path, problem: "the file cannot be read: \(error)")
                }
                file = Array("{}".utf8)
                Log(level: .warning).warning(
                    "The configuration file does not exist: defaults are used.", ["file": .text(path)])
            }
            try ConfigurationFile(path: path, bytes: file).apply(to: &configuration)
        }
        let unknown = try ConfigurationEnvironment(environment).apply(to: &configuration)
        for name in unknown {
            Log(level: .warning).warning("This environment variable is no setting.", ["name": .text(name)])
        }
        if let data = arguments["--data"] { configuration.dataDirectory = data }
        if let listen = arguments["--listen"] { configuration.listen = listen }
        configuration.pluginDirectories += arguments.values("--plugins")
        try configuration.check()
        return configuration
    }

    /// Checks what can be wrong whatever it came from.
    private func check() throws(ConfigurationError) {
        guard WebOrigin(of: publicURL) != nil else {
            throw ConfigurationError(place: "publicURL", problem: "it must be an absolute http or https URL")
        }
        for origin in allowedOrigins
        where WebOrigin(of: origin) == nil || origin.utf8.count(where: { $0 == UInt8(ascii: "/") }) != 2 {
            throw ConfigurationError(
                place: "allowedOrigins",
                problem: "an entry is no origin such as https://app.example.com, without a path")
        }
        for uri in redirectURIs where WebOrigin(of: uri) == nil || uri.utf8.contains(UInt8(ascii: "#")) {
            throw ConfigurationError(
                place: "redirectURIs", problem: "an entry is no absolute http or https URL without a fragment")
        }
    }
}

/// The environment of the process.
enum Environment {
    static var all: [String: String] {
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
