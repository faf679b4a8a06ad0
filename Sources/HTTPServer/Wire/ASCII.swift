// The character classes of RFC 9110 and RFC 3986 as bit tables, and comparisons of bytes with case ignored for ASCII
// letters only. Text is never made: a byte above 127 is in no class unless it says so.

/// A set of ASCII bytes; bytes above 127 are never in it.
struct ByteClass: Sendable {
    let low: UInt64
    let high: UInt64

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word = byte & 64 == 0 ? low : high
        return (word &>> UInt64(byte & 63)) & 1 == 1 && byte < 128
    }
}

enum ASCII {
    static let cr: UInt8 = 13
    static let lf: UInt8 = 10
    static let space: UInt8 = 32
    static let tab: UInt8 = 9
    static let colon: UInt8 = 58
    static let percent: UInt8 = 37
    static let slash: UInt8 = 47

    // Letters and digits are spelled out as bits so that the compiler folds each class into two constants.
    private static let digits: UInt64 = 0x03FF_0000_0000_0000
    private static let letters: UInt64 = 0x07FF_FFFE_07FF_FFFE

    /// tchar of RFC 9110 section 5.6.2: ! # $ % & ' * + - . ^ _ ` | ~ DIGIT ALPHA
    @inline(__always)
    static var token: ByteClass {
        ByteClass(low: digits | 0x0000_6CFA_0000_0000, high: letters | 0x5000_0001_C000_0000)
    }

    /// What RFC 3986 allows anywhere in a URI, less the fragment's `#`.
    ///
    /// Visible ASCII but double quotes, angle brackets, backslash, caret, backquote, braces and bar.
    @inline(__always)
    static var target: ByteClass {
        ByteClass(low: 0xAFFF_FFF2_0000_0000, high: 0x47FF_FFFE_AFFF_FFFF)
    }

    /// reg-name of RFC 3986 section 3.2.2: unreserved, sub-delims and the percent sign.
    @inline(__always)
    static var host: ByteClass {
        ByteClass(low: digits | 0x2800_7FF2_0000_0000, high: letters | 0x4000_0000_8000_0000)
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

    /// The value of a hexadecimal digit, or nil.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt8? {
        if byte &- 48 < 10 { return byte &- 48 }
        let lower = byte | 32
        return lower &- 97 < 6 ? lower &- 87 : nil
    }

    /// A to Z become a to z; every other byte is returned as it is.
    @inline(__always)
    static func lowercase(_ byte: UInt8) -> UInt8 { byte &- 65 < 26 ? byte | 32 : byte }
}

extension Span<UInt8> {
    /// Whether the bytes of `range` are `name`, which is lower-case ASCII, with ASCII case ignored.
    @inline(__always)
    func matches(_ range: Range<Int>, lowercase name: StaticString) -> Bool {
        guard range.count == name.utf8CodeUnitCount else { return false }
        let expected = unsafe UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        for index in 0..<range.count where unsafe ASCII.lowercase(self[range.lowerBound + index]) != expected[index] {
            return false
        }
        return true
    }

    /// The bytes of `range` without the spaces and tabs at both ends.
    @inline(__always)
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, self[start] == ASCII.space || self[start] == ASCII.tab { start += 1 }
        while end > start, self[end - 1] == ASCII.space || self[end - 1] == ASCII.tab { end -= 1 }
        return start..<end
    }
}
