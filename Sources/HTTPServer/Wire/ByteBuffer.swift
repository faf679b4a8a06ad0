// Growing bytes that one owner writes and reuses: responses are made in these. It knows no HTTP.

/// Bytes in one allocation that grows by doubling and is kept when the buffer is emptied.
///
/// Appending is inlined into the caller: it is what JSON and headers are written with. Not for sharing: it has one owner.
@safe
public struct ByteBuffer: ~Copyable, @unchecked Sendable {
    @usableFromInline var base: UnsafeMutablePointer<UInt8>
    @usableFromInline var capacity: Int
    /// The number of bytes written.
    @inlinable public var count: Int { written }
    @usableFromInline var written: Int = 0

    /// An empty buffer with room for `capacity` bytes.
    public init(capacity: Int = 256) {
        self.capacity = max(capacity, 64)
        unsafe self.base = .allocate(capacity: self.capacity)
    }

    deinit { unsafe base.deallocate() }

    /// Whether nothing has been written since the last `removeAll`.
    @inlinable public var isEmpty: Bool { written == 0 }

    /// Forgets the bytes and keeps the allocation.
    @inlinable
    public mutating func removeAll() { written = 0 }

    /// Forgets the bytes, and the allocation too where it has grown beyond `capacityMax`.
    public mutating func removeAll(keepingAtMost capacityMax: Int) {
        written = 0
        guard capacity > capacityMax else { return }
        unsafe base.deallocate()
        capacity = max(capacityMax, 64)
        unsafe base = .allocate(capacity: capacity)
    }

    /// Drops the last bytes so that `count` remain; does nothing when there are not more.
    @inlinable
    public mutating func truncate(to count: Int) {
        if count >= 0 && count < written { written = count }
    }

    /// Makes room for `additional` more bytes.
    @inlinable @inline(__always)
    public mutating func reserve(_ additional: Int) {
        if capacity &- written < additional { grow(additional) }
    }

    @usableFromInline @inline(never)
    mutating func grow(_ additional: Int) {
        precondition(additional >= 0 && additional < 1 << 40, "a buffer was asked to hold more than any limit allows")
        let wider = max(capacity * 2, written + additional)
        let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: wider)
        unsafe fresh.update(from: base, count: written)
        unsafe base.deallocate()
        unsafe base = fresh
        capacity = wider
    }

    /// Appends one byte.
    @inlinable @inline(__always)
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe base[written] = byte
        written &+= 1
    }

    /// Appends text known at compile time.
    @inlinable @inline(__always)
    public mutating func append(_ text: StaticString) {
        unsafe append(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    /// Appends the UTF-8 of `text`; literals take the overload above.
    @inlinable @inline(__always) @_disfavoredOverload
    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { unsafe append(start: $0.baseAddress, count: $0.count) }
    }

    /// Appends `bytes`.
    @inlinable @inline(__always)
    public mutating func append(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(start: $0.baseAddress, count: $0.count) }
    }

    /// Appends `bytes`.
    @inlinable @inline(__always)
    public mutating func append(_ bytes: ByteView) {
        unsafe append(start: bytes.base, count: bytes.count)
    }

    /// Appends `bytes`.
    @inlinable @inline(__always)
    public mutating func append(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(start: $0.baseAddress, count: $0.count) }
    }

    /// Appends the bytes of `other`.
    @inlinable @inline(__always)
    public mutating func append(_ other: borrowing ByteBuffer) {
        unsafe append(start: other.base, count: other.written)
    }

    @inlinable @inline(__always)
    mutating func append(start: UnsafePointer<UInt8>?, count: Int) {
        guard let start = unsafe start else { return }
        reserve(count)
        unsafe (base + written).update(from: start, count: count)
        written &+= count
    }

    /// Appends `number` in decimal digits.
    @inlinable
    public mutating func append(decimal number: Int) {
        reserve(20)
        if number < 0 { append(45 as UInt8) }
        var rest = number.magnitude
        var digits = 1
        var bound: UInt = 10
        while digits < 20 && rest >= bound {
            digits += 1
            let (next, overflow) = bound.multipliedReportingOverflow(by: 10)
            if overflow { break }
            bound = next
        }
        var at = written + digits
        written = at
        for _ in 0..<digits {
            at -= 1
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
            unsafe base[at] = UInt8(truncatingIfNeeded: 48 + remainder)
            rest = quotient
        }
    }

    /// Lets `body` append up to `countMax` bytes.
    @inlinable
    public mutating func append<Failure: Error>(
        atMost countMax: Int, _ body: (inout OutputSpan<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        reserve(countMax)
        let space = unsafe UnsafeMutableBufferPointer(start: base + written, count: countMax)
        var span = unsafe OutputSpan(buffer: space, initializedCount: 0)
        try body(&span)
        written += unsafe span.finalize(for: space)
    }

    /// The bytes, valid until the buffer is next changed.
    @inlinable public var view: ByteView { unsafe ByteView(UnsafePointer(base), count: written) }

    /// A copy of the bytes.
    public var array: [UInt8] { view.array }
}
