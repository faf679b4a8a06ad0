// The users of each account, in memory. It may name a user too many; removed connections stay in it until the next start. Pure.

import ConnectionModel
import Users

/// An index from accounts to users.
///
/// It takes about 60 bytes for each connection.
struct AccountIndex: Sendable {
    private enum Owners {
        case one(String)
        case several([String])
    }

    private var owners: [AccountKey: Owners] = [:]
    /// Whether the index includes every user.
    var isComplete = false
    /// Whether a user's document could not be read, so that the user's accounts are missing.
    var lacksUser = false

    /// Returns the users that may have a connection to an account.
    func users(of key: AccountKey) -> [String] {
        switch owners[key] {
        case .one(let user): [user]
        case .several(let users): users
        case nil: []
        }
    }

    /// Adds a user to an account.
    mutating func add(_ user: String, to key: AccountKey) {
        switch owners[key] {
        case nil: owners[key] = .one(user)
        case .one(let owner):
            if !owner.utf8.elementsEqual(user.utf8) { owners[key] = .several([owner, user]) }
        case .several(let others):
            guard !others.contains(where: { $0.utf8.elementsEqual(user.utf8) }) else { return }
            owners[key] = .several(others + [user])
        }
    }
}
