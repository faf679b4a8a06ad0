// Connects an account with the API key that a user gives: the key is tried first. Does not depend on HTTP.

import ConnectionModel
import Cryptography
import Observability
import ProviderSDK
import Providers
import Users

extension ConnectionService {
    /// Connects an account with a key that the provider accepts.
    ///
    /// A user has one connection to an account: a later key for the same account replaces the earlier one.
    ///
    /// - Throws: ``ServiceError/invalid(field:message:)`` for a key that the provider refuses, and ``ServiceError/provider(_:)`` when the
    ///   provider cannot be asked. Nothing is stored then.
    func connect(
        with key: Secret, _ provider: ConfiguredProvider, variant: String?, _ permissions: [String],
        for principal: Principal
    ) async throws(ServiceError) -> String {
        let account: AccountIdentity?
        do { account = try await identify(key, provider, variant: variant) } catch {
            guard error.refusesKey else { throw .provider(error) }
            throw .invalid(
                field: "apiKey", message: "\(provider.manifest.name) does not accept this API key: \(error.message)")
        }
        let random: String
        do { random = try SecureRandom.base62(22) } catch { throw .internalFault("\(error)") }
        let (now, vault) = (time.now, vault)
        return try await users.update(principal.userID) { (user) throws(ServiceError) -> String in
            let earlier = account.flatMap { account in
                user.connections.first {
                    $0.disconnection == nil && $0.isOf(provider.id, variant, accountID: account.id)
                }
            }
            let id: String
            if let earlier {
                id = earlier.id
            } else {
                id = try user.add(
                    service: provider.id, variant: variant, status: .connected,
                    shard: UserStore.shard(of: user.id), random: random, at: now)
            }
            let sealed = try vault.seal(key, user: user.id, connection: id, field: "accessToken")
            try user.update(id) { (connection) throws(ServiceError) in
                try connection.keyAccepted(sealed, of: account, permissions: permissions, at: now)
            }
            return id
        }
    }

    /// Returns the account of a key; nil for a provider that does not tell whose account it is, and accepts the key.
    private func identify(
        _ key: Secret, _ provider: ConfiguredProvider, variant: String?
    ) async throws(ProviderError) -> AccountIdentity? {
        var account = ProviderContext.Account()
        account.variant = variant
        let wait = RateLimitWait(share: "", waitMax: ProviderLimits.interactiveWaitMax)
        let session = ProviderSession(gateway, provider, account: account, credentials: GivenKey(key: key), wait: wait)
        do {
            return try await session.identity(of: TokenGrant(response: [:], claims: [:], callback: [:]))
        } catch {
            // Without a status no answer was wrong: the provider has no such request. Reading a page shows whether the key is good.
            guard error.kind == .permanent, error.status == nil, error.code == nil else {
                throw error.shown(without: [key.value])
            }
        }
        guard let dataType = provider.dataTypes(variant).first else { return nil }
        do { _ = try await session.page(PageRequest(dataType: dataType.name, cursor: nil, since: nil)) } catch {
            throw error.shown(without: [key.value])
        }
        return nil
    }
}

/// A key that is tried and not stored yet.
private struct GivenKey: CredentialSource {
    let key: Secret

    func accessToken() async throws(ProviderError) -> Secret { key }
    func replacement(for rejected: Secret) async throws(ProviderError) -> Secret? { nil }
}

extension ProviderError {
    /// Whether the provider answered that it does not take the key.
    fileprivate var refusesKey: Bool {
        switch kind {
        case .authExpired, .authRevoked, .scopeMissing: true
        case .permanent: status.map { 400...499 ~= $0 } ?? false
        default: false
        }
    }
}
