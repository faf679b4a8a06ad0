// The request line: method, target in its forms, version (RFC 9112 section 3). It knows no field.

import Primitives

enum RequestLine {
    /// Longer methods are not methods; registered ones have at most 17 letters.
    static let methodBytesMax = 32

    /// Reads the line `range`, without its CR LF.
    static func parse(
        _ bytes: Span<UInt8>, _ range: Range<Int>, into head: inout RequestHead
    ) throws(RequestRejection) {
        let parts = try split(bytes, range)
        guard let target = parts.target, let version = parts.version else { throw .requestLineMalformed }
        try parseVersion(bytes, version, into: &head)
        head.target = target
        // CONNECT names no resource that could say what it allows.
        if bytes.equals(parts.method, "CONNECT") { throw .methodNotImplemented }
        if bytes.equals(parts.method, "TRACE") { throw .methodNotAllowed }
        let method = method(bytes, parts.method)
        try parseTarget(bytes, target, isOptions: method == .options, into: &head)
        guard let method else { throw .methodNotImplemented }
        head.method = method
    }

    /// Refuses the beginning of a line that no end could make valid.
    static func checkPrefix(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(RequestRejection) {
        var end = range.upperBound
        if end > range.lowerBound, bytes[end - 1] == ASCII.cr { end -= 1 }
        let parts = try split(bytes, range.lowerBound..<end)
        guard let version = parts.version else {
            if end < range.upperBound { throw .requestLineMalformed }
            return
        }
        let expected: StaticString = "HTTP/"
        if version.count > 8 { throw .versionInvalid }
        for index in 0..<min(version.count, 5)
        where unsafe bytes[version.lowerBound + index] != expected.utf8Start[index] {
            throw .versionInvalid
        }
    }

    /// The parts a line has so far; each is ended by one space.
    private static func split(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(RequestRejection) -> (method: Range<Int>, target: Range<Int>?, version: Range<Int>?) {
        var at = range.lowerBound
        let end = range.upperBound
        while at < end, ASCII.token.contains(bytes[at]) { at += 1 }
        let method = range.lowerBound..<at
        if method.count > methodBytesMax { throw .methodNotImplemented }
        if at == end { return (method, nil, nil) }
        guard bytes[at] == ASCII.space, !method.isEmpty else {
            throw bytes[at] == ASCII.cr ? .lineEndInvalid : .requestLineMalformed
        }
        at += 1
        let targetStart = at
        while at < end, ASCII.target.contains(bytes[at]) { at += 1 }
        let target = targetStart..<at
        if at == end { return (method, target, nil) }
        guard bytes[at] == ASCII.space, !target.isEmpty else {
            throw bytes[at] == ASCII.cr ? .lineEndInvalid : .targetInvalid
        }
        return (method, target, (at + 1)..<end)
    }

    private static func method(_ bytes: Span<UInt8>, _ range: Range<Int>) -> HTTPMethod? {
        switch range.count {
        case 3:
            if bytes.equals(range, "GET") { return .get }
            return bytes.equals(range, "PUT") ? .put : nil
        case 4:
            if bytes.equals(range, "POST") { return .post }
            return bytes.equals(range, "HEAD") ? .head : nil
        case 5: return bytes.equals(range, "PATCH") ? .patch : nil
        case 6: return bytes.equals(range, "DELETE") ? .delete : nil
        case 7: return bytes.equals(range, "OPTIONS") ? .options : nil
        default: return nil
        }
    }

    private static func parseVersion(
        _ bytes: Span<UInt8>, _ range: Range<Int>, into head: inout RequestHead
    ) throws(RequestRejection) {
        let start = range.lowerBound
        guard range.count == 8, bytes.equals(start..<(start + 5), "HTTP/"), ASCII.isDigit(bytes[start + 5]),
            bytes[start + 6] == 46, ASCII.isDigit(bytes[start + 7])
        else { throw .versionInvalid }
        let minor = bytes[start + 7] - 48
        guard bytes[start + 5] == 49, minor <= 1 else { throw .versionNotSupported }
        head.minorVersion = minor
    }

    /// origin-form, absolute-form with http or https, and asterisk-form for OPTIONS (RFC 9112 section 3.2).
    private static func parseTarget(
        _ bytes: Span<UInt8>, _ range: Range<Int>, isOptions: Bool, into head: inout RequestHead
    ) throws(RequestRejection) {
        head.authority = nil
        var pathStart = range.lowerBound
        if bytes[pathStart] == 42 {
            guard range.count == 1, isOptions else { throw .targetInvalid }
            head.path = range
            head.query = nil
            return
        }
        if bytes[pathStart] != ASCII.slash { pathStart = try parseAuthority(bytes, range, into: &head) }
        var at = pathStart
        var question: Int?
        while at < range.upperBound {
            let byte = bytes[at]
            if byte == 63, question == nil { question = at }
            if byte == ASCII.percent {
                guard at + 2 < range.upperBound, Hex.value(of: bytes[at + 1]) != nil,
                    Hex.value(of: bytes[at + 2]) != nil
                else { throw .targetInvalid }
            }
            at += 1
        }
        head.path = pathStart..<(question ?? range.upperBound)
        head.query = question.map { ($0 + 1)..<range.upperBound }
    }

    /// Checks "http://authority" at the start of `range` and returns where the path begins.
    private static func parseAuthority(
        _ bytes: Span<UInt8>, _ range: Range<Int>, into head: inout RequestHead
    ) throws(RequestRejection) -> Int {
        let start = range.lowerBound
        let schemeEnd: Int
        if range.count > 7, bytes.matches(start..<(start + 7), lowercase: "http://") {
            schemeEnd = start + 7
        } else if range.count > 8, bytes.matches(start..<(start + 8), lowercase: "https://") {
            schemeEnd = start + 8
        } else {
            throw .targetInvalid
        }
        var end = schemeEnd
        while end < range.upperBound, bytes[end] != ASCII.slash, bytes[end] != 63 { end += 1 }
        guard end > schemeEnd, FramingRules.isHost(bytes, schemeEnd..<end) else { throw .targetInvalid }
        head.authority = schemeEnd..<end
        return end
    }
}

extension Span<UInt8> {
    /// Whether the bytes of `range` are exactly `text`.
    @inline(__always)
    func equals(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<range.count where unsafe self[range.lowerBound + index] != text.utf8Start[index] {
            return false
        }
        return true
    }
}
