// The interface through which a plugin reaches its provider. The host implements it; tests implement it with recorded answers.

/// Sends requests to the provider on behalf of one connection.
///
/// The host adds the origin and the credential, keeps to the provider's rate limits, and sorts answers by the manifest's
/// ``ErrorClassification``. It refreshes an expired access token once before it gives up.
public protocol ProviderHTTP: Sendable {
    /// The provider's good answer to `request`.
    ///
    /// - Throws: ``ProviderError`` for every answer that the manifest classifies as an error and for every failure to get one.
    func send(_ request: ProviderRequest) async throws(ProviderError) -> ProviderResponse
}

/// What a plugin knows while it works for one connection.
public struct ProviderContext: Sendable {
    /// The way to the provider.
    public let http: any ProviderHTTP
    /// The account that the connection is for.
    public let account: Account
    /// The operator's settings of this provider that are not secret.
    public let settings: [String: String]
    /// The time.
    public let now: Timestamp

    /// The account that a connection is for.
    public struct Account: Sendable {
        /// The provider's id of the account; nil while it is not known yet.
        public var id: String?
        /// The account's name as the provider gave it when it was connected; nil while it is not known yet.
        public var name: String?
        /// The variant of the provider, for providers that have variants.
        public var variant: String?
        /// The query parameters of the OAuth callback that the manifest keeps, as a JSON object of strings.
        public var callback: JSONValue = [:]

        /// An account that is not known yet.
        public init() {}
    }

    /// A context.
    public init(http: any ProviderHTTP, account: Account, settings: [String: String] = [:], now: Timestamp) {
        self.http = http
        self.account = account
        self.settings = settings
        self.now = now
    }

    /// Sends `request` and reads the answer as JSON.
    public func json(_ request: ProviderRequest) async throws(ProviderError) -> JSONValue {
        try await http.send(request).json()
    }

    /// Sends `request` and reads the answer as a page of records, which are the elements of the arrays at `path`.
    ///
    /// A record that cannot be read does not stop the others, as ``ProviderResponse/json(recordsAt:)`` says.
    public func json(_ request: ProviderRequest, recordsAt path: ValuePath) async throws(ProviderError) -> JSONValue {
        try await http.send(request).json(recordsAt: path)
    }
}
