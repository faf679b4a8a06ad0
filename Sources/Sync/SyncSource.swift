// Identifies what a sync reads with: a plugin and a grant. Pages that were read with others belong to a different
// reading, even within the same sync. Pure.

import ConnectionModel
import Cryptography
import ProviderSDK
import Providers

enum SyncSource {
    /// Returns 32 hex digits that identify what `connection` is read with.
    ///
    /// They stay the same while plugin, account and grant do.
    static func digest(_ provider: ConfiguredProvider, _ connection: Connection) -> String {
        let parts =
            [
                provider.id, provider.manifest.version, provider.digest, "\(SDKVersion.compiled)",
                connection.accountID ?? "", "\(connection.grant.number)",
            ] + connection.grantedScopes.sorted()
        return String("\(SHA256.digest(parts.joined(separator: "\n")))".prefix(32))
    }
}
