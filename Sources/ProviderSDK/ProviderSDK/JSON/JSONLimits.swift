// The bounds the JSON parser enforces, in one place. Knows nothing of who calls it.

/// How much JSON the parser accepts before it refuses the input.
///
/// Every limit is inclusive. Parsing cost is linear in the input within these limits.
public struct JSONLimits: Sendable, Equatable {
    /// What to do with a second member of the same name in one object (RFC 8259 section 4 leaves it open).
    public enum DuplicateKeys: Sendable, Equatable {
        /// The whole input is refused: two readers could otherwise see two different values.
        case refuse
        /// All members are kept in order, and lookups by name find the last.
        case keepLast
    }

    /// Bytes of input.
    public var bytesMax: Int = 64 << 20
    /// Nested arrays and objects.
    public var depthMax: Int = 128
    /// Values and member names in the whole input.
    public var nodesMax: Int = 8 << 20
    /// Members of one object.
    public var membersMax: Int = 100_000
    /// Elements of one array.
    public var elementsMax: Int = 8 << 20
    /// Bytes of one string as written, without its quotes.
    public var stringBytesMax: Int = 16 << 20
    /// Characters of one number.
    public var numberBytesMax: Int = 256
    /// What a repeated member name does.
    public var duplicateKeys: DuplicateKeys = .refuse

    /// Places of one page that cannot be read, and are noted with their records.
    static let faultsMax = 100_000

    /// The bounds for answers of a provider: generous, because a page of records can be large.
    public init() {}

    /// The bounds for answers of a provider.
    public static let provider = JSONLimits()

    /// The bounds for a page of records.
    ///
    /// The page costs the host many times its bytes when it consists of small values, so these are bounded as well.
    static let page: JSONLimits = {
        var limits = JSONLimits()
        limits.nodesMax = 2 << 20
        limits.elementsMax = 50_000
        return limits
    }()

    /// The bounds for a request body of an untrusted client.
    public static let request: JSONLimits = {
        var limits = JSONLimits()
        limits.bytesMax = 1 << 20
        limits.depthMax = 32
        limits.nodesMax = 100_000
        limits.membersMax = 10_000
        limits.stringBytesMax = 64 << 10
        limits.numberBytesMax = 64
        return limits
    }()
}
