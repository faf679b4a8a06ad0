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

    /// Checks everything that the configuration names.
    ///
    /// - Throws: ``ConfigurationError`` for the first mistake, and ``ServerError`` when the process may open too few files.
    init(_ configuration: Configuration, log: Log) throws {
        try configuration.checkListening()
        server = try ServerConfiguration(configuration)
        try server.checkDescriptors()
        registry = try HostResources.providers(configuration, log)
        try configuration.placing { () throws(ConfigurationError) in
            try SessionSchemes.check(configuration.sessions, allowsPlainHTTP: configuration.allowPrivateAddresses)
        }
        _ = try HostResources.proxies(configuration, Environment.all, log)
        _ = try Branding(configuration, log: log)
    }
}

extension ServerConfiguration {
    fileprivate init(_ configuration: Configuration) throws {
        self.init(address: try SocketAddress(configuration.listen))
        memory = MemoryBudget(bytesMax: configuration.limits.memoryMiB << 20)
        limits.connectionsMax = configuration.limits.connections
        limits.connectionsPerAddressMax = configuration.limits.connectionsPerAddress
        trustedPeers += try configuration.trustedProxyRanges
    }
}
