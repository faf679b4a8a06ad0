// One chunk-size line: 1*HEXDIG and strict extensions (RFC 9112 section 7.1.1). It knows nothing of bodies.

import Primitives

enum ChunkSizeLine {
    /// More digits, zeros in front not counted, are refused: no body that is accepted needs them.
    static let digitsMax = 16

    /// The size in the line `range`, without its CR LF.
    static func parse(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(RequestRejection) -> Int {
        var at = range.lowerBound
        while at < range.upperBound, bytes[at] == 48 { at += 1 }
        let first = at
        var size = 0
        while at < range.upperBound, let digit = Hex.value(of: bytes[at]) {
            if at - first == digitsMax { throw .chunkInvalid }
            // Beyond every limit already; stays there without overflowing.
            size = size > 1 << 40 ? size : size * 16 + Int(digit)
            at += 1
        }
        if at == range.lowerBound { throw .chunkInvalid }
        while at < range.upperBound { at = try skipExtension(bytes, at..<range.upperBound) }
        return size
    }

    /// Refuses the beginning of a line that no end could make valid.
    static func checkPrefix(_ bytes: Span<UInt8>) throws(RequestRejection) {
        guard bytes.count > 0 else { return }
        guard Hex.value(of: bytes[0]) != nil else { throw .chunkInvalid }
        for index in 0..<(bytes.count - 1) where bytes[index] == ASCII.cr || bytes[index] == 0 { throw .chunkInvalid }
        var digits = 0
        while digits < bytes.count, bytes[digits] == 48 { digits += 1 }
        let zeros = digits
        while digits < bytes.count, Hex.value(of: bytes[digits]) != nil { digits += 1 }
        if digits - zeros > digitsMax { throw .chunkInvalid }
        if digits < bytes.count {
            let next = bytes[digits]
            guard next == 59 || next == ASCII.space || next == ASCII.tab || next == ASCII.cr else {
                throw .chunkInvalid
            }
        }
    }

    /// BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ]; returns where the next one begins.
    private static func skipExtension(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(RequestRejection) -> Int {
        let end = range.upperBound
        var at = skipSpace(bytes, range)
        guard at < end, bytes[at] == 59 else { throw .chunkInvalid }
        at = skipSpace(bytes, (at + 1)..<end)
        at = try skipToken(bytes, at..<end)
        let equals = skipSpace(bytes, at..<end)
        guard equals < end, bytes[equals] == 61 else { return at }
        at = skipSpace(bytes, (equals + 1)..<end)
        guard at < end else { throw .chunkInvalid }
        return bytes[at] == 34 ? try skipQuoted(bytes, at..<end) : try skipToken(bytes, at..<end)
    }

    private static func skipSpace(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var at = range.lowerBound
        while at < range.upperBound, bytes[at] == ASCII.space || bytes[at] == ASCII.tab { at += 1 }
        return at
    }

    private static func skipToken(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(RequestRejection) -> Int {
        var at = range.lowerBound
        while at < range.upperBound, ASCII.token.contains(bytes[at]) { at += 1 }
        if at == range.lowerBound { throw .chunkInvalid }
        return at
    }

    /// quoted-string of RFC 9110 section 5.6.4, from its opening to past its closing quote.
    private static func skipQuoted(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(RequestRejection) -> Int {
        var at = range.lowerBound + 1
        while at < range.upperBound {
            let byte = bytes[at]
            if byte == 34 { return at + 1 }
            if byte == 92 {
                at += 1
                guard at < range.upperBound else { break }
            }
            if bytes[at] < 32 && bytes[at] != ASCII.tab || bytes[at] == 127 { throw .chunkInvalid }
            at += 1
        }
        throw .chunkInvalid
    }
}
