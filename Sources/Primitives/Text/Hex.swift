// Hexadecimal text of bytes and numbers (RFC 4648 section 8). Written in lower case; either case is read.
// Status path: every answer carries an id in hexadecimal.

/// Hexadecimal, two digits a byte.
public enum Hex {
    /// `bytes` in lower-case hexadecimal.
    public static func encode(_ bytes: [UInt8]) -> String { encode(bytes.span) }

    /// `bytes` in lower-case hexadecimal.
    public static func encode(_ bytes: Span<UInt8>) -> String {
        let count = bytes.count * 2
        return unsafe bytes.withUnsafeBufferPointer { source in
            unsafe String(unsafeUninitializedCapacity: count) { target in
                for index in source.indices {
                    unsafe target[index * 2] = digit(source[index] >> 4)
                    unsafe target[index * 2 + 1] = digit(source[index] & 15)
                }
                return count
            }
        }
    }

    /// The ASCII digits of `bytes`, lower-case.
    public static func digits(_ bytes: [UInt8]) -> [UInt8] { digits(bytes.span) }

    /// The ASCII digits of `bytes`, lower-case.
    public static func digits(_ bytes: Span<UInt8>) -> [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity(bytes.count * 2)
        for index in bytes.indices {
            digits.append(digit(bytes[index] >> 4))
            digits.append(digit(bytes[index] & 15))
        }
        return digits
    }

    /// All digits of `number`, lower-case, the most significant first: 16 for 64 bits.
    public static func encode(_ number: some FixedWidthInteger & UnsignedInteger) -> String {
        let count = number.bitWidth / 4
        return unsafe String(unsafeUninitializedCapacity: count) { target in
            var rest = number
            for index in (0..<count).reversed() {
                unsafe target[index] = digit(UInt8(truncatingIfNeeded: rest & 15))
                rest >>= 4
            }
            return count
        }
    }

    /// The eight lower-case digits of `number` as ASCII, the first digit in the most significant byte.
    ///
    /// Without a loop and without branches, for text that is written with every request.
    @inlinable @inline(__always)
    public static func packedDigits(_ number: UInt32) -> UInt64 {
        var spread = UInt64(number)
        spread = (spread & 0xFFFF_0000) << 16 | spread & 0x0000_FFFF
        spread = (spread & 0x0000_FF00_0000_FF00) << 8 | spread & 0x0000_00FF_0000_00FF
        spread = (spread & 0x00F0_00F0_00F0_00F0) << 4 | spread & 0x000F_000F_000F_000F
        // Adding 6 carries into the upper half of the bytes from 10 on, which become letters.
        let letters = (spread &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return spread &+ 0x3030_3030_3030_3030 &+ letters &* 39
    }

    /// The bytes of hexadecimal text; nil for an odd length or anything but `0-9a-fA-F`.
    public static func decode(_ text: String) -> [UInt8]? { decode(text.utf8Span.span) }

    /// The bytes of hexadecimal text given as ASCII; nil for an odd length or anything but `0-9a-fA-F`.
    public static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        var index = 0
        while index < text.count {
            guard let high = value(of: text[index]), let low = value(of: text[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
            index += 2
        }
        return bytes
    }

    /// The bytes of lower-case digits; nil for an odd number of digits or anything but `0-9a-f`.
    ///
    /// File formats read this: each value has one spelling.
    public static func decode(lowercase digits: some RandomAccessCollection<UInt8>) -> [UInt8]? {
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        var high: UInt8?
        for digit in digits {
            guard let value = value(ofLowercase: digit) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }

    /// The number that at most 16 lower-case digits stand for; nil for anything but `0-9a-f`.
    public static func number(lowercase digits: some Sequence<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            guard let value = value(ofLowercase: digit), number >> 60 == 0 else { return nil }
            number = number << 4 | UInt64(value)
        }
        return number
    }

    /// The value of a digit of either case; nil for any other byte.
    @inlinable @inline(__always)
    public static func value(of digit: UInt8) -> UInt8? {
        if digit &- 48 < 10 { return digit &- 48 }
        let lower = digit | 32
        return lower &- 97 < 6 ? lower &- 87 : nil
    }

    /// The value of a digit in lower case; nil for any other byte, so that every value has one spelling.
    @inlinable @inline(__always)
    public static func value(ofLowercase digit: UInt8) -> UInt8? {
        digit &- 65 < 6 ? nil : value(of: digit)
    }

    /// The lower-case digit of a value below 16.
    @inlinable @inline(__always)
    public static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 &+ value : 87 &+ value }
}
