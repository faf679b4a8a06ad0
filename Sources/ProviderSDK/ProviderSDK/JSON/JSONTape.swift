// A parsed JSON text: its bytes and a flat list of nodes that point into them. Values are views on it, so a page of
// records is parsed once and nothing is copied until it is asked for. Knows no field names.

/// One value or member name: where it stands in the bytes, and the index after its whole subtree.
struct JSONNode {
    enum Kind: UInt8 {
        case null, falseValue, trueValue, number, string, array, object
        /// What cannot be read, in a page of records: a value or a name, and everything inside it.
        case damaged
    }

    var start: UInt32
    var end: UInt32
    var next: UInt32
    /// The kind in the low 4 bits; bit 4 means that the string holds escapes.
    ///
    /// The upper 24 bits count a container's children. In a member name they are the hash of the name with its escapes
    /// resolved.
    private var tag: UInt32

    init(kind: Kind, start: Int, end: Int, next: Int, isEscaped: Bool = false) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.end = UInt32(truncatingIfNeeded: end)
        self.next = UInt32(truncatingIfNeeded: next)
        tag = UInt32(kind.rawValue) | (isEscaped ? 16 : 0)
    }

    /// Makes a node that was read one that cannot be read.
    mutating func damage() { tag = UInt32(Kind.damaged.rawValue) }

    @inline(__always) var kind: Kind { Kind(rawValue: UInt8(truncatingIfNeeded: tag & 15)) ?? .null }
    @inline(__always) var isEscaped: Bool { tag & 16 != 0 }
    var count: Int {
        get { tag & 15 >= UInt32(Kind.array.rawValue) ? Int(tag >> 8) : 0 }
        set { tag = (tag & 0xFF) | UInt32(truncatingIfNeeded: newValue) << 8 }
    }
    /// The hash of a member name; meaningless in every other node.
    @inline(__always) var nameHash: UInt32 {
        get { tag >> 8 }
        set { tag = (tag & 0xFF) | newValue << 8 }
    }
}

/// The bytes of one JSON text with its nodes; immutable once parsed.
final class JSONTape: Sendable {
    let bytes: [UInt8]
    let nodes: [JSONNode]
    /// What cannot be read, in the order of the nodes; empty but for pages of records.
    let faults: [JSONFault]
    let isDamaged: Bool
    /// Whether no object repeats a name, so that a lookup may stop at the first match.
    private let hasUniqueNames: Bool

    init(bytes: [UInt8], nodes: [JSONNode], faults: [JSONFault], hasUniqueNames: Bool) {
        self.hasUniqueNames = hasUniqueNames
        self.faults = faults
        isDamaged = !faults.isEmpty
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
    func member(_ key: borrowing JSONName, of index: Int) -> Int? {
        let object = nodes[index]
        guard object.kind == .object else { return nil }
        var found: Int?
        let end = Int(object.next)
        let hash = key.hash
        unsafe nodes.withUnsafeBufferPointer { nodes in
            var at = index + 1
            while at < end {
                let name = unsafe nodes[at]
                if name.nameHash == hash, isText(name, key.bytes) {
                    found = at + 1
                    if hasUniqueNames { return }
                }
                at = Int(unsafe nodes[at + 1].next)
            }
        }
        return found
    }

    /// As ``member(_:of:)-(JSONName,_)``, for a name that is looked up once: nothing is allocated for it.
    func member(_ name: UnsafeBufferPointer<UInt8>, of index: Int) -> Int? {
        let object = nodes[index]
        guard object.kind == .object else { return nil }
        var found: Int?
        let hash = unsafe JSONName.hash(of: name, from: 0, to: name.count)
        var at = index + 1
        while at < Int(object.next) {
            let node = nodes[at]
            if node.nameHash == hash, unsafe isText(node, name) {
                found = at + 1
                if hasUniqueNames { break }
            }
            at = Int(nodes[at + 1].next)
        }
        return found
    }

    private func isText(_ node: JSONNode, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        if node.isEscaped { return unsafe isText(node, Array(text)) }
        let start = Int(node.start)
        guard Int(node.end) - start == text.count else { return false }
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe bytes[start..<start + text.count].elementsEqual(text)
        }
    }

    /// The index of the element at `position` of the array node at `index`; nil when there is none.
    func element(_ position: Int, of index: Int) -> Int? {
        let array = nodes[index]
        guard array.kind == .array, position >= 0, position < array.count else { return nil }
        var at = index + 1
        for _ in 0..<position { at = Int(nodes[at].next) }
        return at
    }

    /// Whether the string node `node` holds exactly `text` once its escapes are resolved.
    func isText(_ node: JSONNode, _ text: [UInt8]) -> Bool {
        let start = Int(node.start)
        let length = Int(node.end) - start
        if node.isEscaped { return JSONEscapes.resolved(bytes[start..<(start + length)]) == text }
        guard length == text.count else { return false }
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe text.withUnsafeBufferPointer { text in
                var offset = 0
                while offset < length, unsafe bytes[start &+ offset] == text[offset] { offset &+= 1 }
                return offset == length
            }
        }
    }

    /// The value of the number node at `index` when it is a whole number that fits 64 bits; else nil.
    func wholeNumber(at index: Int) -> Int64? {
        let node = nodes[index]
        guard node.kind == .number else { return nil }
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe JSONNumber.wholeNumber(buffer[Int(node.start)..<Int(node.end)])
        }
    }

    /// The value of the number node at `index` when it is written as an integer that fits 64 bits; else nil.
    func integer(at index: Int) -> Int64? {
        let node = nodes[index]
        guard node.kind == .number else { return nil }
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe JSONNumber.integer(buffer[Int(node.start)..<Int(node.end)])
        }
    }
}
