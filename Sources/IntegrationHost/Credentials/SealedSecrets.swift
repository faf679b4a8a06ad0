// Where sealed texts stand in a user's document, and sealing them again with the primary key. What does not open is left exactly as it
// is: a key that is put back later opens it again.

import Cryptography
import ProviderSDK

/// What became of a user's sealed secrets.
struct ResealOutcome: Sendable, Equatable {
    /// Secrets that were sealed again.
    var resealed = 0
    /// Connections with a secret that could not be opened.
    var unreadable: [String] = []
    /// Users whose documents could not be read or written.
    var failures = 0

    static func += (left: inout ResealOutcome, right: ResealOutcome) {
        left.resealed += right.resealed
        left.unreadable += right.unreadable
        left.failures += right.failures
    }
}

extension Credentials {
    /// The sealed secrets with the fields they are sealed for.
    ///
    /// The verifiers of authorizations are not among them: their states are signed over the sealed text, and end within minutes.
    static var sealedFields: [(name: String, path: WritableKeyPath<Credentials, String?>)] {
        [("accessToken", \.accessToken), ("refreshToken", \.refreshToken)]
    }
}

extension User {
    /// Seals with the primary key what a retired key has sealed.
    mutating func reseal(with vault: CredentialVault) -> ResealOutcome {
        var outcome = ResealOutcome()
        for index in connections.indices { outcome += connections[index].reseal(with: vault, user: id) }
        return outcome
    }
}

extension Connection {
    fileprivate mutating func reseal(with vault: CredentialVault, user: String) -> ResealOutcome {
        var outcome = ResealOutcome()
        for field in Credentials.sealedFields {
            guard let sealed = credentials[keyPath: field.path], vault.needsResealing(sealed) else { continue }
            do {
                let secret = try vault.open(sealed, user: user, connection: id, field: field.name)
                credentials[keyPath: field.path] = try vault.seal(secret, user: user, connection: id, field: field.name)
                outcome.resealed += 1
            } catch {
                if outcome.unreadable.isEmpty { outcome.unreadable.append(id) }
            }
        }
        do {
            outcome.resealed += try webhook.reseal(with: vault, user: user, connection: id)
        } catch {
            if outcome.unreadable.isEmpty { outcome.unreadable.append(id) }
        }
        return outcome
    }
}

extension WebhookEndpoint {
    /// Seals the signing secrets again.
    ///
    /// - Returns: how many.
    fileprivate mutating func reseal(with vault: CredentialVault, user: String, connection: String) throws(ServiceError)
        -> Int
    {
        func resealed(_ sealed: String) throws(ServiceError) -> String {
            let field = CredentialVault.webhookField
            let secret = try vault.open(sealed, user: user, connection: connection, field: field)
            return try vault.seal(secret, user: user, connection: connection, field: field)
        }
        var count = 0
        if let sealed = secret, vault.needsResealing(sealed) {
            secret = try resealed(sealed)
            count += 1
        }
        if let old = retiring, vault.needsResealing(old.sealed) {
            retiring = RetiringSecret(sealed: try resealed(old.sealed), until: old.until)
            count += 1
        }
        return count
    }
}

extension CredentialVault {
    /// Whether the stored credential of a connection opens, and if not, why.
    func state(of connection: Connection, user: String) -> CredentialState {
        guard !connection.credentials.isEmpty else { return .none }
        for field in Credentials.sealedFields {
            guard let sealed = connection.credentials[keyPath: field.path] else { continue }
            switch problem(of: sealed, user: user, connection: connection.id, field: field.name) {
            case nil: continue
            case .keyUnknown(let id): return .keyMissing(id: id)
            default: return .damaged
            }
        }
        return .good
    }
}

/// The keys that the sealed texts of stored documents were made with.
///
/// Found in the documents as they are stored, member by member, so that nothing can be overlooked that a version of this program
/// knows and another does not.
struct SealedKeyUse: Sendable {
    /// Sealed texts by the id of their key.
    private(set) var counts: [String: Int] = [:]

    /// Counts the sealed texts of a user.
    mutating func add(_ user: User, at now: Timestamp) {
        var user = user
        for index in user.connections.indices {
            // A verifier whose authorization is over is read by nobody.
            user.connections[index].authorizations.removeAll { $0.expiresAt <= now }
        }
        if let document = try? JSONValue.parse(user.encoded) { add(document) }
    }

    /// Counts a text, if it is a sealed one.
    mutating func add(_ text: String) {
        if text.hasPrefix("v1:"), let id = try? Sealer.keyID(of: text) { counts[id, default: 0] += 1 }
    }

    private mutating func add(_ value: JSONValue) {
        if let text = value.string {
            add(text)
        } else if let members = value.members {
            for (_, member) in members { add(member) }
        } else if let elements = value.array {
            for element in elements { add(element) }
        }
    }
}
