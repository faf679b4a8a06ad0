// JSON numbers kept as they were written: 10.00 stays 10.00, and an id beyond 2^53 stays exact. Knows no money.

/// A JSON number as text, without loss.
///
/// Two numbers are equal when their texts are: `1` and `1.0` differ.
public struct JSONNumber: Sendable, Hashable, CustomStringConvertible {
    /// The number as written; always valid by RFC 8259 section 6.
    public let text: String

    init(checked text: String) { self.text = text }

    /// The number written as `text`; nil when that is not a JSON number.
    ///
    /// O(length).
    public init?(_ text: String) {
        guard let value = try? JSONValue.parse(Array(text.utf8)), let number = value.number, number.text == text else {
            return nil
        }
        self = number
    }

    /// An integer.
    public init(_ integer: some BinaryInteger) { text = String(integer) }

    /// The number as written.
    public var description: String { text }

    /// The value when it is written as an integer, without fraction or exponent, that fits 64 bits; else nil.
    public var integer: Int64? { JSONNumber.integer(text.utf8) }

    /// The value of a checked number when it is a whole number that fits 64 bits, in any way of writing: `1000`, `1e3`, `1000.0`.
    @inline(__always) static func wholeNumber(_ text: some Collection<UInt8>) -> Int64? {
        if let integer = integer(text) { return integer }
        return slowWholeNumber(Array(text))
    }

    private static func slowWholeNumber(_ text: [UInt8]) -> Int64? {
        guard let value = ExactDecimal(utf8: text) else { return nil }
        var coefficient = value.coefficient
        for _ in 0..<value.places {
            let (quotient, remainder) = coefficient.quotientAndRemainder(dividingBy: 10)
            guard remainder == 0 else { return nil }
            coefficient = quotient
        }
        return Int64(exactly: coefficient)
    }

    /// The value of a checked number when it is written as an integer that fits 64 bits; else nil.
    @inline(__always) static func integer(_ text: some Collection<UInt8>) -> Int64? {
        let isNegative = text.first == UInt8(ascii: "-")
        var value: Int64 = 0
        for byte in text.dropFirst(isNegative ? 1 : 0) {
            guard byte &- 0x30 < 10 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let digit = Int64(byte - 0x30)
            let (sum, overflow2) =
                isNegative
                ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            guard !overflow, !overflow2 else { return nil }
            value = sum
        }
        return value
    }

    /// The exact value as a decimal; nil when it does not fit ``ExactDecimal``.
    public var decimal: ExactDecimal? { ExactDecimal(self) }

    /// The nearest binary floating-point value.
    ///
    /// For measurements only, never for money.
    public var double: Double { Double(text) ?? .nan }
}
