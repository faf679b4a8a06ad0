// Reads a small XML document, such as an error answer, as a JSON value. It reads no document type and no external entity.

/// A reader of small XML documents.
///
/// The result is the content of the root element. An element with attributes or children is an object of them, by local name; its text
/// is the member `text`. Any other element is a text. Elements that repeat are an array.
struct XMLReader {
    /// Bytes of a document.
    private static let bytesMax = 64 << 10
    /// Elements inside each other.
    private static let depthMax = 16
    /// Elements and attributes of a document.
    private static let partsMax = 2000

    private var rest: ArraySlice<UInt8>
    private var parts = 0

    /// The document as a value; nil when the bytes are not XML, or not small.
    static func value(of bytes: [UInt8]) -> JSONValue? {
        guard bytes.count <= bytesMax else { return nil }
        var reader = XMLReader(rest: bytes.drop { $0 <= 0x20 || [0xEF, 0xBB, 0xBF].contains($0) })
        guard reader.rest.first == UInt8(ascii: "<"), reader.skipMisc(), let root = reader.element(depth: 0) else {
            return nil
        }
        return root.value.kind == .object ? root.value : .object([("text", root.value)])
    }

    private init(rest: ArraySlice<UInt8>) { self.rest = rest }

    // MARK: Elements

    private mutating func element(depth: Int) -> (name: String, value: JSONValue)? {
        parts += 1
        guard depth < Self.depthMax, parts <= Self.partsMax, take("<"), let name = name() else { return nil }
        var members: [(key: String, value: JSONValue)] = []
        while true {
            skipSpace()
            if take("/>") { return (name, Self.value(members, text: "")) }
            if take(">") { break }
            guard let attribute = attribute() else { return nil }
            members.append(attribute)
        }
        var text: [UInt8] = []
        while true {
            if take("<![CDATA[") {
                guard let content = until("]]>") else { return nil }
                text += content
            } else if take("<!--") {
                guard until("-->") != nil else { return nil }
            } else if take("</") {
                guard let closing = self.name(), closing == name else { return nil }
                skipSpace()
                guard take(">") else { return nil }
                return (name, Self.value(members, text: Self.trimmed(text)))
            } else if rest.first == UInt8(ascii: "<") {
                guard let child = element(depth: depth + 1) else { return nil }
                Self.add(child, to: &members)
            } else {
                guard let character = character() else { return nil }
                text += character
            }
        }
    }

    private mutating func attribute() -> (key: String, value: JSONValue)? {
        parts += 1
        guard parts <= Self.partsMax, let name = name() else { return nil }
        skipSpace()
        guard take("=") else { return nil }
        skipSpace()
        guard let quote = rest.popFirst(), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return nil }
        var text: [UInt8] = []
        while rest.first != quote {
            guard let character = character() else { return nil }
            text += character
        }
        rest = rest.dropFirst()
        return (name, .string(String(decoding: text, as: UTF8.self)))
    }

    private static func value(_ members: [(key: String, value: JSONValue)], text: String) -> JSONValue {
        guard !members.isEmpty else { return .string(text) }
        return .object(text.isEmpty ? members : members + [("text", .string(text))])
    }

    /// Adds a child; a name that repeats makes an array.
    private static func add(
        _ child: (name: String, value: JSONValue), to members: inout [(key: String, value: JSONValue)]
    ) {
        guard let index = members.firstIndex(where: { $0.key == child.name }) else {
            return members.append((child.name, child.value))
        }
        members[index].value = .array((members[index].value.array ?? [members[index].value]) + [child.value])
    }

    // MARK: Characters

    /// The next character of a text, with its entity read.
    private mutating func character() -> [UInt8]? {
        guard let byte = rest.first else { return nil }
        guard byte == UInt8(ascii: "&") else {
            rest = rest.dropFirst()
            return [byte]
        }
        rest = rest.dropFirst()
        guard let end = rest.prefix(12).firstIndex(of: UInt8(ascii: ";")) else { return nil }
        let name = String(decoding: rest[rest.startIndex..<end], as: UTF8.self)
        rest = rest[(end + 1)...]
        switch name {
        case "lt": return [UInt8(ascii: "<")]
        case "gt": return [UInt8(ascii: ">")]
        case "amp": return [UInt8(ascii: "&")]
        case "quot": return [UInt8(ascii: "\"")]
        case "apos": return [UInt8(ascii: "'")]
        default:
            guard name.hasPrefix("#") else { return nil }
            let digits = name.dropFirst()
            let number = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            return number.flatMap(Unicode.Scalar.init).map { Array(String(Character($0)).utf8) }
        }
    }

    /// A name without its prefix.
    private mutating func name() -> String? {
        let name = rest.prefix { byte in
            byte >= 0x80 || byte &- 0x30 < 10 || 0x61...0x7A ~= byte | 0x20 || "_-.:".utf8.contains(byte)
        }
        rest = rest[name.endIndex...]
        guard let local = name.split(separator: UInt8(ascii: ":")).last, !local.isEmpty else { return nil }
        return String(decoding: local, as: UTF8.self)
    }

    /// Passes over the declaration, comments and instructions before the root.
    ///
    /// - Returns: false when there is something else, such as a document type.
    private mutating func skipMisc() -> Bool {
        while true {
            skipSpace()
            if take("<?") {
                guard until("?>") != nil else { return false }
            } else if take("<!--") {
                guard until("-->") != nil else { return false }
            } else {
                return !rest.starts(with: Array("<!".utf8))
            }
        }
    }

    private mutating func skipSpace() { rest = rest.drop { $0 <= 0x20 } }

    private mutating func take(_ text: StaticString) -> Bool {
        let wanted = Array(text.description.utf8)
        guard rest.starts(with: wanted) else { return false }
        rest = rest.dropFirst(wanted.count)
        return true
    }

    /// The bytes before `end`, which is passed over; nil when it does not come.
    private mutating func until(_ end: StaticString) -> ArraySlice<UInt8>? {
        let wanted = Array(end.description.utf8)
        var index = rest.startIndex
        while index + wanted.count <= rest.endIndex {
            if rest[index...].starts(with: wanted) {
                let found = rest[rest.startIndex..<index]
                rest = rest[(index + wanted.count)...]
                return found
            }
            index += 1
        }
        return nil
    }

    private static func trimmed(_ text: [UInt8]) -> String {
        let kept = text.drop { $0 <= 0x20 }
        let last = kept.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? kept.startIndex
        return String(decoding: kept[kept.startIndex..<last], as: UTF8.self)
    }
}
