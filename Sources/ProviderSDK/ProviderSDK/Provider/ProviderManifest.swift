// All that a provider says about itself, as data. The host reads everything it can from here, so that a plugin writes code only
// where its provider is peculiar.

/// What a provider is, how an account is connected, and what can be synced from it.
///
/// A manifest is built from its id and name and then filled in; new properties with defaults can appear in later SDK versions
/// without breaking plugins built before.
public struct ProviderManifest: Sendable {
    /// The id in routes and documents: 1 to 32 of `a-z`, `0-9` and `-`, beginning with a letter.
    public let id: String
    /// The name for people.
    public let name: String
    /// The version of the plugin, kept with dead letters.
    public var version: String = "1.0.0"
    /// One line on what the provider is for.
    public var description: String = ""
    /// The category it is listed under.
    public var category: String = ""
    /// The URL of an icon; when nil the host serves one made from the name.
    public var icon: String?
    /// What an application can do with it, as short lower-case words.
    public var features: [String] = []
    /// How an account is connected.
    public var auth: AuthKind = .none
    /// The scopes.
    public var scopes = ScopeTable()
    /// The data types that can be synced.
    public var dataTypes: [DataType] = []
    /// The variants; empty when the provider is one.
    public var variants: [Variant] = []
    /// URLs by name: `authorize`, `token`, `revoke`, `api` and any of the plugin's own.
    ///
    /// One that is missing here must come from the operator's configuration. A variant's own endpoints go before these.
    public var endpoints: [String: String] = [:]
    /// What the operator can or must configure besides client id and secret.
    public var settings: [ProviderSetting] = []
    /// The provider's rate limits.
    public var rateLimits: [RateLimit] = []
    /// The header fields in which answers tell what is left of a rate limit.
    public var rateLimitHeaders: [RateLimitHeaders] = []
    /// How error answers are told apart.
    public var errors = ErrorClassification()
    /// Header fields sent with every API request, with placeholders as in ``ProviderRequest``; they go before the host's own.
    public var headers: [NamedValue] = []
    /// Where the identity of a connected account comes from; nil when the plugin finds it in code or there is none.
    public var identity: IdentitySource?
    /// How the provider signs webhooks; nil when it sends none.
    public var webhooks: WebhookScheme?
    /// Whether credentials are refreshed before every sync.
    public var refreshesBeforeSync: Bool = false
    /// How often an access token may be refreshed within one sync because it was rejected, not counting the refresh before it; nil
    /// means once for every request.
    public var refreshesPerSyncMax: Int?
    /// What features of the host can have the provider do.
    public var actions: [ProviderAction] = []
    /// How accounts are linked by tokens that the provider's bot hands out; nil when they are not.
    public var linking: AccountLinking?

    /// The manifest of the provider `id`, called `name`, with what `configure` sets.
    public init(id: String, name: String, _ configure: (inout ProviderManifest) -> Void = { _ in }) {
        self.id = id
        self.name = name
        configure(&self)
    }

    /// The data type called `name`; nil when there is none.
    public func dataType(_ name: String) -> DataType? { dataTypes.first { $0.name == name } }

    /// The action called `name`; nil when there is none.
    public func action(_ name: String) -> ProviderAction? { actions.first { $0.name == name } }

    /// The operator's settings with the plugin's defaults for those that are not configured.
    public func settings(with configured: [String: String]) -> [String: String] {
        let defaults = settings.compactMap { setting in setting.defaultValue.map { (setting.key, $0) } }
        return configured.merging(defaults) { configured, _ in configured }
    }

    /// The provider's own scopes that an authorization asks for: what `permissions` stand for, what is always needed, and what
    /// the data types need.
    ///
    /// What data types can use beyond that is asked for when `permissions` name it.
    ///
    /// - Parameters:
    ///   - permissions: what the application asked for; empty means the standard ones.
    ///   - wanted: the names of the data types to be synced; nil means all.
    ///   - variant: the variant that is connected, for providers that have variants.
    public func requestedScopes(
        for permissions: [String], dataTypes wanted: [String]? = nil, variant: String? = nil
    ) -> [String] {
        let chosen = dataTypes.filter { dataType in
            (wanted?.contains(dataType.name) ?? true)
                && (dataType.variants.isEmpty || variant.map(dataType.variants.contains) ?? true)
        }
        return scopes.requested(
            for: permissions, needed: chosen.flatMap(\.scopes), optional: dataTypes.flatMap(\.optionalScopes))
    }
}

/// One of several services that a provider unites.
public struct Variant: Sendable {
    /// The id in routes: 1 to 32 of `a-z`, `0-9` and `-`.
    public let id: String
    /// The name for people.
    public let name: String
    /// Its own endpoints, in place of the manifest's.
    public var endpoints: [String: String] = [:]

    /// A variant.
    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

/// A setting of the operator for this provider.
public struct ProviderSetting: Sendable {
    /// What its value can be.
    public enum Kind: Sendable, Equatable {
        /// Any text that is not empty.
        case text
        /// An integer of this range; a JSON number in a configuration file.
        case integer(ClosedRange<Int>)
    }

    /// Its key in the provider's configuration.
    public let key: String
    /// What it is for.
    public let description: String
    /// Whether it is kept from plugins and every output.
    public var isSecret: Bool
    /// Whether the provider is unavailable without it.
    public var isRequired: Bool
    /// Its value when the operator configures none.
    public var defaultValue: String?
    /// What its value can be.
    ///
    /// A text that a ``RateLimit`` names is taken for an integer from 1 to a million.
    public var kind: Kind = .text

    /// A setting.
    public init(_ key: String, _ description: String, isSecret: Bool = false, isRequired: Bool = false) {
        self.key = key
        self.description = description
        self.isSecret = isSecret
        self.isRequired = isRequired
    }

    /// A setting that is an integer of `range`.
    public init(_ key: String, _ description: String, integer range: ClosedRange<Int>, defaultValue: Int? = nil) {
        self.init(key, description)
        kind = .integer(range)
        self.defaultValue = defaultValue.map { String($0) }
    }

    /// A setting that has a value without being configured.
    public init(_ key: String, _ description: String, defaultValue: String) {
        self.init(key, description)
        self.defaultValue = defaultValue
    }
}

extension ProviderManifest {
    /// What the value of a setting can be, its use as a rate limit considered.
    public func kind(of setting: ProviderSetting) -> ProviderSetting.Kind {
        let isLimit = rateLimits.contains { $0.setting == setting.key }
        return isLimit && setting.kind == .text ? .integer(RateLimit.requestsRange) : setting.kind
    }
}

/// How many requests the provider takes.
public struct RateLimit: Sendable {
    /// How many requests an operator can set.
    static let requestsRange = 1...1_000_000

    /// Who shares the limit.
    public enum Scope: Sendable, Equatable {
        /// All connections of this application.
        case application
        /// All connections to one account.
        case account
    }

    /// Who shares it.
    public var scope: Scope
    /// How many requests in ``interval``.
    public var requests: Int
    /// The interval.
    public var interval: Duration
    /// The name by which requests choose it; nil counts every request.
    public var name: String?
    /// The operator's setting that holds another number of requests, for plans that differ; nil when there is none.
    public var setting: String?

    /// At most `requests` per `interval`.
    public init(_ requests: Int, per interval: Duration, scope: Scope, name: String? = nil) {
        self.requests = requests
        self.interval = interval
        self.scope = scope
        self.name = name
    }

    /// How many requests in ``interval`` under these settings: the number in ``setting`` where it is one from 1 to a million.
    public func requests(in settings: [String: String]) -> Int {
        guard let text = setting.flatMap({ settings[$0] }), let number = JSONNumber(text)?.integer,
            RateLimit.requestsRange ~= Int(number)
        else { return requests }
        return Int(number)
    }
}

/// The header fields in which answers tell what is left of a rate limit.
public struct RateLimitHeaders: Sendable {
    /// The field with the number of requests left.
    public var remaining: String
    /// The field with the seconds until more; nil when it is not told.
    public var resetAfter: String?
    /// The interval that the limit is counted in, which bounds the pause when ``resetAfter`` is nil or absent.
    public var interval: Duration?
    /// Who shares the limit.
    public var scope: RateLimit.Scope = .account

    /// These fields.
    public init(remaining: String, resetAfter: String? = nil) {
        self.remaining = remaining
        self.resetAfter = resetAfter
    }

    /// The field `remaining` for a limit that is counted in `interval` and shared by `scope`.
    public init(remaining: String, interval: Duration, scope: RateLimit.Scope) {
        self.remaining = remaining
        self.interval = interval
        self.scope = scope
    }
}
