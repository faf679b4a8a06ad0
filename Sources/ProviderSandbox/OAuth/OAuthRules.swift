// How a provider does OAuth 2.0, as data: what the authorization server below does differently for each.

import ProviderSDK

/// Ways in which a client authenticates at the token endpoint.
enum ClientAuthentication: Sendable, Hashable {
    /// HTTP Basic (RFC 6749 section 2.3.1).
    case basic
    /// Client id and secret in the form.
    case form
    /// The secret as a bearer token, or as `client_secret` in the form; no client id.
    case secretAlone
    /// HTTP Basic with the secret as the user and no password; no client id.
    case secretAsBasicUser
}

struct OAuthRules: Sendable {
    enum PKCE: Sendable {
        /// A challenge is checked where one was sent.
        case optional
        /// A challenge is not looked at.
        case ignored
    }

    enum RedirectURIInExchange: Sendable {
        /// It has to be repeated whenever the authorization request had one (RFC 6749 section 4.1.3).
        case repeated
        /// It has to match when it is sent.
        case matchedWhenSent
        /// It is not looked at.
        case ignored
    }

    enum Refresh: Sendable {
        /// There are no refresh tokens.
        case none
        /// A refresh token is good for many uses.
        case keeps
        /// Each use gives a new one; the previous one expires after `graceSeconds`.
        case rotates(graceSeconds: Int64)
    }

    var clientID: String
    var clientSecret: String
    var clientAuthentication: Set<ClientAuthentication> = [.basic, .form]
    var clientIDParameter = "client_id"
    var redirectURIParameter = "redirect_uri"
    /// Exact redirect URIs; empty accepts every absolute URI.
    var redirectURIs: [String] = []
    var isRedirectURIRequired = true
    var redirectURIInExchange = RedirectURIInExchange.repeated
    var returnsState = true
    var scopeParameter = "scope"
    var scopeSeparator: Character = " "
    /// The scopes there are; nil accepts any.
    var knownScopes: Set<String>?
    var defaultScopes: [String] = []
    var pkce = PKCE.optional
    var refresh = Refresh.keeps
    /// Whether this grant gets a refresh token, where the provider gives them to some only.
    var givesRefreshToken: @Sendable (Grant) -> Bool = { _ in true }
    /// Whether a refresh ends the access tokens issued before.
    var refreshEndsAccessTokens = false
    /// Whether an authorization code used twice ends what it gave (RFC 6749 section 4.1.2).
    var codeReuseRevokesGrant = false
    var codeSeconds: Int64 = 300
    /// nil: access tokens do not expire.
    var accessTokenSeconds: Int64?
    /// The life of a refresh token while it is not used; nil: no end.
    var refreshTokenSeconds: Int64?
    /// Parameters of the authorization request that are kept with the grant.
    var keptParameters: [String] = []
    /// How tokens look.
    var codePrefix = ""
    var accessTokenPrefix = ""
    var refreshTokenPrefix = ""
    /// Makes the access token; nil: the prefix and 40 random characters.
    var mintAccessToken: (@Sendable (Grant, _ now: Int64, _ expires: Int64?) -> String)?

    init(clientID: String, clientSecret: String, _ configure: (inout OAuthRules) -> Void = { _ in }) {
        self.clientID = clientID
        self.clientSecret = clientSecret
        configure(&self)
    }
}

/// What a user allowed.
struct Grant: Sendable {
    let number: Int
    /// The account's number at the provider.
    let account: Int
    var scopes: [String]
    /// Kept parameters of the authorization request.
    let parameters: [String: String]
    /// Milliseconds since 1970.
    let created: Int64
    var isRevoked = false
}

/// Tokens as they are handed out.
struct IssuedTokens: Sendable {
    let grant: Grant
    let scopes: [String]
    let accessToken: String
    let accessTokenSeconds: Int64?
    let refreshToken: String?
    let refreshTokenSeconds: Int64?
}

/// Why the authorization server refused; every provider says it in its own words.
enum OAuthFault: Error, Sendable, Equatable {
    enum Grant: Sendable, Equatable {
        case codeUnknown, codeUsed, codeExpired, redirectURIMismatch, verifierMissing, verifierMismatch
        case refreshTokenUnknown, refreshTokenUsed, refreshTokenExpired, revoked
    }

    case invalidClient
    case invalidRequest(String)
    case invalidGrant(Grant)
    case unsupportedGrantType
    case invalidScope
    case tooEarly

    /// The `error` of RFC 6749 section 5.2.
    var code: String {
        switch self {
        case .invalidClient: "invalid_client"
        case .invalidRequest, .tooEarly: "invalid_request"
        case .invalidGrant: "invalid_grant"
        case .unsupportedGrantType: "unsupported_grant_type"
        case .invalidScope: "invalid_scope"
        }
    }

    var sentence: String {
        switch self {
        case .invalidClient: "The client could not be authenticated."
        case .invalidRequest(let sentence): sentence
        case .invalidGrant(let fault): fault.sentence
        case .unsupportedGrantType: "This grant type is not supported."
        case .invalidScope: "The scope is unknown or wider than what was granted."
        case .tooEarly: "The token is too young to be renewed."
        }
    }
}

extension OAuthFault.Grant {
    var sentence: String {
        switch self {
        case .codeUnknown: "The authorization code does not exist."
        case .codeUsed: "The authorization code was used before."
        case .codeExpired: "The authorization code has expired."
        case .redirectURIMismatch: "The redirect URI differs from that of the authorization request."
        case .verifierMissing: "A code verifier is needed: the authorization request had a challenge."
        case .verifierMismatch: "The code verifier does not match the challenge."
        case .refreshTokenUnknown: "The refresh token does not exist."
        case .refreshTokenUsed: "The refresh token was used before and has been replaced."
        case .refreshTokenExpired: "The refresh token has expired."
        case .revoked: "The grant was revoked."
        }
    }
}
