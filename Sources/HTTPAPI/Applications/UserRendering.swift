// Users and their connections as JSON, the same for the routes and the commands.

import ConnectionModel
package import Connections
package import ProviderSDK
import Users

package enum UserRendering {
    /// Writes a user of a list.
    package static func entry(_ entry: UserDirectory.Entry, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", entry.id)
            writer.member(
                "connections", entry.user.map { .number(JSONNumber(Int64($0.connections.count))) } ?? .null)
            writer.member("services", Set(entry.user?.connections.map(\.service) ?? []).sorted())
            writer.member("hasExternalAccount", entry.user?.externalAccount != nil)
        }
    }

    /// Writes a user.
    package static func user(_ user: UserDirectory.Detail, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", user.id)
            writer.key("connections")
            writer.array(of: user.connections) { connection($0, withUser: false, to: &$1) }
            writer.key("externalAccounts")
            writer.array { writer in
                if let account = user.externalAccount { self.account(account, to: &writer) }
            }
        }
    }

    /// Writes a connection of a list.
    package static func connection(
        _ entry: UserDirectory.ListedConnection, withUser: Bool, to writer: inout JSONWriter
    ) {
        let connection = entry.connection
        writer.object { writer in
            if withUser { writer.member("userId", entry.userID) }
            writer.member("id", connection.id)
            writer.member("service", connection.service)
            writer.member("serviceName", entry.serviceName)
            writer.member("variant", connection.variant)
            writer.member("accountName", connection.accountName)
            writer.member("status", connection.status.rawValue)
            writer.member("class", entry.kind.rawValue)
            writer.member("connectedAt", connection.connectedAt?.description)
            writer.member("lastSyncAt", connection.lastSyncAt?.description)
            writer.member("expiresAt", connection.expiresAt?.description)
        }
    }

    private static func account(_ account: ExternalAccount, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("provider", account.provider)
            writer.member("accountId", account.accountID)
            writer.member("linkedAt", account.linkedAt.description)
            writer.member("inDiscord", account.isMember)
            writer.member("archived", account.isArchived)
            writer.member("joinedAt", account.joinedAt)
            writer.member("attributes", account.attributes)
        }
    }

    /// Writes what was erased of a user.
    package static func erased(_ outcome: UserErasure.Outcome, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("connections", outcome.connections)
            writer.member("apiKeys", outcome.apiKeys)
            writer.key("revocations")
            writer.object { writer in
                for answer in RevocationOutcome.allCases where answer != .pending {
                    writer.member(answer.rawValue, outcome.revocations[answer] ?? 0)
                }
            }
        }
    }
}
