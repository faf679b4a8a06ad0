// The bounds of authorizations and token requests, each with its unit in the name.

/// The bounds of OAuth.
enum OAuthLimits {
    /// Bytes of a token response.
    static let tokenResponseBytesMax = 64 << 10
}
