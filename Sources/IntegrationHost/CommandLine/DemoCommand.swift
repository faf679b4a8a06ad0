// `integration-host demo`: the host with every provider wired to a stand-in, and one user's session.

import Commands
import Configuration
import Credentials
import HTTPAPI
import Observability
import Processes
import SystemAPI

enum DemoCommand {
    static func run(_ arguments: Arguments) throws {
        StopSignals.block()
        var configuration = try Configuration.load(arguments)
        if arguments["--data"] == nil { configuration.dataDirectory = "data/demo" }
        configuration.allowPrivateAddresses = true
        // A demo must not hit the limits that protect a real installation.
        configuration.rateLimits = RateLimitsConfiguration(connectionCreation: 60, sync: 60, oauth: 120, status: 600)
        if configuration.connect == Configuration().connect {
            // The page to which the examples let the browser return.
            configuration.connect.returnTo = ["http://127.0.0.1:8090/connected"]
            configuration.connect.branding.name = "Quickstart"
        }
        if configuration.logLevel < .warning { configuration.logLevel = .warning }

        let sandbox = try DemoSandbox()
        configuration.providers.merge(try sandbox.providers()) { _, standIn in standIn }
        let host = try Host(configuration, isDemo: true)
        let url = try host.start()
        try sandbox.deliverWebhooks(to: url)
        guard let session = host.demoSession else { throw HostStartError("the demo has no session.") }
        ServeCommand.announce(url)
        StandardOutput.line(
            DemoGuide(
                url: url, link: "\(host.publicURL)\(DemoRoutes.path)?code=\(session.code)", sandbox: sandbox.origin,
                token: session.token, dataDirectory: configuration.dataDirectory, registry: host.registry
            ).text)
        StopSignals.wait(orEndOf: sandbox.process) {
            if sandbox.process.hasEnded {
                StandardError.line("demo: the sandbox has ended; so does the demo.", of: "integration-host")
            }
            await host.stop()
            await sandbox.stop()
        }
    }
}
