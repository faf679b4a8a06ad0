// The requests of users about the notifications of their connections: the secret, the delivery log, a redelivery, a
// test. Knows no HTTP.

package import Audit
package import ConnectionModel
package import Primitives
package import ProviderSDK
package import Users

/// The notifications of connections.
package struct NotificationService: Sendable {
    package let users: UserStore
    package let vault: CredentialVault
    package let audit: AuditTrail
    package let time: TimeSource

    package init(users: UserStore, vault: CredentialVault, audit: AuditTrail, time: TimeSource) {
        self.users = users
        self.vault = vault
        self.audit = audit
        self.time = time
    }

    /// A signing secret as users see it.
    package struct ShownSecret: Sendable {
        package let secret: Secret
        /// When the previous secret stops signing; nil without one.
        package let previousUntil: Timestamp?
    }

    /// Returns the signing secret of a connection, once the audit log has a line about it.
    ///
    /// - Throws: ``ServiceError/conflict(_:)`` when the connection has no webhook URL.
    package func secret(of id: String, user userID: String) async throws(ServiceError) -> ShownSecret {
        guard let connection = try await users.user(userID).connection(id) else { throw .notFound }
        guard connection.webhook.secret == nil || connection.settings.webhookURL == nil else {
            return try await revealed(connection, to: userID)
        }
        let vault = vault
        let ensured = try await change(id, of: userID) { (connection) throws(ServiceError) -> Connection in
            try connection.ensureSigningSecret(vault, user: userID)
            return connection
        }
        return try await revealed(ensured, to: userID)
    }

    /// Replaces the signing secret; the previous one still signs for a day.
    package func rotateSecret(of id: String, user userID: String) async throws(ServiceError) -> ShownSecret {
        guard let known = try await users.user(userID).connection(id) else { throw .notFound }
        let (vault, now) = (vault, time.now)
        let target = AuditTarget(userID: userID, connectionID: id, service: known.service)
        let connection = try await audit.recording(.rotateSigningSecret, target) { () throws(ServiceError) in
            try await change(id, of: userID) { (connection) throws(ServiceError) -> Connection in
                try connection.replaceSigningSecret(vault, user: userID, at: now)
                return connection
            }
        }
        return try shown(connection, user: userID)
    }

    /// Queues an event again, with the same id.
    package func redeliver(_ eventID: String, of id: String, user userID: String) async throws(ServiceError)
        -> ConnectionEvent
    {
        guard let connection = try await users.user(userID).connection(id) else { throw .notFound }
        let moved = try await users.histories.delivery(eventID, of: connection)
        return try await change(id, of: userID) { (connection) throws(ServiceError) in
            try connection.redeliveryRequested(eventID, moved)
        }
    }

    /// Queues a test event.
    package func test(_ id: String, of userID: String) async throws(ServiceError) -> ConnectionEvent {
        let now = time.now
        return try await change(id, of: userID) { (connection) throws(ServiceError) in
            try connection.testRequested(at: now)
        }
    }

    private func change<Result: Sendable>(
        _ id: String, of userID: String, _ body: (inout Connection) throws(ServiceError) -> Result
    ) async throws(ServiceError) -> Result {
        try await users.update(userID) { (user) throws(ServiceError) -> Result in try user.update(id, body) }
    }

    /// Returns the secret once its line is durable.
    private func revealed(_ connection: Connection, to userID: String) async throws(ServiceError) -> ShownSecret {
        let shown = try shown(connection, user: userID)
        try await audit.record(
            .revealSigningSecret,
            AuditTarget(userID: userID, connectionID: connection.id, service: connection.service), .done)
        return shown
    }

    private func shown(_ connection: Connection, user: String) throws(ServiceError) -> ShownSecret {
        let now = time.now
        let secrets = try vault.signingSecrets(of: connection, user: user, at: now)
        guard let present = secrets.first else { throw .internalFault("The signing secret is missing.") }
        return ShownSecret(
            secret: present.text, previousUntil: secrets.count > 1 ? connection.webhook.retiring?.until : nil)
    }
}
