// The protocol that a plugin implements. Everything but the manifest has a default that works from the manifest.

/// A third-party service that users can connect.
///
/// A provider is stateless: the host may call it from many tasks at once, and keeps every token to itself.
public protocol Provider: Sendable {
    /// All that the provider says about itself.
    var manifest: ProviderManifest { get }

    /// The account that `grant` is for.
    ///
    /// The default follows the manifest's ``ProviderManifest/identity``.
    func identity(of grant: TokenGrant, in context: ProviderContext) async throws(ProviderError) -> AccountIdentity

    /// One page of records.
    ///
    /// The default reads the data type's ``DataType/list``, or its ``DataType/changes`` when changes are asked for.
    func page(_ request: PageRequest, in context: ProviderContext) async throws(ProviderError) -> SyncPage

    /// Ends at the provider what belongs to this connection alone, before the grant is revoked as the manifest says.
    ///
    /// For providers where one grant serves several accounts, so that ending it would end other connections too. When this throws, the
    /// grant stays and the connection is disconnected all the same. The default does nothing and lets the grant be revoked.
    func detach(in context: ProviderContext) async throws(ProviderError) -> Detachment

    /// What a verified webhook delivery means.
    ///
    /// The default reads ``WebhookScheme/answers`` and ``WebhookScheme/events`` of the manifest.
    func outcome(of delivery: WebhookDelivery) throws(ProviderError) -> WebhookOutcome
}

extension Provider {
    /// Follows the manifest's identity source.
    public func identity(
        of grant: TokenGrant, in context: ProviderContext
    ) async throws(ProviderError) -> AccountIdentity {
        try await manifest.identity(of: grant, in: context)
    }

    /// Reads the data type's list.
    public func page(_ request: PageRequest, in context: ProviderContext) async throws(ProviderError) -> SyncPage {
        try await manifest.page(request, in: context)
    }

    /// Does nothing and lets the grant be revoked.
    public func detach(in context: ProviderContext) async throws(ProviderError) -> Detachment { .revokesGrant }

    /// Follows the manifest's answers and events.
    public func outcome(of delivery: WebhookDelivery) throws(ProviderError) -> WebhookOutcome {
        try manifest.webhooks?.outcome(of: delivery) ?? WebhookOutcome()
    }
}

/// What happens to a grant when a connection is disconnected.
public enum Detachment: Sendable, Equatable {
    /// It serves nothing else and is revoked.
    case revokesGrant
    /// It serves other accounts and stays.
    case keepsGrant
}

extension ProviderManifest {
    /// The account that `grant` is for, by ``identity``: what a provider does that finds it no other way.
    public func identity(
        of grant: TokenGrant, in context: ProviderContext
    ) async throws(ProviderError) -> AccountIdentity {
        guard let source = identity else {
            throw ProviderError(.permanent, "\(name) does not tell whose account this is.")
        }
        var facts: [(key: String, value: JSONValue)] = [
            ("token", grant.response), ("claims", grant.claims), ("callback", grant.callback),
        ]
        if let request = source.request {
            do throws(ProviderError) {
                facts.append(("response", try await context.json(request)))
            } catch {
                guard source.requestTellsNameOnly, !error.isAboutGrant else { throw error }
            }
        }
        return try source.identity(in: .object(facts), provider: name)
    }

    /// A page by the data type's lists: what a provider does for every data type that it does not read in code.
    public func page(_ request: PageRequest, in context: ProviderContext) async throws(ProviderError) -> SyncPage {
        guard let dataType = dataType(request.dataType) else {
            throw ProviderError(.permanent, "\(name) has no data type \(request.dataType).")
        }
        guard let list = (request.since == nil ? nil : dataType.changes) ?? dataType.list else {
            throw ProviderError(.permanent, "\(name) does not say how \(request.dataType) are read.")
        }
        let identified = list.recordID.isEmpty ? list.with { $0.recordID = dataType.mapping.sourceID } : list
        return try await identified.page(at: request.cursor, since: request.since, in: context)
    }
}

extension IdentitySource {
    /// The account that the paths find in `facts`.
    ///
    /// - Throws: a permanent ``ProviderError`` when no path leads to an id.
    public func identity(in facts: JSONValue, provider: String) throws(ProviderError) -> AccountIdentity {
        func text(_ paths: [ValuePath]) -> String? {
            paths.lazy.compactMap { $0.first(in: facts)?.scalarText }.first { !$0.isEmpty }
        }
        guard let id = text(self.id) else {
            throw ProviderError(.permanent, "\(provider) did not tell whose account this is.")
        }
        var identity = AccountIdentity(id: id, name: text(name) ?? id)
        identity.mode =
            mode.lazy.compactMap { path in
                path.first(in: facts).flatMap { $0.boolean.map(String.init) ?? $0.scalarText }
            }.first
        return identity
    }
}
