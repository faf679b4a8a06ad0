// The stored list of the users of one account. A user is added before the connection is stored, so it may contain too many users,
// never too few.

import ConnectionModel
import ProviderSDK
import Users

/// The users who have connected an account, or are about to connect it.
struct AccountUserList: StoredValue {
    struct Entry: Sendable {
        let user: String
        /// When the user started to connect the account.
        let at: Timestamp

        func isOf(_ user: String) -> Bool { self.user.utf8.elementsEqual(user.utf8) }
    }

    var entries: [Entry] = []

    init() {}

    init(document: [UInt8]) throws(ServiceError) {
        guard let value = try? JSONValue.parse(document), let stored = value["users"]?.array else {
            throw .internalFault("The stored list of an account's users cannot be read.")
        }
        entries = stored.compactMap { entry in
            entry["userId"]?.string.map { Entry(user: $0, at: entry.moment("at") ?? .epoch) }
        }
    }

    var document: [UInt8] {
        var writer = JSONWriter(capacity: 64 * (entries.count + 1))
        writer.object { writer in
            writer.key("users")
            writer.array(of: entries) { entry, writer in
                writer.object { writer in
                    writer.member("userId", entry.user)
                    writer.moment("at", entry.at)
                }
            }
        }
        return writer.bytes
    }
}
