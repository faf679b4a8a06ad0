// Keeps access tokens usable: one refresh per connection at a time, the new pair durable before it is used. Only a definite
// refusal of the grant ends a connection.

import Cryptography
import HTTPClient
import ProviderSDK
import Synchronization

/// Refreshes access tokens.
final class RefreshService: Sendable {
    private let users: UserStore
    private let gateway: ProviderGateway
    private let vault: CredentialVault
    private let log: Log
    private let running = Mutex<[String: Task<Result<Secret, ProviderError>, Never>]>([:])

    init(users: UserStore, gateway: ProviderGateway, vault: CredentialVault, log: Log) {
        self.users = users
        self.gateway = gateway
        self.vault = vault
        self.log = log
    }

    /// Where the tokens of a connection come from.
    func source(user: String, connection: String, provider: ConfiguredProvider) -> any CredentialSource {
        StoredCredential(refresher: self, user: user, connection: connection, provider: provider)
    }

    /// A usable access token: the stored one, or a fresh one when it is about to expire.
    func accessToken(
        user userID: String, connection id: String, provider: ConfiguredProvider
    ) async throws(ProviderError) -> Secret {
        let connection = try await connection(id, user: userID)
        guard let token = try opened({ () throws(ServiceError) in try vault.accessToken(of: connection, user: userID) })
        else { throw ProviderError(.authRevoked, "The connection has no credential: connect it again.") }
        guard let expiresAt = connection.expiresAt, canRefresh(connection, provider) else { return token }
        guard expiresAt.advanced(by: .zero - Self.margin(connection, expiresAt)) <= WallClock.now else { return token }
        do throws(ProviderError) {
            return try await refresh(user: userID, connection: id, provider: provider, replacing: token)
        } catch {
            // A token that has not expired yet is still good when the refresh only failed for now.
            guard error.kind != .authRevoked, expiresAt > WallClock.now else { throw error }
            return token
        }
    }

    /// A token in place of `stale`.
    ///
    /// All callers at the same time share one request.
    func refresh(
        user userID: String, connection id: String, provider: ConfiguredProvider, replacing stale: Secret?
    ) async throws(ProviderError) -> Secret {
        let task = running.withLock { running in
            if let task = running[id] { return task }
            let task = Task<Result<Secret, ProviderError>, Never> {
                let result: Result<Secret, ProviderError>
                do throws(ProviderError) {
                    result = .success(try await self.perform(userID, id, provider, stale: stale))
                    Metrics.refreshesSucceeded.add()
                } catch {
                    Metrics.refreshesFailed.add()
                    result = .failure(error)
                }
                self.running.withLock { $0[id] = nil }
                return result
            }
            running[id] = task
            return task
        }
        return try await task.value.get()
    }

    /// How long before its end a token is refreshed: five minutes, or a tenth of a short life.
    static func margin(_ connection: Connection, _ expiresAt: Timestamp) -> Duration {
        guard let issuedAt = connection.credentials.issuedAt else { return .seconds(300) }
        return min(.seconds(300), expiresAt.duration(since: issuedAt) / 10)
    }

    private func canRefresh(_ connection: Connection, _ provider: ConfiguredProvider) -> Bool {
        switch provider.oauth?.refresh {
        case .refreshToken: connection.credentials.refreshToken != nil
        case .accessToken(let style): connection.credentials.accessToken != nil && !isTooYoung(connection, style)
        default: false
        }
    }

    /// Whether the provider would refuse to renew the token yet.
    private func isTooYoung(_ connection: Connection, _ style: AccessTokenRefresh) -> Bool {
        guard let issuedAt = connection.credentials.issuedAt else { return false }
        return WallClock.now < issuedAt.advanced(by: style.minimumAge)
    }

    private func perform(
        _ userID: String, _ id: String, _ provider: ConfiguredProvider, stale: Secret?
    ) async throws(ProviderError) -> Secret {
        let connection = try await connection(id, user: userID)
        let current = try opened { () throws(ServiceError) in try vault.accessToken(of: connection, user: userID) }
        // Somebody refreshed while this caller was on its way.
        if let current, let stale, current != stale { return current }
        if case .accessToken(let style)? = provider.oauth?.refresh, isTooYoung(connection, style) {
            throw ProviderError(.permanent, "The token is too young to be renewed: it is good until it expires.")
        }
        guard let oauth = provider.oauth, canRefresh(connection, provider) else {
            throw ProviderError(.authRevoked, "The connection cannot be refreshed: connect it again.")
        }
        let request = try request(for: connection, user: userID, provider, oauth)
        do throws(ProviderError) {
            let tokens = try TokenResponse(try await gateway.plain(request), oauth: oauth, now: WallClock.now)
            try await store(tokens, user: userID, connection: id, grant: connection.grant)
            return tokens.accessToken
        } catch {
            await record(error, user: userID, connection: id, grant: connection.grant)
            throw error
        }
    }

    private func request(
        for connection: Connection, user: String, _ provider: ConfiguredProvider, _ oauth: OAuth2
    ) throws(ProviderError) -> HTTPClient.Request {
        guard let clientID = provider.clientID(connection.variant) else {
            throw ProviderError(.misconfigured, "\(provider.manifest.name) is not configured.")
        }
        let requests = TokenRequest(
            oauth: oauth, clientID: clientID, clientSecret: provider.clientSecret(connection.variant),
            settings: provider.publicSettings)
        func url(_ endpoint: String) throws(ProviderError) -> String {
            guard let url = provider.endpoint(endpoint, variant: connection.variant) else {
                throw ProviderError(.misconfigured, "The endpoint “\(endpoint)” is not configured.")
            }
            return url
        }
        switch oauth.refresh {
        case .accessToken(let style):
            guard
                let token = try opened({ () throws(ServiceError) in try vault.accessToken(of: connection, user: user) })
            else { break }
            return requests.hop(
                grantType: style.grantType, tokenParameter: style.tokenParameter, token: token,
                sendsClientSecret: false,
                at: try url(style.endpoint) + style.path)
        case .refreshToken:
            guard
                let token = try opened({ () throws(ServiceError) in try vault.refreshToken(of: connection, user: user) }
                )
            else { break }
            return requests.refresh(token, at: try url("token"))
        default: break
        }
        throw ProviderError(.authRevoked, "The connection cannot be refreshed: connect it again.")
    }

    private func store(
        _ tokens: TokenResponse, user userID: String, connection id: String, grant: Int
    ) async throws(ProviderError) {
        let now = WallClock.now
        let vault = vault
        try await stored { () async throws(ServiceError) in
            try await self.users.update(userID) { (user) throws(ServiceError) in
                try user.update(id) { (connection) throws(ServiceError) in
                    guard connection.grant == grant, !connection.credentials.isEmpty else { throw .notFound }
                    try vault.store(tokens, in: &connection, user: userID, at: now)
                    if connection.status == .expired { connection.status = .connected }
                    if let scopes = tokens.scopes { connection.grantedScopes = scopes }
                    connection.failure = nil
                    connection.updatedAt = now
                }
            }
        }
    }

    /// Keeps what went wrong with the connection; a dead grant makes it expired.
    private func record(_ error: ProviderError, user userID: String, connection id: String, grant: Int) async {
        let now = WallClock.now
        do throws(ServiceError) {
            try await users.update(userID) { (user) throws(ServiceError) in
                try user.update(id) { (connection) throws(ServiceError) in
                    guard connection.grant == grant else { return }
                    connection.failure = ConnectionFailure(operation: "refresh", error, at: now)
                    if error.kind == .authRevoked, connection.status == .connected { connection.status = .expired }
                    connection.updatedAt = now
                }
            }
        } catch {
            log.error(
                "The outcome of a refresh could not be stored.",
                ["connectionId": .text(id), "error": .text("\(error)")])
        }
    }

    private func connection(_ id: String, user: String) async throws(ProviderError) -> Connection {
        let found = try await stored { () async throws(ServiceError) in try await self.users.user(user).connection(id) }
        guard let found else { throw ProviderError(.authRevoked, "The connection does not exist any more.") }
        return found
    }

    private func opened(_ body: () throws(ServiceError) -> Secret?) throws(ProviderError) -> Secret? {
        do throws(ServiceError) { return try body() } catch {
            throw ProviderError(.transient, "The stored credential cannot be opened: check the key ring.")
        }
    }

    private func stored<Value: Sendable>(
        _ body: @Sendable () async throws(ServiceError) -> Value
    ) async throws(ProviderError) -> Value {
        do throws(ServiceError) { return try await body() } catch {
            throw ProviderError(.transient, "The store cannot be reached for now.")
        }
    }
}

/// The credential of a stored connection.
private struct StoredCredential: CredentialSource {
    let refresher: RefreshService
    let user: String
    let connection: String
    let provider: ConfiguredProvider

    func accessToken() async throws(ProviderError) -> Secret {
        try await refresher.accessToken(user: user, connection: connection, provider: provider)
    }

    func replacement(for rejected: Secret) async throws(ProviderError) -> Secret? {
        try await refresher.refresh(user: user, connection: connection, provider: provider, replacing: rejected)
    }
}

/// A credential that is replaced a bounded number of times: a provider that rejects every fresh token must not be asked for one
/// page after page.
final class BoundedCredential: CredentialSource {
    private let source: any CredentialSource
    private let left: Mutex<Int>

    /// `source` with at most `replacementsMax` replacements.
    init(_ source: any CredentialSource, replacementsMax: Int) {
        self.source = source
        left = Mutex(replacementsMax)
    }

    func accessToken() async throws(ProviderError) -> Secret { try await source.accessToken() }

    func replacement(for rejected: Secret) async throws(ProviderError) -> Secret? {
        let isAllowed = left.withLock { left in
            guard left > 0 else { return false }
            left -= 1
            return true
        }
        return isAllowed ? try await source.replacement(for: rejected) : nil
    }
}
