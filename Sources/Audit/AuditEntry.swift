// What a line of the audit log says: who did what to what, and how it ended. Plain values: no content, no secret, and of a user only
// a keyed hash.

import ProviderSDK

/// What was done.
package enum AuditAction: String, Sendable, CaseIterable {
    /// An account was connected, or connected again.
    case connect = "connection.connect"
    /// A connection is disconnected and kept.
    case disconnect = "connection.disconnect"
    /// A connection is removed with its records.
    case delete = "connection.delete"
    /// The provider reported that the grant was ended there.
    case revokeAtProvider = "connection.revoke"
    /// An action is run at a provider.
    case runAction = "action.run"
    case createApplicationKey = "application-key.create"
    case rotateApplicationKey = "application-key.rotate"
    case revokeApplicationKey = "application-key.revoke"
    case createAPIKey = "api-key.create"
    case revokeAPIKey = "api-key.revoke"
    /// A caller is shown the secret that signs the notifications of a connection.
    case revealSigningSecret = "webhook-secret.reveal"
    case rotateSigningSecret = "webhook-secret.rotate"
    /// Everything that is stored of a user is erased.
    case eraseUser = "user.erase"
    /// The key ring has a new primary key.
    case rotateKeyRing = "key-ring.rotate"
    /// Retired keys are removed from the key ring.
    case pruneKeyRing = "key-ring.prune"
    /// A person signs in to the dashboard.
    case signIn = "dashboard.sign-in"
    /// The oldest file of the audit log goes.
    case dropLines = "audit.drop"
}

/// How it ended.
package enum AuditResult: String, Sendable, CaseIterable {
    /// It is begun; another line says how it ended, unless a crash cut it off.
    case begun
    case done
    case failed
}

/// Who did it.
package struct AuditActor: Sendable, Equatable {
    /// The kinds of actors.
    package enum Kind: String, Sendable, CaseIterable {
        /// The host itself, in the background.
        case host
        /// Who runs commands on the host's machine.
        case operatorCommand = "operator"
        case session
        case apiKey = "api-key"
        case application
        /// A browser with a connect session.
        case connect
        case bot
        case service
    }

    package let kind: Kind
    /// The id of the application key.
    package var keyID: String?
    /// The user who acts, or for whom an application acts.
    package var userID: String?

    package init(_ kind: Kind, keyID: String? = nil, userID: String? = nil) {
        self.kind = kind
        self.keyID = keyID
        self.userID = userID
    }

    package static let host = AuditActor(.host)
    package static let operatorCommand = AuditActor(.operatorCommand)

    /// Who causes what the present task does.
    @TaskLocal package static var current = AuditActor.host
}

/// What it was done to.
package struct AuditTarget: Sendable, Equatable {
    package var userID: String?
    package var connectionID: String?
    /// The provider of the connection.
    package var service: String?
    /// The id of an application key, of an API key, or of a key of the ring.
    package var keyID: String?

    package init(
        userID: String? = nil, connectionID: String? = nil, service: String? = nil, keyID: String? = nil
    ) {
        self.userID = userID
        self.connectionID = connectionID
        self.service = service
        self.keyID = keyID
    }
}

/// A line before it has its place in the chain: the hashes stand for the ids of users.
struct AuditEntry: Sendable, Equatable {
    let at: Timestamp
    let action: AuditAction
    let result: AuditResult
    let actor: AuditActor
    /// The keyed hash of the actor's user.
    var actorUser: String?
    var target = AuditTarget()
    /// The keyed hash of the target's user.
    var targetUser: String?
    /// The last line that goes with a dropped file.
    var droppedThrough: Int?

    /// The line as its part of the chain: everything before the hash, without the closing brace.
    func body(sequence: Int, after previous: String) -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.object { writer in
            writer.member("seq", sequence)
            writer.member("at", at.text(withMilliseconds: true))
            writer.key("actor")
            writer.object { writer in
                writer.member("kind", actor.kind.rawValue)
                if let key = actor.keyID { writer.member("key", Self.bounded(key)) }
                if let actorUser { writer.member("user", actorUser) }
            }
            writer.member("action", action.rawValue)
            if let targetUser { writer.member("user", targetUser) }
            if let connection = target.connectionID { writer.member("connection", Self.bounded(connection)) }
            if let service = target.service { writer.member("service", Self.bounded(service)) }
            if let key = target.keyID { writer.member("key", Self.bounded(key)) }
            if let droppedThrough { writer.member("through", droppedThrough) }
            writer.member("result", result.rawValue)
            writer.member("prev", previous)
        }
        return writer.bytes.dropLast()
    }

    /// An id, cut off where it is longer than any of the host's own.
    private static func bounded(_ id: String) -> String {
        String(decoding: id.utf8.prefix(128), as: UTF8.self)
    }
}
