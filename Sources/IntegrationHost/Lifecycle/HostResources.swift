// The resources that the host's services share: the keys, the providers, the data directory and the HTTP client. Opens
// them; knows no service and no route.

import Audit
import Commands
import Configuration
import ConnectionModel
import Credentials
import HTTPClient
import HTTPServer
import Observability
import PluginLoading
import Primitives
import Processes
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
    /// Counts the memory of requests, answers and kept events.
    let memory: MemoryBudget
    let address: PublicAddress
    let users: UserStore
    let audit: AuditTrail
    let gateway: ProviderGateway
    let vault: CredentialVault

    /// Opens the data directory that `configuration` names.
    ///
    /// - Parameters:
    ///   - givesUpLostKeys: whether a new key ring is made although stored secrets need the one that is missing.
    ///   - registry: the providers.
    init(
        _ configuration: Configuration, time: TimeSource, log: Log, givesUpLostKeys: Bool = false,
        registry: ProviderRegistry
    ) throws {
        self.configuration = configuration
        self.time = time
        self.log = log
        self.registry = registry
        let isUsed = DataDirectory.exists(at: configuration.dataDirectory)
        var options = StoreOptions()
        options.cacheBytesMax = configuration.cache.documentsMiB << 20
        data = try DataDirectory(path: configuration.dataDirectory, options: options)
        background = BackgroundWork(data.installation)
        users = UserStore(
            data.documents, statuses: RenderedStatusCache(bytesMax: configuration.cache.statusMiB << 20), time: time)
        keys =
            isUsed
            ? try Self.keys(configuration, users, givesUpLostKeys: givesUpLostKeys, time: time, log: log)
            : try KeyRings.keys(configuration, makes: true)
        audit = AuditTrail(data.audit, time: time) { [keys] in keys.ring }
        users.audit(with: audit)
        for found in data.audit.openingBreaks {
            log.error("The audit log breaks; “check” shows where.", ["place": .text("\(found)")])
        }
        var clientConfiguration = HTTPClient.Configuration()
        clientConfiguration.proxies = try Self.proxies(configuration, Environment.all, log)
        clientConfiguration.userAgent = "integration-host/\(Version.text)"
        if configuration.allowPrivateAddresses { clientConfiguration.addressPolicy = .any }
        client = try HTTPClient(clientConfiguration)
        memory = MemoryBudget(bytesMax: configuration.limits.memoryMiB << 20)
        address = PublicAddress(configuration.publicURL)
        gateway = ProviderGateway(
            client: client, limiter: ProviderRateLimiter(time: time), time: time, log: log)
        vault = CredentialVault(keys)
    }

    /// Returns the providers of the plugin folders, and the plugins that were refused.
    static func providers(
        _ configuration: Configuration
    ) throws -> (registry: ProviderRegistry, rejections: [PluginRejection]) {
        let loader = try PluginFolders.load(configuration)
        let registry = try ProviderRegistry(
            loader.plugins, rejections: loader.rejections, configuration: configuration)
        return (registry, loader.rejections)
    }

    /// Returns the keys; makes a new ring where nothing is sealed.
    private static func keys(
        _ configuration: Configuration, _ users: UserStore, givesUpLostKeys: Bool, time: TimeSource, log: Log
    ) throws -> HostKeys {
        guard !KeyRings.exist(configuration) else { return try KeyRings.keys(configuration, makes: false) }
        let lost = try Blocking.run { () async throws(ServiceError) -> LostKeys in
            try await LostKeys(of: users, at: time.now)
        }
        guard lost.isEmpty || givesUpLostKeys else {
            throw HostStartError(
                "the key ring \(KeyRings.path(configuration)) is missing, and \(lost.counts) need it (keys "
                    + "\(lost.keyIDs.sorted().joined(separator: ", "))): restore it, or correct “keysDirectory”. With --new-key-ring "
                    + "the host makes another one, and these connections fail until their users connect again.")
        }
        let keys = try KeyRings.keys(configuration, makes: true)
        if !lost.isEmpty {
            log.error(
                "A new key ring was made although stored secrets need the one that is missing.",
                ["connections": .integer(lost.connections), "users": .integer(lost.users)])
        }
        return keys
    }

    /// Returns the proxies for outgoing requests: the configured one, or those of the environment.
    static func proxies(
        _ configuration: Configuration, _ environment: [String: String], _ log: Log
    ) throws(ConfigurationError) -> ProxyRules {
        let settings = configuration.outgoingProxy
        let noProxy = environment["no_proxy"] ?? environment["NO_PROXY"] ?? ""
        guard let url = settings.url else {
            return ProxyRules(environment: environment) { name in
                log.warning("An environment variable names no proxy and is not used.", ["name": .text(name)])
            }
        }
        guard let proxy = Proxy(url.value) else {
            throw configuration.error(
                ["outgoingProxy", "url"],
                "“outgoingProxy” must be a URL such as http://proxy.example:3128, with the scheme http, https, socks5 or socks5h"
            )
        }
        return ProxyRules(proxy, except: settings.except ?? ProxyRules.exceptions(in: noProxy))
    }
}
