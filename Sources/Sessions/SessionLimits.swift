// Every bound of sessions and API keys, in one place with its unit in the name.

/// The bounds of the session schemes.
package enum SessionLimits {
    /// Bytes of a user id.
    package static let userIDBytesMax = 256
    /// Cookies of one name that are read.
    static let cookiesPerNameMax = 8
    /// Cookies that one token may be spread over.
    static let cookieChunksMax = 32
    /// Secrets of NextAuth or Auth.js that are tried.
    static let secretsMax = 8

    /// Verified sessions that are remembered.
    package static let cachedSessionsMax = 65_536
    /// How long a verified session is accepted without another check, unless it expires before.
    ///
    /// After at most this time, a key that was removed from a key set ends the sessions it signed.
    static let cachedSessionLifetimeMax = Duration.seconds(60)

    /// Bytes of a key set.
    static let keySetBytesMax = 256 << 10
    /// Keys of a key set.
    static let keySetKeysMax = 64
    /// Bytes of the id of a key.
    static let keyIDBytesMax = 256
    /// How long a key set is used before it is fetched again.
    static let keySetLifetime = Duration.seconds(300)
    /// The time between two fetches of a key set.
    static let keySetFetchInterval = Duration.seconds(60)
    /// The time between two fetches while no key set was fetched yet.
    static let keySetFirstFetchInterval = Duration.seconds(5)
    /// How long a fetch of a key set may take.
    static let keySetFetchTimeout = Duration.seconds(5)
}

/// The bounds of the keys that the host issues.
enum IssuedKeyLimits {
    /// Random bytes of a secret.
    static let secretBytes = 32
    /// Characters of an id.
    static let idCharacters = 16
    /// Keys on one page of the store's listing.
    static let pageMax = 1000
    /// Keys that are listed at all.
    static let listedMax = 100_000
}

/// The bounds of application keys.
package enum ApplicationKeyLimits {
    /// Bytes of a name.
    package static let nameBytesMax = 100
    /// The longest life of a key in days.
    package static let lifetimeDaysMax = 3650
    /// The hours for which a replaced secret stays good, unless the request names others.
    package static let overlapHoursDefault = 24
    /// The most hours for which a replaced secret stays good.
    package static let overlapHoursMax = 720
    /// The time between two notes of a key's last use.
    static let lastUseIntervalMilliseconds: Int64 = 60_000
}
