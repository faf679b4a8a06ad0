// The resources that the host's services share: the keys, the providers, the data directory and the HTTP client. Opens
// them; knows no service and no route.

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
import Users

/// The resources that the services of a host share.
struct HostResources: Sendable {
    let configuration: Configuration
    let time: TimeSource
    let log: Log
    let keys: HostKeys
    let registry: ProviderRegistry
    let data: DataDirectory
    let background: BackgroundWork
    let client: HTTPClient
    let address: PublicAddress
    let users: UserStore
    let gateway: ProviderGateway
    let vault: CredentialVault

    /// Opens the data directory that `configuration` names.
    ///
    /// The providers are found first, so that nothing stays open when that fails.
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
        background = BackgroundWork(data.installation)
        var clientConfiguration = HTTPClient.Configuration()
        clientConfiguration.userAgent = "integration-host/\(Version.text)"
        if configuration.allowPrivateAddresses { clientConfiguration.addressPolicy = .any }
        client = try HTTPClient(clientConfiguration)
        address = PublicAddress(configuration.publicURL)
        users = UserStore(data.documents, time: time)
        gateway = ProviderGateway(
            client: client, limiter: ProviderRateLimiter(time: time), time: time, log: log)
        vault = CredentialVault(keys)
    }

    /// Returns the providers of the plugin folders; refusals are logged.
    static func providers(_ configuration: Configuration, _ log: Log) throws -> ProviderRegistry {
        let loader = try PluginFolders.load(configuration)
        for rejection in loader.rejections { log.error("Plugin refused.", ["reason": .text("\(rejection)")]) }
        let registry = try ProviderRegistry(
            loader.plugins, rejections: loader.rejections, configuration: configuration)
        for warning in registry.warnings { log.warning("Settings are not used.", ["reason": .text(warning)]) }
        return registry
    }
}
