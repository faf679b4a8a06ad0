// OAuth 2.0 as a provider does it, as data. The host runs the flow (RFC 6749, 7636, 7009); the plugin says where this provider
// differs. URLs are endpoints of the manifest, named "authorize", "token" and "revoke".

/// How a provider does OAuth 2.0.
///
/// The defaults are what RFC 6749 and RFC 9700 recommend.
public struct OAuth2: Sendable {
    /// How the host authenticates itself at the token endpoint.
    public enum ClientAuthentication: Sendable, Equatable {
        /// HTTP Basic with client id and secret (RFC 6749 section 2.3.1).
        case clientSecretBasic
        /// Client id and secret as parameters of the request.
        case clientSecretPost
        /// The client secret alone as a bearer token; no client id is sent.
        case secretAsBearer
        /// HTTP Basic with the client secret as user name and no password; no client id is sent.
        case secretAsBasicUser
        /// No secret: a public client that sends its id only.
        case none
        /// The earlier name of ``clientSecretBasic``.
        @available(*, deprecated, renamed: "clientSecretBasic")
        case basic
        /// The earlier name of ``clientSecretPost``.
        @available(*, deprecated, renamed: "clientSecretPost")
        case form
    }

    /// How token requests are encoded.
    public enum Encoding: Sendable, Equatable { case form, json }

    /// Whether a PKCE challenge is sent (RFC 7636).
    public enum PKCE: Sendable, Equatable {
        /// With method S256.
        case s256
        /// Never: the provider refuses or ignores it.
        case unsupported
    }

    /// How the host authenticates itself at the token endpoint.
    public var clientAuthentication: ClientAuthentication = .clientSecretBasic {
        didSet { clientAuthentication = clientAuthentication.current }
    }
    /// How token requests are encoded.
    public var tokenRequestEncoding: Encoding = .form
    /// Whether a PKCE challenge is sent.
    public var pkce: PKCE = .s256
    /// What stands between scopes.
    public var scopeSeparator: String = " "
    /// Parameters added to the authorization URL.
    public var authorizeParameters: [NamedValue] = []
    /// Parameters added to the code exchange.
    public var exchangeParameters: [NamedValue] = []
    /// Header fields added to token requests, with placeholders for settings as in ``ProviderRequest``.
    public var tokenHeaders: [NamedValue] = []
    /// Other names for standard parameters of the authorization URL, such as `client_id` → `client_key`.
    public var authorizeParameterNames: [String: String] = [:]
    /// Other names for standard parameters of token requests.
    public var tokenParameterNames: [String: String] = [:]
    /// Whether the code exchange repeats the redirect URI.
    public var sendsRedirectURIInExchange: Bool = true
    /// Parameters of the callback, besides `code` and `state`, that are kept with the connection.
    public var callbackParameters: [CallbackParameter] = []
    /// Whether the provider returns `state` on the callback.
    ///
    /// Where it does not, the host finds the pending connection by the user's session alone.
    public var returnsState: Bool = true
    /// The issuer identifier that the callback's `iss` must equal when it is sent (RFC 9207).
    public var issuer: String?
    /// Where the values stand in a token response.
    public var tokenResponse = TokenResponseFields()
    /// How error answers of the token endpoint are classified, those with status 200 included.
    public var tokenErrors = ErrorClassification.tokenEndpoint
    /// A second request that turns the first access token into a longer-lived one.
    public var secondExchange: SecondExchange?
    /// How an access token is renewed.
    public var refresh: Refresh = .refreshToken(rotation: .keepsUntilReplaced)
    /// How long tokens live when the token response does not say.
    public var lifetimes = TokenLifetimes()
    /// How a grant is ended at the provider; nil when it offers no way.
    public var revocation: Revocation?
    /// How the access token, `{accessToken}`, stands in API requests.
    public var send = CredentialForm(header: "Authorization", "Bearer {accessToken}")

    /// How long a grant outlives its last refresh when the token response does not say; nil when it does not expire unused.
    ///
    /// A refresh well before this time keeps a grant without syncs alive. It is the idle life of the refresh token, or the life of an
    /// access token that renews itself. ``AccessTokenRefresh/minimumAge`` keeps the latter from being renewed too early.
    public var diesWhenUnusedFor: Duration? {
        switch refresh {
        case .none: nil
        case .refreshToken: lifetimes.refreshTokenIdle
        case .accessToken: lifetimes.accessToken
        }
    }

    /// How long the previous refresh token still works after a refresh whose answer was lost; zero when it does not.
    ///
    /// Nil when refreshing does not replace it, so that it can be sent again at any time.
    public var rotationGrace: Duration? {
        guard case .refreshToken(.rotates(let grace)) = refresh else { return nil }
        return grace
    }

    /// OAuth 2.0 by the book.
    public init() {}

    /// OAuth 2.0 with the differences that `configure` sets.
    public init(_ configure: (inout OAuth2) -> Void) { configure(&self) }
}

/// A parameter of the OAuth callback that a provider needs later.
public struct CallbackParameter: Sendable, Equatable {
    /// Its name in the query.
    public var name: String
    /// Whether a callback without it is refused.
    public var isRequired: Bool

    /// A parameter.
    public init(_ name: String, isRequired: Bool = true) {
        self.name = name
        self.isRequired = isRequired
    }
}

/// Where the values stand in a token response (RFC 6749 section 5.1, and where providers put them instead).
public struct TokenResponseFields: Sendable {
    /// Where the object with the values stands in some answers; one without an object there holds them itself.
    public var container: ValuePath?
    /// The access token.
    public var accessToken: ValuePath = "access_token"
    /// The refresh token.
    public var refreshToken: ValuePath = "refresh_token"
    /// The access token's life in seconds.
    public var expiresIn: ValuePath = "expires_in"
    /// The refresh token's life in seconds, where the provider reports it.
    public var refreshExpiresIn: [ValuePath] = ["refresh_expires_in", "refresh_token_expires_in"]
    /// The time in seconds after which no refresh can renew the grant, where the provider reports it.
    public var refreshHardExpiresIn: [ValuePath] = []
    /// The scopes granted, as text or as an array of texts.
    public var scope: ValuePath = "scope"
    /// What stands between scopes in that text, when it is not what the authorization URL uses.
    public var scopeSeparator: String?
    /// The token type.
    public var tokenType: ValuePath = "token_type"
    /// The token types that are expected, in lower case.
    ///
    /// Hosts take a token with another type, or with none, all the same: an odd word beside a token is no reason to lose it. A type that
    /// is known to need more than the token, such as `mac` or `dpop`, completes no new authorization.
    public var acceptedTokenTypes: [String] = ["bearer"]

    /// The names of RFC 6749.
    public init() {}

    /// The object of `response` that holds the values.
    public func object(in response: JSONValue) -> JSONValue {
        guard let found = container?.first(in: response), found.kind == .object else { return response }
        return found
    }
}

/// A second hop after the code exchange.
public struct SecondExchange: Sendable {
    /// The endpoint it goes to.
    public var endpoint: String
    /// The path after the endpoint.
    public var path: String
    /// The grant type it sends.
    public var grantType: String
    /// The parameter that carries the first access token.
    public var tokenParameter: String = "access_token"
    /// Whether the client secret is sent, as `client_secret`.
    public var sendsClientSecret: Bool = true

    /// A GET request with these parameters in its query.
    public init(endpoint: String, path: String, grantType: String) {
        self.endpoint = endpoint
        self.path = path
        self.grantType = grantType
    }
}

/// How an access token is renewed.
public enum Refresh: Sendable {
    /// What happens to the refresh token when it is used.
    public enum Rotation: Sendable, Equatable {
        /// It stays good; a new one in the reply replaces it.
        case keepsUntilReplaced
        /// Each use returns a new one and ends the old one, at once or after `grace`.
        case rotates(grace: Duration)
    }

    /// Not at all: the token does not expire, or the user must connect again.
    case none
    /// With a refresh token at the token endpoint (RFC 6749 section 6).
    case refreshToken(rotation: Rotation)
    /// The access token renews itself.
    case accessToken(AccessTokenRefresh)
}

/// An access token that is renewed with itself.
public struct AccessTokenRefresh: Sendable {
    /// The endpoint the request goes to.
    public var endpoint: String
    /// The path after the endpoint.
    public var path: String
    /// The grant type it sends.
    public var grantType: String
    /// The parameter that carries the access token.
    public var tokenParameter: String = "access_token"
    /// How old a token must be before the provider renews it.
    public var minimumAge: Duration = .zero

    /// A GET request with these parameters in its query.
    public init(endpoint: String, path: String, grantType: String) {
        self.endpoint = endpoint
        self.path = path
        self.grantType = grantType
    }

    /// A GET request with these parameters in its query, with what `configure` sets.
    public init(
        endpoint: String, path: String, grantType: String, _ configure: (inout AccessTokenRefresh) -> Void
    ) {
        self.init(endpoint: endpoint, path: path, grantType: grantType)
        configure(&self)
    }
}

/// How long tokens live when a token response does not say.
public struct TokenLifetimes: Sendable {
    /// The access token; nil means it does not expire.
    public var accessToken: Duration?
    /// The refresh token while it is not used; nil means it does not expire unused.
    public var refreshTokenIdle: Duration?
    /// The whole grant, however often it is refreshed; nil means no end.
    public var grant: Duration?

    /// Tokens that do not expire.
    public init() {}

    /// Tokens with these lives.
    public init(accessToken: Duration?, refreshTokenIdle: Duration? = nil, grant: Duration? = nil) {
        self.accessToken = accessToken
        self.refreshTokenIdle = refreshTokenIdle
        self.grant = grant
    }
}

/// How a grant is ended at the provider (RFC 7009, and what providers have instead).
///
/// The request goes to the endpoint `revoke` of the manifest.
public struct Revocation: Sendable {
    /// What the request carries.
    public enum Token: Sendable, Equatable {
        /// The refresh token, or the access token when there is none.
        case refreshToken
        /// The access token.
        case accessToken
        /// None: ``Revocation/parameters`` say what ends.
        case none
    }

    /// What ends with a request.
    public enum Reach: Sendable, Equatable {
        /// The grant of the token that is sent, and no other.
        case token
        /// Every grant of this application to the account, those of other users of the host among them.
        ///
        /// Such a request may go out only with the last connection to the account; ``Provider/detach(in:)`` is held back with it.
        case account
    }

    /// Which token is sent.
    public var token: Token = .refreshToken
    /// What ends with the request.
    public var reach: Reach = .token
    /// The parameter that carries it; empty sends it as the bearer token of the request.
    public var tokenParameter: String = "token"
    /// How the request is encoded.
    public var encoding: OAuth2.Encoding = .form
    /// Further parameters; `{clientId}` and `{accountId}` stand for the client id and the connection's account id.
    public var parameters: [NamedValue] = []
    /// How the host authenticates itself; nil means as at the token endpoint.
    public var clientAuthentication: OAuth2.ClientAuthentication? {
        didSet { clientAuthentication = clientAuthentication?.current }
    }
    /// What the answer's body must show for success; nil means that the status alone decides.
    public var succeedsWhen: Condition?

    /// RFC 7009.
    public init() {}

    /// RFC 7009 with the differences that `configure` sets.
    public init(_ configure: (inout Revocation) -> Void) { configure(&self) }
}
