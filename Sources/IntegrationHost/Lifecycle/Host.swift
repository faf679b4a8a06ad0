// Assembles the program: stores, services, routes, server. It is the only code that knows all parts, and decides nothing itself.

import Actions
import Background
import Configuration
import ConnectionModel
import Connections
import Credentials
import DocumentStore
import Events
import HTTPAPI
import HTTPClient
import HTTPServer
import HostControl
import Notifications
import OAuth
import Observability
import Primitives
import Processes
import ProviderSDK
import Providers
import RecordStore
import Requests
import Storage
import StoreFiles
import Sync
import SystemAPI
import Users
import Webhooks

/// A host: everything between its configuration and its listening socket.
final class Host: Sendable {
    /// The session that a demo shows; nil in a real installation.
    let demoSession: DemoSession?
    private let parts: HostResources
    private let services: HostServices
    private let reconcileLoop: ReconcileLoop
    /// The pause between two removals of link tokens and of connect sessions.
    private static let sweepPause = Duration.seconds(3600)
    /// The pause between two removals of runs of actions, each of which is read.
    private static let runSweepPause = Duration.seconds(6 * 3600)

    private let linkTokenSweep: RepeatedWork
    private let connectSessionSweep: RepeatedWork
    /// Settles the actions whose answers were lost.
    private let actionSettling: RepeatedWork
    private let actionSweep: RepeatedWork
    /// Continues interrupted erasures of users.
    private let erasures: RepeatedWork
    /// Frees the memory of idle record streams, and gives back what was freed.
    private let trim: RepeatedWork
    private let server: HTTPServer
    private let control: ControlServer
    private let readiness: Readiness
    private let diskWatch: RepeatedWork
    private let liveEvents: RepeatedWork
    /// Takes over a changed configuration; nil where it cannot be read again.
    private let reload: HostReload?
    private let loopWatch: RepeatedWork
    /// The backups that the host makes by itself; nil when none are configured.
    private let backupSchedule: RepeatedWork?

    /// How long running requests may take to finish when the host stops.
    static let grace = Duration.seconds(30)

    /// Opens the data directory, loads the plugins and builds the services.
    ///
    /// - Parameters:
    ///   - isDemo: whether the host has a session that a link gives to a browser.
    ///   - givesUpLostKeys: whether a new key ring is made although stored secrets need the one that is missing.
    ///   - load: reads the configuration again; nil where it cannot be.
    init(
        _ configuration: Configuration, isDemo: Bool = false, givesUpLostKeys: Bool = false, time: TimeSource = .system,
        load: (@Sendable () throws -> Configuration)? = nil
    ) throws {
        let log = Log(level: configuration.logLevel, time: time)
        let checks = try StartChecks(configuration, log: log)
        checks.report(to: log)
        parts = try HostResources(
            configuration, time: time, log: log, givesUpLostKeys: givesUpLostKeys, registry: checks.registry)
        services = HostServices(parts)
        let disk = DiskMonitor(time: time, log: log) { [data = parts.data] in await data.probe(after: $0) }
        diskWatch = RepeatedWork(pause: DiskMonitor.pause, time: time) { await disk.check() }
        readiness = Readiness(parts.data, disk: disk)
        demoSession = isDemo ? try DemoSession(services.sessions, at: time.now) : nil
        if isDemo, demoSession == nil { throw HostStartError("the session of the demo cannot be verified.") }
        let loops = LoopWatch(time: time)
        let backups = try ScheduledBackups(configuration, time: time, log: log) {
            [data = parts.data] (output) async throws(StoreError) in try await data.backup(to: output)
        }
        backupSchedule = backups.map { backups in
            RepeatedWork(pause: ScheduledBackups.pause, time: time) { await backups.check() }
        }
        let routes = HostRoutes(parts: parts, services: services, disk: disk, loops: loops, backups: backups)
        let application = try routes.requestPath(readiness: readiness, demo: demoSession)
        var settings = checks.server
        settings.memory = parts.memory
        server = try HTTPServer(settings, application: application)
        routes.server.set(server, parts.memory)
        loopWatch = RepeatedWork(pause: LoopWatch.pause, time: time) { [server] in await loops.measure(server) }
        parts.users.changes.observe(ConnectionLog(log).note)
        reload = load.map { [parts] load in
            HostReload(parts, limits: application.limits, origins: application.origins, load: load)
        }
        var commands = services.controlCommands
        if let reload { commands.reload = { try reload.reload().lines } }
        control = try ControlServer(directory: configuration.dataDirectory, commands: commands, log: log)
        reconcileLoop = ReconcileLoop(
            users: parts.users, reconcilers: services.reconcilers, agenda: services.agenda,
            walkPause: configuration.sweepPause, time: time, log: log,
            isPaused: { [background = parts.background] in background.pauseReason != nil })
        let live = LiveEvents(
            hub: services.events, activity: services.activity, users: parts.users, sync: services.sync, time: time)
        liveEvents = RepeatedWork(pause: EventLimits.tickPause, time: time) { live.tick() }
        let records = parts.data.records
        let memory = MemoryReturn()
        trim = RepeatedWork(pause: MemoryReturnPlan.pause, time: time) {
            records.trimIfDue()
            memory.giveBackIfDue()
        }
        let linkTokens = Sweep(of: "Expired and used link tokens", log: log) {
            [tokens = services.linkTokens] () async throws(ServiceError) in
            try await tokens.removeForgotten(at: time.now)
        }
        linkTokenSweep = RepeatedWork(pause: Self.sweepPause, time: time) { await linkTokens.run() }
        let connectSessions = Sweep(of: "Ended connect sessions", log: log) { [sessions = services.connectSessions] in
            try await sessions.removeForgotten()
        }
        connectSessionSweep = RepeatedWork(pause: Self.sweepPause, time: time) { await connectSessions.run() }
        actionSettling = RepeatedWork(pause: ActionRunner.pause, time: time) { [runner = services.actions.runner] in
            await runner.settle()
        }
        let oldRuns = Sweep(of: "Old runs of actions", log: log) { [actions = services.actions] in
            try await actions.removeForgotten()
        }
        actionSweep = RepeatedWork(pause: Self.runSweepPause, time: time) { await oldRuns.run() }
        erasures = RepeatedWork(pause: UserListLimits.resumePause, time: time) { [erasure = services.erasure] in
            await erasure.resume()
        }
    }

    var log: Log { parts.log }

    var registry: ProviderRegistry { parts.registry }

    /// The URL under which browsers reach it.
    var publicURL: String { parts.address.url }

    /// Begins to listen, and resumes what the last stop interrupted.
    ///
    /// - Parameter resumesBackground: whether a copied or restored data directory is made this installation's own.
    /// - Returns: the URL of the address it listens on.
    func start(resumesBackground: Bool = false) throws -> String {
        let url = "http://\(try server.start())"
        if !parts.configuration.isPublicURLGiven { parts.address.set(url) }
        if resumesBackground { _ = try parts.background.resume() }
        parts.background.start { [services, reconcileLoop, erasures, actionSettling] in
            actionSettling.start()
            services.webhooks.start()
            reconcileLoop.start()
            erasures.start()
        }
        if let reason = parts.background.pauseReason { log.warning(reason) }
        linkTokenSweep.start()
        connectSessionSweep.start()
        actionSweep.start()
        trim.start()
        diskWatch.start()
        liveEvents.start()
        loopWatch.start()
        backupSchedule?.start()
        logStart(url)
        return url
    }

    /// Logs what runs, where, and what the last run left.
    private func logStart(_ url: String) {
        let configuration = parts.configuration
        let waiting = parts.data.documentStatistics.waitingDocuments
        log.info(
            "The host has started.",
            [
                "version": .text(Version.text), "address": .text(url), "publicURL": .text(parts.address.url),
                "dataDirectory": .text(configuration.dataDirectory),
                "providers": .integer(registry.providers.count),
                "availableProviders": .integer(registry.providers.count(where: \.isAvailable)),
                "lastRunEnded": parts.data.wasAbandoned ? "without a stop" : "in order",
                "documentsFromJournal": .integer(waiting),
            ])
    }

    /// Reads the configuration again, takes over what a running host can, and logs the outcome.
    func reloadConfiguration() { reload?.run() }

    /// Returns when every loop of the server has taken a turn; a loop that hangs makes it wait.
    func serverTurn() async { await server.turn() }

    /// Finishes running work and closes everything; syncs resume at the next start.
    func stop() async {
        log.info("The host stops.", ["drainSeconds": .integer(Int(parts.configuration.drainTime.components.seconds))])
        readiness.drain()
        // A balancer that has not asked yet still sends requests here.
        try? await parts.time.sleep(for: parts.configuration.drainTime)
        await control.stop()
        await server.shutdown(grace: Self.grace)
        await reconcileLoop.stop()
        await services.erasure.stop()
        await erasures.stop()
        await actionSettling.stop()
        await services.actions.runner.stop()
        await actionSweep.stop()
        await services.lifecycle.stop()
        await services.unidentifiedGrants.stop()
        await services.refreshes.stop()
        await services.revocations.stop()
        await services.histories.stop()
        await services.webhooks.stop()
        await services.changes.stop()
        await linkTokenSweep.stop()
        await connectSessionSweep.stop()
        await trim.stop()
        await diskWatch.stop()
        await liveEvents.stop()
        await loopWatch.stop()
        await backupSchedule?.stop()
        await services.sync.stop()
        await services.refresher.settle()
        await services.notifications.stop()
        await parts.client.shutdown()
        parts.data.close()
        log.info("The host has stopped.")
    }
}
