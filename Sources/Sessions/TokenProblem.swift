// Why the credentials of a request name no caller. Only refused requests pay for finding out.

import ConnectionModel
import Cryptography
package import ProviderSDK

/// Why a request has no caller.
package enum TokenProblem: Sendable, Equatable {
    /// The request carries no token.
    case missing
    /// The token was good and has ended.
    case expired
    /// The token is one for other routes, or came in a way in which its kind is not accepted.
    case wrongKind
    case invalid
}

extension Authenticator {
    /// Returns why a request without a principal has none.
    package func problem(
        authorization: String?, cookies: [String], at moment: Timestamp? = nil
    ) async -> TokenProblem {
        let now = moment ?? time.now
        if let authorization {
            // Another scheme than Bearer.
            guard let token = Self.bearerToken(authorization) else { return .wrongKind }
            if IssuedKey.Purpose.application.isPrefix(of: token) {
                return await applicationKeys.hasEnded(token, at: now) ? .expired : .invalid
            }
            guard !IssuedKey.Purpose.api.isPrefix(of: token) else { return .invalid }
            for scheme in schemes where !scheme.takesBearer {
                if await scheme.session(of: token, at: now) != nil { return .wrongKind }
            }
            return await hasEnded(token, schemes.filter(\.takesBearer)) ? .expired : .invalid
        }
        let own = cookieNames.flatMap { CookieValues.all(of: $0, in: cookies) }
        let foreign = schemes.flatMap { scheme in scheme.tokens(in: cookies).map { (scheme, $0) } }
        guard !own.isEmpty || !foreign.isEmpty else { return .missing }
        for token in own {
            if IssuedKey.Purpose.api.isPrefix(of: token) || IssuedKey.Purpose.application.isPrefix(of: token) {
                return .wrongKind
            }
            if await hasEnded(token, []) { return .expired }
        }
        for (scheme, token) in foreign where await hasEnded(token, [scheme]) { return .expired }
        return .invalid
    }

    /// Whether a token was a session before it ended: it is verified again as of its last second.
    private func hasEnded(_ token: String, _ schemes: [SessionScheme]) async -> Bool {
        guard let moment = Self.lastMoment(of: token) else { return false }
        if hostSessions.session(of: token, at: moment) != nil { return true }
        for scheme in schemes {
            if await scheme.session(of: token, at: moment) != nil { return true }
        }
        return false
    }

    /// The second before the end that a token names; the beginning of time for one whose claims are encrypted.
    private static func lastMoment(of token: String) -> Timestamp? {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = try? Base64URL.decode(String(Substring(parts[1]))),
            let end = SessionClaims(payload)?.end
        else { return Timestamp(milliseconds: 0) }
        return end.advanced(by: .seconds(-1))
    }
}
