// Little-endian numbers and LEB128 in byte buffers, bounds checked. Shared by the frames of records and of the journal.

import CLinux

extension [UInt8] {
    /// Appends the bytes of a number, the least significant first.
    @inlinable @inline(__always)
    package mutating func append(littleEndian value: some FixedWidthInteger) {
        let value = value.littleEndian
        unsafe Swift.withUnsafeBytes(of: value) { unsafe append(contentsOf: $0) }
    }

    /// Replaces bytes by those of a number, the least significant first.
    @inlinable @inline(__always)
    package mutating func store(littleEndian value: some FixedWidthInteger, at offset: Int) {
        let value = value.littleEndian
        unsafe Swift.withUnsafeBytes(of: value) { bytes in
            for index in 0..<bytes.count { self[offset + index] = unsafe bytes[index] }
        }
    }

    /// Appends a number in LEB128: seven bits a byte.
    @inlinable @inline(__always)
    package mutating func append(variable value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }
}

extension Span<UInt8> {
    /// The number at `offset`, which the caller knows to be within bounds.
    @inlinable @inline(__always)
    package func load<Number: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: Number.Type) -> Number {
        precondition(offset >= 0 && count - offset >= MemoryLayout<Number>.size)
        return Number(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}

/// Reads fields of a part of a buffer one after the other; a field that is not there ends the read.
package struct FieldReader {
    /// A field reaches beyond the end.
    package struct Truncated: Error {
        /// The error.
        @inlinable
        package init() {}
    }

    @usableFromInline let bytes: [UInt8]
    @usableFromInline var position: Int
    @usableFromInline let end: Int

    /// A reader of a part of `bytes`.
    @inlinable
    package init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// The offset of the next field.
    @inlinable package var offset: Int { position }
    /// Whether every field was read.
    @inlinable package var isAtEnd: Bool { position == end }

    /// The next number, little-endian.
    @inlinable @inline(__always)
    package mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) throws(Truncated)
        -> Number
    {
        guard end - position >= MemoryLayout<Number>.size else { throw Truncated() }
        defer { position += MemoryLayout<Number>.size }
        return bytes.span.load(position, as: type)
    }

    /// The next number in LEB128.
    @inlinable @inline(__always)
    package mutating func variable() throws(Truncated) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64 {
            guard position < end else { throw Truncated() }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        throw Truncated()
    }

    /// The range of the next `count` bytes.
    @inlinable @inline(__always)
    package mutating func range(_ count: UInt64) throws(Truncated) -> Range<Int> {
        guard count <= UInt64(end - position) else { throw Truncated() }
        let start = position
        position += Int(count)
        return start..<position
    }
}

extension Span<UInt8> {
    /// Returns the first offset, from `start` on, of the little-endian bytes of `word`.
    package func firstIndex(ofWord word: UInt64, from start: Int) -> Int? {
        guard start < count else { return nil }
        let rest = extracting(droppingFirst: start)
        let found: Int? = unsafe rest.withUnsafeBytes { rest in
            unsafe Swift.withUnsafeBytes(of: word.littleEndian) { word in
                guard let base = rest.baseAddress, let needle = word.baseAddress,
                    let hit = unsafe memmem(base, rest.count, needle, word.count)
                else { return nil }
                return unsafe UnsafeRawPointer(hit) - base
            }
        }
        return found.map { $0 + start }
    }
}
