// The signing secrets of connections: creates, replaces and decrypts them. They belong to the webhook URL, so they
// outlive a grant that ends.

package import ConnectionModel
import ProviderSDK
import Users

extension CredentialVault {
    /// Returns a new signing secret in its sealed form.
    package func newSigningSecret(user: String, connection: String) throws(ServiceError) -> String {
        try seal(
            try SigningSecret.generate(), user: user, connection: connection, field: NotificationEndpoint.secretField)
    }

    /// Returns the secrets that sign for a connection now, the present one first; empty when there is none yet.
    ///
    /// - Throws: when the present secret cannot be decrypted. A replaced secret that cannot be decrypted is left out.
    func signingSecrets(
        of connection: Connection, user: String, at now: Timestamp
    ) throws(ServiceError) -> [SigningSecret] {
        guard let sealed = connection.webhook.secret else { return [] }
        var secrets = [try signingSecret(sealed, connection: connection.id, user: user)]
        if let retiring = connection.webhook.retiring, retiring.until > now,
            let secret = try? signingSecret(retiring.sealed, connection: connection.id, user: user)
        {
            secrets.append(secret)
        }
        return secrets
    }

    private func signingSecret(
        _ sealed: String, connection: String, user: String
    ) throws(ServiceError) -> SigningSecret {
        let opened = try open(sealed, user: user, connection: connection, field: NotificationEndpoint.secretField)
        guard let secret = SigningSecret(opened) else { throw .internalFault("The stored signing secret is invalid.") }
        return secret
    }
}

extension Connection {
    /// Creates the signing secret of a connection whose URL is older than signing secrets.
    mutating func ensureSigningSecret(_ vault: CredentialVault, user: String) throws(ServiceError) {
        let id = id
        try signingSecretNeeded { () throws(ServiceError) in try vault.newSigningSecret(user: user, connection: id) }
    }

    /// Replaces the signing secret.
    ///
    /// The previous secret still signs for ``NotificationLimits/secretOverlap``; the one before that stops at once.
    mutating func replaceSigningSecret(
        _ vault: CredentialVault, user: String, at now: Timestamp
    ) throws(ServiceError) {
        // A secret that cannot be decrypted signs nothing.
        let opens = webhook.secret.map {
            vault.problem(of: $0, user: user, connection: id, field: NotificationEndpoint.secretField) == nil
        }
        try signingSecretReplaced(
            by: try vault.newSigningSecret(user: user, connection: id),
            overlapEnds: opens == true ? now.advanced(by: NotificationLimits.secretOverlap) : nil)
    }
}
