// The bodies of /api/v1/users, without an envelope.

import HTTPServer
import ProviderSDK
import Providers
import Requests

enum V1UsersRendering {
    /// Renders one member per variant: the user's account there, or null.
    static func accounts(
        _ accounts: [(variant: String, accountID: String?)], _ provider: ConfiguredProvider, userID: String
    ) -> Reply {
        .json { writer in
            for (variant, accountID) in accounts {
                writer.key(variant)
                guard let accountID else {
                    writer.null()
                    continue
                }
                writer.object { writer in
                    writer.key("userID")
                    if let number = number(userID) { writer.value(number) } else { writer.value(userID) }
                    writer.member("accountID", accountID)
                    writer.member("forImportType", "api/\(provider.id)-\(variant)")
                }
            }
        }
    }

    /// Returns the number for a user id in canonical decimal digits; nil when JSON readers would not keep it exactly.
    static func number(_ userID: String) -> Int? {
        let digits = userID.utf8
        guard 1...16 ~= digits.count, digits.allSatisfy({ 0x30...0x39 ~= $0 }),
            digits.count == 1 || digits.first != 0x30
        else { return nil }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return number < 1 << 53 ? number : nil
    }
}
