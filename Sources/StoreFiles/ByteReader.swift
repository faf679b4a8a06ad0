// A parser of files whose every byte is known: expected text, numbers, and runs up to a byte. It knows no format.

/// Reads expected bytes one after the other; the first that is missing or different ends the parse.
package struct ByteReader {
    /// The bytes are not the expected ones.
    package struct Mismatch: Error {
        /// The offset of the difference.
        package let offset: Int
        /// The schema of the file, when a newer version wrote it.
        package var newerSchema: UInt64?

        /// A difference at `offset`.
        package init(offset: Int, newerSchema: UInt64? = nil) {
            self.offset = offset
            self.newerSchema = newerSchema
        }
    }

    private let bytes: [UInt8]
    /// The number of bytes that were read.
    package private(set) var offset = 0

    /// A reader of `bytes` from their beginning.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// A difference at the present offset.
    package var mismatch: Mismatch { Mismatch(offset: offset) }

    /// The next byte, which stays unread; nil at the end.
    package func peek() -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

    /// Skips one byte.
    package mutating func advance() throws(Mismatch) {
        guard offset < bytes.count else { throw mismatch }
        offset += 1
    }

    /// Skips the expected bytes.
    package mutating func expect(_ expected: some Sequence<UInt8>) throws(Mismatch) {
        for byte in expected {
            guard peek() == byte else { throw mismatch }
            offset += 1
        }
    }

    /// Skips the expected text.
    package mutating func expect(_ text: StaticString) throws(Mismatch) {
        guard skip(text) else { throw mismatch }
    }

    /// Skips `text` when it is next.
    package mutating func skip(_ text: StaticString) -> Bool {
        let expected = unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard unsafe bytes[offset...].starts(with: expected) else { return false }
        offset += text.utf8CodeUnitCount
        return true
    }

    /// The next `count` bytes.
    package mutating func take(_ count: Int) throws(Mismatch) -> ArraySlice<UInt8> {
        guard bytes.count - offset >= count else { throw Mismatch(offset: bytes.count) }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    /// The bytes before the next `end`, which stays unread.
    package mutating func until(_ end: UInt8) throws(Mismatch) -> ArraySlice<UInt8> {
        guard let index = bytes[offset...].firstIndex(of: end) else { throw Mismatch(offset: bytes.count) }
        defer { offset = index }
        return bytes[offset..<index]
    }

    /// A decimal number without sign or leading zeros, that fits 64 bits.
    package mutating func decimal() throws(Mismatch) -> UInt64 {
        var value: UInt64 = 0
        let start = offset
        while let byte = peek(), (0x30...0x39).contains(byte) {
            if value == 0 && offset > start { throw mismatch }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(byte - 0x30))
            if overflow || carry { throw mismatch }
            value = sum
            offset += 1
        }
        if offset == start { throw mismatch }
        return value
    }
}
