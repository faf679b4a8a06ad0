// Answers of token endpoints: validated, bounded, and split into tokens and everything else. Pure.

package import ConnectionModel
import Cryptography
import Observability
package import ProviderSDK
import Users

/// A good answer of a token endpoint.
///
/// Tokens count first: what is odd beside them is taken as not said, and is noted.
package struct TokenResponse: Sendable {
    package let accessToken: Secret
    package let refreshToken: Secret?
    package let expiresAt: Timestamp?
    let refreshExpiresAt: Timestamp?
    let grantExpiresAt: Timestamp?
    /// The scopes granted; nil when the answer does not say.
    package let scopes: [String]?
    /// What was odd in the answer, in a sentence each; no value of the answer is in them.
    let oddities: [String]
    /// Whether the token has a type that is known to need more than the token.
    let needsProof: Bool
    /// The answer without its tokens.
    package let redacted: JSONValue
    /// The claims of the access token when it is a JWT.
    let claims: JSONValue

    /// Seconds a token may live; more than that was not meant.
    static let lifetimeSecondsMax: Int64 = 10 * 366 * 86_400
    /// The types of tokens that are no use alone (RFC 9449, RFC 8693 section 2.2.1 and earlier drafts).
    private static let proofTypes: Set = ["mac", "dpop", "pop", "n_a"]

    /// Reads an answer.
    ///
    /// An answer with a pair of tokens counts, also if a rule calls it an error.
    ///
    /// - Parameter secrets: the secrets in the request, which are removed where an error repeats them.
    /// - Throws: ``ProviderError``, as the provider classifies token answers: transient for what is not an answer of a token
    ///   endpoint, permanent for an access token that cannot be sent.
    package init(
        _ response: ProviderResponse, oauth: OAuth2, secrets: [String] = [], now: Timestamp
    ) throws(ProviderError) {
        let fields = oauth.tokenResponse
        let read = TokenAnswer(response, fields)
        if let error = oauth.tokenErrors.error(for: response, now: now) {
            guard 200...299 ~= response.status, read.hasPair else { throw error.shown(without: secrets) }
        }
        guard let answer = read.answer else {
            throw ProviderError(.transient, "The token endpoint's answer cannot be read.", status: response.status)
        }
        let body = fields.object(in: answer)
        guard let access = read.access else {
            throw ProviderError(.transient, "The token endpoint's answer holds no token.", status: response.status)
        }
        guard access.utf8.count <= ConnectionLimits.tokenBytesMax, Self.isHeaderSafe(access) else {
            throw ProviderError(.permanent, "The provider's access token is empty, too long, or not ASCII.")
        }
        var oddities = read.oddities
        if let type = fields.tokenType.first(in: body), !type.isNull {
            let word = type.string.map { TokenAnswer.word($0) }
            needsProof = word.map(Self.proofTypes.contains) ?? false
            if !(word.map(fields.acceptedTokenTypes.contains) ?? false) {
                oddities.append("“\(fields.tokenType)” is no type of a bearer token")
            }
        } else {
            needsProof = false
        }
        accessToken = Secret(access)
        refreshToken = read.refresh.map { Secret($0) }
        let life = TokenAnswer.seconds([fields.expiresIn], in: body, &oddities)
        expiresAt = life.map { now.advanced(by: .seconds($0)) } ?? oauth.lifetimes.accessToken.map(now.advanced(by:))
        let idle = TokenAnswer.seconds(fields.refreshExpiresIn, in: body, &oddities)
        refreshExpiresAt =
            idle.map { now.advanced(by: .seconds($0)) } ?? oauth.lifetimes.refreshTokenIdle.map(now.advanced(by:))
        let hard = TokenAnswer.seconds(fields.refreshHardExpiresIn, in: body, &oddities)
        grantExpiresAt = hard.map { now.advanced(by: .seconds($0)) }
        let separator = fields.scopeSeparator ?? oauth.scopeSeparator
        scopes = TokenAnswer.scopes(at: fields.scope, in: body, separator: separator, &oddities)
        redacted = Self.redacted(answer, secrets: [access, read.refresh].compactMap { $0 })
        claims = Self.claims(of: access)
        self.oddities = oddities
    }

    /// Visible ASCII: what can stand in a header field.
    static func isHeaderSafe(_ text: String) -> Bool { text.utf8.allSatisfy { 0x21...0x7E ~= $0 } }

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
            grantExpiresAt: tokens.grantExpiresAt, scopes: tokens.scopes, oddities: tokens.oddities)
    }
}
