// The one JSON writer: appends compact JSON to a byte buffer. It is frozen and inlinable because the host's hot routes build
// every response with it; it knows no document shapes.

/// Writes compact JSON into bytes.
///
/// The caller keeps the structure right (a member name before every value inside an object); commas and escapes are written by
/// the writer. `/` is not escaped, and an absent value is an explicit `null`.
@frozen
public struct JSONWriter: Sendable {
    /// What has been written so far.
    public var bytes: [UInt8]
    @usableFromInline var needsComma = false

    /// An empty writer.
    ///
    /// - Parameter capacity: bytes to reserve.
    @inlinable
    public init(capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Writes `{`, the members that `body` writes, and `}`.
    @inlinable
    public mutating func object<Failure: Error>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
        try body(&self)
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    /// Writes `[`, the elements that `body` writes, and `]`.
    @inlinable
    public mutating func array<Failure: Error>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
        try body(&self)
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// Writes the name of the next member.
    @inlinable
    public mutating func key(_ name: String) {
        separate()
        quoted(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a string, or null for nil.
    @inlinable
    public mutating func value(_ text: String?) {
        separate()
        if let text { quoted(text) } else { literal("null") }
        needsComma = true
    }

    /// Writes an integer.
    @inlinable
    public mutating func value(_ integer: Int) {
        separate()
        digits(integer)
        needsComma = true
    }

    /// Writes a boolean.
    @inlinable
    public mutating func value(_ boolean: Bool) {
        separate()
        literal(boolean ? "true" : "false")
        needsComma = true
    }

    /// Writes a moment as a string in the form of ``Timestamp/text(withMilliseconds:)``, or null for nil.
    public mutating func value(_ moment: Timestamp?, withMilliseconds: Bool) {
        guard let moment else { return null() }
        separate()
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 26) { text in
            unsafe text[0] = UInt8(ascii: "\"")
            var count = 1
            moment.forEachByte(withMilliseconds: withMilliseconds) { byte in
                unsafe text[count] = byte
                count += 1
            }
            unsafe text[count] = UInt8(ascii: "\"")
            unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[...count]))
        }
        needsComma = true
    }

    /// Writes null.
    @inlinable
    public mutating func null() {
        separate()
        literal("null")
        needsComma = true
    }

    /// Writes `json` as it is; it must be one valid JSON value.
    @inlinable
    public mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    /// Writes a number exactly as its text.
    public mutating func value(_ number: JSONNumber) { raw(number.text.utf8) }

    /// Writes any JSON value.
    public mutating func value(_ value: JSONValue) {
        switch value.storage {
        case .null: null()
        case .boolean(let boolean): self.value(boolean)
        case .number(let number): self.value(number)
        case .string(let string): self.value(string)
        case .array(let values):
            array { writer in for value in values { writer.value(value) } }
        case .object(let members):
            object { writer in
                for member in members {
                    writer.key(member.key)
                    writer.value(member.value)
                }
            }
        case .node(let tape, let index): node(tape, index)
        }
    }

    private mutating func node(_ tape: JSONTape, _ index: Int) {
        let node = tape.nodes[index]
        var at = index + 1
        switch node.kind {
        case .array:
            array { writer in
                for _ in 0..<node.count {
                    writer.node(tape, at)
                    at = Int(tape.nodes[at].next)
                }
            }
        case .object:
            object { writer in
                for _ in 0..<node.count {
                    if tape.isDamaged { writer.value(tape.text(at: at)) } else { writer.node(tape, at) }
                    writer.bytes.append(UInt8(ascii: ":"))
                    writer.needsComma = false
                    writer.node(tape, at + 1)
                    at = Int(tape.nodes[at + 1].next)
                }
            }
        case .string: copy(tape.bytes, from: Int(node.start) - 1, to: Int(node.end) + 1)
        case .damaged: null()
        default: copy(tape.bytes, from: Int(node.start), to: Int(node.end))
        }
    }

    private mutating func copy(_ source: [UInt8], from start: Int, to end: Int) {
        separate()
        unsafe source.withUnsafeBufferPointer { buffer in
            unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[start..<end]))
        }
        needsComma = true
    }

    /// Writes the text of `value`, a string or number of a parsed text, as a string without making a `String` of it.
    ///
    /// - Returns: false when nothing was written, because the value is of another kind or its escapes may be written otherwise.
    mutating func copyText(of value: JSONValue) -> Bool {
        guard case .node(let tape, let index) = value.storage else { return false }
        let node = tape.nodes[index]
        switch node.kind {
        case .string:
            guard !node.isEscaped else { return false }
            copy(tape.bytes, from: Int(node.start) - 1, to: Int(node.end) + 1)
        case .number:
            separate()
            needsComma = false
            bytes.append(UInt8(ascii: "\""))
            copy(tape.bytes, from: Int(node.start), to: Int(node.end))
            bytes.append(UInt8(ascii: "\""))
        default: return false
        }
        return true
    }

    /// Writes a member with a string, or null for nil.
    @inlinable
    public mutating func member(_ name: String, _ text: String?) {
        key(name)
        value(text)
    }

    /// Writes a member with an integer.
    @inlinable
    public mutating func member(_ name: String, _ integer: Int) {
        key(name)
        value(integer)
    }

    /// Writes a member with a boolean.
    @inlinable
    public mutating func member(_ name: String, _ boolean: Bool) {
        key(name)
        value(boolean)
    }

    /// Writes a member with any JSON value.
    public mutating func member(_ name: String, _ value: JSONValue) {
        key(name)
        self.value(value)
    }

    /// Writes a member with an array of strings.
    @inlinable
    public mutating func member(_ name: String, _ texts: [String]) {
        key(name)
        array { writer in for text in texts { writer.value(text) } }
    }

    @inlinable @inline(__always)
    mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    @inlinable @inline(__always)
    mutating func literal(_ text: StaticString) {
        unsafe bytes.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inlinable
    mutating func digits(_ integer: Int) {
        if integer < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = integer.magnitude
        let start = bytes.count
        repeat {
            bytes.append(UInt8(truncatingIfNeeded: rest % 10) &+ 0x30)
            rest /= 10
        } while rest > 0
        // By hand: reversing a slice copies all that has been written.
        var (low, high) = (start, bytes.count - 1)
        while low < high {
            bytes.swapAt(low, high)
            low += 1
            high -= 1
        }
    }

    @inlinable
    mutating func quoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            var clean = 0
            for at in 0..<utf8.count {
                let byte = unsafe utf8[at]
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
                unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[clean..<at]))
                escape(byte)
                clean = at + 1
            }
            unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[clean..<utf8.count]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    @usableFromInline
    mutating func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            let hex: StaticString = "0123456789abcdef"
            literal("u00")
            unsafe bytes.append(hex.utf8Start[Int(byte >> 4)])
            unsafe bytes.append(hex.utf8Start[Int(byte & 15)])
        }
    }
}
