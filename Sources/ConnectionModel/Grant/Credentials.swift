// The sealed secrets of a grant and when they end. They are sealed and opened elsewhere: here they are texts.

package import ProviderSDK

/// Tokens in the sealed form that is stored, as an answer of the provider brought them.
package struct SealedTokens: Sendable, Equatable {
    package let accessToken: String
    /// Nil when the answer brought none.
    package var refreshToken: String?
    package var expiresAt: Timestamp?
    /// When the refresh token ends if it is not used.
    package var refreshExpiresAt: Timestamp?
    /// When the grant ends however often it is refreshed; nil when the answer does not say.
    package var grantExpiresAt: Timestamp?
    /// The scopes granted; nil when the answer does not say.
    package var scopes: [String]?

    package init(
        accessToken: String, refreshToken: String? = nil, expiresAt: Timestamp? = nil,
        refreshExpiresAt: Timestamp? = nil, grantExpiresAt: Timestamp? = nil, scopes: [String]? = nil
    ) {
        self.accessToken = accessToken
        self.refreshToken = refreshToken
        self.expiresAt = expiresAt
        self.refreshExpiresAt = refreshExpiresAt
        self.grantExpiresAt = grantExpiresAt
        self.scopes = scopes
    }
}

/// The sealed secrets of a connection, and when they end.
package struct Credentials: Sendable, Equatable {
    /// The sealed access token, or the sealed API key.
    package private(set) var accessToken: String?
    /// The sealed refresh token.
    package private(set) var refreshToken: String?
    /// When the access token was issued.
    package private(set) var issuedAt: Timestamp?
    /// When the refresh token ends if it is not used.
    package private(set) var refreshExpiresAt: Timestamp?
    /// When the grant ends however often it is refreshed.
    package private(set) var grantExpiresAt: Timestamp?

    /// Credentials with an API key, or none.
    package init(key: String? = nil) { accessToken = key }

    package var isEmpty: Bool { accessToken == nil && refreshToken == nil }

    /// The sealed texts with the fields that they are sealed for.
    var sealedTexts: [(field: String, text: String)] {
        [("accessToken", accessToken), ("refreshToken", refreshToken)].compactMap { field, text in
            text.map { (field, $0) }
        }
    }

    /// Takes over new tokens; a refresh token that the answer did not replace is kept.
    mutating func renew(with tokens: SealedTokens, at now: Timestamp) {
        accessToken = tokens.accessToken
        if let refresh = tokens.refreshToken {
            refreshToken = refresh
            refreshExpiresAt = tokens.refreshExpiresAt
        } else if refreshToken != nil {
            // It was used, so it does not end of disuse as early as before.
            refreshExpiresAt = tokens.refreshExpiresAt ?? refreshExpiresAt
        }
        grantExpiresAt = tokens.grantExpiresAt ?? grantExpiresAt
        issuedAt = now
    }

    /// The same credentials with texts that are sealed for another connection.
    ///
    /// Where there is no refresh token, that of `earlier` is kept: some providers give one the first time only.
    func moved(accessToken: String?, refreshToken: String?, keeping earlier: Credentials?) -> Credentials {
        var moved = self
        moved.accessToken = accessToken
        if let refreshToken {
            moved.refreshToken = refreshToken
        } else if let earlier {
            moved.refreshToken = earlier.refreshToken
            moved.refreshExpiresAt = earlier.refreshExpiresAt
        }
        return moved
    }

    /// Replaces the sealed text of a field by what `reseal` makes of it; nil leaves it as it is.
    package mutating func reseal(_ reseal: (_ text: String, _ field: String) -> String?) {
        if let text = accessToken { accessToken = reseal(text, "accessToken") ?? text }
        if let text = refreshToken { refreshToken = reseal(text, "refreshToken") ?? text }
    }
}

// MARK: Stored form

extension Credentials {
    package static let members: [StoredMember<Credentials>] = [
        .init("accessToken", { $1.value($0.accessToken) }, { $0.accessToken = $1.string }),
        .init("refreshToken", { $1.value($0.refreshToken) }, { $0.refreshToken = $1.string }),
        .init("issuedAt", { $1.value($0.issuedAt) }, { $0.issuedAt = $1.moment }),
        .init("refreshExpiresAt", { $1.value($0.refreshExpiresAt) }, { $0.refreshExpiresAt = $1.moment }),
        .init("grantExpiresAt", { $1.value($0.grantExpiresAt) }, { $0.grantExpiresAt = $1.moment }),
    ]
}
