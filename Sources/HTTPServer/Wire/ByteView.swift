// Bytes of a request as they lie in the connection's buffer: bounds-checked, never copied. It knows no field and no URI.

import Primitives

/// Bytes lent to the application for the length of one call.
///
/// A view is a pointer and a count; subscripts are checked. It must not be kept after the call that was given it: take
/// `array` or `string` of what has to live longer, or a `snapshot()` of the request.
@safe
public struct ByteView {
    @usableFromInline let base: UnsafePointer<UInt8>
    /// The number of bytes.
    public let count: Int

    @usableFromInline
    init(_ base: UnsafePointer<UInt8>, count: Int) {
        unsafe self.base = unsafe base
        self.count = count
    }

    /// Whether there are no bytes.
    @inlinable public var isEmpty: Bool { count == 0 }

    /// The byte at `index`; traps outside the view.
    @inlinable
    public subscript(index: Int) -> UInt8 {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "a byte outside the view was asked for")
        return unsafe base[index]
    }

    /// The bytes of `range`; traps when it reaches outside the view.
    @inlinable
    public subscript(range: Range<Int>) -> ByteView {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "bytes outside the view were asked for")
        return unsafe ByteView(base + range.lowerBound, count: range.count)
    }

    /// Calls `body` with the bytes as a span.
    @inlinable
    public func withSpan<Result: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let span = unsafe Span(_unsafeStart: base, count: count)
        return try body(span)
    }

    /// Calls `body` with the bytes as an unsafe buffer, for C interfaces.
    @inlinable
    public func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// A copy of the bytes.
    public var array: [UInt8] { unsafe Array(UnsafeBufferPointer(start: base, count: count)) }

    /// The bytes as text, or nil where they are not valid UTF-8.
    public var string: String? {
        unsafe String(validating: UnsafeBufferPointer(start: base, count: count), as: UTF8.self)
    }

    /// Whether the bytes are exactly `text`.
    public func equals(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && hasPrefix(text)
    }

    /// Whether the bytes are `text`, which is lower-case ASCII, with the case of ASCII letters ignored.
    public func equals(lowercase text: StaticString) -> Bool {
        withSpan { $0.matches(0..<$0.count, lowercase: text) }
    }

    /// Whether the bytes begin with `text`.
    public func hasPrefix(_ text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else { return false }
        for index in 0..<text.utf8CodeUnitCount where unsafe base[index] != text.utf8Start[index] { return false }
        return true
    }

    /// The index of the first `byte` at or after `start`, or nil.
    public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        var index = max(0, start)
        while index < count {
            if unsafe base[index] == byte { return index }
            index += 1
        }
        return nil
    }
}
