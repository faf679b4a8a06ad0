// Finds out who sends a request: from the Authorization header or the session cookies. One verifier per scheme, chosen by
// configuration; knows no route.

import ProviderSDK

/// Where a credential was found, which decides whether a browser may have sent it on its own.
enum CredentialPlace: Sendable, Equatable {
    case header, cookie
}

/// Finds out who sends a request.
struct Authenticator: Sendable {
    /// The cookies that may carry a host session, in the order in which they are looked at.
    let cookieNames: [String]
    private let hostSessions: HostSessions
    /// The schemes besides the host's own.
    private let schemes: [SessionScheme]

    /// - Throws: ``ConfigurationError`` when a key file of `sessions` cannot be used.
    init(hostSessions: HostSessions, sessions: SessionsConfiguration) throws(ConfigurationError) {
        self.hostSessions = hostSessions
        schemes = try SessionSchemes.make(sessions)
        cookieNames = [
            "integration-host-session", "next-auth.session-token", "__Secure-next-auth.session-token",
            "rds-session-\(sessions.rds?.environment ?? "development")",
        ]
    }

    /// The principal of a request; nil when it carries no good credential.
    ///
    /// A request with an Authorization header is judged by it alone.
    func principal(authorization: String?, cookies: [String]) -> (principal: Principal, place: CredentialPlace)? {
        let now = WallClock.now
        if let authorization {
            guard let token = Self.bearerToken(authorization) else { return nil }
            if let principal = hostSessions.principal(of: token, at: now) { return (principal, .header) }
            for scheme in schemes where scheme.takesBearer {
                if let session = scheme.verifier.session(of: token, at: now) { return (session.principal, .header) }
            }
            return nil
        }
        for name in cookieNames {
            for value in Self.values(ofCookie: name, in: cookies) {
                if let principal = hostSessions.principal(of: value, at: now) { return (principal, .cookie) }
            }
        }
        for scheme in schemes {
            for token in scheme.tokens(in: cookies) {
                if let session = scheme.verifier.session(of: token, at: now) { return (session.principal, .cookie) }
            }
        }
        return nil
    }

    /// The token of `Bearer <token>`, the scheme in any case (RFC 6750).
    static func bearerToken(_ authorization: String) -> String? {
        let utf8 = Array(authorization.utf8)
        guard utf8.count > 7, utf8[..<7].elementsEqual("bearer ".utf8, by: { ($0 | 0x20) == $1 || $0 == $1 }) else {
            return nil
        }
        let token = utf8[7...]
        guard token.allSatisfy({ 0x21...0x7E ~= $0 }) else { return nil }
        return String(decoding: token, as: UTF8.self)
    }

    /// The values of a cookie in Cookie header fields (RFC 6265 section 4.2).
    static func values(ofCookie name: String, in fields: [String]) -> [String] {
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
