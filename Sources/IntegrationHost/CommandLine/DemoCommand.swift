// `integration-host demo`: the host with every provider wired to a stand-in, and one user's session.

import ProviderSDK
import ProviderSandbox

enum DemoCommand {
    static func run(_ arguments: Arguments) throws {
        ProcessSettings.blockStopSignals()
        var sandboxConfiguration = SandboxConfiguration()
        sandboxConfiguration.listen = "127.0.0.1:0"
        let sandbox = Sandbox(sandboxConfiguration)
        let origin = try sandbox.start()

        var configuration = try Configuration.load(arguments)
        if arguments["--data"] == nil { configuration.dataDirectory = "data/demo" }
        configuration.allowPrivateAddresses = true
        for provider in sandbox.providers(origin: origin) {
            configuration.providers[provider.id] = ProviderConfiguration(provider)
        }
        // A demo must not run into the limits that protect a real installation.
        configuration.rateLimits = RateLimitsConfiguration(connectionCreation: 60, sync: 60, oauth: 120, status: 600)
        if configuration.logLevel < .warning { configuration.logLevel = .warning }
        let host = try Host(configuration, isDemo: true)
        let url = try host.start()
        sandbox.deliverWebhooks(to: url)
        guard let session = host.demoSession else { throw HostStartError("the demo has no session.") }
        ServeCommand.announce(url)
        StandardOutput.line(
            DemoGuide(
                url: url, link: "\(host.publicURL)\(DemoRoutes.path)?code=\(session.code)", sandbox: origin,
                token: session.token, dataDirectory: configuration.dataDirectory, registry: host.registry
            ).text)
        ServeCommand.waitAndStop {
            await host.stop()
            await sandbox.shutdown()
        }
    }
}

extension ProviderConfiguration {
    /// The settings of a stand-in.
    fileprivate init(_ provider: SandboxProvider) {
        self.init(settings: provider.settings, endpoints: provider.endpoints)
        // Who takes a plugin away still gets a demo of the others.
        isOptional = true
        for variant in provider.variants {
            variants[variant.id] = ProviderConfiguration(settings: variant.settings, endpoints: variant.endpoints)
        }
    }

    private init(settings: [String: String], endpoints: [String: String]) {
        self.endpoints = endpoints
        for (key, value) in settings {
            switch key {
            case "clientId": clientID = value
            case "clientSecret": clientSecret = Secret(value)
            default: self.settings[key] = .init(value: Secret(value))
            }
        }
    }
}
