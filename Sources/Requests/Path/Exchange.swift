// The state of one request from its first byte to its last: its correlation id, its start, and the header fields that
// all documents share. Knows no route. The hot route pays for nothing here that it does not send.

package import HTTPServer
package import Primitives
import Synchronization

/// A request that is being answered.
package struct Exchange: Sendable {
    /// The id that the caller sent; nil when the host creates one.
    private let given: String?
    private let high: UInt64
    private let low: UInt64
    private let time: TimeSource
    private let start: MonotonicInstant
    /// The origin of a browser that may read the answer; nil for every other caller.
    let allowedOrigin: String?
    /// Whether answers differ by origin.
    private let variesByOrigin: Bool

    /// Creates an exchange for a request that cannot be parsed.
    ///
    /// - Parameter origin: the value of its one Origin field; nil without one.
    package init(origin: [UInt8]? = nil, origins: OriginPolicy? = nil, time: TimeSource) {
        given = nil
        self.time = time
        start = time.instant
        (high, low) = CorrelationIDs.next()
        variesByOrigin = origins?.isCrossOriginAllowed ?? false
        allowedOrigin = origins?.allowed(origin.flatMap { String(validating: $0, as: UTF8.self) })
    }

    package init(
        _ request: borrowing some HeaderFields & ~Copyable, origins: borrowing OriginPolicy, time: TimeSource
    ) {
        self.time = time
        start = time.instant
        given = request.headerText("x-correlation-id").flatMap { Self.isValid($0) ? $0 : nil }
        (high, low) = given == nil ? CorrelationIDs.next() : (0, 0)
        variesByOrigin = origins.isCrossOriginAllowed
        let isAsked = origins.isCrossOriginAllowed && request.headerCount("origin") == 1
        allowedOrigin = isAsked ? origins.allowed(request.headerText("origin")) : nil
    }

    private init(_ exchange: Exchange, allowedOrigin: String?) {
        (given, high, low) = (exchange.given, exchange.high, exchange.low)
        (time, start) = (exchange.time, exchange.start)
        self.allowedOrigin = allowedOrigin
        variesByOrigin = allowedOrigin != nil
    }

    /// The same exchange, with an answer that no page of another origin may read.
    var withoutOrigin: Exchange { Exchange(self, allowedOrigin: nil) }

    /// Returns whether `id` matches `[A-Za-z0-9._-]{1,128}`, which is safe in headers, logs and file names.
    private static func isValid(_ id: String) -> Bool { 1...128 ~= id.utf8.count && id.utf8.allSatisfy(isAllowed) }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    /// The id of this request in headers and logs.
    package var correlationID: String {
        given
            ?? withCorrelationID { span in
                unsafe String(unsafeUninitializedCapacity: span.count) { text in
                    for index in span.indices { unsafe text[index] = span[index] }
                    return span.count
                }
            }
    }

    /// Calls `body` with the bytes of the correlation id.
    func withCorrelationID<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        if let given { return body(given.utf8Span.span) }
        var text = InlineArray<36, UInt8>(repeating: UInt8(ascii: "-"))
        // The form 8-4-4-4-12: each 32 bits are two groups of four digits, with or without a hyphen between them.
        Self.write(UInt32(truncatingIfNeeded: high >> 32), to: &text, at: 0, 4)
        Self.write(UInt32(truncatingIfNeeded: high), to: &text, at: 9, 14)
        Self.write(UInt32(truncatingIfNeeded: low >> 32), to: &text, at: 19, 24)
        Self.write(UInt32(truncatingIfNeeded: low), to: &text, at: 28, 32)
        return body(text.span)
    }

    @inline(__always)
    private static func write(_ bits: UInt32, to text: inout InlineArray<36, UInt8>, at first: Int, _ second: Int) {
        let digits = Hex.packedDigits(bits)
        for index in 0..<4 {
            text[first + index] = UInt8(truncatingIfNeeded: digits >> UInt64(56 - 8 * index))
            text[second + index] = UInt8(truncatingIfNeeded: digits >> UInt64(24 - 8 * index))
        }
    }

    /// The nanoseconds since the request arrived.
    var elapsedNanoseconds: UInt64 { time.instant.nanoseconds &- start.nanoseconds }

    /// The whole milliseconds since the request arrived.
    package var durationMilliseconds: Int { Int(elapsedNanoseconds / 1_000_000) }

    // MARK: Answers

    /// The header fields of every JSON answer that is written on the event loop.
    func writeHeaders(durationMilliseconds: Int, to response: inout ResponseWriter) {
        response.headerLines(
            "Content-Type: application/json\r\nCache-Control: private, no-cache, no-store, must-revalidate\r\nX-Content-Type-Options: nosniff\r\n"
        )
        withCorrelationID { response.header("X-Correlation-Id", $0) }
        response.header("X-Duration-Ms", durationMilliseconds)
        if variesByOrigin { for (name, value) in originHeaders { response.header(name: name, value: value) } }
    }

    package func response(_ reply: Reply) -> HTTPResponse {
        let (status, headers) = (HTTPStatus(UInt16(clamping: reply.status)), headers(of: reply))
        if let stream = reply.stream { return HTTPResponse(status: status, headers: headers, stream: stream) }
        return HTTPResponse(status: status, headers: headers, body: reply.body)
    }

    func finish(_ reply: Reply, _ response: inout ResponseWriter) { response.write(self.response(reply)) }

    private func headers(of reply: Reply) -> [(name: String, value: String)] {
        func isGiven(_ name: String) -> Bool { reply.headers.contains { $0.name == name } }
        var headers: [(name: String, value: String)] = []
        headers.reserveCapacity(5 + (variesByOrigin ? 4 : 0) + reply.headers.count)
        headers.append(("X-Correlation-Id", correlationID))
        headers.append(("X-Duration-Ms", String(reply.durationMilliseconds ?? durationMilliseconds)))
        headers.append(("X-Content-Type-Options", "nosniff"))
        if !isGiven("Cache-Control") {
            headers.append(("Cache-Control", "private, no-cache, no-store, must-revalidate"))
        }
        if !reply.body.isEmpty, !isGiven("Content-Type") { headers.append(("Content-Type", "application/json")) }
        if variesByOrigin { headers += originHeaders }
        headers += reply.headers
        return headers
    }

    /// The fields that let a page of an allowed origin read the answer.
    private var originHeaders: [(name: String, value: String)] {
        guard variesByOrigin else { return [] }
        guard let allowedOrigin else { return [("Vary", "Origin")] }
        return [
            ("Vary", "Origin"), ("Access-Control-Allow-Origin", allowedOrigin),
            ("Access-Control-Allow-Credentials", "true"),
            (
                "Access-Control-Expose-Headers",
                "X-Correlation-Id, X-Duration-Ms, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After"
            ),
        ]
    }
}

/// Access to header fields by name, of a request in the connection's buffer or of a copy.
package protocol HeaderFields: ~Copyable {
    /// Returns the number of fields called `name`, which must be lower case.
    func headerCount(_ name: StaticString) -> Int
    /// Returns the value of the first field called `name`; nil when the field is missing or is not UTF-8.
    func headerText(_ name: StaticString) -> String?
}

extension HTTPRequest: HeaderFields {
    package func headerText(_ name: StaticString) -> String? { header(name)?.string }
}

extension HTTPRequestSnapshot: HeaderFields {
    package func headerCount(_ name: StaticString) -> Int { headers(name).count }
}

/// Version 4 UUIDs (RFC 9562) that are unique but not secret: a counter, scrambled with two keys of this process.
private enum CorrelationIDs {
    private static let counter = Atomic<UInt64>(0)
    private static let firstKey = UInt64.random(in: .min ... .max)
    private static let secondKey = UInt64.random(in: .min ... .max)

    // Odd factors and mixing are one-to-one, so different numbers give different ids.
    static func next() -> (UInt64, UInt64) {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        return (
            SplitMix64.mix((number &+ firstKey) &* 0x9E37_79B9_7F4A_7C15) & 0xFFFF_FFFF_FFFF_0FFF | 0x4000,
            SplitMix64.mix((number ^ secondKey) &* 0x9E37_79B9_7F4A_7C15) & 0x3FFF_FFFF_FFFF_FFFF
                | 0x8000_0000_0000_0000
        )
    }
}
