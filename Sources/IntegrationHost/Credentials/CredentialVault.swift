// Seals and opens credentials: AES-256-GCM, bound to user, connection and field. The only code that turns a stored credential
// into a usable one.

import Cryptography
import ProviderSDK

/// Seals and opens the secrets of connections.
struct CredentialVault: Sendable {
    private let keys: HostKeys

    init(_ keys: HostKeys) { self.keys = keys }

    private var sealer: Sealer { keys.sealer }

    /// `secret` in the sealed form that is stored.
    func seal(_ secret: Secret, user: String, connection: String, field: String) throws(ServiceError) -> String {
        do {
            return try sealer.seal(
                secret.value, for: SealingContext(userID: user, connectionID: connection, field: field))
        } catch {
            throw .internalFault("\(error)")
        }
    }

    /// The secret that was sealed for exactly this place.
    func open(_ sealed: String, user: String, connection: String, field: String) throws(ServiceError) -> Secret {
        do {
            let bytes = try sealer.open(
                sealed, for: SealingContext(userID: user, connectionID: connection, field: field))
            return Secret(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw .internalFault("\(error)")
        }
    }

    /// Whether a sealed text was made with a retired key.
    func needsResealing(_ sealed: String) -> Bool { (try? sealer.needsResealing(sealed)) ?? false }

    /// Why a sealed text does not open; nil when it does.
    func problem(of sealed: String, user: String, connection: String, field: String) -> CryptographyError? {
        let context = SealingContext(userID: user, connectionID: connection, field: field)
        do {
            _ = try sealer.open(sealed, for: context)
            return nil
        } catch {
            return error
        }
    }

    /// Puts the tokens of an answer into a connection; a refresh token that did not come anew is kept.
    func store(
        _ tokens: TokenResponse, in connection: inout Connection, user: String, at now: Timestamp
    ) throws(ServiceError) {
        connection.credentials.accessToken = try seal(
            tokens.accessToken, user: user, connection: connection.id, field: "accessToken")
        if let refresh = tokens.refreshToken {
            connection.credentials.refreshToken = try seal(
                refresh, user: user, connection: connection.id, field: "refreshToken")
            connection.credentials.refreshExpiresAt = tokens.refreshExpiresAt
        } else if connection.credentials.refreshToken != nil {
            // Used, so it does not die of disuse as early as before.
            connection.credentials.refreshExpiresAt =
                tokens.refreshExpiresAt ?? connection.credentials.refreshExpiresAt
        }
        connection.credentials.grantExpiresAt = tokens.grantExpiresAt ?? connection.credentials.grantExpiresAt
        connection.credentials.issuedAt = now
        connection.expiresAt = tokens.expiresAt
        connection.refresh.succeed()
    }

    func accessToken(of connection: Connection, user: String) throws(ServiceError) -> Secret? {
        try connection.credentials.accessToken.map { (sealed) throws(ServiceError) in
            try open(sealed, user: user, connection: connection.id, field: "accessToken")
        }
    }

    func refreshToken(of connection: Connection, user: String) throws(ServiceError) -> Secret? {
        try connection.credentials.refreshToken.map { (sealed) throws(ServiceError) in
            try open(sealed, user: user, connection: connection.id, field: "refreshToken")
        }
    }
}
