// An authorization between its URL and its callback, as it is stored with the connection.

package import ProviderSDK
package import StoredValues

/// An authorization that was started and not completed.
package struct PendingAuthorization: Sendable, Equatable {
    /// How long an authorization may take, from its URL to its callback.
    package static let lifetime = Duration.seconds(600)

    /// The random part of the authorization's state.
    package let nonce: String
    package let redirectURI: String
    /// The sealed PKCE verifier; nil when the provider does not support PKCE.
    package let verifier: String?
    /// The caller's own state, sealed; the host returns it to the caller.
    package let callerState: String?
    /// The session that started the authorization.
    package let sessionBinding: String
    package let requestedScopes: [String]
    @Moment package private(set) var expiresAt: Timestamp
    /// The only account that may come out of it; nil for any.
    package let expectedAccount: String?

    package init(
        nonce: String, redirectURI: String, verifier: String?, callerState: String?, sessionBinding: String,
        requestedScopes: [String], expiresAt: Timestamp, expectedAccount: String? = nil
    ) {
        self.nonce = nonce
        self.redirectURI = redirectURI
        self.verifier = verifier
        self.callerState = callerState
        self.sessionBinding = sessionBinding
        self.requestedScopes = requestedScopes
        self.expiresAt = expiresAt
        self.expectedAccount = expectedAccount
    }
}

// MARK: Stored form

extension PendingAuthorization {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("nonce", nonce)
            writer.member("redirectUri", redirectURI)
            writer.member("verifier", verifier)
            writer.member("callerState", callerState)
            writer.member("session", sessionBinding)
            writer.member("scopes", requestedScopes)
            writer.moment("expiresAt", expiresAt)
            if let expectedAccount { writer.member("account", expectedAccount) }
        }
    }

    package init?(decoding value: JSONValue) {
        guard let nonce = value["nonce"]?.string, let redirectURI = value["redirectUri"]?.string,
            let session = value["session"]?.string, let expiresAt = value.moment("expiresAt")
        else { return nil }
        self.init(
            nonce: nonce, redirectURI: redirectURI, verifier: value["verifier"]?.string,
            callerState: value["callerState"]?.string, sessionBinding: session, requestedScopes: value.texts("scopes"),
            expiresAt: expiresAt, expectedAccount: value["account"]?.string)
    }
}
