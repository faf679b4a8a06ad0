// The settings of the host, each written once. The file, the environment, the flags, the help and docs/configuration.md are
// made from this table. Plugins declare their providers' settings, which ProviderSettingsTable adds.

import ConnectionModel
import Observability

/// The table of settings.
package enum SettingsTable {
    /// All settings, in the order of the documentation.
    package static let all: [Setting] =
        general + rateLimits.map(\.reloadable) + background + access + backup + connect + actions + sessions

    /// The objects of the configuration file that hold them.
    package static let groups: [SettingGroup] = [
        SettingGroup("limits", default: "as below", "bounds of what callers together may take"),
        SettingGroup("cache", default: "as below", "bounds of what is kept in memory to answer without reading files"),
        SettingGroup("rateLimits", default: "as below", "requests per minute; 0 means no limit"),
        SettingGroup(
            "outgoingProxy", default: "that of the environment",
            "the proxy for outgoing requests; a text stands for its `url`", shorthand: "url"),
        SettingGroup(
            "backup", default: "none", "backups that the host makes by itself; a text stands for its `directory`",
            shorthand: "directory",
            need: ("needs “directory”: the folder that backups go to", { $0.backup.directory != nil })),
        SettingGroup("connect", default: "as below", "the pages on which users connect accounts"),
        SettingGroup("connect", "branding", default: "as below", "how these pages show the application"),
        SettingGroup("actions", default: "as below", "what applications do at providers"),
        SettingGroup(
            "sessions", default: "none", "session schemes besides the host's own; each is off unless it is given"),
        SettingGroup(
            "sessions", "clerk", default: "off", "Clerk session tokens",
            need: (
                "needs “publicKeyFile” or “jwksURL” to verify sessions with",
                { configuration in
                    configuration.sessions.clerk?.publicKeyFile != nil || configuration.sessions.clerk?.jwksURL != nil
                }
            )),
        SettingGroup(
            "sessions", "nextAuth", default: "off", "NextAuth and Auth.js session cookies",
            need: ("needs at least one of “secrets”", { $0.sessions.nextAuth?.secrets.isEmpty == false })),
        SettingGroup(
            "sessions", "rds", default: "off", "RDS session cookies",
            need: (
                "needs “publicKeyFile”: a PEM file with the key that its sessions are signed with",
                { $0.sessions.rds?.publicKeyFile != nil }
            )),
        SettingGroup(
            "sessions", "discordBot", default: "off", "tokens of the Discord bot",
            need: (tokenKeyNeed, { $0.sessions.discordBot?.publicKeyFile != nil })),
        SettingGroup(
            "sessions", "cronJobHandler", default: "off", "tokens of the cron job handler",
            need: (tokenKeyNeed, { $0.sessions.cronJobHandler?.publicKeyFile != nil })),
    ]

    private static let tokenKeyNeed =
        "needs “publicKeyFile”: a PEM file with the key that its tokens are signed with"

    private static let actions = [
        Setting(
            "actions", "forSessions", kind: .boolean(.init(\.actionsForSessions)),
            "whether the sessions of end users can run actions; application keys can in any case")
    ]

    private static let general = [
        Setting("listen", kind: .text(.init(\.listen)), "the address and port to listen on; port 0 picks one") {
            $0.flag = .init(name: "--listen", placeholder: "ADDRESS:PORT")
        },
        Setting(
            "publicURL",
            kind: .text(
                .init(
                    get: { $0.publicURL },
                    set: { configuration, url in
                        configuration.publicURL = url
                        configuration.isPublicURLGiven = true
                    })),
            "the URL under which browsers and providers reach the host, without query and fragment; needed when `listen` is "
                + "`0.0.0.0` or `[::]`"
        ) { $0.defaultText = "the address listened on" },
        Setting("dataDirectory", kind: .path(.init(\.dataDirectory)), "the folder of everything that must not be lost")
        {
            $0.otherVariable = "DATA"
            $0.flag = .init(name: "--data", placeholder: "DIR")
        },
        Setting(
            "keysDirectory", kind: .path(.init(\.keysDirectory)),
            "the folder of the key ring, which opens everything sealed: back it up apart"
        ) { $0.defaultText = "`keys` in the data directory" },
        Setting(
            "plugins",
            kind: .texts(
                separator: ":",
                .init(get: { $0.pluginDirectories }, set: { $0.pluginDirectories += $1 })),
            "further folders with plugins, besides the executable's and `plugins` in the data directory; they must exist"
        ) {
            $0.isInFile = false
            $0.flag = .init(name: "--plugins", placeholder: "DIR")
        },
        Setting(
            "redirectURIs", kind: .texts(separator: ",", .init(\.redirectURIs)),
            "redirect URIs that an authorization may ask for, compared byte for byte; the host's own callback is always allowed"
        ),
        Setting(
            "allowedOrigins", kind: .texts(separator: ",", .init(\.allowedOrigins)),
            "origins whose pages may write with a session cookie, besides `publicURL`"
        ) { $0.isReloadable = true },
        Setting(
            "trustedProxies", kind: .texts(separator: ",", .init(\.trustedProxies)),
            "addresses or networks, such as `10.0.0.0/8`, of proxies in front of the host: their `X-Forwarded-For` names the client, and they may have any number of connections"
        ),
        Setting(
            "limits", "memoryMiB", kind: .integer(1...1_048_576, .init(\.limits.memoryMiB)),
            "memory of request bodies, answers and waiting output, in MiB; beyond it a request is answered 503"
        ) { $0.isReloadable = true },
        Setting(
            "limits", "connections", kind: .integer(1...1_000_000, .init(\.limits.connections)),
            "open connections; beyond it the longest idle one is closed, or the new one is answered 503"),
        Setting(
            "limits", "connectionsPerAddress", kind: .integer(1...1_000_000, .init(\.limits.connectionsPerAddress)),
            "open connections of one client address; trusted proxies are exempt"),
        Setting(
            "cache", "documentsMiB", kind: .integer(1...1_048_576, .init(\.cache.documentsMiB)),
            "memory of documents that were read or written lately, in MiB"),
        Setting(
            "cache", "statusMiB", kind: .integer(1...1_048_576, .init(\.cache.statusMiB)),
            "memory of status answers that were read lately, in MiB"),
    ]

    private static let rateLimits = [
        Setting(
            "rateLimits", "connectionCreation", kind: .integer(0...1_000_000, .init(\.rateLimits.connectionCreation)),
            "creations of connections, for each user"),
        Setting(
            "rateLimits", "sync", kind: .integer(0...1_000_000, .init(\.rateLimits.sync)), "syncs, for each connection"),
        Setting(
            "rateLimits", "oauth", kind: .integer(0...1_000_000, .init(\.rateLimits.oauth)),
            "authorizations, refreshes and callbacks without a good state, for each user"),
        Setting(
            "rateLimits", "status", kind: .integer(0...1_000_000, .init(\.rateLimits.status)),
            "reads of the integration status, for each user"),
        Setting(
            "rateLimits", "write", kind: .integer(0...1_000_000, .init(\.rateLimits.write)),
            "writes that no other limit counts, for each user; by default \(RateLimitsConfiguration.writeDefault), or 0 where `rateLimits.connectionCreation` is 0"
        ),
        Setting(
            "rateLimits", "address", kind: .integer(0...1_000_000, .init(\.rateLimits.address)),
            "requests without a valid session where one is needed, for each client address; by default \(RateLimitsConfiguration.addressDefault), or 0 where `rateLimits.status` is 0"
        ),
    ]

    private static let background = [
        Setting(
            "sweepSeconds", kind: .integer(1...604_800, .seconds(\.sweepPause)),
            "the pause between two slow passes over all users, which find what the schedule in memory should have missed; "
                + "background work does not wait for them"),
        Setting(
            "syncRetrySeconds", kind: .integer(0...86_400, .seconds(\.syncRetryTime)),
            "how long a sync keeps retrying while the provider fails temporarily"),
        Setting(
            "webhookQuietSeconds", kind: .integer(0...3600, .seconds(\.webhookQuietTime)),
            "how long a provider must report no more changes before they are synced; after 30 seconds, or this time if it is "
                + "longer, they are synced in any case"),
        Setting(
            "webhookRetrySeconds",
            kind: .integers(
                count: 1...ConfigurationLimits.deliveryPausesMax, 1...604_800,
                SettingAccess(\.webhookPauses).map(
                    { $0.map { Int($0.components.seconds) } }, { $0.map { .seconds($0) } })),
            "the pauses between the attempts to deliver one notification; it is given up after the last attempt"),
    ]

    private static let access = [
        Setting(
            "outgoingProxy", "url",
            kind: .text(
                .init(get: { $0.outgoingProxy.url?.value }, set: { $0.outgoingProxy.url = Secret($1) })),
            "the URL of the proxy for requests to providers: `http`, `https`, `socks5` or `socks5h`, perhaps with a user and a password"
        ) {
            $0.isSecret = true
            $0.defaultText = "`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`"
        },
        Setting(
            "outgoingProxy", "except",
            kind: .texts(
                separator: ",", .init(get: { $0.outgoingProxy.except }, set: { $0.outgoingProxy.except = $1 })),
            "hosts that are reached directly: names with all below them, addresses or networks, with or without a port"
        ) { $0.defaultText = "`NO_PROXY`" },
        Setting(
            "outgoingProxy", "notifications", kind: .boolean(.init(\.outgoingProxy.notifications)),
            "whether the proxy refuses private addresses, so that notifications go through it too; otherwise they go directly, and the host checks the address"
        ),
        Setting(
            "allowPrivateAddresses", kind: .boolean(.init(\.allowPrivateAddresses)),
            "whether outgoing requests may reach loopback and private addresses"),
        Setting(
            "drainSeconds", kind: .integer(0...300, .seconds(\.drainTime)),
            "how long a host that stops serves requests after `/readyz` says so; longer than a load balancer's pause between two "
                + "checks"),
        Setting(
            "logLevel",
            kind: .word(
                LogLevel.allCases.map(\.rawValue),
                .init(get: { $0.logLevel.rawValue }, set: { $0.logLevel = LogLevel(rawValue: $1) ?? $0.logLevel })),
            "the least severe events that are logged"
        ) { $0.isReloadable = true },
    ]
}
