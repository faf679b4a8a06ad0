// A grant whose tokens are stored and whose account is not known yet: the provider was asked for tokens, which cannot be done twice,
// and then failed to say whose they are. It is asked again until it does; what can never be finished is revoked.

import ProviderSDK

/// What is needed to finish an authorization besides its tokens.
struct HeldGrant: Sendable, Equatable {
    /// How long it is tried to finish one.
    static let lifetime = Duration.seconds(86_400)
    /// How long the request that got the tokens has for it.
    static let requestTime = Duration.seconds(30)

    /// What the authorization gave besides its tokens, sealed: providers put other secrets beside them.
    let answer: String
    /// The scopes granted; nil when the answer did not say.
    let scopes: [String]?
    let requestedScopes: [String]
    /// When the grant ends however often it is refreshed.
    let at: Timestamp
    var attempts = 0
    var nextAttemptAt: Timestamp
}
