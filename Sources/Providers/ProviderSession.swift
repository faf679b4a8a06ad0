// A connection's access to its provider: provider, account and credential, put together once. Only this file makes the
// context of a plugin's call. It knows neither users nor documents.

import ConnectionModel
package import ProviderSDK

/// A page of records that keeps the memory of its answers.
package struct FetchedPage: Sendable {
    package let page: SyncPage
    private let memory: AnswerMemory

    init(page: SyncPage, memory: AnswerMemory) {
        self.page = page
        self.memory = memory
    }
}

/// The provider, account and credential for plugin calls.
package struct ProviderSession: Sendable {
    package let provider: ConfiguredProvider
    private let account: ProviderContext.Account
    private let http: ConnectionHTTP

    /// Creates a session of `account` with `provider`, whose requests carry `credentials`.
    ///
    /// - Parameters:
    ///   - wait: how its requests wait for the provider's rate limits.
    ///   - clock: learns the provider's time from its answers.
    package init(
        _ gateway: ProviderGateway, _ provider: ConfiguredProvider, account: ProviderContext.Account,
        credentials: any CredentialSource, wait: RateLimitWait = RateLimitWait(), clock: ProviderClock? = nil
    ) {
        self.provider = provider
        self.account = account
        http = ConnectionHTTP(
            gateway: gateway, provider: provider,
            template: RequestTemplate(account: account, settings: provider.publicSettings),
            credentials: credentials, wait: wait, clock: clock)
    }

    /// The context of a call that begins now.
    package var context: ProviderContext { context(http) }

    private func context(_ http: ConnectionHTTP) -> ProviderContext {
        ProviderContext(http: http, account: account, settings: provider.publicSettings, now: http.gateway.time.now)
    }

    /// A page of a data type, with the memory of its answers.
    package func page(_ request: PageRequest) async throws(ProviderError) -> FetchedPage {
        let memory = AnswerMemory()
        var http = http
        http.memory = memory
        return FetchedPage(page: try await provider.provider.page(request, in: context(http)), memory: memory)
    }

    /// The account that a grant is for.
    ///
    /// - Throws: a permanent ``ProviderError`` also for an id that does not have the provider's form.
    package func identity(of grant: TokenGrant) async throws(ProviderError) -> AccountIdentity {
        let identity = try await provider.provider.identity(of: grant, in: context)
        if let problem = provider.manifest.accountIDs.refusal(of: identity.id) {
            throw ProviderError(
                .permanent, "An account id of \(provider.manifest.name) \(problem).", code: "account_id_invalid")
        }
        return identity
    }

    /// Detaches the account at the provider, before its grant is revoked.
    package func detach() async throws(ProviderError) -> Detachment {
        try await provider.provider.detach(in: context)
    }
}
