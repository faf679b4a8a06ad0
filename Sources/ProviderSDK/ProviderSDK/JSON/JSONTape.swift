// A parsed JSON text: its bytes and a flat list of nodes that point into them. Values are views on it, so a page of
// records is parsed once and nothing is copied until it is asked for. Knows no field names.

/// One value or member name: where it stands in the bytes, and the index after its whole subtree.
struct JSONNode {
    enum Kind: UInt8 { case null, falseValue, trueValue, number, string, array, object }

    var start: UInt32
    var end: UInt32
    var next: UInt32
    /// Kind in the low 4 bits, bit 4 = the string holds escapes, the upper 24 bits = children of a container.
    private var tag: UInt32

    init(kind: Kind, start: Int, end: Int, isEscaped: Bool = false) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.end = UInt32(truncatingIfNeeded: end)
        next = 0
        tag = UInt32(kind.rawValue) | (isEscaped ? 16 : 0)
    }

    @inline(__always) var kind: Kind { Kind(rawValue: UInt8(truncatingIfNeeded: tag & 15)) ?? .null }
    @inline(__always) var isEscaped: Bool { tag & 16 != 0 }
    var count: Int {
        get { Int(tag >> 8) }
        set { tag = (tag & 0xFF) | UInt32(truncatingIfNeeded: newValue) << 8 }
    }
}

/// The bytes of one JSON text with its nodes; immutable once parsed.
final class JSONTape: Sendable {
    let bytes: [UInt8]
    let nodes: [JSONNode]

    init(bytes: [UInt8], nodes: [JSONNode]) {
        self.bytes = bytes
        self.nodes = nodes
    }

    /// The text of the string node at `index`, escapes resolved.
    ///
    /// O(length).
    func text(at index: Int) -> String {
        let node = nodes[index]
        guard node.isEscaped else {
            return unsafe bytes.withUnsafeBufferPointer { buffer in
                unsafe String(decoding: buffer[Int(node.start)..<Int(node.end)], as: UTF8.self)
            }
        }
        return String(decoding: JSONEscapes.resolved(bytes[Int(node.start)..<Int(node.end)]), as: UTF8.self)
    }

    /// The index of the value of the last member named `key` in the object node at `index`; nil when there is none.
    ///
    /// Names are compared as bytes. O(members).
    func member(_ key: borrowing [UInt8], of index: Int) -> Int? {
        let object = nodes[index]
        guard object.kind == .object else { return nil }
        var found: Int?
        let length = key.count
        var at = index + 1
        let end = Int(object.next)
        unsafe nodes.withUnsafeBufferPointer { nodes in
            unsafe bytes.withUnsafeBufferPointer { bytes in
                unsafe key.withUnsafeBufferPointer { key in
                    while at < end {
                        let name = unsafe nodes[at]
                        if name.isEscaped {
                            if unsafe JSONEscapes.resolved(bytes[Int(name.start)..<Int(name.end)]).elementsEqual(key) {
                                found = at + 1
                            }
                        } else if Int(name.end &- name.start) == length {
                            let start = Int(name.start)
                            var offset = 0
                            while offset < length, unsafe bytes[start &+ offset] == key[offset] { offset &+= 1 }
                            if offset == length { found = at + 1 }
                        }
                        at = Int(unsafe nodes[at + 1].next)
                    }
                }
            }
        }
        return found
    }
}
