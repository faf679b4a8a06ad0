// A grant whose tokens are stored and whose account is not known yet: the provider was asked for tokens, which cannot be done twice,
// and then failed to say whose they are. It is asked again until it does; what can never be finished is revoked.

import ProviderSDK
import Synchronization

/// What is needed to finish an authorization besides its tokens.
struct HeldGrant: Sendable, Equatable {
    /// How long it is tried to finish one.
    static let lifetime = Duration.seconds(86_400)
    /// How long the request that got the tokens has for it.
    static let requestTime = Duration.seconds(30)

    /// What the authorization gave besides its tokens, sealed: providers put other secrets beside them.
    let answer: String
    /// The scopes granted; nil when the answer did not say.
    let scopes: [String]?
    let requestedScopes: [String]
    /// When the grant ends however often it is refreshed.
    let at: Timestamp
    var attempts = 0
    var nextAttemptAt: Timestamp
}

/// Finishes authorizations that were interrupted, and removes connections that never came to be.
final class UnidentifiedGrantReconciler: Reconciler {
    /// Authorizations that are finished at the same time.
    static let concurrentMax = 4

    private let users: UserStore
    private let registry: ProviderRegistry
    private let oauth: OAuthService
    private let refresher: RefreshService
    private let log: Log
    private let running = Mutex<Set<String>>([])

    init(users: UserStore, registry: ProviderRegistry, oauth: OAuthService, refresher: RefreshService, log: Log) {
        self.users = users
        self.registry = registry
        self.oauth = oauth
        self.refresher = refresher
        self.log = log
    }

    func reconcile(_ user: User, at now: Timestamp) async {
        for connection in user.connections where connection.ending == nil {
            guard let held = connection.held, held.nextAttemptAt <= now, let provider = registry[connection.service]
            else { continue }
            let begins = running.withLock { running in
                running.count < Self.concurrentMax && running.insert(connection.id).inserted
            }
            guard begins else { continue }
            Task {
                await self.finish(connection, of: user.id, provider)
                self.running.withLock { _ = $0.remove(connection.id) }
            }
        }
        var pruned = user
        pruned.removeStale(at: now)
        guard pruned.connections.count < user.connections.count else { return }
        do throws(ServiceError) {
            try await users.update(user.id) { (user) throws(ServiceError) in user.removeStale(at: now) }
        } catch {
            log.info("Connections that never came to be could not be removed.", ["error": .text("\(error)")])
        }
    }

    private func finish(_ connection: Connection, of user: String, _ provider: ConfiguredProvider) async {
        do throws(ServiceError) {
            _ = try await oauth.finish(
                connection.id, of: user, provider,
                credentials: refresher.source(user: user, connection: connection.id, provider: provider))
        } catch {
            // It is recorded with the connection and due again later.
            log.info(
                "An authorization could not be finished.",
                ["connectionId": .text(connection.id), "error": .text("\(error)")])
        }
    }
}
