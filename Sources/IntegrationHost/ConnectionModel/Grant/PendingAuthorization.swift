// An authorization between its URL and its callback, as it is stored with the connection.

import ProviderSDK

/// An authorization that was begun and not completed.
struct PendingAuthorization: Sendable, Equatable {
    /// The random part of its state.
    let nonce: String
    let redirectURI: String
    /// The sealed PKCE verifier; nil when the provider takes none.
    let verifier: String?
    /// The caller's own state, sealed, given back to the caller.
    let callerState: String?
    /// The session that began it.
    let sessionBinding: String
    let requestedScopes: [String]
    let expiresAt: Timestamp
}

// MARK: Stored form

extension PendingAuthorization {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("nonce", nonce)
            writer.member("redirectUri", redirectURI)
            writer.member("verifier", verifier)
            writer.member("callerState", callerState)
            writer.member("session", sessionBinding)
            writer.member("scopes", requestedScopes)
            writer.moment("expiresAt", expiresAt)
        }
    }

    init?(decoding value: JSONValue) {
        guard let nonce = value["nonce"]?.string, let redirectURI = value["redirectUri"]?.string,
            let session = value["session"]?.string, let expiresAt = value.moment("expiresAt")
        else { return nil }
        self.init(
            nonce: nonce, redirectURI: redirectURI, verifier: value["verifier"]?.string,
            callerState: value["callerState"]?.string, sessionBinding: session, requestedScopes: value.texts("scopes"),
            expiresAt: expiresAt)
    }
}
