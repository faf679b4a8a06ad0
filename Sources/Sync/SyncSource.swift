// What a sync reads with: a plugin and a grant. Pages that were read with others belong to another reading, even if the same sync read
// them. Pure.

import ConnectionModel
import Cryptography
import ProviderSDK
import Providers

enum SyncSource {
    /// A name for what `connection` is read with, 32 hex digits: the same while plugin, account and grant are.
    static func digest(_ provider: ConfiguredProvider, _ connection: Connection) -> String {
        let parts =
            [
                provider.id, provider.manifest.version, provider.digest, "\(SDKVersion.compiled)",
                connection.accountID ?? "", "\(connection.grant.number)",
            ] + connection.grantedScopes.sorted()
        return String("\(SHA256.digest(parts.joined(separator: "\n")))".prefix(32))
    }
}
