// The bounds of the connect pages, each with its unit in the name.

/// The bounds of the connect pages.
package enum PageLimits {
    /// Bytes of a key that a form takes.
    package static let valueBytesMax = 16 << 10
    /// Bytes of a text that is searched for.
    package static let searchBytesMax = 400
    /// Bytes of the token in a link.
    package static let tokenBytesMax = 256
    /// Bytes of a signed outcome in an address.
    package static let outcomeBytesMax = 4096
    /// How long the cookie of a session outlives its link, so that the last page can still be read.
    package static let cookieLifeAfterEnd = Duration.seconds(3600)
}
