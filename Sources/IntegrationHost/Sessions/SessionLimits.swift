// Every bound of the session schemes, in one place with its unit in the name.

/// The bounds of the session schemes.
enum SessionLimits {
    /// Cookies of one name that are looked at.
    static let cookiesPerNameMax = 8
    /// Cookies that one token may be spread over.
    static let cookieChunksMax = 32
    /// Secrets of NextAuth or Auth.js that are tried.
    static let secretsMax = 8
}
