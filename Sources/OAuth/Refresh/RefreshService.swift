// Keeps access tokens usable, with one refresh per connection at a time. The intent is durable before the request, and the
// new pair before it is used. RefreshAnswer interprets failures; RefreshState decides what follows.

import Background
package import ConnectionModel
import Cryptography
import HTTPClient
package import Observability
package import Primitives
package import ProviderSDK
package import Providers
import Synchronization
package import Users

/// Refreshes access tokens.
package final class RefreshService: GrantRefreshing, ConnectionCredentials {
    private let users: UserStore
    private let gateway: ProviderGateway
    private let vault: CredentialVault
    private let time: TimeSource
    private let log: Log
    /// Revokes a pair of tokens that came after its connection lost its grant; nil where revoking is not possible.
    private let revokesOrphan: (@Sendable (_ orphan: Connection, _ user: String) async throws -> RevocationOutcome)?
    private let breakers = CircuitBreakers()
    private let running = Mutex<[String: Task<Result<Secret, ProviderError>, Never>]>([:])

    package init(
        users: UserStore, gateway: ProviderGateway, vault: CredentialVault, time: TimeSource, log: Log,
        revokesOrphan: (@Sendable (_ orphan: Connection, _ user: String) async throws -> RevocationOutcome)? = nil
    ) {
        self.users = users
        self.gateway = gateway
        self.vault = vault
        self.time = time
        self.log = log
        self.revokesOrphan = revokesOrphan
    }

    /// Returns the source of a connection's tokens.
    ///
    /// - Parameter grant: the only grant whose tokens are returned; nil for any. Work that began with one grant must not
    ///   continue with the next, which may be for another account.
    package func source(
        user: String, connection: String, provider: ConfiguredProvider, grant: Int? = nil
    ) -> any CredentialSource {
        StoredCredential(refresher: self, user: user, connection: connection, provider: provider, grant: grant)
    }

    /// - Throws: a transient ``ProviderError`` when the connection has another grant than this one.
    fileprivate func checkGrant(_ grant: Int?, of id: String, user: String) async throws(ProviderError) {
        guard let grant else { return }
        try Self.checkGrant(grant, of: try await connection(id, user: user))
    }

    /// Whether the tokens of a connection can be replaced.
    fileprivate func canRefresh(
        _ id: String, of user: String, _ provider: ConfiguredProvider
    ) async throws(ProviderError) -> Bool {
        let connection = try await connection(id, user: user)
        return provider.oauth(connection.variant).map { RefreshSchedule.canRefresh(connection, $0) } ?? false
    }

    private static func checkGrant(_ grant: Int?, of connection: Connection) throws(ProviderError) {
        guard let grant, connection.grant.number != grant else { return }
        throw ProviderError(.transient, "The connection was connected again meanwhile.")
    }

    /// Returns a usable access token: the stored one, or a fresh one when it is about to expire.
    ///
    /// - Parameter grant: the only grant whose token is returned; nil for any.
    package func accessToken(
        user userID: String, connection id: String, provider: ConfiguredProvider, grant: Int? = nil
    ) async throws(ProviderError) -> Secret {
        let connection = try await connection(id, user: userID)
        // Grant numbers only grow, so a good token of this look-up belongs to this grant.
        try Self.checkGrant(grant, of: connection)
        guard let token = try opened({ () throws(ServiceError) in try vault.accessToken(of: connection, user: userID) })
        else { throw ProviderError(.authRevoked, "The connection has no credential: connect it again.") }
        let now = time.now
        guard let oauth = provider.oauth(connection.variant), connection.status == .connected,
            connection.disconnection == nil, let dueAt = RefreshSchedule.dueAt(connection, oauth), dueAt <= now
        else { return token }
        let isGood = connection.expiresAt.map { $0 > now } ?? true
        // While the token is good, callers do not wait for a provider that failed a moment ago.
        if isGood, connection.refresh.wait(at: now) != nil { return token }
        let usable: Secret
        do {
            usable = try await refresh(user: userID, connection: id, provider: provider, replacing: token)
        } catch {
            // A token that has not expired yet is still good when the refresh only failed for now.
            guard error.kind != .authRevoked, connection.expiresAt.map({ $0 > time.now }) ?? true else {
                throw error
            }
            usable = token
        }
        try await checkGrant(grant, of: id, user: userID)
        return usable
    }

    /// Returns a token in place of `stale`.
    ///
    /// All callers at the same time share one request. A provider that failed is asked again only after a pause, which is stored.
    ///
    /// - Parameter stale: the token that is no longer good; nil when a person asks, who does not wait for the pause to end.
    package func refresh(
        user userID: String, connection id: String, provider: ConfiguredProvider, replacing stale: Secret?
    ) async throws(ProviderError) -> Secret {
        try await shared(userID, id, provider, replacing: stale, unlessPaused: false)
    }

    /// Joins the request of a connection, or begins one.
    ///
    /// - Parameter waits: whether a connection whose pause is not over is left alone.
    private func shared(
        _ userID: String, _ id: String, _ provider: ConfiguredProvider, replacing stale: Secret?,
        unlessPaused waits: Bool
    ) async throws(ProviderError) -> Secret {
        let task = running.withLock { running in
            if let task = running[id] { return task }
            let task = Task<Result<Secret, ProviderError>, Never> {
                let result: Result<Secret, ProviderError>
                do throws(ProviderError) {
                    result = .success(try await self.perform(userID, id, provider, stale: stale, unlessPaused: waits))
                } catch {
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

    /// The error that callers get when the host's own store fails.
    private static let storeUnavailable = ProviderError(.transient, "The store cannot be read or written for now.")

    /// Replaces the access token on request, regardless of pauses and of when the token ends.
    ///
    /// - Throws: ``ServiceError/provider(_:)``, or ``ServiceError/unavailable(_:retryAfterSeconds:)`` for the host's own store.
    package func refreshAtOnce(
        user userID: String, connection id: String, provider: ConfiguredProvider
    ) async throws(ServiceError) {
        do {
            _ = try await refresh(user: userID, connection: id, provider: provider, replacing: nil)
        } catch {
            guard error != Self.storeUnavailable else { throw .unavailable(error.message, retryAfterSeconds: 5) }
            throw .provider(error)
        }
    }

    /// Replaces a token that is due, or asks again about a grant that the provider called dead.
    ///
    /// The outcome is recorded with the connection.
    func renew(user: String, connection id: String, provider: ConfiguredProvider) async {
        let isDoubted = (try? await users.user(user).connection(id))?.refresh.isDoubted ?? false
        if isDoubted {
            // Another attempt may end, and begin a longer pause, before this one begins.
            _ = try? await shared(user, id, provider, replacing: nil, unlessPaused: true)
        } else {
            _ = try? await accessToken(user: user, connection: id, provider: provider)
        }
    }

    /// Waits for the requests under way; each of them has its own time limit.
    package func settle() async {
        for task in running.withLock({ Array($0.values) }) { _ = await task.value }
    }

    /// Waits for the request of one connection, if there is one, for at most `longest`.
    package func settle(connection id: String, longest: Duration) async {
        guard let task = running.withLock({ $0[id] }) else { return }
        let ended = OneTimeEvent()
        Task {
            _ = await task.value
            ended.signal()
        }
        await ended.wait(atMost: longest, time)
    }

    private func perform(
        _ userID: String, _ id: String, _ provider: ConfiguredProvider, stale: Secret?, unlessPaused waits: Bool
    ) async throws(ProviderError) -> Secret {
        let connection = try await connection(id, user: userID)
        let current = try opened { () throws(ServiceError) in try vault.accessToken(of: connection, user: userID) }
        // Another caller refreshed the token meanwhile.
        if let current, let stale, current != stale { return current }
        guard let oauth = provider.oauth(connection.variant), RefreshSchedule.canRefresh(connection, oauth) else {
            throw ProviderError(.authRevoked, "The connection cannot be refreshed: connect it again.")
        }
        if RefreshSchedule.isTooYoung(connection, oauth, at: time.now) {
            throw ProviderError(.permanent, "The token cannot be renewed yet; it stays valid until it expires.")
        }
        if stale != nil { try checkMayAsk(connection, provider) }
        if waits, connection.refresh.wait(at: time.now) != nil {
            throw ProviderError(.transient, "The provider refused a moment ago; the host asks again later.")
        }
        do { return try await attempt(connection, of: userID, provider, oauth) } catch {
            guard error.kind == .authRevoked, let again = await afterFirstRefusal(id, of: userID) else { throw error }
            return try await attempt(again, of: userID, provider, oauth)
        }
    }

    /// Waits a moment when the provider has called the grant dead for the first time, because it may say so in passing.
    ///
    /// - Returns: the connection, to be tried again; nil when there is nothing to try, or only later.
    private func afterFirstRefusal(_ id: String, of userID: String) async -> Connection? {
        guard let refused = try? await users.user(userID).connection(id), refused.refresh.refusals == 1,
            let wait = refused.refresh.wait(at: time.now), wait <= Self.refusalWaitMax,
            (try? await time.sleep(for: wait)) != nil
        else { return nil }
        return try? await users.user(userID).connection(id)
    }

    /// How long a request waits before it asks a second time about a grant that the provider called dead.
    private static let refusalWaitMax = Duration.seconds(5)

    /// Sends one token request and records its outcome.
    private func attempt(
        _ connection: Connection, of userID: String, _ provider: ConfiguredProvider, _ oauth: OAuth2
    ) async throws(ProviderError) -> Secret {
        let begun = try await begin(connection, user: userID)
        let result: Result<TokenResponse, RefreshFailure>
        do { result = .success(try await ask(begun, user: userID, provider, oauth)) } catch {
            result = .failure(error)
        }
        let now = time.now
        switch result {
        case .success(let tokens):
            breakers.observe(nil, provider.id, connection.variant, at: now)
            try await store(tokens, of: begun, user: userID)
            Metrics.refreshesSucceeded.add()
            return tokens.accessToken
        case .failure(let failure):
            breakers.observe(failure, provider.id, connection.variant, at: now)
            Metrics.refreshesFailed.add()
            await record(failure, of: begun, user: userID)
            throw failure.forCallers
        }
    }

    /// Refuses a request that cannot help now: the grant has ended, or the pause after a failure is not over.
    private func checkMayAsk(_ connection: Connection, _ provider: ConfiguredProvider) throws(ProviderError) {
        guard connection.status != .expired, connection.status != .revoked else {
            throw ProviderError(.authRevoked, "The grant has ended: connect it again.")
        }
        let now = time.now
        let own = connection.refresh.wait(at: now)
        guard let wait = own ?? breakers.admit(provider.id, connection.variant, at: now) else { return }
        switch own == nil ? .transient : connection.refresh.lastFailure {
        case .rateLimited:
            throw ProviderError(.rateLimited(after: wait), "The provider limits token requests.")
        case .scopeLost, .misconfigured:
            throw ProviderError(
                .misconfigured, connection.failure?.message ?? "The provider refuses this application.",
                code: connection.failure?.code)
        default:
            throw ProviderError(
                .transient, "The provider's token endpoint failed a moment ago; retry soon.")
        }
    }

    // MARK: The three steps

    /// Makes the intent durable; the request uses the connection as it was at that moment.
    private func begin(_ connection: Connection, user userID: String) async throws(ProviderError) -> Connection {
        let now = time.now
        let begun = try await stored { () async throws(ServiceError) in
            try await self.users.update(userID) { (user) throws(ServiceError) -> Connection? in
                try user.update(connection.id) { (stored) throws(ServiceError) -> Connection? in
                    // The same pair of tokens, even if a key rotation has sealed it again meanwhile.
                    guard stored.grant.number == connection.grant.number, !stored.credentials.isEmpty,
                        stored.refresh.generation == connection.refresh.generation, stored.disconnection == nil
                    else { return nil }
                    stored.refreshBegan(at: now)
                    return stored
                }
            }
        }
        guard let begun else {
            throw ProviderError(.transient, "The connection was changed before its token could be refreshed.")
        }
        return begun
    }

    private func ask(
        _ connection: Connection, user: String, _ provider: ConfiguredProvider, _ oauth: OAuth2
    ) async throws(RefreshFailure) -> TokenResponse {
        let request: HTTPClient.Request
        var secrets: [String] = []
        do {
            request = try self.request(for: connection, user: user, provider, oauth)
            let tokens = [
                try opened { () throws(ServiceError) in try vault.accessToken(of: connection, user: user) },
                try opened { () throws(ServiceError) in try vault.refreshToken(of: connection, user: user) },
                provider.clientSecret(connection.variant),
            ]
            secrets = request.credentials() + tokens.compactMap { $0?.value }
        } catch {
            // Nothing was sent.
            throw RefreshFailure(error.kind == .misconfigured ? .misconfigured : .transient, error)
        }
        let response: ProviderResponse
        do { response = try await gateway.answer(request) } catch {
            throw RefreshFailure(error)
        }
        return try TokenResponse.refreshed(response, oauth: oauth, secrets: secrets, now: time.now)
    }

    /// Makes the new pair durable.
    ///
    /// The provider has already replaced the old pair, so a store that cannot be written is retried for some time.
    private func store(
        _ tokens: TokenResponse, of begun: Connection, user userID: String
    ) async throws(ProviderError) {
        for pause in [Duration.milliseconds(50), .milliseconds(500), .seconds(2), .seconds(5), nil] {
            let isStored: Bool
            do { isStored = try await storeOnce(tokens, of: begun, user: userID) } catch {
                switch error {
                case .notFound, .conflict:
                    await discard(tokens, of: begun, user: userID)
                    throw ProviderError(.authRevoked, "The connection was ended while its token was refreshed.")
                case .unavailable where pause != nil: break
                default:
                    log.error(
                        "A new pair of tokens could not be stored.",
                        ["connectionId": .text(begun.id), "error": .text("\(error)")])
                    throw Self.storeUnavailable
                }
                if let pause { try? await time.sleep(for: pause) }
                continue
            }
            guard isStored else {
                throw ProviderError(.transient, "The token was refreshed by another request meanwhile.")
            }
            return
        }
    }

    /// Stores a new pair, unless another request has replaced the pair that the refresh began with.
    ///
    /// - Returns: whether the pair was stored.
    private func storeOnce(
        _ tokens: TokenResponse, of begun: Connection, user userID: String
    ) async throws(ServiceError) -> Bool {
        let (now, vault) = (time.now, vault)
        return try await users.update(userID) { (user) throws(ServiceError) -> Bool in
            try user.update(begun.id) { (connection) throws(ServiceError) -> Bool in
                guard connection.grant.number == begun.grant.number, !connection.credentials.isEmpty else {
                    throw .notFound
                }
                guard connection.refresh.generation == begun.refresh.generation else { return false }
                try connection.refreshed(
                    try vault.sealed(tokens, user: userID, connection: connection.id), at: now)
                return true
            }
        }
    }

    /// Revokes a pair that came after its connection was ended, so that no usable grant is left behind.
    ///
    /// A connection that was connected again keeps its new grant, which revoking the old one might end too.
    private func discard(_ tokens: TokenResponse, of begun: Connection, user userID: String) async {
        guard let revokesOrphan, let user = try? await users.user(userID),
            user.connection(begun.id)?.credentials.isEmpty ?? true
        else { return }
        guard let sealed = try? vault.sealed(tokens, user: userID, connection: begun.id) else { return }
        let (orphan, now) = (begun.carrying(sealed, at: time.now), time.now)
        let outcome = (try? await revokesOrphan(orphan, userID)) ?? .failed
        if outcome == .pending {
            let ticket = RevocationTicket(orphan, at: now)
            _ = try? await users.update(userID) { (user) throws(ServiceError) in user.revocationOwed(ticket) }
        }
        Metrics.revocations[outcome]?.add()
        log.info(
            "A pair of tokens came after its connection was ended.",
            [
                "connectionId": .text(begun.id), "service": .text(begun.service),
                "revocation": .text(outcome.rawValue),
            ])
    }

    /// Records the failure with the connection; a dead grant makes the connection expired.
    private func record(_ failure: RefreshFailure, of begun: Connection, user userID: String) async {
        let now = time.now
        do {
            try await users.update(userID) { (user) throws(ServiceError) in
                // A failure says nothing about a pair that was stored since.
                try user.update(
                    begun.id,
                    where: {
                        $0.grant.number == begun.grant.number
                            && $0.refresh.generation == begun.refresh.generation
                    }
                ) {
                    (connection) throws(ServiceError) in try connection.refreshFailed(failure, at: now)
                }
            }
        } catch {
            log.error(
                "The outcome of a refresh could not be stored.",
                ["connectionId": .text(begun.id), "error": .text("\(error)")])
        }
        log.warning(
            "A token was not refreshed.",
            [
                "connectionId": .text(begun.id), "service": .text(begun.service),
                "class": .text(failure.reason.rawValue), "error": .text(failure.error.code ?? failure.error.message),
            ])
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

    private func connection(_ id: String, user: String) async throws(ProviderError) -> Connection {
        let found = try await stored { () async throws(ServiceError) in try await self.users.user(user).connection(id) }
        guard let found else { throw ProviderError(.authRevoked, "The connection does not exist any more.") }
        return found
    }

    private func opened(_ body: () throws(ServiceError) -> Secret?) throws(ProviderError) -> Secret? {
        do { return try body() } catch {
            throw ProviderError(.transient, "The stored credential cannot be opened: check the key ring.")
        }
    }

    private func stored<Value: Sendable>(
        _ body: @Sendable () async throws(ServiceError) -> Value
    ) async throws(ProviderError) -> Value {
        do { return try await body() } catch {
            throw RefreshService.storeUnavailable
        }
    }
}

/// The credential of a stored connection.
private struct StoredCredential: CredentialSource {
    let refresher: RefreshService
    let user: String
    let connection: String
    let provider: ConfiguredProvider
    let grant: Int?

    func accessToken() async throws(ProviderError) -> Secret {
        try await refresher.accessToken(user: user, connection: connection, provider: provider, grant: grant)
    }

    func replacement(for rejected: Secret) async throws(ProviderError) -> Secret? {
        try await refresher.checkGrant(grant, of: connection, user: user)
        guard try await refresher.canRefresh(connection, of: user, provider) else { return nil }
        let token = try await refresher.refresh(
            user: user, connection: connection, provider: provider, replacing: rejected)
        try await refresher.checkGrant(grant, of: connection, user: user)
        return token
    }
}
