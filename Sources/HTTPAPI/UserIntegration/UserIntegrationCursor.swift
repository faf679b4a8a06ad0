// The cursor of a superuser's list of all integrations: the number of the last connection and the id of its user.

import Cryptography
import Sessions
import Users

enum UserIntegrationCursor {
    /// The longest cursor, in bytes.
    static let bytesMax = (SessionLimits.userIDBytesMax + 20) * 4 / 3 + 4

    static func text(_ position: UserStore.ConnectionPosition) -> String {
        Base64URL.encode(Array("\(position.number) \(position.userID)".utf8))
    }

    static func position(_ text: String) -> UserStore.ConnectionPosition? {
        guard text.utf8.count <= bytesMax, let bytes = try? Base64URL.decode(text) else { return nil }
        let parts = bytes.split(separator: 0x20, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(String(decoding: parts[0], as: UTF8.self)), number >= 0,
            let userID = String(validating: parts[1], as: UTF8.self), UserID.isValid(userID)
        else { return nil }
        return UserStore.ConnectionPosition(userID: userID, number: number)
    }
}
