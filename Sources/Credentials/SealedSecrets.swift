// Finds the sealed texts in a user's document and seals them again with the primary key.
// A text that cannot be opened stays unchanged: it opens again once its key is restored.

import ConnectionModel
import Cryptography
import ProviderSDK
package import Users

extension User {
    /// Seals again, with the primary key, the texts of retired keys.
    ///
    /// The verifiers of authorizations stay: their states are signed over the sealed text, and expire within minutes.
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
        resealRevocations { id, text, field in
            guard vault.needsResealing(text),
                let secret = try? vault.open(text, user: user, connection: id, field: field),
                let resealed = try? vault.seal(secret, user: user, connection: id, field: field)
            else { return nil }
            outcome.resealed += 1
            return resealed
        }
        return outcome
    }
}

/// The number of sealed texts in stored documents, by key.
///
/// Searches the stored form of the documents, member by member. This finds texts even in members that this version does not know.
struct SealedKeyUse: Sendable {
    /// The number of sealed texts by the id of their key.
    private(set) var counts: [String: Int] = [:]

    /// Counts the sealed texts of a user.
    mutating func add(_ user: User, at now: Timestamp) {
        var user = user
        // The texts of expired authorizations and callbacks are no longer read.
        user.updateAll { $0.authorizationsLapsed(at: now) }
        user.callbacksLapsed(at: now)
        if let document = try? JSONValue.parse(user.encoded) { add(document) }
    }

    /// Counts a text if it is sealed.
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
