// The data types that a connection can use, by its scopes.

package import ConnectionModel
import ProviderSDK

extension ConfiguredProvider {
    /// The data types that the connection's granted scopes let it sync.
    package func grantedDataTypes(of connection: Connection) -> [String] {
        dataTypes(connection.variant).filter { type in
            scopes(connection.variant).missing(type.scopes, granted: connection.grantedScopes).isEmpty
        }.map(\.name)
    }
}
