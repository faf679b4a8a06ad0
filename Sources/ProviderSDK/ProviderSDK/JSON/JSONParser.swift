// The strict RFC 8259 parser: bytes in, a tape of nodes out. UTF-8 only, no byte order mark, no extensions. Every limit of
// JSONLimits is enforced while reading, so hostile input costs no more than its length.

struct JSONParser {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var nodes: [JSONNode] = []
    private var at = 0

    private init(_ bytes: [UInt8], _ limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    static func parse(_ bytes: [UInt8], limits: JSONLimits) throws(JSONError) -> JSONTape {
        guard bytes.count <= min(limits.bytesMax, Int(UInt32.max) - 1) else {
            throw JSONError(.limitExceeded, offset: 0, in: [])
        }
        var parser = JSONParser(bytes, limits)
        // A page of records has about a node for each dozen bytes; growing would copy all of them.
        parser.nodes.reserveCapacity(bytes.count / 10 + 8)
        let nodes: [JSONNode]
        do throws(Fault) {
            nodes = try parser.run()
        } catch {
            throw JSONError(error.reason, offset: error.offset, in: bytes)
        }
        return JSONTape(bytes: bytes, nodes: nodes, hasUniqueNames: limits.duplicateKeys == .refuse)
    }

    /// A refusal before its line and column are counted; trivially small, so throwing it costs nothing on the way out.
    private struct Fault: Error {
        let reason: JSONError.Reason
        let offset: Int
    }

    private mutating func run() throws(Fault) -> [JSONNode] {
        let count = bytes.count
        let outcome: Result<Void, Fault> = unsafe bytes.withUnsafeBufferPointer { buffer in
            do throws(Fault) {
                unsafe skipSpace(buffer)
                try unsafe value(buffer, depth: 0)
                unsafe skipSpace(buffer)
                guard at == count else { throw Fault(reason: .trailingBytes, offset: at) }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
        return nodes
    }

    @inline(__always) private mutating func skipSpace(_ b: UnsafeBufferPointer<UInt8>) {
        while at < b.count {
            switch unsafe b[at] {
            case 0x20, 0x0A, 0x0D, 0x09: at &+= 1
            default: return
            }
        }
    }

    @inline(__always) private mutating func append(
        _ kind: JSONNode.Kind, start: Int, end: Int, isEscaped: Bool = false
    ) throws(Fault) -> Int {
        let index = nodes.count
        guard index < limits.nodesMax else { throw Fault(reason: .limitExceeded, offset: at) }
        nodes.append(JSONNode(kind: kind, start: start, end: end, next: index + 1, isEscaped: isEscaped))
        return index
    }

    private mutating func value(_ b: UnsafeBufferPointer<UInt8>, depth: Int) throws(Fault) {
        guard at < b.count else { throw Fault(reason: .unexpectedEnd, offset: at) }
        switch unsafe b[at] {
        case UInt8(ascii: "\""): _ = try unsafe string(b)
        case UInt8(ascii: "{"): try unsafe object(b, depth: depth + 1)
        case UInt8(ascii: "["): try unsafe array(b, depth: depth + 1)
        case UInt8(ascii: "t"): try unsafe literal(b, "true", .trueValue)
        case UInt8(ascii: "f"): try unsafe literal(b, "false", .falseValue)
        case UInt8(ascii: "n"): try unsafe literal(b, "null", .null)
        case UInt8(ascii: "-"), 0x30...0x39: try unsafe number(b)
        default: throw Fault(reason: .unexpectedByte, offset: at)
        }
    }

    private mutating func literal(
        _ b: UnsafeBufferPointer<UInt8>, _ text: StaticString, _ kind: JSONNode.Kind
    ) throws(Fault) {
        let start = at
        let length = text.utf8CodeUnitCount
        guard start + length <= b.count else { throw Fault(reason: .unexpectedEnd, offset: b.count) }
        for offset in 0..<length where unsafe b[start + offset] != text.utf8Start[offset] {
            throw Fault(reason: .unexpectedByte, offset: start + offset)
        }
        at += length
        _ = try append(kind, start: start, end: at)
    }

    private mutating func number(_ b: UnsafeBufferPointer<UInt8>) throws(Fault) {
        let start = at
        var i = at
        func digits(_ from: Int) -> Int {
            var j = from
            while j < b.count, unsafe b[j] &- 0x30 < 10 { j &+= 1 }
            return j
        }
        if unsafe b[i] == UInt8(ascii: "-") { i += 1 }
        let integer = digits(i)
        guard integer > i, integer == i + 1 || (unsafe b[i]) != UInt8(ascii: "0") else {
            throw Fault(reason: .invalidNumber, offset: start)
        }
        i = integer
        if i < b.count, unsafe b[i] == UInt8(ascii: ".") {
            let fraction = digits(i + 1)
            guard fraction > i + 1 else { throw Fault(reason: .invalidNumber, offset: start) }
            i = fraction
        }
        if i < b.count, unsafe b[i] | 0x20 == UInt8(ascii: "e") {
            i += 1
            if i < b.count, unsafe b[i] == UInt8(ascii: "+") || b[i] == UInt8(ascii: "-") { i += 1 }
            let exponent = digits(i)
            guard exponent > i else { throw Fault(reason: .invalidNumber, offset: start) }
            i = exponent
        }
        guard i - start <= limits.numberBytesMax else { throw Fault(reason: .limitExceeded, offset: start) }
        at = i
        _ = try append(.number, start: start, end: i)
    }

    private mutating func array(_ b: UnsafeBufferPointer<UInt8>, depth: Int) throws(Fault) {
        guard depth <= limits.depthMax else { throw Fault(reason: .limitExceeded, offset: at) }
        let index = try append(.array, start: at, end: at)
        at += 1
        var count = 0
        unsafe skipSpace(b)
        if at < b.count, unsafe b[at] == UInt8(ascii: "]") {
            at += 1
        } else {
            while true {
                unsafe skipSpace(b)
                try unsafe value(b, depth: depth)
                count += 1
                if try unsafe closes(b, with: UInt8(ascii: "]")) { break }
            }
        }
        close(index, count: count)
    }

    private mutating func object(_ b: UnsafeBufferPointer<UInt8>, depth: Int) throws(Fault) {
        guard depth <= limits.depthMax else { throw Fault(reason: .limitExceeded, offset: at) }
        let index = try append(.object, start: at, end: at)
        at += 1
        var names = MemberNames()
        unsafe skipSpace(b)
        if at < b.count, unsafe b[at] == UInt8(ascii: "}") {
            at += 1
        } else {
            while true {
                unsafe skipSpace(b)
                guard at < b.count else { throw Fault(reason: .unexpectedEnd, offset: at) }
                guard unsafe b[at] == UInt8(ascii: "\"") else { throw Fault(reason: .unexpectedByte, offset: at) }
                let start = at
                let name = try unsafe string(b)
                guard names.count < limits.membersMax else { throw Fault(reason: .limitExceeded, offset: start) }
                let isNew = unsafe names.insert(name, firstName: index + 1, nodes: &nodes, bytes: b)
                guard isNew || limits.duplicateKeys == .keepLast else {
                    throw Fault(reason: .duplicateKey, offset: start)
                }
                unsafe skipSpace(b)
                guard at < b.count else { throw Fault(reason: .unexpectedEnd, offset: at) }
                guard unsafe b[at] == UInt8(ascii: ":") else { throw Fault(reason: .unexpectedByte, offset: at) }
                at += 1
                unsafe skipSpace(b)
                try unsafe value(b, depth: depth)
                if try unsafe closes(b, with: UInt8(ascii: "}")) { break }
            }
        }
        close(index, count: names.count)
    }

    /// Reads the `,` or the closing byte after an element; true when the container is closed.
    private mutating func closes(_ b: UnsafeBufferPointer<UInt8>, with closing: UInt8) throws(Fault) -> Bool {
        unsafe skipSpace(b)
        guard at < b.count else { throw Fault(reason: .unexpectedEnd, offset: at) }
        let byte = unsafe b[at]
        guard byte == closing || byte == UInt8(ascii: ",") else { throw Fault(reason: .unexpectedByte, offset: at) }
        at += 1
        return byte == closing
    }

    private mutating func close(_ index: Int, count: Int) {
        nodes[index].end = UInt32(truncatingIfNeeded: at)
        nodes[index].next = UInt32(truncatingIfNeeded: nodes.count)
        nodes[index].count = count
    }

    private mutating func string(_ b: UnsafeBufferPointer<UInt8>) throws(Fault) -> Int {
        let start = at + 1
        var i = start
        var isEscaped = false
        scan: while i < b.count {
            unsafe i = JSONText.plainEnd(b, from: i)
            guard i < b.count else { break }
            switch unsafe b[i] {
            case UInt8(ascii: "\""): break scan
            case UInt8(ascii: "\\"):
                isEscaped = true
                guard let length = unsafe JSONText.escapeLength(b, at: i) else {
                    throw Fault(reason: .invalidString, offset: i)
                }
                i &+= length
            case 0..<0x20: throw Fault(reason: .invalidString, offset: i)
            default:
                guard let length = unsafe JSONText.sequenceLength(b, at: i) else {
                    throw Fault(reason: .invalidString, offset: i)
                }
                i &+= length
            }
        }
        guard i < b.count else { throw Fault(reason: .unexpectedEnd, offset: i) }
        guard i - start <= limits.stringBytesMax else { throw Fault(reason: .limitExceeded, offset: start) }
        at = i + 1
        return try append(.string, start: start, end: i, isEscaped: isEscaped)
    }
}
