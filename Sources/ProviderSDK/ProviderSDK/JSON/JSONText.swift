// Well-formedness of the inside of JSON strings: UTF-8 sequences (RFC 3629) and escapes (RFC 8259 section 7).

enum JSONText {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// Where the plain bytes from `start` on end: before a quote, a backslash, a control character, a byte above ASCII, or the end.
    ///
    /// Nearly all bytes of a text are plain, so eight are checked together: a byte that is not plain sets its highest bit in `found`.
    /// Bytes behind it may set theirs wrongly, so only the first counts.
    @inline(__always) static func plainEnd(_ b: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var i = start
        let raw = UnsafeRawBufferPointer(b)
        while i &+ 8 <= b.count {
            let word = UInt64(littleEndian: unsafe raw.loadUnaligned(fromByteOffset: i, as: UInt64.self))
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            let control = (word &- ones &* 0x20) & ~word
            let found =
                ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash | control | word) & highs
            if found != 0 { return i &+ found.trailingZeroBitCount / 8 }
            i &+= 8
        }
        while i < b.count {
            let byte = unsafe b[i]
            guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else { break }
            i &+= 1
        }
        return i
    }

    /// The length of the valid multi-byte UTF-8 sequence at `i`; nil when it is overlong, a surrogate, or cut off.
    @inline(__always) static func sequenceLength(_ b: UnsafeBufferPointer<UInt8>, at i: Int) -> Int? {
        let lead = unsafe b[i]
        let length: Int
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF:
            length = 3
            if lead == 0xE0 { low = 0xA0 }
            if lead == 0xED { high = 0x9F }
        case 0xF0...0xF4:
            length = 4
            if lead == 0xF0 { low = 0x90 }
            if lead == 0xF4 { high = 0x8F }
        default: return nil
        }
        guard i + length <= b.count, unsafe b[i + 1] >= low, unsafe b[i + 1] <= high else { return nil }
        for offset in 2..<max(2, length) where unsafe b[i + offset] & 0xC0 != 0x80 { return nil }
        return length
    }

    /// The length of the valid escape at `i`, a surrogate pair counting as one; nil when it is malformed or half a pair.
    static func escapeLength(_ b: UnsafeBufferPointer<UInt8>, at i: Int) -> Int? {
        guard i + 1 < b.count else { return nil }
        switch unsafe b[i + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return 2
        case UInt8(ascii: "u"):
            guard let unit = unsafe codeUnit(b, at: i) else { return nil }
            guard unit & 0xF800 == 0xD800 else { return 6 }
            guard unit & 0xFC00 == 0xD800, let low = unsafe codeUnit(b, at: i + 6), low & 0xFC00 == 0xDC00 else {
                return nil
            }
            return 12
        default: return nil
        }
    }

    private static func codeUnit(_ b: UnsafeBufferPointer<UInt8>, at i: Int) -> UInt32? {
        guard i + 6 <= b.count, unsafe b[i] == UInt8(ascii: "\\"), unsafe b[i + 1] == UInt8(ascii: "u") else {
            return nil
        }
        var unit: UInt32 = 0
        for offset in 2..<6 {
            guard let digit = unsafe JSONEscapes.hexDigit(b[i + offset]) else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }
}
