// ASCII by bytes: character classes of RFC 9110 and RFC 3986 as bit tables, case, and comparisons that ignore case. It makes no
// text, and a byte above 127 is in no class.

/// A set of ASCII bytes; bytes above 127 are never in it.
@frozen
public struct ByteClass: Sendable {
    @usableFromInline let low: UInt64
    @usableFromInline let high: UInt64

    /// The set whose bit `n` of `low` stands for byte `n`, and of `high` for byte `64 + n`.
    @inlinable @inline(__always)
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// Whether `byte` is in the set.
    @inlinable @inline(__always)
    public func contains(_ byte: UInt8) -> Bool {
        let word = byte & 64 == 0 ? low : high
        return (word &>> UInt64(byte & 63)) & 1 == 1 && byte < 128
    }
}

/// ASCII characters and classes of characters.
public enum ASCII {
    /// Carriage return.
    @inlinable @inline(__always) public static var cr: UInt8 { 13 }
    /// Line feed.
    @inlinable @inline(__always) public static var lf: UInt8 { 10 }
    /// The space.
    @inlinable @inline(__always) public static var space: UInt8 { 32 }
    /// The horizontal tab.
    @inlinable @inline(__always) public static var tab: UInt8 { 9 }
    /// The colon.
    @inlinable @inline(__always) public static var colon: UInt8 { 58 }
    /// The percent sign.
    @inlinable @inline(__always) public static var percent: UInt8 { 37 }
    /// The slash.
    @inlinable @inline(__always) public static var slash: UInt8 { 47 }

    /// Returns whether all `bytes` are visible characters: `!` to `~`.
    ///
    /// It examines eight bytes at once.
    public static func areVisible(_ bytes: Span<UInt8>) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var hidden: UInt64 = 0
        var index = 0
        while index + 8 <= bytes.count {
            let word = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            // The high bit of a byte is set where the byte is below `!`, and where it is above `~`.
            hidden |= (word &- ones &* 0x21) & ~word | (word &+ ones) | word
            index += 8
        }
        guard hidden & (ones &* 0x80) == 0 else { return false }
        while index < bytes.count {
            guard 0x21...0x7E ~= bytes[index] else { return false }
            index += 1
        }
        return true
    }

    // Letters and digits are spelled out as bits so that the compiler folds each class into two constants.
    @inlinable @inline(__always) static var digits: UInt64 { 0x03FF_0000_0000_0000 }
    @inlinable @inline(__always) static var letters: UInt64 { 0x07FF_FFFE_07FF_FFFE }

    /// tchar of RFC 9110 section 5.6.2: ! # $ % & ' * + - . ^ _ ` | ~ DIGIT ALPHA
    @inlinable @inline(__always)
    public static var token: ByteClass {
        ByteClass(low: digits | 0x0000_6CFA_0000_0000, high: letters | 0x5000_0001_C000_0000)
    }

    /// The bytes that RFC 3986 allows anywhere in a URI, less the fragment's `#`.
    ///
    /// Visible ASCII but double quotes, angle brackets, backslash, caret, backquote, braces and bar.
    @inlinable @inline(__always)
    public static var target: ByteClass { ByteClass(low: 0xAFFF_FFF2_0000_0000, high: 0x47FF_FFFE_AFFF_FFFF) }

    /// reg-name of RFC 3986 section 3.2.2: unreserved, sub-delims and the percent sign.
    @inlinable @inline(__always)
    public static var host: ByteClass {
        ByteClass(low: digits | 0x2800_7FF2_0000_0000, high: letters | 0x4000_0000_8000_0000)
    }

    /// unreserved of RFC 3986 section 2.3: - . _ ~ DIGIT ALPHA
    @inlinable @inline(__always)
    public static var unreserved: ByteClass {
        ByteClass(low: digits | 0x0000_6000_0000_0000, high: letters | 0x4000_0000_8000_0000)
    }

    /// Whether `byte` is `0` to `9`.
    @inlinable @inline(__always)
    public static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

    /// Whether `byte` is a letter of either case.
    @inlinable @inline(__always)
    public static func isLetter(_ byte: UInt8) -> Bool { (byte | 32) &- 97 < 26 }

    /// Whether `byte` is a control character: below the space, or DEL.
    @inlinable @inline(__always)
    public static func isControl(_ byte: UInt8) -> Bool { byte < 32 || byte == 127 }

    /// `byte` with `A` to `Z` made lower-case; every other byte is returned as it is.
    @inlinable @inline(__always)
    public static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 65 < 26 ? byte | 32 : byte }

    /// `bytes` with `A` to `Z` made lower-case.
    @inlinable
    public static func lowercased(_ bytes: some Sequence<UInt8>) -> [UInt8] { bytes.map { lowercased($0) } }

    /// `text` with `A` to `Z` made lower-case and nothing else changed.
    public static func lowercased(_ text: String) -> String {
        String(decoding: lowercased(text.utf8), as: UTF8.self)
    }

    /// Whether two texts have the same bytes when the case of ASCII letters is ignored.
    public static func equalIgnoringCase(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count
            && zip(left.utf8, right.utf8).allSatisfy { lowercased($0) == lowercased($1) }
    }
}

extension Span<UInt8> {
    /// Whether the bytes of `range` are `name`, which is lower-case ASCII, with ASCII case ignored.
    @inlinable @inline(__always)
    public func matches(_ range: Range<Int>, lowercase name: StaticString) -> Bool {
        guard range.count == name.utf8CodeUnitCount else { return false }
        let expected = unsafe UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        for index in 0..<range.count where unsafe ASCII.lowercased(self[range.lowerBound + index]) != expected[index] {
            return false
        }
        return true
    }

    /// `range` without the spaces and tabs at both ends.
    @inlinable @inline(__always)
    public func trimmed(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, self[start] == ASCII.space || self[start] == ASCII.tab { start += 1 }
        while end > start, self[end - 1] == ASCII.space || self[end - 1] == ASCII.tab { end -= 1 }
        return start..<end
    }
}
