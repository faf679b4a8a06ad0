// The users that have a connection to an account of a provider that sends webhooks. Built from the users' documents
// at the start and updated with each change. It may list a user too many, never one too few, so callers check the
// user's own document. Removed connections stay in it until the next start.

package import ConnectionModel
import Cryptography
package import Observability
package import Primitives
import ProviderSDK
import Synchronization

/// An account of a provider, compared byte for byte.
package struct AccountKey: Hashable, Sendable {
    private let digest: EventDigest

    package init(service: String, variant: String?, accountID: String) {
        var name = ""
        for part in [service, variant ?? "", accountID] { name += "\(part.utf8.count):\(part)" }
        digest = EventDigest(provider: "account", eventID: name)
    }
}

/// An index from accounts to users.
///
/// It takes about 60 bytes for each connection to a provider with webhooks.
package final class AccountIndex: Sendable {
    private enum Owners {
        case one(String)
        case several([String])
    }

    private struct State {
        var owners: [AccountKey: Owners] = [:]
        var isComplete = false
    }

    private let users: UserStore
    /// The providers that send webhooks.
    private let services: Set<String>
    private let time: TimeSource
    private let log: Log
    private let state = Mutex(State())

    package init(_ users: UserStore, services: Set<String>, time: TimeSource, log: Log) {
        self.users = users
        self.services = services
        self.time = time
        self.log = log
        if !services.isEmpty { users.changes.observe { [weak self] user in self?.add(user) } }
    }

    /// Whether the index includes every user.
    var isComplete: Bool { state.withLock { $0.isComplete } }

    /// Returns whether the index includes the accounts of a provider.
    func covers(_ service: String) -> Bool { services.contains(service) }

    /// Adds the accounts of every user.
    ///
    /// O(users).
    package func read() async {
        while !services.isEmpty, !Task.isCancelled {
            do {
                try await walk()
                break
            } catch {
                log.warning("Could not read the users' accounts.", ["error": .text("\(error)")])
            }
            try? await time.sleep(for: .seconds(5))
        }
        if !Task.isCancelled { state.withLock { $0.isComplete = true } }
    }

    private func walk() async throws(ServiceError) {
        var position: UserStore.ListPosition?
        repeat {
            let page = try await users.userIDs(after: position)
            for id in page.ids {
                guard !Task.isCancelled else { return }
                do {
                    if let stored = try await users.stored(id) { add(stored.user) }
                } catch {
                    guard case .internalFault = error else { throw error }
                    // A document that cannot be read has no connections to sync.
                    log.warning("Could not read a user.", ["error": .text("\(error)")])
                }
            }
            position = page.next
        } while position != nil
    }

    /// Returns the users that may have a connection to an account.
    package func users(of key: AccountKey) -> [String] {
        state.withLock { state in
            switch state.owners[key] {
            case .one(let user): [user]
            case .several(let users): users
            case nil: []
            }
        }
    }

    /// Adds the accounts of a user.
    package func add(_ user: User) {
        for connection in user.connections where services.contains(connection.service) {
            guard let accountID = connection.accountID else { continue }
            let key = AccountKey(service: connection.service, variant: connection.variant, accountID: accountID)
            state.withLock { state in
                switch state.owners[key] {
                case nil: state.owners[key] = .one(user.id)
                case .one(let owner):
                    if !owner.utf8.elementsEqual(user.id.utf8) { state.owners[key] = .several([owner, user.id]) }
                case .several(let owners):
                    guard !owners.contains(where: { $0.utf8.elementsEqual(user.id.utf8) }) else { return }
                    state.owners[key] = .several(owners + [user.id])
                }
            }
        }
    }
}
