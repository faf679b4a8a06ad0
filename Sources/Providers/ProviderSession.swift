// A connection's access to its provider: provider, account and credential, put together once. Only this file makes the
// context of a plugin's call. It knows neither users nor documents.

import ConnectionModel
package import ProviderSDK

/// A page of records that keeps the memory of its answers.
package struct FetchedPage: Sendable {
    package let page: SyncPage
    private let call: PluginCall

    init(page: SyncPage, call: PluginCall) {
        self.page = page
        self.call = call
    }
}

extension JSONValue {
    /// The same value, not as a part of a larger text.
    fileprivate var detached: JSONValue { (try? JSONValue.parse(serialized)) ?? self }
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

    /// A page of a data type, with the memory of its answers.
    package func page(_ request: PageRequest) async throws(ProviderError) -> FetchedPage {
        let (call, context) = begin()
        var page = try await call.run { () async throws(ProviderError) in
            try await provider.provider.page(request, in: context)
        }
        // These outlast the page: as parts of it they would keep all of it in memory.
        page.next = page.next?.detached
        page.memory = page.memory?.detached
        return FetchedPage(page: page, call: call)
    }

    /// A call that begins now, with its context.
    private func begin() -> (PluginCall, ProviderContext) {
        let call = PluginCall()
        var http = http
        http.call = call
        let context = ProviderContext(
            http: http, account: account, settings: provider.publicSettings, now: http.gateway.time.now)
        return (call, context)
    }

    /// The account that a grant is for.
    ///
    /// - Throws: a permanent ``ProviderError`` also for an id that does not have the provider's form.
    package func identity(of grant: TokenGrant) async throws(ProviderError) -> AccountIdentity {
        let (call, context) = begin()
        let identity = try await call.run { () async throws(ProviderError) in
            try await provider.provider.identity(of: grant, in: context)
        }
        if let problem = provider.manifest.accountIDs.refusal(of: identity.id) {
            throw ProviderError(
                .permanent, "An account id of \(provider.manifest.name) \(problem).", code: "account_id_invalid")
        }
        return identity
    }

    /// Carries out an action.
    package func perform(
        _ action: ProviderAction, _ parameters: [String: String]
    ) async throws(ProviderError) -> ProviderAction.Outcome {
        let (call, context) = begin()
        return try await call.run { () async throws(ProviderError) in
            try await action.perform(parameters, in: context)
        }
    }

    /// Sends the request of a run.
    package func perform(_ action: ActionSpec, _ run: ActionRun, isRepeat: Bool) async -> ActionOutcome {
        let (call, context) = begin()
        defer { withExtendedLifetime(call) {} }
        return await action.perform(run, isRepeat: isRepeat, in: context)
    }

    /// Looks whether a run was carried out; nil when that cannot be said.
    package func find(_ action: ActionSpec, _ run: ActionRun) async throws(ProviderError) -> JSONValue? {
        let (call, context) = begin()
        return try await call.run { () async throws(ProviderError) in try await action.find(run, in: context) }
    }

    /// Detaches the account at the provider, before its grant is revoked.
    package func detach() async throws(ProviderError) -> Detachment {
        let (call, context) = begin()
        return try await call.run { () async throws(ProviderError) in
            try await provider.provider.detach(in: context)
        }
    }
}
