// The host's configuration as the rest of the program sees it: complete, checked, with a default for everything.

package import ConnectionModel
package import Observability

/// The configuration of the host.
package struct Configuration: Sendable {
    /// The address to listen on, as `host:port`.
    package var listen = "127.0.0.1:8080"
    /// The URL under which browsers and providers reach the host, without a trailing slash.
    package var publicURL = "http://127.0.0.1:8080"
    /// Whether ``publicURL`` was given; otherwise it follows the address the host listens on.
    package var isPublicURLGiven = false
    /// The data directory, where everything durable is stored.
    package var dataDirectory = "data"
    /// The folder of the key ring; nil means `keys` in the data directory.
    package var keysDirectory: String?
    /// Further folders with plugins.
    package var pluginDirectories: [String] = []
    /// Redirect URIs that an authorization may ask for, besides the host's own callback URL.
    ///
    /// Compared byte for byte.
    package var redirectURIs: [String] = []
    /// Origins from which browsers may call with credentials.
    package var allowedOrigins: [String] = []
    /// The backups that the host makes by itself.
    package var backup = BackupConfiguration()
    /// The pages on which users connect accounts.
    package var connect = ConnectConfiguration()
    /// Whether the sessions of end users can run actions.
    package var actionsForSessions = false
    /// The session schemes other than the host's own.
    package var sessions = SessionsConfiguration()
    /// The providers' settings by provider id.
    package var providers: [String: ProviderConfiguration] = [:]
    /// Requests per minute.
    package var rateLimits = RateLimitsConfiguration()
    /// Addresses and networks of proxies in front of the host.
    package var trustedProxies: [String] = []
    package var limits = LimitsConfiguration()
    /// What is kept in memory to answer without reading files.
    package var cache = CacheConfiguration()
    /// Whether outgoing requests may reach loopback and private addresses.
    package var allowPrivateAddresses = false
    /// The proxy that outgoing requests go through.
    package var outgoingProxy = OutgoingProxyConfiguration()
    /// The pause between two passes over all users for background work.
    package var sweepPause = Duration.seconds(86_400)
    /// How long a sync retries consecutive temporary failures.
    package var syncRetryTime = Duration.seconds(600)
    /// The pauses between the attempts to deliver a notification.
    package var webhookPauses = DeliverySchedule.pausesDefault
    /// How long a provider must report no more changes before a sync reads them.
    package var webhookQuietTime = Duration.seconds(2)
    /// How long a host that stops still accepts connections after it says that it is not ready.
    package var drainTime = Duration.zero
    /// The least severe events that are logged.
    package var logLevel = LogLevel.info
    /// The places where the settings were given.
    package var places = ConfigurationPlaces()

    /// Creates the configuration of a host that is given no settings.
    package init() {}
}

/// Bounds of what callers together may take.
package struct LimitsConfiguration: Sendable, Equatable {
    /// Memory of request bodies, answers and waiting output.
    package var memoryMiB = 64
    /// Open connections.
    package var connections = 10_000
    /// Open connections of one client address.
    package var connectionsPerAddress = 256

    package init() {}
}

/// Bounds of what is kept in memory to answer without reading files.
package struct CacheConfiguration: Sendable, Equatable {
    /// Documents, with their decoded forms.
    package var documentsMiB = 64
    /// Rendered status reports.
    package var statusMiB = 64

    package init() {}
}

/// The proxy that outgoing requests go through, in place of the one that the environment names.
package struct OutgoingProxyConfiguration: Sendable {
    /// Its URL; nil for the proxies of the environment.
    package var url: Secret?
    /// The hosts that are reached directly; nil for those of the environment.
    package var except: [String]?
    /// Whether the proxy filters, so that notifications go through it too.
    package var notifications = false

    package init() {}
}

/// Requests per minute; 0 means no limit.
package struct RateLimitsConfiguration: Sendable, Equatable {
    /// Creations of connections, per user.
    package var connectionCreation = 5
    /// Syncs, per connection.
    package var sync = 10
    /// Authorizations, refreshes and callbacks without a good state, per user.
    package var oauth = 20
    /// Reads of the integration status, per user.
    package var status = 60
    /// All other writes, per user; nil means ``writeDefault``, or no limit where creations have none.
    package var write: Int?
    /// Requests without a valid session where one is needed, per client address; nil means ``addressDefault``, or no
    /// limit where reads of the status have none.
    package var address: Int?

    package static let writeDefault = 600
    package static let addressDefault = 6000

    package init(
        connectionCreation: Int = 5, sync: Int = 10, oauth: Int = 20, status: Int = 60, write: Int? = nil,
        address: Int? = nil
    ) {
        self.connectionCreation = connectionCreation
        self.sync = sync
        self.oauth = oauth
        self.status = status
        self.write = write
        self.address = address
    }
}

/// The settings of one provider, or of one of its variants.
package struct ProviderConfiguration: Sendable {
    /// A setting that only the plugin's manifest knows.
    package struct Setting: Sendable {
        /// Its text; a number is stored as it was written.
        package let value: Secret
        /// Whether it was written as a JSON number.
        package var isNumber = false
    }

    /// Whether it is accepted when there is no such provider.
    package var isOptional = false
    /// The client id at the provider.
    package var clientID: String?
    /// The client secret at the provider.
    package var clientSecret: Secret?
    /// URLs that replace the plugin's, by name.
    package var endpoints: [String: String] = [:]
    /// The settings that the plugin's manifest names, by their keys.
    package var settings: [String: Setting] = [:]
    /// The settings of variants.
    package var variants: [String: ProviderConfiguration] = [:]

    package init() {}
}

/// The session schemes other than the host's own; each is off unless it is configured.
package struct SessionsConfiguration: Sendable {
    /// Clerk session tokens.
    package struct Clerk: Sendable {
        package var publicKeyFile: String?
        package var jwksURL: String?
        package var issuer: String?
        package var authorizedParties: [String] = []
        /// The full name of its cookie; nil for the usual one.
        package var cookie: String?
        /// The ids of the users who are superusers.
        package var superusers: [String] = []
    }
    /// NextAuth and Auth.js session cookies.
    package struct NextAuth: Sendable {
        package var secrets: [Secret] = []
        package var version = 4
        /// The full name of its cookie; nil for the usual one.
        package var cookie: String?
        /// The ids of the users who are superusers.
        package var superusers: [String] = []
    }
    /// RDS session cookies.
    package struct RDS: Sendable {
        package var environment = "development"
        package var publicKeyFile: String?
        /// The full name of its cookie; nil for the usual one.
        package var cookie: String?
        /// The ids of the users who are superusers.
        package var superusers: [String] = []
    }
    /// A service that signs with its own RSA key.
    package struct Service: Sendable {
        package var publicKeyFile: String?
    }

    package var clerk: Clerk?
    package var nextAuth: NextAuth?
    package var rds: RDS?
    package var discordBot: Service?
    package var cronJobHandler: Service?
}
