// How many decimal places a currency has when amounts come in minor units. Providers differ from ISO 4217 and from each other,
// so a table is data that a plugin may bring.

/// The number of decimal places of each currency in amounts given in minor units.
public struct CurrencyExponents: Sendable, Hashable {
    private let places: [[UInt8]: Int]
    /// The same by codes of up to eight bytes as one number.
    private let short: [UInt64: Int]
    /// The places of every currency that the table does not list.
    public let standard: Int

    /// A table of `exceptions` to the `standard` number of places.
    ///
    /// - Parameters:
    ///   - standard: places of all other currencies.
    ///   - exceptions: lists of upper-case ISO 4217 codes by their places.
    public init(standard: Int = 2, exceptions: [Int: [String]]) {
        self.standard = standard
        var places: [[UInt8]: Int] = [:]
        for (count, codes) in exceptions { for code in codes { places[Array(code.utf8)] = count } }
        self.places = places
        var short: [UInt64: Int] = [:]
        for (code, count) in places where code.count <= 8 { short[Self.number(code)] = count }
        self.short = short
    }

    /// Up to eight bytes, upper-case, as one number.
    private static func number(_ code: some Sequence<UInt8>) -> UInt64 {
        var number: UInt64 = 0
        for byte in code { number = number << 8 | UInt64(byte &- 0x61 < 26 ? byte - 0x20 : byte) }
        return number
    }

    /// The places of the currency whose code is `bytes`.
    func places(of bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
        guard unsafe bytes.count <= 8 else { return standard }
        return unsafe short[Self.number(bytes)] ?? standard
    }

    /// The places of ISO 4217's active codes.
    public static let iso4217 = CurrencyExponents(exceptions: [
        0: [
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
            "XOF", "XPF",
        ],
        3: ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"],
        4: ["CLF", "UYW"],
    ])

    /// The places of the currency `code`, upper or lower case.
    ///
    /// O(1).
    public func places(of code: String) -> Int {
        places[code.utf8.map { 0x61...0x7A ~= $0 ? $0 - 0x20 : $0 }] ?? standard
    }

    /// The exact amount in major units; 1000 minor units of a currency with 2 places are `10.00`.
    public func majorUnits(_ minorUnits: Int64, currency: String) -> ExactDecimal? {
        ExactDecimal(coefficient: Int128(minorUnits), places: places(of: currency))
    }
}
