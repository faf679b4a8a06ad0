// Why a refresh brought no new pair of tokens, as the connection takes it in. How an answer is judged is not known here.

package import ProviderSDK

/// Why a refresh brought no new pair.
package struct RefreshFailure: Error, Sendable, Equatable {
    /// The reason of a failed refresh; it decides what happens to the connection.
    package enum Reason: String, Sendable, CaseIterable {
        /// The provider says that the grant has ended.
        case revoked
        /// The provider no longer grants the scopes.
        case scopeLost
        /// The provider refuses this application or this request; only the operator can correct that.
        case misconfigured
        /// Too many requests; the token was not touched.
        case rateLimited
        /// Nothing was sent; the token was not touched.
        case transient
        /// The token may have been spent: no answer came, or one without a usable token.
        case unknown
    }

    package let reason: Reason
    /// The failure as callers and people get it.
    package let error: ProviderError
    /// How long the provider asked to wait.
    package var pause: Duration?

    package init(_ reason: Reason, _ error: ProviderError, pause: Duration? = nil) {
        self.reason = reason
        self.error = error
        self.pause = pause
    }
}

extension RefreshFailure.Reason {
    /// The kind of the failure that is stored with the connection.
    var failureKind: FailureKind {
        switch self {
        case .revoked: .authRevoked
        case .scopeLost: .scopeMissing
        case .misconfigured: .misconfigured
        case .rateLimited: .rateLimited
        case .transient: .transient
        case .unknown: .unknown
        }
    }
}
