// All that a provider says about itself, as data. The host reads as much as possible from here, so that a plugin writes code only
// where its provider differs from all others.

/// What a provider is, how an account is connected, and what can be synced from it.
///
/// A manifest is built from its id and name and then filled in. Later SDK versions can add properties with defaults without breaking
/// plugins built before.
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
    /// What a variant is for people, such as “network”; nil for a general word.
    public var variantNoun: String?
    /// The id of the variant that is meant when none is named; nil when one must be named.
    ///
    /// Hosts store connections of this variant without a variant, as those of a provider that had none.
    public var defaultVariant: String?
    /// URLs by name: `authorize`, `token`, `revoke`, `api` and any of the plugin's own.
    ///
    /// One that is missing here must come from the operator's configuration. A variant's own endpoints go before these.
    public var endpoints: [String: String] = [:]
    /// What the operator can or must configure besides client id and secret, and besides what rate limits declare.
    ///
    /// ``operatorSettings`` has both.
    public var settings: [ProviderSetting] = []
    /// The provider's rate limits.
    public var rateLimits: [RateLimit] = []
    /// The header fields in which answers tell what is left of a rate limit.
    public var rateLimitHeaders: [RateLimitHeaders] = []
    /// How error answers are classified.
    public var errors = ErrorClassification()
    /// Header fields sent with every API request, with placeholders as in ``ProviderRequest``; they go before the host's own.
    public var headers: [NamedValue] = []
    /// Where the identity of a connected account comes from; nil when the plugin finds it in code or there is none.
    public var identity: IdentitySource?
    /// What the provider's account ids look like.
    ///
    /// An id that the user types has the form of its ``AccountIDAuth``.
    public var accountIDs = AccountIDForm()
    /// How the provider signs webhooks; nil when it sends none.
    public var webhooks: WebhookScheme?
    /// Whether credentials are refreshed before every sync.
    public var refreshesBeforeSync: Bool = false
    /// How often an access token may be refreshed within one sync because it was rejected, not counting the refresh before it.
    ///
    /// Nil means once for every request.
    public var refreshesPerSyncMax: Int?
    /// What features of the host can have the provider do.
    public var actions: [ProviderAction] = []
    /// What applications can have the provider do for a connection.
    public var offeredActions: [ActionSpec] = []
    /// How accounts are linked by tokens that the provider's bot hands out; nil when they are not.
    public var linking: AccountLinking?
    /// Where all this comes from; nil when the plugin does not say.
    public var facts: ProviderFacts?

    /// The manifest of the provider `id`, called `name`, with what `configure` sets.
    public init(id: String, name: String, _ configure: (inout ProviderManifest) -> Void = { _ in }) {
        self.id = id
        self.name = name
        configure(&self)
    }

    /// The data type called `name`; nil without one.
    public func dataType(_ name: String) -> DataType? { dataTypes.first { $0.name == name } }

    /// The action called `name`; nil without one.
    public func action(_ name: String) -> ProviderAction? { actions.first { $0.name == name } }

    /// The action for applications called `name`; nil without one.
    public func offeredAction(_ name: String) -> ActionSpec? {
        offeredActions.first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// The operator's settings with the plugin's defaults for those that are not configured.
    public func settings(with configured: [String: String]) -> [String: String] {
        let defaults = operatorSettings.compactMap { setting in setting.defaultValue.map { (setting.key, $0) } }
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
    ///   - settings: the operator's settings, for ``ScopeTable/alwaysSetting``.
    public func requestedScopes(
        for permissions: [String], dataTypes wanted: [String]? = nil, variant: String? = nil,
        settings: [String: String]
    ) -> [String] {
        var scopes = scopes(of: variant)
        if let text = scopes.alwaysSetting.flatMap({ settings[$0] }) {
            scopes.always += text.split(separator: " ").map(String.init)
        }
        let chosen = dataTypes.filter { dataType in
            (wanted?.contains(dataType.name) ?? true)
                && (dataType.variants.isEmpty || variant.map(dataType.variants.contains) ?? true)
        }
        return scopes.requested(
            for: permissions, needed: scopes.limitsNothing ? [] : chosen.flatMap(\.scopes),
            optional: dataTypes.flatMap(\.optionalScopes) + offeredActions.flatMap(\.scopes))
    }

    /// The provider's own scopes that an authorization asks for without any of the operator's settings.
    public func requestedScopes(
        for permissions: [String], dataTypes wanted: [String]? = nil, variant: String? = nil
    ) -> [String] {
        requestedScopes(for: permissions, dataTypes: wanted, variant: variant, settings: [:])
    }

    // MARK: Variants

    /// The variant called `id`, or the default variant for nil; nil without one.
    public func variant(_ id: String?) -> Variant? {
        guard let id = id ?? defaultVariant else { return nil }
        return variants.first { $0.id.utf8.elementsEqual(id.utf8) }
    }

    /// How connections of a variant are authorized; nil for providers without OAuth 2.0.
    public func oauth(of variant: String?) -> OAuth2? {
        guard case .oauth2(let oauth) = auth else { return nil }
        return self.variant(variant)?.oauth ?? oauth
    }

    /// The scopes of a variant.
    public func scopes(of variant: String?) -> ScopeTable { self.variant(variant)?.scopes ?? scopes }
}

/// One of several services that a provider unites.
public struct Variant: Sendable {
    /// The id in routes: 1 to 32 of `a-z`, `0-9` and `-`.
    public let id: String
    /// The name for people.
    public let name: String
    /// What it offers, in one line for people; empty for nothing.
    public var description: String = ""
    /// Its own endpoints, in place of the manifest's.
    public var endpoints: [String: String] = [:]
    /// How its connections are authorized where that differs from the manifest's ``AuthKind/oauth2(_:)``; nil when it does not.
    public var oauth: OAuth2?
    /// Its scopes where they differ from the manifest's; nil when they do not.
    public var scopes: ScopeTable?

    /// A variant.
    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }

    /// A variant, with what `configure` sets.
    public init(id: String, name: String, _ configure: (inout Variant) -> Void) {
        self.init(id: id, name: name)
        configure(&self)
    }
}
