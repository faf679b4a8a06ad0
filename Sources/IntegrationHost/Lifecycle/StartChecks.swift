// What a host checks before it opens its data directory. `serve` and `config check` do the same checks, because they use the same code.

import Commands
import Configuration
import HTTPClient
import HTTPServer
import Observability
import Pages
import Providers
import Sessions

/// What a host needs to start, apart from its data: checked and read.
struct StartChecks {
    let server: ServerConfiguration
    let registry: ProviderRegistry
    /// The plugins that were refused.
    let rejections: [PluginRejection]

    /// Checks everything that the configuration names.
    ///
    /// - Throws: ``ConfigurationError`` for the first mistake, and ``ServerError`` when the process may open too few files.
    init(_ configuration: Configuration, log: Log) throws {
        server = try ServerConfiguration(configuration)
        try server.checkDescriptors()
        (registry, rejections) = try HostResources.providers(configuration)
        try Self.checkSettings(configuration, log: log)
    }

    /// Checks everything but the plugins and the address.
    static func checkSettings(_ configuration: Configuration, log: Log) throws {
        try configuration.checkListening()
        try configuration.placing { () throws(ConfigurationError) in
            try SessionSchemes.check(configuration.sessions, allowsPlainHTTP: configuration.allowPrivateAddresses)
        }
        _ = try HostResources.proxies(configuration, Environment.all, log)
        _ = try Branding(configuration, log: log)
        _ = try ScheduledBackups.recipient(configuration)
        try configuration.checkBackupDirectory()
    }

    /// Logs the plugins that were refused, and the settings that are not used because of it.
    func report(to log: Log) {
        for rejection in rejections { log.error("Plugin refused.", ["reason": .text("\(rejection)")]) }
        for warning in registry.warnings { log.warning("Settings are not used.", ["reason": .text(warning)]) }
    }
}

extension ServerConfiguration {
    fileprivate init(_ configuration: Configuration) throws {
        self.init(address: try SocketAddress(configuration.listen))
        limits.connectionsMax = configuration.limits.connections
        limits.connectionsPerAddressMax = configuration.limits.connectionsPerAddress
        trustedPeers += try configuration.trustedProxyRanges
    }
}
