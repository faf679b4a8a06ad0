// A first-in first-out queue. A value that one owner changes.

/// A first-in first-out queue over a ring buffer.
@usableFromInline
package struct FIFO<Element> {
    @usableFromInline var slots: [Element?] = []
    @usableFromInline var head = 0
    @usableFromInline var filled = 0

    /// An empty queue.
    @inlinable
    package init() {}

    /// The number of elements.
    @inlinable package var count: Int { filled }
    /// Whether there is no element.
    @inlinable package var isEmpty: Bool { filled == 0 }

    /// Adds an element at the end.
    @inlinable
    package mutating func append(_ element: Element) {
        if filled == slots.count { grow() }
        slots[(head + filled) % slots.count] = element
        filled += 1
    }

    /// Takes the first element out; nil when there is none.
    @inlinable
    package mutating func popFirst() -> Element? {
        guard filled > 0 else { return nil }
        defer {
            slots[head] = nil
            head = (head + 1) % slots.count
            filled -= 1
        }
        return slots[head]
    }

    @inlinable
    mutating func grow() {
        let capacity = max(8, slots.count * 2)
        var larger: [Element?] = []
        larger.reserveCapacity(capacity)
        for index in 0..<filled { larger.append(slots[(head + index) % slots.count]) }
        while larger.count < capacity { larger.append(nil) }
        slots = larger
        head = 0
    }
}
