// The bounds of requests to providers, each with its unit in the name.

/// The bounds of requests to providers.
package enum ProviderLimits {
    /// How long a provider's limits hold back an interactive request before it fails.
    package static let interactiveWaitMax = Duration.seconds(20)
    /// Bytes of one answer of a provider's API.
    static let responseBytesMax = 32 << 20
    /// How long a whole request to a provider may take.
    static let requestTimeout = Duration.seconds(60)
}
