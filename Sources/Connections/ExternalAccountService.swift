// Links users to accounts by tokens that a bot issues, and updates the stored data of these accounts.
// The provider is the one whose manifest describes the linking. Does not depend on HTTP.

package import ConnectionModel
package import Observability
package import Primitives
package import ProviderSDK
package import Providers
package import Users

/// A service that links external accounts to users.
package struct ExternalAccountService: Sendable {
    package let users: UserStore
    package let tokens: LinkTokenStore
    package let registry: ProviderRegistry
    package let gateway: ProviderGateway
    package let time: TimeSource
    package let log: Log

    package init(
        users: UserStore, tokens: LinkTokenStore, registry: ProviderRegistry, gateway: ProviderGateway,
        time: TimeSource, log: Log
    ) {
        self.users = users
        self.tokens = tokens
        self.registry = registry
        self.gateway = gateway
        self.time = time
        self.log = log
    }

    /// Stores the data that a bot sends about an account.
    ///
    /// - Parameters:
    ///   - attributes: an object of strings and numbers that includes the account's id.
    ///   - expiresAt: when the token expires; nil for never.
    package func add(_ token: String, attributes: JSONValue, expiresAt: Timestamp?) async throws(ServiceError) {
        guard let (provider, linking, accountID) = linking(for: attributes) else {
            let names = registry.providers.compactMap { $0.manifest.linking?.accountIDAttribute }
            throw .invalid(
                field: "attributes",
                message: names.isEmpty
                    ? "no provider of this host links accounts by tokens"
                    : "\"attributes\" needs \(names.map { "\"\($0)\"" }.joined(separator: " or "))")
        }
        if let problem = provider.manifest.accountIDs.refusal(of: accountID) {
            throw .invalid(field: "attributes", message: "\"\(linking.accountIDAttribute)\" \(problem)")
        }
        try await tokens.add(
            token, LinkToken(attributes: attributes, expiresAt: expiresAt, createdAt: time.now))
    }

    /// Returns the attributes of a token; nil when the token has expired.
    ///
    /// - Throws: ``ServiceError/notFound`` when the token does not exist, or belongs to another user.
    package func attributes(of token: String, for principal: Principal) async throws(ServiceError) -> JSONValue? {
        try await good(token, for: principal)?.attributes
    }

    /// The result of linking an account.
    package enum LinkOutcome: Sendable, Equatable {
        case linked
        /// The token has expired.
        case expired
        /// The account was linked, but this action at the provider failed.
        case actionFailed(String)
    }

    /// Links the account of a token to the user, and runs the actions that the provider defines for this.
    package func link(_ token: String, to principal: Principal) async throws(ServiceError) -> LinkOutcome {
        guard let content = try await good(token, for: principal) else { return .expired }
        guard let (provider, linking, accountID) = linking(for: content.attributes) else { throw .notFound }
        let now = time.now
        try await tokens.claim(token, for: principal.userID, at: now)
        try await users.update(principal.userID) { (user) throws(ServiceError) in
            user.externalAccountChanged(
                ExternalAccount(
                    provider: provider.id, accountID: accountID, attributes: content.attributes, linkedAt: now,
                    isMember: true, isArchived: false
                ).encoded)
        }
        let failed = try await perform(linking, provider, accountID: accountID, of: principal.userID, linkedAt: now)
        return failed.map(LinkOutcome.actionFailed) ?? .linked
    }

    /// The providers that report which accounts have joined.
    package var memberProviders: [ConfiguredProvider] {
        registry.providers.filter { $0.manifest.linking?.memberDataType != nil }
    }

    /// Returns a session with the operator's own credentials.
    func operatorSession(_ provider: ConfiguredProvider, accountID: String?) -> ProviderSession {
        var account = ProviderContext.Account()
        account.id = accountID
        return ProviderSession(
            gateway, provider, account: account, credentials: NoCredential(),
            wait: RateLimitWait(waitMax: ProviderLimits.interactiveWaitMax))
    }

    private func good(_ token: String, for principal: Principal) async throws(ServiceError) -> LinkToken? {
        guard let content = try await tokens.find(token), content.mayBeSeen(by: principal) else { throw .notFound }
        return content.isExpired(at: time.now) ? nil : content
    }

    private func linking(
        for attributes: JSONValue
    ) -> (provider: ConfiguredProvider, linking: AccountLinking, accountID: String)? {
        for provider in registry.providers {
            guard let linking = provider.manifest.linking,
                let id = attributes[linking.accountIDAttribute]?.string, !id.isEmpty
            else { continue }
            return (provider, linking, id)
        }
        return nil
    }
}

/// The credential when there is no connection: a setting of the operator must authorize the requests.
private struct NoCredential: CredentialSource {
    func accessToken() async throws(ProviderError) -> Secret {
        throw ProviderError(.misconfigured, "The request needs a connection, and there is none.")
    }
    func replacement(for rejected: Secret) async throws(ProviderError) -> Secret? { nil }
}
