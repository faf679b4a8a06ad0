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
/// There is one failure: no principal. ``problem(authorization:cookies:at:)`` finds out why.
package struct Authenticator: Sendable {
    /// The cookies that may carry a host session, in the order in which they are read.
    let cookieNames: [String]
    let hostSessions: HostSessions
    private let apiKeys: APIKeys
    let applicationKeys: ApplicationKeys
    /// The schemes other than the host's own.
    let schemes: [SessionScheme]
    private let cache: SessionCache
    let time: TimeSource

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

    /// Returns the principal of a request's Authorization field if that needs no waiting.
    ///
    /// That covers host sessions, sessions verified before, and keys in memory.
    ///
    /// Nil means undecided: call ``principal(authorization:cookies:at:)``, which gives the same answers and more.
    package func cachedPrincipal(authorization: Span<UInt8>, at now: Timestamp) -> Authentication? {
        guard let range = Self.bearerToken(in: authorization) else { return nil }
        let token = authorization.extracting(range)
        if IssuedKey.Purpose.api.isPrefix(of: token) {
            guard let principal = apiKeys.cachedPrincipal(of: Self.text(token)) else { return nil }
            return (principal, .header)
        }
        if IssuedKey.Purpose.application.isPrefix(of: token) {
            guard let principal = applicationKeys.cachedPrincipal(of: Self.text(token), at: now) else { return nil }
            return (principal, .header)
        }
        guard let principal = known(token, Place.header, at: now) ?? host(token, Place.header, at: now) else {
            return nil
        }
        return (principal, .header)
    }

    /// Returns the principal of a request's only Cookie field if that needs no waiting, as
    /// ``cachedPrincipal(authorization:at:)`` does.
    package func cachedPrincipal(cookie field: Span<UInt8>, at now: Timestamp) -> Authentication? {
        for name in cookieNames {
            var values = CookieValues()
            while let range = values.next(of: name.utf8Span.span, in: field) {
                if let principal = hostPrincipal(field.extracting(range), at: now) { return (principal, .cookie) }
            }
        }
        guard !schemes.isEmpty else { return nil }
        return cachedSchemePrincipal([Self.text(field)], at: now)
    }

    /// Returns the principal of a request's Cookie fields if that needs no waiting, as
    /// ``cachedPrincipal(authorization:at:)`` does.
    package func cachedPrincipal(cookies: [String], at now: Timestamp) -> Authentication? {
        if let principal = hostPrincipal(cookies, at: now) { return (principal, .cookie) }
        return cachedSchemePrincipal(cookies, at: now)
    }

    private func cachedSchemePrincipal(_ cookies: [String], at now: Timestamp) -> Authentication? {
        for (index, scheme) in schemes.enumerated() {
            // A credential that must be verified first must not be skipped in favour of a later one.
            guard let token = scheme.tokens(in: cookies).first else { continue }
            guard let principal = known(token.utf8Span.span, Place.cookie(ofScheme: index), at: now) else { return nil }
            return (principal, .cookie)
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
            let bytes = token.utf8Span.span
            if let principal = known(bytes, Place.header, at: now) ?? host(bytes, Place.header, at: now) {
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
                if let principal = known(token.utf8Span.span, place, at: now) { return (principal, .cookie) }
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
            for value in CookieValues.all(of: name, in: cookies) {
                if let principal = hostPrincipal(value.utf8Span.span, at: now) { return principal }
            }
        }
        return nil
    }

    private func hostPrincipal(_ value: Span<UInt8>, at now: Timestamp) -> Principal? {
        known(value, Place.hostCookie, at: now) ?? host(value, Place.hostCookie, at: now)
    }

    /// The principal of a token that was verified before at this place.
    private func known(_ token: Span<UInt8>, _ place: Int, at now: Timestamp) -> Principal? {
        cache.find(cache.key(token, place: place), at: now)
    }

    /// The principal of a token that the host made itself.
    private func host(_ token: Span<UInt8>, _ place: Int, at now: Timestamp) -> Principal? {
        remembered(hostSessions.session(of: Self.text(token), at: now), token, place, at: now)
    }

    private func verified(
        _ token: String, _ place: Int, _ scheme: SessionScheme, at now: Timestamp
    ) async -> Principal? {
        remembered(await scheme.session(of: token, at: now), token.utf8Span.span, place, at: now)
    }

    private func remembered(
        _ session: VerifiedSession?, _ token: Span<UInt8>, _ place: Int, at now: Timestamp
    ) -> Principal? {
        guard let session else { return nil }
        cache.store(cache.key(token, place: place), session, at: now)
        return session.principal
    }

    /// The token of `Bearer <token>`, the scheme in any case and one or more spaces after it (RFC 6750, RFC 9110 section 11.4).
    static func bearerToken(_ authorization: String) -> String? {
        let field = authorization.utf8Span.span
        guard let range = bearerToken(in: field) else { return nil }
        return text(field.extracting(range))
    }

    /// Returns the place of the token in the value of an Authorization field.
    private static func bearerToken(in field: Span<UInt8>) -> Range<Int>? {
        let scheme: StaticString = "bearer "
        var start = scheme.utf8CodeUnitCount
        guard field.count > start else { return nil }
        for index in 0..<start {
            guard unsafe ASCII.lowercased(field[index]) == scheme.utf8Start[index] else { return nil }
        }
        while start < field.count, field[start] == 0x20 { start += 1 }
        guard start < field.count else { return nil }
        return ASCII.areVisible(field.extracting(start..<field.count)) ? start..<field.count : nil
    }

    private static func text(_ bytes: Span<UInt8>) -> String {
        unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
