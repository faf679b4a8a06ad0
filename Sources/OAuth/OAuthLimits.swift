// The bounds of authorizations and token requests, each with its unit in the name.

/// The bounds of OAuth.
package enum OAuthLimits {
    /// Bytes of one parameter of a callback.
    package static let callbackParameterBytesMax = 4096
    /// Failed callbacks whose answers are kept in memory for repetitions.
    static let refusedCallbacksKept = 10_000
    /// The pauses between the attempts to exchange a first token or to identify an account.
    static let identityPauses: [Duration] = [.milliseconds(100), .milliseconds(200), .milliseconds(400)]
    /// Bytes of a token response.
    static let tokenResponseBytesMax = 64 << 10
}
