// Puts the program together: stores, services, routes, server. The only place that knows all parts; it decides nothing itself.

import DocumentStore
import HTTPClient
import HTTPServer
import ProviderSDK

/// A host: everything between its configuration and its listening socket.
final class Host: Sendable {
    /// The session that a demo shows; nil in a real installation.
    let demoSession: DemoSession?
    private let parts: HostResources
    private let services: HostServices
    private let sweep: RepeatedWork
    private let linkTokenSweep: RepeatedWork
    private let server: HTTPServer
    private let control: ControlServer
    private let readiness: Readiness

    /// How long running requests may take to finish when the host stops.
    static let grace = Duration.seconds(30)

    /// Opens the data directory, loads the plugins and builds the services.
    ///
    /// - Parameter isDemo: whether there is a session that a link gives to a browser.
    init(_ configuration: Configuration, isDemo: Bool = false) throws {
        try configuration.checkListening()
        let log = Log(level: configuration.logLevel)
        parts = try HostResources(configuration, log: log, providers: HostResources.providers)
        services = HostServices(parts)
        readiness = Readiness(parts.data)
        demoSession = isDemo ? try DemoSession(services.sessions) : nil
        let metrics = RequestMetrics()
        let routes = HostRoutes(parts: parts, services: services)
        let documents = routes.documents
        let system = routes.system(documents, readiness: readiness, metrics: metrics)
        let application = HostApplication(
            families: documents + [system.family] + (demoSession.map { [routes.demo($0)] } ?? []),
            authenticator: try services.makeAuthenticator(), limits: RequestLimits(configuration.rateLimits),
            origins: OriginPolicy(address: parts.address, allowedOrigins: configuration.allowedOrigins),
            metrics: metrics, requestLog: RequestLog(level: configuration.logLevel), log: log)
        server = try HTTPServer(
            ServerConfiguration(address: SocketAddress(configuration.listen)), application: application)
        control = try ControlServer(
            directory: configuration.dataDirectory, commands: services.controlCommands, log: log)
        let users = ReconcileLoop(users: parts.users, reconcilers: services.reconcilers, log: log)
        sweep = RepeatedWork(pause: configuration.sweepPause) { await users.run() }
        let linkTokens = LinkTokenSweep(tokens: services.linkTokens, log: log)
        linkTokenSweep = RepeatedWork(pause: HostLimits.linkTokenSweepPause) { await linkTokens.run() }
    }

    var log: Log { parts.log }

    var registry: ProviderRegistry { parts.registry }

    /// The URL under which browsers reach it.
    var publicURL: String { parts.address.url }

    /// Begins to listen, and goes on with what the last stop interrupted.
    ///
    /// - Returns: the URL of the address it listens on.
    func start() throws -> String {
        let url = "http://\(try server.start())"
        if !parts.configuration.isPublicURLGiven { parts.address.set(url) }
        services.webhooks.start()
        sweep.start()
        linkTokenSweep.start()
        return url
    }

    /// Finishes what runs and closes everything; syncs go on at the next start.
    func stop() async {
        readiness.drain()
        await control.stop()
        await server.shutdown(grace: Self.grace)
        await sweep.stop()
        await services.webhooks.stop()
        await linkTokenSweep.stop()
        await services.sync.stop()
        await services.refresher.settle()
        await services.notifications.stop()
        await parts.client.shutdown()
        parts.data.close()
    }
}

/// The version of the program.
enum Version {
    static let text = "0.2.0-dev"
}
