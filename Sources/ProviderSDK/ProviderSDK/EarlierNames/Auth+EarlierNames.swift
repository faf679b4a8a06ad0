// Earlier names of OAuth 2.0 and the other ways in which an account is connected.

extension OAuth2.ClientAuthentication: HasEarlierCases {
    @available(*, deprecated)
    var successor: OAuth2.ClientAuthentication {
        switch self {
        case .basic: .clientSecretBasic
        case .form: .clientSecretPost
        default: self
        }
    }
}

extension OAuth2 {
    /// What stands before the access token in the field `Authorization`; ``send`` says it now.
    @available(*, deprecated, message: "use send")
    public var authorizationScheme: String {
        get { send.prefix(before: "accessToken").map { String($0.prefix.dropLast()) } ?? "Bearer" }
        set { send = CredentialForm(header: "Authorization", "\(newValue) {accessToken}") }
    }
}

extension Revocation {
    /// The earlier name of ``succeedsWhen``.
    @available(*, deprecated, renamed: "succeedsWhen")
    public var succeeds: Condition? {
        get { succeedsWhen }
        set { succeedsWhen = newValue }
    }
}

extension APIKeyAuth {
    /// The header field that carries the key; ``send`` says it now.
    @available(*, deprecated, message: "use send")
    public var header: String {
        get { send.prefix(before: "credential.apiKey")?.header ?? "Authorization" }
        set { send = CredentialForm(header: newValue, prefix + "{credential.apiKey}") }
    }

    /// What stands before the key in that field; ``send`` says it now.
    @available(*, deprecated, message: "use send")
    public var prefix: String {
        get { send.prefix(before: "credential.apiKey")?.prefix ?? "" }
        set { send = CredentialForm(header: header, newValue + "{credential.apiKey}") }
    }
}

extension AccountIDAuth {
    /// The earlier name of ``bytesMax``.
    @available(*, deprecated, renamed: "bytesMax")
    public var accountIDBytesMax: Int {
        get { bytesMax }
        set { bytesMax = newValue }
    }

    /// The earlier name of ``allowed``.
    @available(*, deprecated, renamed: "allowed")
    public var allowedBytes: AllowedBytes {
        get { allowed }
        set { allowed = newValue }
    }
}
