// Exact decimal arithmetic for money: a 128-bit coefficient and a scale. No binary floating point, no rounding; what does not
// fit is nil. (Foundation's Decimal cannot appear here: Foundation is not built with library evolution.)

/// An exact decimal number that keeps its scale: `10.00` stays `10.00`.
///
/// Up to 38 significant digits and 18 places. Operations that would need more give nil instead of rounding.
public struct ExactDecimal: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Decimal places at most.
    public static let placesMax = 18

    /// The number without its decimal point.
    public let coefficient: Int128
    /// How many of the coefficient's digits stand after the decimal point; 0 to ``placesMax``.
    public let places: Int

    /// `coefficient` divided by ten to the power of `places`; nil when `places` is out of range.
    public init?(coefficient: Int128, places: Int) {
        guard 0...ExactDecimal.placesMax ~= places else { return nil }
        self.coefficient = coefficient
        self.places = places
    }

    /// The exact value of a decimal text such as `-12.50`, `1000` or `1.5e3`; nil when it is not a number or does not fit.
    public init?(_ text: String) { self.init(utf8: text.utf8) }

    /// The exact value of a JSON number; nil when it does not fit.
    public init?(_ number: JSONNumber) { self.init(utf8: number.text.utf8) }

    init?(utf8 text: some Sequence<UInt8>) {
        var coefficient: Int128 = 0
        var places = 0
        var exponent = 0
        var isNegative = false
        var isExponentNegative = false
        var seen = (digits: false, point: false, exponent: false, exponentDigits: false)
        for (index, byte) in text.enumerated() {
            switch byte {
            case 0x30...0x39 where seen.exponent:
                guard exponent < 1000 else { return nil }
                exponent = exponent * 10 + Int(byte - 0x30)
                seen.exponentDigits = true
            case 0x30...0x39:
                let (product, overflow) = coefficient.multipliedReportingOverflow(by: 10)
                let (sum, overflow2) = product.addingReportingOverflow(Int128(byte - 0x30))
                guard !overflow, !overflow2 else { return nil }
                coefficient = sum
                places += seen.point ? 1 : 0
                seen.digits = true
            case UInt8(ascii: "-") where index == 0: isNegative = true
            case UInt8(ascii: ".") where seen.digits && !seen.point && !seen.exponent: seen.point = true
            case UInt8(ascii: "e") where seen.digits && !seen.exponent,
                UInt8(ascii: "E") where seen.digits && !seen.exponent:
                seen.exponent = true
            case UInt8(ascii: "-") where seen.exponent && !seen.exponentDigits && !isExponentNegative:
                isExponentNegative = true
            case UInt8(ascii: "+") where seen.exponent && !seen.exponentDigits && !isExponentNegative: break
            default: return nil
            }
        }
        guard seen.digits, seen.exponentDigits || !seen.exponent else { return nil }
        places -= isExponentNegative ? -exponent : exponent
        if places < 0 {
            guard let scaled = ExactDecimal.scaled(coefficient, by: -places) else { return nil }
            coefficient = scaled
            places = 0
        }
        self.init(coefficient: isNegative ? -coefficient : coefficient, places: places)
    }

    private static func scaled(_ coefficient: Int128, by places: Int) -> Int128? {
        guard coefficient != 0 else { return 0 }
        guard places <= 38 else { return nil }
        var value = coefficient
        for _ in 0..<places {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = product
        }
        return value
    }

    private static func aligned(_ a: ExactDecimal, _ b: ExactDecimal) -> (a: Int128, b: Int128, places: Int)? {
        let places = max(a.places, b.places)
        guard let left = scaled(a.coefficient, by: places - a.places),
            let right = scaled(b.coefficient, by: places - b.places)
        else { return nil }
        return (left, right, places)
    }

    /// The exact sum; nil when it does not fit.
    public func adding(_ other: ExactDecimal) -> ExactDecimal? {
        guard let (left, right, places) = ExactDecimal.aligned(self, other) else { return nil }
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? nil : ExactDecimal(coefficient: sum, places: places)
    }

    /// The exact product; nil when it does not fit.
    public func multiplied(by other: ExactDecimal) -> ExactDecimal? {
        let (product, overflow) = coefficient.multipliedReportingOverflow(by: other.coefficient)
        return overflow ? nil : ExactDecimal(coefficient: product, places: places + other.places)
    }

    /// The same amount with the other sign; nil when it does not fit.
    public var negated: ExactDecimal? {
        coefficient == .min ? nil : ExactDecimal(coefficient: -coefficient, places: places)
    }

    /// Whether the value is zero, at any scale.
    public var isZero: Bool { coefficient == 0 }

    /// By value: `1.0` and `1.00` are neither less than the other, yet not equal.
    public static func < (lhs: ExactDecimal, rhs: ExactDecimal) -> Bool {
        guard let (left, right, _) = aligned(lhs, rhs) else {
            return lhs.integralPart < rhs.integralPart
        }
        return left < right
    }

    /// Whether both are the same amount, at any scale.
    public func isSameAmount(as other: ExactDecimal) -> Bool { !(self < other) && !(other < self) }

    private var integralPart: Int128 {
        var value = coefficient
        for _ in 0..<places { value /= 10 }
        return value
    }

    /// The decimal text with all places, such as `-0.50`; a valid JSON number.
    public var description: String {
        var digits = String(coefficient.magnitude)
        if places > 0 {
            if digits.utf8.count <= places {
                digits = String(repeating: "0", count: places + 1 - digits.utf8.count) + digits
            }
            let split = digits.utf8.index(digits.utf8.endIndex, offsetBy: -places)
            digits = digits[..<split] + "." + digits[split...]
        }
        return coefficient < 0 ? "-" + digits : digits
    }
}
