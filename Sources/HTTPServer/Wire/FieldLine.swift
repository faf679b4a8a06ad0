// One header or trailer field line: name, colon, value (RFC 9110 section 5, RFC 9112 section 5). It knows no field's
// meaning.

import Primitives

enum FieldLine {
    /// Reads the line `range`, without its CR LF.
    static func parse(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(RequestRejection) -> HeaderField {
        var at = range.lowerBound
        let end = range.upperBound
        while at < end, ASCII.token.contains(bytes[at]) { at += 1 }
        guard at < end, at > range.lowerBound, bytes[at] == ASCII.colon else {
            throw refusal(bytes, range, at)
        }
        let value = bytes.trimmed((at + 1)..<end)
        guard isValue(bytes, value) else {
            throw contains(ASCII.cr, bytes, value) ? .lineEndInvalid : .fieldValueInvalid
        }
        return HeaderField(
            nameStart: UInt32(range.lowerBound), nameEnd: UInt32(at), valueStart: UInt32(value.lowerBound),
            valueEnd: UInt32(value.upperBound))
    }

    /// Refuses the beginning of a line that no end could make valid.
    static func checkPrefix(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(RequestRejection) {
        var end = range.upperBound
        if end > range.lowerBound, bytes[end - 1] == ASCII.cr { end -= 1 }
        // A lone CR may begin the blank line.
        if end == range.lowerBound { return }
        var at = range.lowerBound
        while at < end, ASCII.token.contains(bytes[at]) { at += 1 }
        if at == end {
            if end < range.upperBound { throw .fieldNameInvalid }
            return
        }
        guard at > range.lowerBound, bytes[at] == ASCII.colon else {
            throw refusal(bytes, range.lowerBound..<end, at)
        }
        guard isValue(bytes, (at + 1)..<end) else {
            throw contains(ASCII.cr, bytes, (at + 1)..<end) ? .lineEndInvalid : .fieldValueInvalid
        }
    }

    private static func refusal(_ bytes: Span<UInt8>, _ range: Range<Int>, _ at: Int) -> RequestRejection {
        let first = bytes[range.lowerBound]
        if first == ASCII.space || first == ASCII.tab { return .fieldFolded }
        return at < range.upperBound && bytes[at] == ASCII.cr ? .lineEndInvalid : .fieldNameInvalid
    }

    /// Visible ASCII, obs-text, space and tab; no other control character and no DEL.
    @inline(__always)
    static func isValue(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var at = range.lowerBound
        let end = range.upperBound
        // Eight at a time: a byte below 32, or 127, sets the top bit of its lane.
        while at &+ 8 <= end {
            let word = unsafe bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self)
            let low = (word &- 0x2020_2020_2020_2020) & ~word
            let other = word ^ 0x7F7F_7F7F_7F7F_7F7F
            let del = (other &- 0x0101_0101_0101_0101) & ~other
            if (low | del) & 0x8080_8080_8080_8080 != 0 { break }
            at &+= 8
        }
        while at < end {
            let byte = bytes[at]
            if byte < 32 && byte != ASCII.tab || byte == 127 { return false }
            at &+= 1
        }
        return true
    }

    private static func contains(_ byte: UInt8, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where bytes[index] == byte { return true }
        return false
    }
}
