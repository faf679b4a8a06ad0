// The signing secrets of connections: made, replaced, opened. They belong to the webhook URL, so they outlive a grant that ends.

import ProviderSDK

extension CredentialVault {
    /// The field that signing secrets are sealed for.
    static let webhookField = "webhookSecret"

    /// A new signing secret in its sealed form.
    func newWebhookSecret(user: String, connection: String) throws(ServiceError) -> String {
        try seal(try WebhookSecret.generate(), user: user, connection: connection, field: Self.webhookField)
    }

    /// The secrets that sign for a connection now, the present one first; empty when there is none yet.
    func webhookSecrets(of connection: Connection, user: String, at now: Timestamp) throws(ServiceError)
        -> [WebhookSecret]
    {
        var sealed = [connection.webhook.secret].compactMap(\.self)
        if let retiring = connection.webhook.retiring, retiring.until > now { sealed.append(retiring.sealed) }
        var secrets: [WebhookSecret] = []
        for text in sealed {
            let opened = try open(text, user: user, connection: connection.id, field: Self.webhookField)
            guard let secret = WebhookSecret(opened) else {
                throw .internalFault("A signing secret is not one.")
            }
            secrets.append(secret)
        }
        return secrets
    }
}

extension Connection {
    /// Makes the signing secret of a connection that has a URL from before there were secrets.
    mutating func ensureWebhookSecret(_ vault: CredentialVault, user: String) throws(ServiceError) {
        guard settings.webhookURL != nil else { throw .conflict(Self.noWebhookURL) }
        if webhook.secret == nil { webhook.secret = try vault.newWebhookSecret(user: user, connection: id) }
    }

    /// Replaces the signing secret; the one before signs along for ``HostLimits/webhookSecretOverlap``, the one before that no more.
    mutating func rotateWebhookSecret(
        _ vault: CredentialVault, user: String, at now: Timestamp
    ) throws(ServiceError) {
        guard settings.webhookURL != nil else { throw .conflict(Self.noWebhookURL) }
        if let present = webhook.secret {
            webhook.retiring = .init(sealed: present, until: now.advanced(by: HostLimits.webhookSecretOverlap))
        }
        webhook.secret = try vault.newWebhookSecret(user: user, connection: id)
    }
}
