// What the host's services stand on: the keys, the providers, the data directory and the way out to the network. Opens them; knows
// no service and no route.

import Configuration
import ConnectionModel
import Credentials
import HTTPClient
import Observability
import PluginLoading
import Primitives
import ProviderSDK
import Providers
import Storage

/// What the services of a host share.
struct HostResources: Sendable {
    let configuration: Configuration
    let time: TimeSource
    let log: Log
    let keys: HostKeys
    let registry: ProviderRegistry
    let data: DataDirectory
    let client: HTTPClient
    let address: PublicAddress
    let users: UserStore
    let gateway: ProviderGateway
    let vault: CredentialVault

    /// Opens the data directory that `configuration` names; `providers` are found before, so that nothing is left open when they
    /// cannot be.
    init(
        _ configuration: Configuration, time: TimeSource, log: Log,
        providers: (Configuration, Log) throws -> ProviderRegistry
    ) throws {
        self.configuration = configuration
        self.time = time
        self.log = log
        keys = try KeyRings.keys(configuration)
        registry = try providers(configuration, log)
        data = try DataDirectory(path: configuration.dataDirectory)
        var clientConfiguration = HTTPClient.Configuration()
        clientConfiguration.userAgent = "integration-host/\(Version.text)"
        if configuration.allowPrivateAddresses { clientConfiguration.addressPolicy = .any }
        client = try HTTPClient(clientConfiguration)
        address = PublicAddress(configuration.publicURL)
        users = UserStore(data.documents)
        gateway = ProviderGateway(
            client: client, limiter: ProviderRateLimiter(time: time), time: time, log: log)
        vault = CredentialVault(keys)
    }

    /// The providers of the plugin folders, with refusals in the log.
    static func providers(_ configuration: Configuration, _ log: Log) throws -> ProviderRegistry {
        let loader = try PluginFolders.load(configuration)
        for rejection in loader.rejections { log.error("Plugin refused.", ["reason": .text("\(rejection)")]) }
        let registry = try ProviderRegistry(
            loader.plugins, rejections: loader.rejections, configuration: configuration)
        for warning in registry.warnings { log.warning("Settings are not used.", ["reason": .text(warning)]) }
        return registry
    }
}
