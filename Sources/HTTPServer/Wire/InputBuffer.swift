// Received bytes: where the current message begins, where the bytes end, room to read more. One per loop is shared by
// all connections between events; a connection has its own only while a message is incomplete. It knows no HTTP.

@safe
struct InputBuffer: ~Copyable {
    private(set) var base: UnsafeMutablePointer<UInt8>
    private(set) var capacity: Int
    /// The first byte of the current message.
    private(set) var start = 0
    /// One past the last byte received.
    private(set) var end = 0

    init(capacity: Int) {
        self.capacity = max(capacity, 64)
        unsafe base = .allocate(capacity: self.capacity)
    }

    deinit { unsafe base.deallocate() }

    /// Bytes of the current message and what follows it.
    @inline(__always) var count: Int { end - start }
    var isEmpty: Bool { end == start }
    var room: Int { capacity - end }

    mutating func removeAll() {
        start = 0
        end = 0
    }

    /// Forgets the first `count` bytes of the current message.
    mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= end - start, "more bytes were consumed than received")
        start += count
        if start == end { removeAll() }
    }

    /// Makes room for at least `wanted` more bytes, moving or growing.
    mutating func reserve(_ wanted: Int) {
        if room >= wanted { return }
        let kept = count
        if capacity - kept >= wanted {
            unsafe base.update(from: base + start, count: kept)
        } else {
            let wider = max(capacity * 2, kept + wanted)
            let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: wider)
            unsafe fresh.update(from: base + start, count: kept)
            unsafe base.deallocate()
            unsafe base = fresh
            capacity = wider
        }
        start = 0
        end = kept
    }

    /// The free space for received bytes; call `received` with their number.
    var space: UnsafeMutableRawBufferPointer { unsafe UnsafeMutableRawBufferPointer(start: base + end, count: room) }

    mutating func received(_ count: Int) {
        precondition(count >= 0 && count <= room, "more bytes were received than there was room for")
        end += count
    }

    mutating func append(_ bytes: Span<UInt8>) {
        reserve(bytes.count)
        unsafe bytes.withUnsafeBufferPointer { source in
            if let from = source.baseAddress { unsafe (base + end).update(from: from, count: source.count) }
        }
        end += bytes.count
    }

    /// The byte at `offset` from the start of the message.
    @inline(__always)
    subscript(offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < end - start, "a byte that was not received was asked for")
        return unsafe base[start + offset]
    }

    /// Moves `count` bytes of the message from offset `source` down to offset `target`.
    mutating func move(from source: Int, to target: Int, count: Int) {
        precondition(
            target >= 0 && target <= source && count >= 0 && source + count <= end - start, "a move out of bounds")
        if source == target || count == 0 { return }
        unsafe (base + start + target).update(from: base + start + source, count: count)
    }

    /// Drops everything after `count` bytes of the message.
    mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= end - start, "a buffer cannot be truncated to more than it holds")
        end = start + count
    }

    /// The first byte of the message, for a view of it.
    var message: UnsafePointer<UInt8> { unsafe UnsafePointer(base + start) }

    /// Calls `body` with the message's bytes from `offset` on.
    @inline(__always)
    func withBytes<Result, Failure: Error>(
        from offset: Int = 0, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(offset >= 0 && offset <= count, "bytes that were not received were asked for")
        let span = unsafe Span(_unsafeStart: UnsafePointer(base + start + offset), count: count - offset)
        return try body(span)
    }
}
