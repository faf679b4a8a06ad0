// The authorization server as a state machine without I/O: grants, codes, tokens and their expiry. Time is an input; other code
// knows the wire.

import Cryptography

struct AuthorizationServer: Sendable {
    private struct Code {
        let grant: Int
        let redirectURI: String?
        let challenge: String?
        let expires: Int64
        var isUsed = false
    }

    private enum Kind { case access, refresh }

    private struct Token {
        let kind: Kind
        let grant: Int
        let scopes: [String]
        let issued: Int64
        var expires: Int64?
        /// When a newer refresh token took its place.
        var replaced: Int64?
        var isRevoked = false
    }

    /// The state of a bearer token.
    enum Bearer: Sendable {
        case live(Grant, scopes: [String])
        case expired(since: Int64)
        case revoked(Grant)
        case unknown
    }

    struct Counts: Sendable {
        var grants = 0
        var liveGrants = 0
        var issuedAccessTokens = 0
        var issuedRefreshTokens = 0
        var liveAccessTokens = 0
        var liveRefreshTokens = 0
        var revokedTokens = 0
    }

    private var rules: OAuthRules
    private var grants: [Int: Grant] = [:]
    private var codes: [String: Code] = [:]
    private var tokens: [String: Token] = [:]
    private var nextGrant = 1
    private var issued = Counts()

    init(_ rules: OAuthRules) { self.rules = rules }

    /// The user allowed it: a code for the client.
    mutating func allow(
        account: Int, scopes: [String], parameters: [String: String], redirectURI: String?, challenge: String?,
        now: Int64
    ) -> (code: String, grant: Grant) {
        let grant = Grant(
            number: nextGrant, account: account, scopes: scopes, parameters: parameters, created: now)
        nextGrant += 1
        if grants.count >= SandboxLimits.grantsMax { forgetOldest() }
        grants[grant.number] = grant
        let code = rules.codePrefix + RandomText.base62(32)
        codes[code] = Code(
            grant: grant.number, redirectURI: redirectURI, challenge: challenge,
            expires: now + rules.codeSeconds * 1000)
        return (code, grant)
    }

    private mutating func forgetOldest() {
        let oldest = nextGrant - SandboxLimits.grantsMax
        grants = grants.filter { $0.key > oldest }
        codes = codes.filter { $0.value.grant > oldest }
        tokens = tokens.filter { $0.value.grant > oldest }
    }

    /// The code exchange (RFC 6749 section 4.1.3, RFC 7636 section 4.6).
    mutating func exchange(
        code text: String, redirectURI: String?, verifier: String?, now: Int64
    ) throws(OAuthFault) -> IssuedTokens {
        guard let code = codes[text] else { throw .invalidGrant(.codeUnknown) }
        if code.isUsed {
            if rules.codeReuseRevokesGrant { revokeGrant(code.grant) }
            throw .invalidGrant(.codeUsed)
        }
        guard now < code.expires else { throw .invalidGrant(.codeExpired) }
        switch rules.redirectURIInExchange {
        case .repeated where code.redirectURI != redirectURI: throw .invalidGrant(.redirectURIMismatch)
        case .matchedWhenSent where redirectURI != nil && code.redirectURI != redirectURI:
            throw .invalidGrant(.redirectURIMismatch)
        default: break
        }
        if let challenge = code.challenge {
            guard let verifier else { throw .invalidGrant(.verifierMissing) }
            guard SHA256.digest(verifier).base64URL == challenge else { throw .invalidGrant(.verifierMismatch) }
        }
        codes[text]?.isUsed = true
        guard let grant = grants[code.grant], !grant.isRevoked else { throw .invalidGrant(.revoked) }
        return issue(grant, scopes: grant.scopes, refreshToken: nil, now: now)
    }

    /// The refresh (RFC 6749 section 6).
    mutating func refresh(_ text: String, scopes: [String]?, now: Int64) throws(OAuthFault) -> IssuedTokens {
        guard let token = tokens[text], token.kind == .refresh else { throw .invalidGrant(.refreshTokenUnknown) }
        guard let grant = grants[token.grant], !grant.isRevoked, !token.isRevoked else {
            throw .invalidGrant(.revoked)
        }
        if let expires = token.expires, now >= expires { throw .invalidGrant(.refreshTokenExpired) }
        if let replaced = token.replaced, case .rotates(let grace) = rules.refresh, now >= replaced + grace * 1000 {
            throw .invalidGrant(.refreshTokenUsed)
        }
        if let scopes, !Set(scopes).isSubset(of: token.scopes) { throw .invalidScope }
        if rules.refreshEndsAccessTokens { revoke(.access, of: grant.number) }
        let scopes = scopes ?? token.scopes
        guard case .rotates = rules.refresh else {
            tokens[text]?.expires = rules.refreshTokenSeconds.map { now + $0 * 1000 }
            return issue(grant, scopes: scopes, refreshToken: text, now: now)
        }
        if token.replaced == nil { tokens[text]?.replaced = now }
        return issue(grant, scopes: scopes, refreshToken: nil, now: now)
    }

    /// Issues new tokens for a grant; `refreshToken` is the existing one to keep, if any.
    private mutating func issue(
        _ grant: Grant, scopes: [String], refreshToken: String?, now: Int64
    ) -> IssuedTokens {
        let expires = rules.accessTokenSeconds.map { now + $0 * 1000 }
        let access = rules.mintAccessToken?(grant, now, expires) ?? rules.accessTokenPrefix + RandomText.base62(40)
        tokens[access] = Token(kind: .access, grant: grant.number, scopes: scopes, issued: now, expires: expires)
        issued.issuedAccessTokens += 1
        var refresh = refreshToken
        if case .none = rules.refresh {
        } else if refresh == nil, rules.givesRefreshToken(grant) {
            let text = rules.refreshTokenPrefix + RandomText.base62(40)
            tokens[text] = Token(
                kind: .refresh, grant: grant.number, scopes: scopes, issued: now,
                expires: rules.refreshTokenSeconds.map { now + $0 * 1000 })
            issued.issuedRefreshTokens += 1
            refresh = text
        }
        return IssuedTokens(
            grant: grant, scopes: scopes, accessToken: access, accessTokenSeconds: rules.accessTokenSeconds,
            refreshToken: refresh, refreshTokenSeconds: refresh == nil ? nil : rules.refreshTokenSeconds)
    }

    /// Issues a new access token for a live one, which stays valid: this is how Instagram renews.
    ///
    /// `seconds` is the new token's life.
    mutating func renew(
        _ access: String, minimumAgeSeconds: Int64, seconds: Int64, now: Int64
    ) throws(OAuthFault) -> IssuedTokens {
        guard let token = tokens[access], token.kind == .access else { throw .invalidGrant(.refreshTokenUnknown) }
        guard let grant = grants[token.grant], !grant.isRevoked, !token.isRevoked else {
            throw .invalidGrant(.revoked)
        }
        if let expires = token.expires, now >= expires { throw .invalidGrant(.refreshTokenExpired) }
        if now < token.issued + minimumAgeSeconds * 1000 { throw .tooEarly }
        let text = rules.accessTokenPrefix + RandomText.base62(40)
        tokens[text] = Token(
            kind: .access, grant: grant.number, scopes: token.scopes, issued: now, expires: now + seconds * 1000)
        issued.issuedAccessTokens += 1
        return IssuedTokens(
            grant: grant, scopes: token.scopes, accessToken: text, accessTokenSeconds: seconds, refreshToken: nil,
            refreshTokenSeconds: nil)
    }

    /// Returns the state of `text` as a bearer token.
    func bearer(_ text: String, now: Int64) -> Bearer {
        guard let token = tokens[text], token.kind == .access, let grant = grants[token.grant] else {
            return .unknown
        }
        if grant.isRevoked || token.isRevoked { return .revoked(grant) }
        if let expires = token.expires, now >= expires { return .expired(since: expires) }
        return .live(grant, scopes: token.scopes)
    }

    /// Returns the grant that a token of either kind belongs to, ended ones included.
    func grant(of text: String) -> Grant? { tokens[text].flatMap { grants[$0.grant] } }

    /// Whether `account` has a live grant.
    func hasLiveGrant(account: Int) -> Bool {
        grants.values.contains { $0.account == account && !$0.isRevoked }
    }

    /// The live grants of an account, the oldest first.
    func liveGrants(account: Int) -> [Grant] {
        grants.values.filter { $0.account == account && !$0.isRevoked }.sorted { $0.number < $1.number }
    }

    /// Ends one token alone.
    mutating func revokeToken(_ text: String) { tokens[text]?.isRevoked = true }

    /// Ends a grant and all its tokens.
    mutating func revokeGrant(_ number: Int) {
        grants[number]?.isRevoked = true
        for (text, token) in tokens where token.grant == number { tokens[text]?.isRevoked = true }
    }

    /// Ends all grants of an account; false where there was no live one.
    mutating func revokeGrants(account: Int?) -> Bool {
        let numbers = grants.values.filter { (account == nil || $0.account == account) && !$0.isRevoked }.map(\.number)
        numbers.forEach { revokeGrant($0) }
        return !numbers.isEmpty
    }

    /// Lets every access token, or every token, expire now.
    mutating func expireTokens(includingRefreshTokens: Bool, now: Int64) {
        for (text, token) in tokens where token.kind == .access || includingRefreshTokens {
            tokens[text]?.expires = min(token.expires ?? now, now)
        }
    }

    private mutating func revoke(_ kind: Kind, of grant: Int) {
        for (text, token) in tokens where token.grant == grant && token.kind == kind { tokens[text]?.isRevoked = true }
    }

    /// What there is now.
    func counts(now: Int64) -> Counts {
        var counts = issued
        counts.grants = grants.count
        counts.liveGrants = grants.values.count { !$0.isRevoked }
        for token in tokens.values {
            if token.isRevoked { counts.revokedTokens += 1 }
            let isReplaced =
                if case .rotates(let grace) = rules.refresh, let replaced = token.replaced {
                    now >= replaced + grace * 1000
                } else { false }
            guard !token.isRevoked, !isReplaced, token.expires.map({ now < $0 }) ?? true else { continue }
            if token.kind == .access { counts.liveAccessTokens += 1 } else { counts.liveRefreshTokens += 1 }
        }
        return counts
    }
}
