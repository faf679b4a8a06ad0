// A provider that answers from a script, for plugin tests: no socket, no clock. Knows no provider.

public import ProviderSDK
import Synchronization

/// A ``ProviderHTTP`` that answers from a function and remembers what it was asked.
///
/// It sorts answers by the manifest's error classification and sends nothing to another origin, as the host does, but never refreshes
/// or retries.
public final class ScriptedHTTP: ProviderHTTP {
    private let errors: ErrorClassification
    private let endpoints: [String: String]
    private let now: Timestamp
    private let answer: @Sendable (ProviderRequest) -> ProviderResponse
    private let seen = Mutex<[ProviderRequest]>([])

    /// A provider that answers each request with `answer`.
    ///
    /// `endpoints` are those that come from the operator's configuration.
    public init(
        _ manifest: ProviderManifest, now: Timestamp, endpoints: [String: String] = [:],
        answer: @escaping @Sendable (ProviderRequest) -> ProviderResponse
    ) {
        self.endpoints = manifest.endpoints.merging(endpoints) { _, configured in configured }
        errors = manifest.errors
        self.now = now
        self.answer = answer
    }

    /// The requests so far, in order.
    public var requests: [ProviderRequest] { seen.withLock { $0 } }

    /// The scripted answer to `request`.
    public func send(_ request: ProviderRequest) async throws(ProviderError) -> ProviderResponse {
        if let endpoint = endpoints[request.endpoint] { _ = try request.url(behind: endpoint) }
        seen.withLock { $0.append(request) }
        let response = answer(request)
        if let error = errors.error(for: response, to: request, now: now) { throw error }
        return response
    }
}

extension ProviderResponse {
    /// A JSON answer.
    public static func json(_ text: String, status: Int = 200, headers: [NamedValue] = []) -> ProviderResponse {
        ProviderResponse(
            status: status, headers: [NamedValue("content-type", "application/json")] + headers, body: Array(text.utf8))
    }
}

extension ProviderContext {
    /// A context for tests: a scripted provider at a fixed time, for the account `accountID`.
    public static func testing(
        _ http: ScriptedHTTP, accountID: String? = nil, variant: String? = nil, settings: [String: String] = [:],
        accountName: String? = nil, now: Timestamp
    ) -> ProviderContext {
        var account = Account()
        account.name = accountName
        account.id = accountID
        account.variant = variant
        return ProviderContext(http: http, account: account, settings: settings, now: now)
    }
}
