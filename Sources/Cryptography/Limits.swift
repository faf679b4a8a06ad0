// Every size this module accepts or produces, in one place. Larger input is refused before any of it is processed.

/// The sizes that bound this module's work.
///
/// All are counts of bytes unless the name says otherwise.
public enum CryptographyLimits {
    /// The longest compact JWS or JWE that is read; longer tokens are refused as malformed.
    public static let tokenBytesMax = 64 * 1024
    /// The longest decoded JOSE header.
    public static let tokenHeaderBytesMax = 8 * 1024
    /// The most members of a JOSE header.
    public static let tokenHeaderMembersMax = 32
    /// The longest text that may be sealed.
    public static let sealedPlaintextBytesMax = 4 * 1024 * 1024
    /// The longest key ring file.
    public static let keyRingFileBytesMax = 64 * 1024
    /// The most keys in one key ring: a rotation every week for more than a year.
    public static let keyRingKeysMax = 64
    /// The longest key id in a key ring.
    public static let keyIDBytesMax = 16
    /// The longest PEM text of a key.
    public static let pemBytesMax = 64 * 1024
    /// The smallest RSA modulus that is accepted (RFC 7518 section 3.3).
    public static let rsaModulusBitsMin = 2048
    /// The largest RSA modulus that is accepted: verification time grows with its square.
    public static let rsaModulusBitsMax = 8192
    /// The smallest key for HS256 (RFC 7518 section 3.2).
    public static let hmacTokenKeyBytesMin = 32
    /// The most bytes one HKDF call gives (RFC 5869 section 2.3: 255 blocks).
    public static let hkdfOutputBytesMax = 255 * 32
    /// The most random bytes one call gives.
    public static let randomBytesMax = 16 * 1024 * 1024
}
