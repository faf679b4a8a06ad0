// The ways in which a user connects an account, and the identity that comes out of it. Tokens never appear here.

/// How a user connects an account of a provider.
public enum AuthKind: Sendable {
    /// With OAuth 2.0.
    case oauth2(OAuth2)
    /// With a key that the user pastes, sent as the manifest says.
    case apiKey(APIKeyAuth)
    /// With an account id that the user types; the host's own credential reads it.
    case accountID(AccountIDAuth)
    /// With a token that a bot of the provider hands to the user.
    case linkToken
    /// Without any credential.
    case none
}

/// A key that the user pastes.
public struct APIKeyAuth: Sendable {
    /// How the key, `{credential.apiKey}`, stands in API requests.
    public var send = CredentialForm(header: "Authorization", "Bearer {credential.apiKey}")
    /// The field in which a person pastes it; nil for one with a general label.
    public var field: FormField?

    /// The key as a bearer token.
    public init() {}

    /// The key as a bearer token, with what `configure` sets.
    public init(_ configure: (inout APIKeyAuth) -> Void) { configure(&self) }
}

/// An account id that the user types.
public struct AccountIDAuth: Sendable {
    /// What an id may be made of.
    public enum AllowedBytes: Sendable, Equatable {
        /// Visible ASCII, `!` to `~`.
        case visibleASCII
        /// ASCII letters, digits, and the ASCII bytes of this text.
        case lettersAndDigits(and: String)
        /// Any text, without characters that are not shown or that act on what is shown around them.
        case text
    }

    /// The longest id accepted, in bytes.
    public var bytesMax: Int = 256
    /// What an id may be made of.
    public var allowed: AllowedBytes = .visibleASCII
    /// The secret setting that authorises requests for every account; nil when none does.
    public var secretSetting: String?
    /// What stands before that secret in the `Authorization` header.
    public var scheme: String = "Bearer"
    /// The field in which a person types it; nil for one with a general label.
    public var field: FormField?

    /// An account id of at most 256 bytes.
    public init() {}

    /// An account id of at most 256 bytes, with what `configure` sets.
    public init(_ configure: (inout AccountIDAuth) -> Void) { configure(&self) }

    /// Why `id` is not an account id, as the end of a sentence that begins with its name; nil when it can be one.
    ///
    /// Hosts ask before they store an id: it goes into requests, documents and logs.
    public func refusal(of id: String) -> String? {
        let bytes = id.utf8
        if bytes.isEmpty { return "must not be empty" }
        if bytes.count > bytesMax { return "must not be longer than \(bytesMax) bytes" }
        switch allowed {
        case .visibleASCII:
            return bytes.allSatisfy { 0x21...0x7E ~= $0 } ? nil : "must consist of visible ASCII characters"
        case .lettersAndDigits(let others):
            let isRight = bytes.allSatisfy { byte in
                byte &- 0x30 < 10 || 0x61...0x7A ~= byte | 0x20 || byte < 0x80 && others.utf8.contains(byte)
            }
            let also = others.isEmpty ? "" : " and “\(others)”"
            return isRight ? nil : "must consist of letters, digits\(also)"
        case .text:
            return id.unicodeScalars.contains(where: AccountIDForm.isHidden) ? "must not have control characters" : nil
        }
    }
}

/// The account that a connection turned out to be for.
public struct AccountIdentity: Sendable, Equatable {
    /// The provider's id of the account.
    public var id: String
    /// A name for people.
    public var name: String
    /// Which side of the provider the grant is for, where one account has several that share its id, such as live and test data.
    public var mode: String?

    /// An account.
    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

/// Where the identity of a freshly connected account comes from, as data.
///
/// The paths look into one JSON object. `token` is the token response without its secrets, and `claims` are the claims of the
/// access token when it is a JWT. `callback` is the query of the OAuth callback, and `response` the answer to ``request``.
public struct IdentitySource: Sendable {
    /// The request that returns the account's identity; nil when the token response contains it.
    public var request: ProviderRequest?
    /// Where the account id stands; the first path that leads to a non-empty text counts.
    public var id: [ValuePath]
    /// Where the name stands; the account id when none leads to a text.
    public var name: [ValuePath]
    /// Where the mode stands, as a text, a number or a boolean; empty for providers without modes.
    public var mode: [ValuePath] = []
    /// Whether ``request`` only returns the name.
    ///
    /// A temporary failure, or one that is not about the grant, then leaves the account without a name. The authorization, which
    /// cannot be repeated, is kept.
    public var requestTellsNameOnly: Bool = false

    /// An identity found by these paths.
    public init(id: [ValuePath], name: [ValuePath], request: ProviderRequest? = nil) {
        self.id = id
        self.name = name
        self.request = request
    }

    /// An identity found by these paths, with what `configure` sets.
    public init(
        id: [ValuePath], name: [ValuePath], request: ProviderRequest? = nil,
        _ configure: (inout IdentitySource) -> Void
    ) {
        self.init(id: id, name: name, request: request)
        configure(&self)
    }
}

/// What a completed authorization gave, without its secrets.
public struct TokenGrant: Sendable {
    /// The token response with every token in it replaced by null.
    public var response: JSONValue
    /// The claims of the access token when it is a JWT, else an empty object.
    ///
    /// Not verified: it came straight from the provider.
    public var claims: JSONValue
    /// The query of the callback, without code and state, as an object of strings.
    public var callback: JSONValue

    /// A grant.
    public init(response: JSONValue, claims: JSONValue, callback: JSONValue) {
        self.response = response
        self.claims = claims
        self.callback = callback
    }
}
