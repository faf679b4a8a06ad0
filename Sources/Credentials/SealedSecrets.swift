// Where sealed texts stand in a user's document, and sealing them again with the primary key. What does not open is left exactly as it
// is: a key that is put back later opens it again.

package import ConnectionModel
import Cryptography
import ProviderSDK

extension User {
    /// Seals with the primary key what a retired key has sealed.
    ///
    /// The verifiers of authorizations stay: their states are signed over the sealed text, and end within minutes.
    package mutating func reseal(with vault: CredentialVault) -> ResealOutcome {
        var outcome = ResealOutcome()
        let user = id
        updateAll { connection in
            let id = connection.id
            var isReadable = true
            connection.resealed { text, field in
                guard vault.needsResealing(text) else { return nil }
                guard let secret = try? vault.open(text, user: user, connection: id, field: field),
                    let resealed = try? vault.seal(secret, user: user, connection: id, field: field)
                else {
                    isReadable = false
                    return nil
                }
                outcome.resealed += 1
                return resealed
            }
            if !isReadable { outcome.unreadable.append(id) }
        }
        return outcome
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
        // A verifier whose authorization is over is not read any more.
        user.updateAll { $0.authorizationsLapsed(at: now) }
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
