// Seals and opens credentials with AES-256-GCM, bound to user, connection and field. No other code turns a stored credential into a
// usable one.

package import ConnectionModel
package import Cryptography
import ProviderSDK

/// Whether the stored credential of a connection can be used.
package enum CredentialState: Sendable, Equatable {
    /// No credential is stored.
    case none
    /// The credential can be opened.
    case good
    /// The credential was sealed with a key that is missing from the key ring.
    case keyMissing(id: String)
    /// The credential was changed, or belongs to another place.
    case damaged
}

/// A vault that seals and opens the secrets of connections.
package struct CredentialVault: Sendable {
    private let keys: any KeySource

    package init(_ keys: any KeySource) { self.keys = keys }

    private var sealer: Sealer { keys.sealer }

    /// Returns `secret` in the sealed form that is stored.
    package func seal(_ secret: Secret, user: String, connection: String, field: String) throws(ServiceError) -> String
    {
        do {
            return try sealer.seal(
                secret.value, for: SealingContext(userID: user, connectionID: connection, field: field))
        } catch {
            throw .internalFault("\(error)")
        }
    }

    /// Returns the secret that was sealed for exactly this place.
    package func open(_ sealed: String, user: String, connection: String, field: String) throws(ServiceError) -> Secret
    {
        do {
            let bytes = try sealer.open(
                sealed, for: SealingContext(userID: user, connectionID: connection, field: field))
            return Secret(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw .internalFault("\(error)")
        }
    }

    /// Whether a sealed text was made with a retired key.
    package func needsResealing(_ sealed: String) -> Bool { (try? sealer.needsResealing(sealed)) ?? false }

    /// The reason why a sealed text cannot be opened; nil when it can.
    package func problem(of sealed: String, user: String, connection: String, field: String) -> CryptographyError? {
        let context = SealingContext(userID: user, connectionID: connection, field: field)
        do {
            _ = try sealer.open(sealed, for: context)
            return nil
        } catch {
            return error
        }
    }

    package func accessToken(of connection: Connection, user: String) throws(ServiceError) -> Secret? {
        try connection.credentials.accessToken.map { (sealed) throws(ServiceError) in
            try open(sealed, user: user, connection: connection.id, field: "accessToken")
        }
    }

    package func refreshToken(of connection: Connection, user: String) throws(ServiceError) -> Secret? {
        try connection.credentials.refreshToken.map { (sealed) throws(ServiceError) in
            try open(sealed, user: user, connection: connection.id, field: "refreshToken")
        }
    }

    /// Whether the stored credential of a connection can be opened, and if not, why.
    package func state(of connection: Connection, user: String) -> CredentialState {
        guard !connection.credentials.isEmpty else { return .none }
        for (field, text) in connection.credentials.sealedTexts {
            switch problem(of: text, user: user, connection: connection.id, field: field) {
            case nil: continue
            case .keyUnknown(let id): return .keyMissing(id: id)
            default: return .damaged
            }
        }
        return .good
    }
}
