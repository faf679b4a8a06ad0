// Finds out who sends a request: from the Authorization header or the session cookies. One verifier per scheme, chosen by
// configuration; knows no route.

import ConnectionModel
package import Primitives
package import ProviderSDK
package import Users

/// Where a credential was found, which decides whether a browser may have sent it by itself.
package enum CredentialPlace: Sendable, Equatable {
    case header, cookie
}

/// Who sends a request, and where the credential was found.
package typealias Authentication = (principal: Principal, place: CredentialPlace)

/// Finds out who sends a request.
///
/// There is one failure: no principal. The reason for a refusal is never reported.
package struct Authenticator: Sendable {
    /// The cookies that may carry a host session, in the order in which they are read.
    let cookieNames: [String]
    private let hostSessions: HostSessions
    private let apiKeys: APIKeys
    private let applicationKeys: ApplicationKeys
    /// The schemes other than the host's own.
    private let schemes: [SessionScheme]
    private let cache: SessionCache
    private let time: TimeSource

    /// - Parameter rdsCookie: the name of the RDS cookie; nil for the one of the environment `development`.
    package init(
        hostSessions: HostSessions, apiKeys: APIKeys, applicationKeys: ApplicationKeys, schemes: [SessionScheme],
        rdsCookie: String? = nil, cache: SessionCache = SessionCache(), time: TimeSource
    ) {
        self.hostSessions = hostSessions
        self.apiKeys = apiKeys
        self.applicationKeys = applicationKeys
        self.schemes = schemes
        self.cache = cache
        self.time = time
        cookieNames =
            ["integration-host-session"] + NextAuthVerifier.cookieNamesV4
            + [rdsCookie ?? RDSVerifier.cookieName(environment: "development")]
    }

    /// Returns the principal of a request if that needs no waiting.
    ///
    /// That covers host sessions, sessions verified before, and API keys in memory.
    ///
    /// Nil means undecided: call ``principal(authorization:cookies:at:)``, which gives the same answers and more.
    package func cachedPrincipal(
        authorization: String?, cookies: [String], at moment: Timestamp? = nil
    ) -> Authentication? {
        let now = moment ?? time.now
        if let authorization {
            guard let token = Self.bearerToken(authorization) else { return nil }
            if IssuedKey.Purpose.api.isPrefix(of: token) {
                return apiKeys.cachedPrincipal(of: token).map { ($0, .header) }
            }
            if IssuedKey.Purpose.application.isPrefix(of: token) {
                return applicationKeys.cachedPrincipal(of: token, at: now).map { ($0, .header) }
            }
            return (known(token, Place.header, at: now) ?? host(token, Place.header, at: now)).map { ($0, .header) }
        }
        if let principal = hostPrincipal(cookies, at: now) { return (principal, .cookie) }
        for (index, scheme) in schemes.enumerated() {
            for token in scheme.tokens(in: cookies) {
                // A credential that must be verified first must not be skipped in favour of a later one.
                return known(token, Place.cookie(ofScheme: index), at: now).map { ($0, .cookie) }
            }
        }
        return nil
    }

    /// Returns the principal of a request; nil when it carries no good credential.
    ///
    /// A request with an Authorization header is judged by that header alone.
    package func principal(
        authorization: String?, cookies: [String], at moment: Timestamp? = nil
    ) async -> Authentication? {
        let now = moment ?? time.now
        if let authorization {
            guard let token = Self.bearerToken(authorization) else { return nil }
            if IssuedKey.Purpose.api.isPrefix(of: token) {
                return await apiKeys.principal(of: token).map { ($0, .header) }
            }
            if IssuedKey.Purpose.application.isPrefix(of: token) {
                return await applicationKeys.principal(of: token, at: now).map { ($0, .header) }
            }
            if let principal = known(token, Place.header, at: now) ?? host(token, Place.header, at: now) {
                return (principal, .header)
            }
            for scheme in schemes where scheme.takesBearer {
                if let principal = await verified(token, Place.header, scheme, at: now) { return (principal, .header) }
            }
            return nil
        }
        if let principal = hostPrincipal(cookies, at: now) { return (principal, .cookie) }
        for (index, scheme) in schemes.enumerated() {
            let place = Place.cookie(ofScheme: index)
            for token in scheme.tokens(in: cookies) {
                if let principal = known(token, place, at: now) { return (principal, .cookie) }
                if let principal = await verified(token, place, scheme, at: now) { return (principal, .cookie) }
            }
        }
        return nil
    }

    /// The places whose verifiers are the same, as numbers for the cache.
    private enum Place {
        static let header = 0
        static let hostCookie = 1
        static func cookie(ofScheme index: Int) -> Int { 2 + index }
    }

    private func hostPrincipal(_ cookies: [String], at now: Timestamp) -> Principal? {
        for name in cookieNames {
            for value in Self.values(ofCookie: name, in: cookies).prefix(SessionLimits.cookiesPerNameMax) {
                if let principal = known(value, Place.hostCookie, at: now) ?? host(value, Place.hostCookie, at: now) {
                    return principal
                }
            }
        }
        return nil
    }

    /// The principal of a token that was verified before at this place.
    private func known(_ token: String, _ place: Int, at now: Timestamp) -> Principal? {
        cache.find(SessionCache.Key(token: token, place: place), at: now)
    }

    /// The principal of a token that the host made itself.
    private func host(_ token: String, _ place: Int, at now: Timestamp) -> Principal? {
        remembered(hostSessions.session(of: token, at: now), token, place, at: now)
    }

    private func verified(
        _ token: String, _ place: Int, _ scheme: SessionScheme, at now: Timestamp
    ) async -> Principal? {
        remembered(await scheme.session(of: token, at: now), token, place, at: now)
    }

    private func remembered(
        _ session: VerifiedSession?, _ token: String, _ place: Int, at now: Timestamp
    ) -> Principal? {
        guard let session else { return nil }
        cache.store(SessionCache.Key(token: token, place: place), session, at: now)
        return session.principal
    }

    /// The token of `Bearer <token>`, the scheme in any case and one or more spaces after it (RFC 6750, RFC 9110 section 11.4).
    static func bearerToken(_ authorization: String) -> String? {
        let scheme: StaticString = "bearer "
        var authorization = authorization
        return authorization.withUTF8 { bytes in
            guard bytes.count > scheme.utf8CodeUnitCount else { return nil }
            for index in 0..<scheme.utf8CodeUnitCount {
                guard unsafe ASCII.lowercased(bytes[index]) == scheme.utf8Start[index] else { return nil }
            }
            let token = unsafe bytes.dropFirst(scheme.utf8CodeUnitCount).drop { $0 == 0x20 }
            // Without an early exit, the compiler examines many bytes at once.
            let hiddenCount = unsafe token.reduce(0) { count, byte in count &+ (byte &- 0x21 > 0x7E - 0x21 ? 1 : 0) }
            return unsafe token.isEmpty || hiddenCount > 0 ? nil : String(decoding: token, as: UTF8.self)
        }
    }

    /// The values of a cookie in Cookie header fields (RFC 6265 section 4.2).
    package static func values(ofCookie name: String, in fields: [String]) -> [String] {
        var values: [String] = []
        for field in fields {
            for pair in field.utf8.split(separator: UInt8(ascii: ";")) {
                let pair = pair.drop { $0 == 0x20 }
                guard pair.starts(with: name.utf8), pair.dropFirst(name.utf8.count).first == UInt8(ascii: "=") else {
                    continue
                }
                var value = pair.dropFirst(name.utf8.count + 1)
                if value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\""), value.count >= 2 {
                    value = value.dropFirst().dropLast()
                }
                values.append(String(decoding: value, as: UTF8.self))
            }
        }
        return values
    }
}
