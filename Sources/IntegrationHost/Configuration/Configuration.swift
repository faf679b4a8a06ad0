// The host's configuration as the rest of the program sees it: complete, checked, with a default for everything.

/// The configuration of the host.
struct Configuration: Sendable {
    /// The address to listen on, as `host:port`.
    var listen = "127.0.0.1:8080"
    /// The URL under which browsers and providers reach the host, without a trailing slash.
    var publicURL = "http://127.0.0.1:8080"
    /// Whether ``publicURL`` was given; otherwise it follows the address the host listens on.
    var isPublicURLGiven = false
    /// Where everything that must not be lost is kept.
    var dataDirectory = "data"
    /// Where the key ring is kept; `keys` in the data directory when nil.
    var keysDirectory: String?
    /// Further folders with plugins.
    var pluginDirectories: [String] = []
    /// Redirect URIs that an authorization may ask for, besides the host's own callback URL.
    ///
    /// Compared byte for byte.
    var redirectURIs: [String] = []
    /// Origins from which browsers may call with credentials.
    var allowedOrigins: [String] = []
    /// The session schemes besides the host's own.
    var sessions = SessionsConfiguration()
    /// The providers' settings by provider id.
    var providers: [String: ProviderConfiguration] = [:]
    /// Requests per minute.
    var rateLimits = RateLimitsConfiguration()
    /// Whether outgoing requests may reach loopback and private addresses.
    var allowPrivateAddresses = false
    /// How long after one look at all users for background work the next one begins.
    var sweepPause = BackgroundLimits.walkPause
    /// How long a sync sits through failures in a row that may pass.
    var syncRetryTime = SyncLimits.retryTime
    /// The pauses between the attempts to deliver a notification.
    var webhookPauses = HostLimits.webhookPauses
    /// How long nothing more must have changed at a provider before a sync reads what changed.
    var webhookQuietTime = IncomingLimits.quietTime
    /// The least severe events that are logged.
    var logLevel = LogLevel.info
    /// Where the settings were given.
    var places = ConfigurationPlaces()
}

/// Requests per minute; 0 means no limit.
struct RateLimitsConfiguration: Sendable, Equatable {
    /// Creations of connections, per user.
    var connectionCreation = 5
    /// Syncs, per connection.
    var sync = 10
    /// Authorizations, callbacks and refreshes, per user.
    var oauth = 20
    /// Reads of the integration status, per user.
    var status = 60
}

/// The settings of one provider, or of one of its variants.
struct ProviderConfiguration: Sendable {
    /// A setting that only the plugin's manifest knows.
    struct Setting: Sendable {
        /// Its text, or its number as it was written.
        let value: Secret
        /// Whether it was written as a JSON number.
        var isNumber = false
    }

    /// Whether it is no mistake when there is no such provider.
    var isOptional = false
    /// The client id at the provider.
    var clientID: String?
    /// The client secret at the provider.
    var clientSecret: Secret?
    /// URLs that replace the plugin's, by name.
    var endpoints: [String: String] = [:]
    /// The settings that the plugin's manifest names, by their keys.
    var settings: [String: Setting] = [:]
    /// The settings of variants.
    var variants: [String: ProviderConfiguration] = [:]
}

/// The session schemes besides the host's own; each is off unless it is configured.
struct SessionsConfiguration: Sendable {
    /// Clerk session tokens.
    struct Clerk: Sendable {
        var publicKeyFile: String?
        var jwksURL: String?
        var issuer: String?
        var authorizedParties: [String] = []
    }
    /// NextAuth and Auth.js session cookies.
    struct NextAuth: Sendable {
        var secrets: [Secret] = []
        var version = 4
    }
    /// RDS session cookies.
    struct RDS: Sendable {
        var environment = "development"
        var publicKeyFile: String?
    }
    /// A service that signs with its own RSA key.
    struct Service: Sendable {
        var publicKeyFile: String?
    }

    var clerk: Clerk?
    var nextAuth: NextAuth?
    var rds: RDS?
    var discordBot: Service?
    var cronJobHandler: Service?
}
