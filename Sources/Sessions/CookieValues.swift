// The values of a cookie in Cookie header fields (RFC 6265 section 4.2), found in place.

import Glibc

/// A position among the values of one cookie in a Cookie field.
struct CookieValues {
    private var start = 0
    private var count = 0

    /// Returns where the next value of the cookie `name` is in `field`, without its quotes.
    ///
    /// Returns nil after the last value, and after ``SessionLimits/cookiesPerNameMax`` values.
    mutating func next(of name: Span<UInt8>, in field: Span<UInt8>) -> Range<Int>? {
        while start < field.count, count < SessionLimits.cookiesPerNameMax {
            let end = Self.end(ofPairAt: start, in: field)
            var first = start
            start = end + 1
            while first < end, field[first] == 0x20 { first += 1 }
            let equals = first + name.count
            guard equals < end, field[equals] == UInt8(ascii: "="), Self.isEqual(name, field, at: first) else {
                continue
            }
            count += 1
            return Self.unquoted(equals + 1..<end, in: field)
        }
        return nil
    }

    /// Returns the values of the cookie `name` in all `fields`, at most ``SessionLimits/cookiesPerNameMax``.
    static func all(of name: String, in fields: [String]) -> [String] {
        var found: [String] = []
        for field in fields {
            let bytes = field.utf8Span.span
            var values = CookieValues()
            while found.count < SessionLimits.cookiesPerNameMax,
                let range = values.next(of: name.utf8Span.span, in: bytes)
            {
                found.append(
                    unsafe bytes.extracting(range).withUnsafeBufferPointer {
                        unsafe String(decoding: $0, as: UTF8.self)
                    })
            }
        }
        return found
    }

    /// Returns the index of the semicolon behind the pair that begins at `start`, or the end of the field.
    private static func end(ofPairAt start: Int, in field: Span<UInt8>) -> Int {
        unsafe field.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress,
                let found = unsafe memchr(base + start, Int32(UInt8(ascii: ";")), bytes.count - start)
            else { return bytes.count }
            return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
        }
    }

    private static func isEqual(_ name: Span<UInt8>, _ field: Span<UInt8>, at start: Int) -> Bool {
        for index in 0..<name.count where field[start + index] != name[index] { return false }
        return true
    }

    private static func unquoted(_ value: Range<Int>, in field: Span<UInt8>) -> Range<Int> {
        let quote = UInt8(ascii: "\"")
        guard value.count >= 2, field[value.lowerBound] == quote, field[value.upperBound - 1] == quote else {
            return value
        }
        return value.lowerBound + 1..<value.upperBound - 1
    }
}
