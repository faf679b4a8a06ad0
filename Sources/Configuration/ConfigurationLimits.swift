// The bounds of configuration, each with its unit in the name.

/// The bounds of configuration.
package enum ConfigurationLimits {
    /// Pauses that can be configured.
    static let deliveryPausesMax = 20
    /// Bytes of the application's name on the connect pages.
    static let brandingNameBytesMax = 80
    /// Bytes of the file of the application's logo.
    package static let logoBytesMax = 64 << 10
    /// Bytes of the configuration file.
    package static let fileBytesMax = 1 << 20
    /// How long a session of the host is valid, unless its creator sets another lifetime.
    package static let sessionLifetime = Duration.seconds(86_400)
}
