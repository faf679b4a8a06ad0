// The outcome of a refresh: a new pair of tokens, or a failure whose reason decides what happens to the connection. Pure.

import ConnectionModel
package import HTTPClient
import Observability
package import ProviderSDK

extension RefreshFailure {
    /// Returns what a missing answer means.
    package init(_ error: HTTPClientError) {
        if error.mayHaveBeenSent {
            self.init(.unknown, ProviderError(.transient, "\(error)"))
            return
        }
        switch error.kind {
        case .addressRefused, .invalidRequest, .library:
            self.init(.misconfigured, ProviderError(.misconfigured, "\(error)"))
        default: self.init(.transient, ProviderError(.transient, "\(error)"))
        }
    }

    /// Returns what the provider's refusal means.
    ///
    /// Only a statement about the grant itself ends it. A server error, or one that may pass, leaves open whether the
    /// token was replaced before it.
    package init(_ error: ProviderError, oauth: OAuth2) {
        let pause = error.retryAfter
        switch error.kind {
        case .authRevoked: self.init(.revoked, error, pause: pause)
        case .scopeMissing: self.init(.scopeLost, error, pause: pause)
        case .rateLimited(let asked): self.init(.rateLimited, error, pause: asked ?? pause)
        case .transient: self.init(.unknown, error, pause: pause)
        case .authExpired:
            // The token that renews itself is the credential of the request.
            if case .accessToken = oauth.refresh {
                self.init(.revoked, error, pause: pause)
            } else {
                self.init(.misconfigured, error, pause: pause)
            }
        default:
            self.init(
                error.code?.utf8.elementsEqual("invalid_scope".utf8) == true ? .scopeLost : .misconfigured, error,
                pause: pause)
        }
    }

    /// Returns the failure for callers: its kind decides what they do.
    var forCallers: ProviderError {
        var error = error
        switch reason {
        case .revoked: error.kind = .authRevoked
        case .scopeLost, .misconfigured: error.kind = .misconfigured
        case .rateLimited: error.kind = .rateLimited(after: pause)
        case .transient, .unknown: error.kind = .transient
        }
        return error
    }
}

extension TokenResponse {
    /// The new pair in the answer to a refresh.
    ///
    /// - Parameter secrets: the secrets in the request, which are removed where an error repeats them.
    /// - Throws: ``RefreshFailure``; ``RefreshFailure.Reason/unknown`` for an answer that is a success without a usable token in it.
    static func refreshed(
        _ response: ProviderResponse, oauth: OAuth2, secrets: [String] = [], now: Timestamp
    ) throws(RefreshFailure) -> TokenResponse {
        let isRefused = oauth.tokenErrors.error(for: response, now: now) != nil
        do { return try TokenResponse(response, oauth: oauth, secrets: secrets, now: now) } catch {
            throw isRefused
                ? RefreshFailure(error, oauth: oauth) : RefreshFailure(.unknown, error, pause: error.retryAfter)
        }
    }
}
