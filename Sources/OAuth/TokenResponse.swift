// Answers of token endpoints: validated, bounded, and split into tokens and everything else. Pure.

package import ConnectionModel
import Cryptography
import Observability
package import ProviderSDK

/// A good answer of a token endpoint.
package struct TokenResponse: Sendable {
    package let accessToken: Secret
    package let refreshToken: Secret?
    package let expiresAt: Timestamp?
    let refreshExpiresAt: Timestamp?
    let grantExpiresAt: Timestamp?
    /// The scopes granted; nil when the answer does not say.
    package let scopes: [String]?
    /// The answer without its tokens.
    package let redacted: JSONValue
    /// The claims of the access token when it is a JWT.
    let claims: JSONValue

    /// Seconds a token may live; longer is cut.
    static let lifetimeSecondsMax: Int64 = 10 * 366 * 86_400

    /// Reads an answer.
    ///
    /// - Parameter secrets: the secrets in the request, which are removed where an error repeats them.
    /// - Throws: ``ProviderError``, as the provider classifies token answers: transient for what is not an answer of a token
    ///   endpoint, permanent for tokens that cannot be used.
    package init(
        _ response: ProviderResponse, oauth: OAuth2, secrets: [String] = [], now: Timestamp
    ) throws(ProviderError) {
        let fields = oauth.tokenResponse
        var limits = JSONLimits.provider
        limits.bytesMax = OAuthLimits.tokenResponseBytesMax
        if let error = oauth.tokenErrors.error(for: response, now: now) { throw error.shown(without: secrets) }
        guard let answer = try? JSONValue.parse(response.body, limits: limits) else {
            throw ProviderError(.transient, "The token endpoint's answer is not JSON.", status: response.status)
        }
        let body = fields.object(in: answer)
        guard let access = fields.accessToken.first(in: body)?.string else {
            throw ProviderError(.transient, "The token endpoint's answer holds no token.", status: response.status)
        }
        guard !access.isEmpty, access.utf8.count <= ConnectionLimits.tokenBytesMax, Self.isHeaderSafe(access) else {
            throw ProviderError(.permanent, "The provider's access token is empty, too long, or not ASCII.")
        }
        if let type = fields.tokenType.first(in: body), !type.isNull {
            guard let type = type.string, fields.acceptedTokenTypes.contains(type.lowercased()) else {
                throw ProviderError(
                    .permanent, "The provider's token has a type that cannot be used as a bearer token.")
            }
        }
        let refreshValue = fields.refreshToken.first(in: body) ?? .null
        let refresh = refreshValue.string
        guard refreshValue.isNull || refresh != nil else {
            throw ProviderError(.permanent, "The provider's refresh token is not a text.")
        }
        guard refresh.map({ $0.utf8.count <= ConnectionLimits.tokenBytesMax && Self.isHeaderSafe($0) }) ?? true else {
            throw ProviderError(.permanent, "The provider's refresh token is too long or not ASCII.")
        }
        accessToken = Secret(access)
        refreshToken = refresh.flatMap { $0.isEmpty ? nil : Secret($0) }
        let life = try Self.seconds(fields.expiresIn.first(in: body))
        expiresAt = life.map { now.advanced(by: .seconds($0)) } ?? oauth.lifetimes.accessToken.map(now.advanced(by:))
        let idle = try Self.seconds(fields.refreshExpiresIn.lazy.compactMap { $0.first(in: body) }.first)
        refreshExpiresAt =
            idle.map { now.advanced(by: .seconds($0)) } ?? oauth.lifetimes.refreshTokenIdle.map(now.advanced(by:))
        let hard = try Self.seconds(fields.refreshHardExpiresIn.lazy.compactMap { $0.first(in: body) }.first)
        grantExpiresAt = hard.map { now.advanced(by: .seconds($0)) }
        scopes = Self.scopes(fields.scope.first(in: body), separator: fields.scopeSeparator ?? oauth.scopeSeparator)
        redacted = Self.redacted(answer, secrets: [access, refresh].compactMap { $0 })
        claims = Self.claims(of: access)
    }

    private static func seconds(_ value: JSONValue?) throws(ProviderError) -> Int64? {
        guard let value, !value.isNull else { return nil }
        let amount = value.integer ?? value.string.flatMap { JSONNumber($0)?.integer }
        guard let amount, amount > 0 else {
            throw ProviderError(.permanent, "The lifetime of the provider's token is not a positive number.")
        }
        return min(amount, lifetimeSecondsMax)
    }

    private static func scopes(_ value: JSONValue?, separator: String) -> [String]? {
        if let texts = value?.array { return texts.compactMap(\.string) }
        guard let text = value?.string else { return nil }
        return text.split { $0 == " " || String($0) == separator }.map(String.init)
    }

    /// Visible ASCII: what can stand in a header field.
    private static func isHeaderSafe(_ text: String) -> Bool { text.utf8.allSatisfy { 0x21...0x7E ~= $0 } }

    /// `value` with every secret, and everything that is called a token or a secret, replaced by null.
    private static func redacted(_ value: JSONValue, secrets: [String]) -> JSONValue {
        if let members = value.members {
            return .object(
                members.map { key, value in
                    let isSecret = key.hasSuffix("_token") || key.hasSuffix("_secret")
                    return (key, isSecret && value.kind == .string ? .null : redacted(value, secrets: secrets))
                })
        }
        if let elements = value.array { return .array(elements.map { redacted($0, secrets: secrets) }) }
        if let text = value.string, secrets.contains(text) { return .null }
        return value
    }

    private static func claims(of token: String) -> JSONValue {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = try? Base64URL.decode(String(Substring(parts[1]))),
            let claims = try? JSONValue.parse(payload), claims.kind == .object
        else { return [:] }
        return claims
    }
}

extension CredentialVault {
    /// The tokens of an answer in the sealed form that is stored with a connection.
    package func sealed(_ tokens: TokenResponse, user: String, connection: String) throws(ServiceError) -> SealedTokens
    {
        SealedTokens(
            accessToken: try seal(tokens.accessToken, user: user, connection: connection, field: "accessToken"),
            refreshToken: try tokens.refreshToken.map { (token) throws(ServiceError) in
                try seal(token, user: user, connection: connection, field: "refreshToken")
            }, expiresAt: tokens.expiresAt, refreshExpiresAt: tokens.refreshExpiresAt,
            grantExpiresAt: tokens.grantExpiresAt, scopes: tokens.scopes)
    }
}
