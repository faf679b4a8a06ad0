// Why a refresh returned no new token pair, as the connection stores it. Responses are classified elsewhere.

package import ProviderSDK

/// The failure of a refresh.
package struct RefreshFailure: Error, Sendable, Equatable {
    /// The reason of a failed refresh; it decides what happens to the connection.
    package enum Reason: String, Sendable, CaseIterable {
        /// The provider reports that the grant has ended.
        case revoked
        /// The provider no longer grants the scopes.
        case scopeLost
        /// The provider refuses this application or this request; only the operator can correct that.
        case misconfigured
        /// Too many requests; the token was not used.
        case rateLimited
        /// Nothing was sent; the token was not used.
        case transient
        /// The token may have been used: no response came, or one without a usable token.
        case unknown
    }

    package let reason: Reason
    /// The failure as callers and users see it.
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
