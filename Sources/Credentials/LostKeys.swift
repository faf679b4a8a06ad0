// What a lost key ring has sealed: counted when a host starts without one, so that no new ring hides the loss.

package import ConnectionModel
package import ProviderSDK
package import Users

/// What is sealed with keys that are lost.
package struct LostKeys: Sendable, Equatable {
    /// The users with sealed secrets.
    package private(set) var users = 0
    /// Their connections with a credential.
    package private(set) var connections = 0
    /// The users whose documents cannot be read.
    package private(set) var unreadableUsers = 0
    /// The ids of the keys.
    package private(set) var keyIDs: Set<String> = []

    /// Whether nothing is sealed.
    package var isEmpty: Bool { users == 0 && unreadableUsers == 0 }

    package init() {}

    /// Counts what is sealed in the documents of all users.
    package init(of users: UserStore, at now: Timestamp) async throws(ServiceError) {
        var position: UserStore.ListPosition?
        repeat {
            let page = try await users.userIDs(after: position)
            for id in page.ids {
                do throws(ServiceError) {
                    if let user = try await users.stored(id)?.user { add(user, at: now) }
                } catch { unreadableUsers += 1 }
            }
            position = page.next
        } while position != nil
    }

    mutating func add(_ user: User, at now: Timestamp) {
        var use = SealedKeyUse()
        use.add(user, at: now)
        guard !use.counts.isEmpty else { return }
        users += 1
        connections += user.connections.count { !$0.credentials.isEmpty }
        keyIDs.formUnion(use.counts.keys)
    }

    /// The counts as a part of a sentence.
    package var counts: String {
        let unread = unreadableUsers == 0 ? "" : ", and \(unreadableUsers) users cannot be read"
        return "\(connections) connections of \(users) users\(unread)"
    }
}
