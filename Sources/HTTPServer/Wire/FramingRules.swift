// What the fields of a head decide together: host, body framing, persistence, expectation (RFC 9110 sections 7.2 and
// 10.1.1, RFC 9112 sections 6 and 9). Anything two readers could frame differently is refused.

import Primitives

enum FramingRules {
    /// Reads the deciding fields of `head` and refuses what is ambiguous.
    static func apply(_ bytes: Span<UInt8>, to head: inout RequestHead) throws(RequestRejection) {
        head.host = nil
        head.framing = .none
        head.keepsAlive = head.minorVersion == 1
        head.expectsContinue = false
        head.hasContentCoding = false
        var length: Range<Int>?
        var coding: Range<Int>?
        var closes = false
        var expects = false
        for field in head.fields {
            switch field.nameEnd - field.nameStart {
            case 4 where bytes.matches(field.name, lowercase: "host"):
                if head.host != nil { throw .hostInvalid }
                head.host = field.value
            case 6 where bytes.matches(field.name, lowercase: "expect"):
                guard !expects, bytes.matches(field.value, lowercase: "100-continue") else { throw .expectationFailed }
                expects = true
            case 10 where bytes.matches(field.name, lowercase: "connection"):
                let options = connectionOptions(bytes, field.value)
                if options.keepsAlive { head.keepsAlive = true }
                if options.closes { closes = true }
            case 14 where bytes.matches(field.name, lowercase: "content-length"):
                if length != nil { throw .contentLengthInvalid }
                length = field.value
            case 16 where bytes.matches(field.name, lowercase: "content-encoding"):
                if !field.value.isEmpty && !bytes.matches(field.value, lowercase: "identity") {
                    head.hasContentCoding = true
                }
            case 17 where bytes.matches(field.name, lowercase: "transfer-encoding"):
                if coding != nil { throw .transferEncodingInvalid }
                coding = field.value
            default: break
            }
        }
        if closes { head.keepsAlive = false }
        head.expectsContinue = expects && head.minorVersion == 1
        try checkHost(bytes, head)
        // RFC 9112 section 3.2.2: with an absolute-form target the Host field is ignored.
        if let authority = head.authority { head.host = authority }
        try applyFraming(bytes, length: length, coding: coding, to: &head)
    }

    private static func applyFraming(
        _ bytes: Span<UInt8>, length: Range<Int>?, coding: Range<Int>?, to head: inout RequestHead
    ) throws(RequestRejection) {
        if let coding {
            if length != nil { throw .framingAmbiguous }
            if head.minorVersion == 0 { throw .transferEncodingInvalid }
            guard bytes.matches(coding, lowercase: "chunked") else { throw refusal(ofCoding: coding, bytes) }
            head.framing = .chunked
        } else if let length {
            let count = try contentLength(bytes, length)
            head.framing = count == 0 ? .none : .length(count)
        }
    }

    /// 1*DIGIT, nothing before or after, at most 18 digits after leading zeros.
    private static func contentLength(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(RequestRejection) -> Int {
        var start = range.lowerBound
        while start < range.upperBound, bytes[start] == 48 { start += 1 }
        guard !range.isEmpty, range.upperBound - start <= 18 else { throw .contentLengthInvalid }
        var count = 0
        for index in start..<range.upperBound {
            guard ASCII.isDigit(bytes[index]) else { throw .contentLengthInvalid }
            count = count * 10 + Int(bytes[index] - 48)
        }
        return count
    }

    /// A well-formed list that ends in its only "chunked" asks for codings that exist but are not served: 501.
    ///
    /// All else cannot be framed: 400.
    private static func refusal(ofCoding range: Range<Int>, _ bytes: Span<UInt8>) -> RequestRejection {
        var start = range.lowerBound
        var chunkedCount = 0
        var lastIsChunked = false
        while start <= range.upperBound {
            var end = start
            while end < range.upperBound, bytes[end] != 44 { end += 1 }
            let element = bytes.trimmed(start..<end)
            if element.isEmpty { return .transferEncodingInvalid }
            for index in element where !ASCII.token.contains(bytes[index]) { return .transferEncodingInvalid }
            lastIsChunked = bytes.matches(element, lowercase: "chunked")
            if lastIsChunked { chunkedCount += 1 }
            start = end + 1
        }
        return lastIsChunked && chunkedCount == 1 ? .transferCodingNotImplemented : .transferEncodingInvalid
    }

    private static func connectionOptions(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) -> (closes: Bool, keepsAlive: Bool) {
        var closes = false
        var keepsAlive = false
        var start = range.lowerBound
        while start < range.upperBound {
            var end = start
            while end < range.upperBound, bytes[end] != 44 { end += 1 }
            let option = bytes.trimmed(start..<end)
            if bytes.matches(option, lowercase: "close") { closes = true }
            if bytes.matches(option, lowercase: "keep-alive") { keepsAlive = true }
            start = end + 1
        }
        return (closes, keepsAlive)
    }

    /// One valid Host in 1.1; at most one in 1.0.
    private static func checkHost(_ bytes: Span<UInt8>, _ head: RequestHead) throws(RequestRejection) {
        guard let host = head.host, !host.isEmpty else {
            if head.minorVersion == 1 { throw .hostMissing }
            return
        }
        guard isHost(bytes, host) else { throw .hostInvalid }
    }

    /// uri-host [ ":" port ] of RFC 9110 section 7.2: a registered name or an address, in brackets for IPv6; no userinfo.
    static func isHost(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var at = range.lowerBound
        let end = range.upperBound
        if at < end, bytes[at] == 91 {
            at += 1
            let start = at
            while at < end, Hex.value(of: bytes[at]) != nil || bytes[at] == 58 || bytes[at] == 46 { at += 1 }
            guard at < end, at > start, bytes[at] == 93 else { return false }
            at += 1
        } else {
            while at < end, ASCII.host.contains(bytes[at]) {
                if bytes[at] == ASCII.percent {
                    guard at + 2 < end, Hex.value(of: bytes[at + 1]) != nil, Hex.value(of: bytes[at + 2]) != nil
                    else { return false }
                }
                at += 1
            }
            if at == range.lowerBound { return false }
        }
        if at == end { return true }
        guard bytes[at] == 58, end - at <= 6 else { return false }
        for index in (at + 1)..<end where !ASCII.isDigit(bytes[index]) { return false }
        return true
    }
}
