// The sealed secrets of a grant and their expiry. This code handles sealed texts only; sealing and opening happen elsewhere.

package import ProviderSDK
package import StoredValues

/// The sealed tokens of one response of the provider.
package struct SealedTokens: Sendable, Equatable {
    package let accessToken: String
    /// The refresh token; nil when the response contains none.
    package var refreshToken: String?
    @OptionalMoment package var expiresAt: Timestamp?
    /// When the refresh token expires if it is not used.
    @OptionalMoment package var refreshExpiresAt: Timestamp?
    /// When the grant ends even if it is refreshed; nil when the response does not say.
    @OptionalMoment package var grantExpiresAt: Timestamp?
    /// The granted scopes; nil when the response does not say.
    package var scopes: [String]?
    /// What was odd in the response and was not used, in a sentence each.
    package var oddities: [String]

    package init(
        accessToken: String, refreshToken: String? = nil, expiresAt: Timestamp? = nil,
        refreshExpiresAt: Timestamp? = nil, grantExpiresAt: Timestamp? = nil, scopes: [String]? = nil,
        oddities: [String] = []
    ) {
        self.accessToken = accessToken
        self.refreshToken = refreshToken
        self.expiresAt = expiresAt
        self.refreshExpiresAt = refreshExpiresAt
        self.grantExpiresAt = grantExpiresAt
        self.scopes = scopes
        self.oddities = oddities
    }
}

/// The sealed secrets of a connection and their expiry.
package struct Credentials: Sendable, Equatable {
    /// The sealed access token, or the sealed API key.
    package private(set) var accessToken: String?
    /// The sealed refresh token.
    package private(set) var refreshToken: String?
    /// When the access token was issued.
    @OptionalMoment package private(set) var issuedAt: Timestamp?
    /// When the refresh token expires if it is not used.
    @OptionalMoment package private(set) var refreshExpiresAt: Timestamp?
    /// When the grant ends even if it is refreshed.
    @OptionalMoment package private(set) var grantExpiresAt: Timestamp?

    /// Creates credentials with an API key, or without any secret.
    package init(key: String? = nil) { accessToken = key }

    package var isEmpty: Bool { accessToken == nil && refreshToken == nil }

    /// The sealed texts with the names of the fields that they are sealed for.
    package var sealedTexts: [(field: String, text: String)] {
        [("accessToken", accessToken), ("refreshToken", refreshToken)].compactMap { field, text in
            text.map { (field, $0) }
        }
    }

    /// Stores new tokens; keeps the refresh token when the response contains no new one.
    mutating func renew(with tokens: SealedTokens, at now: Timestamp) {
        accessToken = tokens.accessToken
        if let refresh = tokens.refreshToken {
            refreshToken = refresh
            refreshExpiresAt = tokens.refreshExpiresAt
        } else if refreshToken != nil {
            // The refresh token was used, so its expiry by disuse moves to a later time.
            refreshExpiresAt = tokens.refreshExpiresAt ?? refreshExpiresAt
        }
        grantExpiresAt = tokens.grantExpiresAt ?? grantExpiresAt
        issuedAt = now
    }

    /// Returns the same credentials with texts that are sealed for another connection.
    ///
    /// Without a refresh token, the one of `earlier` is kept: some providers return one only the first time.
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

    /// Replaces the sealed text of a field by the result of `reseal`; nil leaves it unchanged.
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
