// The memory that values take on the heap: the allocator's rounding, and the headers of strings and arrays. Knows no facet.

import ProviderSDK

/// Adds up what values take on the heap, as glibc's allocator counts it.
struct HeapMeter {
    /// The bytes so far.
    private(set) var bytes = 0

    /// What an allocation of `size` bytes takes: a word for the allocator, in steps of 16 bytes.
    static func allocated(_ size: Int) -> Int { max(32, (size + 8 + 15) & ~15) }

    /// The bytes before the elements of an array, and before the text of a string.
    private static let headerBytes = 32
    /// Strings up to this size lie where they are held.
    private static let inlineTextBytesMax = 15

    /// Adds the object and the array of a text of bytes.
    mutating func addText(ofCapacity capacity: Int) {
        bytes += Self.allocated(24) + Self.allocated(Self.headerBytes + capacity)
    }

    mutating func add(_ text: String?) {
        guard let count = text?.utf8.count, count > Self.inlineTextBytesMax else { return }
        bytes += Self.allocated((Self.headerBytes + count + 1 + 15) & ~15)
    }

    /// Adds an array; `body` adds what an element holds.
    mutating func add<Element>(_ elements: [Element], _ body: (inout HeapMeter, Element) -> Void = { _, _ in }) {
        guard elements.capacity > 0 else { return }
        bytes += Self.allocated(Self.headerBytes + elements.capacity * MemoryLayout<Element>.stride)
        for element in elements { body(&self, element) }
    }

    mutating func add(_ texts: [String]) { add(texts) { $0.add($1) } }

    /// Adds a value that is detached from the text it was parsed from.
    mutating func add(_ value: JSONValue) {
        switch value.kind {
        case .array: add(value.array ?? []) { $0.add($1) }
        case .object:
            add(value.members ?? []) {
                $0.add($1.key)
                $0.add($1.value)
            }
        case .string: add(value.string)
        case .number: add(value.number?.text)
        default: break
        }
    }
}
