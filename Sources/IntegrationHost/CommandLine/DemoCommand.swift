// `integration-host demo`: the host with every provider wired to a stand-in, one user's session, and the lines to try.

import Cryptography
import ProviderSDK
import ProviderSandbox

enum DemoCommand {
    /// The user whose session is printed.
    static let user = "demo-user"

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
        let host = try Host(configuration)
        let url = try host.start()
        let token = try host.sessions.issue(
            userID: user, roles: [], kind: .session, lifetime: HostSessions.lifetimeDefault, at: WallClock.now)
        ServeCommand.announce(url)
        StandardOutput.line(
            guide(
                url: url, sandbox: origin, token: token, data: configuration.dataDirectory,
                providers: host.registry.providers))
        ServeCommand.waitAndStop {
            await host.stop()
            await sandbox.shutdown()
        }
    }

    /// The lines that do the whole job from another shell, for the first provider that is connected with OAuth and has data.
    private static func guide(
        url: String, sandbox: String, token: String, data: String, providers: [ConfiguredProvider]
    ) -> String {
        let ids = providers.filter(\.isAvailable).map(\.id)
        // The provider with the most to see among those that a script can connect without a browser.
        let first = providers.filter { provider in
            provider.isAvailable && provider.manifest.variants.isEmpty && provider.oauth?.returnsState == true
                && provider.oauth?.callbackParameters.isEmpty == true
        }.max { $0.manifest.dataTypes.count < $1.manifest.dataTypes.count }
        let service = (first ?? providers.first)?.id ?? "none"
        let types = (first?.manifest.dataTypes.prefix(2).map { "\"\($0.name)\"" } ?? []).joined(separator: ",")
        return """

            The host is at \(url), the stand-in providers are at \(sandbox).
            Providers: \(ids.joined(separator: ", ")). The session below belongs to the user “\(user)”.

            Paste this into another shell to connect \(service), sync it and read the records:

              HOST=\(url)
              TOKEN=\(token)
              api() { curl -s -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" "$@"; echo; }

              api $HOST/api/integrations                                            # what can be connected
              CREATED=$(api $HOST/api/integrations/connections -d '{"service":"\(service)"}')
              ID=$(echo "$CREATED" | sed 's/.*"connectionId":"\\([^"]*\\)".*/\\1/')
              AUTH_URL=$(echo "$CREATED" | sed 's/.*"authUrl":"\\([^"]*\\)".*/\\1/')
              CALLBACK=$(curl -s -o /dev/null -w '%{redirect_url}' "$AUTH_URL&decision=allow")   # the user clicks “Allow”
              api "$CALLBACK"                                                       # code → tokens → connected
              api $HOST/api/integrations/connections/$ID
              api $HOST/api/integrations/connections/$ID/sync -d '{"syncType":"full","dataTypes":[\(types)]}'
              sleep 2; api $HOST/api/integrations/connections/$ID/sync              # status and counts
              api "$HOST/api/integrations/connections/$ID/records?limit=3"          # the mapped records

            Stop with Ctrl-C. Connections and records are kept in \(data) and are there when you start again; only the
            stand-ins forget their tokens when they stop, so connect again before the next sync.
            """
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
