// The strict RFC 8259 parser: bytes in, a tape of nodes out. UTF-8 only, no byte order mark, no extensions. Every limit of
// JSONLimits is enforced while reading, so hostile input costs no more than its length. What it does in a page of records with a
// value that cannot be read is in JSONParser+Recovery.

struct JSONParser {
    private let bytes: [UInt8]
    let limits: JSONLimits
    /// Whether values that cannot be read are noted instead of refused.
    let isPage: Bool
    var nodes: [JSONNode] = []
    var faults: [JSONFault] = []
    var at = 0
    /// The container that ended last without its closing byte; -1 for none.
    var unclosed = -1
    /// Where the last container began that was passed over because it stood where none can; -1 for none.
    var strayContainer = -1

    private init(_ bytes: [UInt8], _ limits: JSONLimits, isPage: Bool) {
        self.bytes = bytes
        self.limits = limits
        self.isPage = isPage
    }

    static func parse(_ bytes: [UInt8], limits: JSONLimits, isPage: Bool = false) throws(JSONError) -> JSONTape {
        guard bytes.count <= min(limits.bytesMax, Int(UInt32.max) - 1) else {
            throw JSONError(.limitExceeded, offset: 0, in: [])
        }
        var parser = JSONParser(bytes, limits, isPage: isPage)
        // A page of records has about a node for each dozen bytes; growing would copy all of them.
        parser.nodes.reserveCapacity(bytes.count / 10 + 8)
        let nodes: [JSONNode]
        do throws(Fault) {
            nodes = try parser.run()
        } catch {
            throw JSONError(error.reason, offset: error.offset, in: bytes)
        }
        return JSONTape(
            bytes: bytes, nodes: nodes, faults: parser.orderedFaults,
            hasUniqueNames: limits.duplicateKeys == .refuse && parser.faults.isEmpty)
    }

    /// A refusal before its line and column are counted; trivially small, so throwing it costs nothing on the way out.
    struct Fault: Error {
        let reason: JSONError.Reason
        let offset: Int
    }

    private mutating func run() throws(Fault) -> [JSONNode] {
        let count = bytes.count
        let outcome: Result<Void, Fault> = unsafe bytes.withUnsafeBufferPointer { buffer in
            do throws(Fault) {
                unsafe skipSpace(buffer)
                try unsafe value(buffer, depth: 0, in: -1)
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

    @inline(__always) mutating func skipSpace(_ b: UnsafeBufferPointer<UInt8>) {
        while at < b.count {
            switch unsafe b[at] {
            case 0x20, 0x0A, 0x0D, 0x09: at &+= 1
            default: return
            }
        }
    }

    @inline(__always) mutating func append(
        _ kind: JSONNode.Kind, start: Int, end: Int, isEscaped: Bool = false
    ) throws(Fault) -> Int {
        let index = nodes.count
        guard index < limits.nodesMax else { throw Fault(reason: .limitExceeded, offset: at) }
        nodes.append(JSONNode(kind: kind, start: start, end: end, next: index + 1, isEscaped: isEscaped))
        return index
    }

    /// Reads a value.
    ///
    /// - Parameter container: the node that it stands in; -1 for the whole text.
    mutating func value(_ b: UnsafeBufferPointer<UInt8>, depth: Int, in container: Int) throws(Fault) {
        guard at < b.count else { throw Fault(reason: .unexpectedEnd, offset: at) }
        switch unsafe b[at] {
        case UInt8(ascii: "\""): _ = try unsafe string(b)
        case UInt8(ascii: "{"): try unsafe object(b, depth: depth + 1)
        case UInt8(ascii: "["): try unsafe array(b, depth: depth + 1)
        case UInt8(ascii: "t"): try unsafe literal(b, "true", .trueValue, in: container)
        case UInt8(ascii: "f"): try unsafe literal(b, "false", .falseValue, in: container)
        case UInt8(ascii: "n"): try unsafe literal(b, "null", .null, in: container)
        case UInt8(ascii: "-"), 0x30...0x39: try unsafe number(b, in: container)
        default: try unsafe stray(b, in: container, refusal: Fault(reason: .unexpectedByte, offset: at))
        }
    }

    private mutating func literal(
        _ b: UnsafeBufferPointer<UInt8>, _ text: StaticString, _ kind: JSONNode.Kind, in container: Int
    ) throws(Fault) {
        let start = at
        let length = text.utf8CodeUnitCount
        guard start + length <= b.count else { throw Fault(reason: .unexpectedEnd, offset: b.count) }
        for offset in 0..<length where unsafe b[start + offset] != text.utf8Start[offset] {
            let refusal = Fault(reason: .unexpectedByte, offset: start + offset)
            return try unsafe stray(b, in: container, refusal: refusal)
        }
        at += length
        _ = try append(kind, start: start, end: at)
    }

    private mutating func number(_ b: UnsafeBufferPointer<UInt8>, in container: Int) throws(Fault) {
        let start = at
        let refusal = Fault(reason: .invalidNumber, offset: start)
        var i = at
        func digits(_ from: Int) -> Int {
            var j = from
            while j < b.count, unsafe b[j] &- 0x30 < 10 { j &+= 1 }
            return j
        }
        if unsafe b[i] == UInt8(ascii: "-") { i += 1 }
        let integer = digits(i)
        guard integer > i, integer == i + 1 || (unsafe b[i]) != UInt8(ascii: "0") else {
            return try unsafe stray(b, in: container, refusal: refusal)
        }
        i = integer
        if i < b.count, unsafe b[i] == UInt8(ascii: ".") {
            let fraction = digits(i + 1)
            guard fraction > i + 1 else {
                return try unsafe stray(b, in: container, refusal: refusal)
            }
            i = fraction
        }
        if i < b.count, unsafe b[i] | 0x20 == UInt8(ascii: "e") {
            i += 1
            if i < b.count, unsafe b[i] == UInt8(ascii: "+") || b[i] == UInt8(ascii: "-") { i += 1 }
            let exponent = digits(i)
            guard exponent > i else { return try unsafe stray(b, in: container, refusal: refusal) }
            i = exponent
        }
        guard i - start <= limits.numberBytesMax else {
            guard isPage else { throw Fault(reason: .limitExceeded, offset: start) }
            at = i
            _ = try appendDamaged(.longNumber, start: start, end: i, at: start, reason: .limitExceeded)
            return
        }
        at = i
        _ = try append(.number, start: start, end: i)
    }

    private mutating func array(_ b: UnsafeBufferPointer<UInt8>, depth: Int) throws(Fault) {
        guard depth <= limits.depthMax else { return try unsafe skipContainer(b) }
        let index = try append(.array, start: at, end: at)
        at += 1
        var count = 0
        unsafe skipSpace(b)
        if at < b.count, unsafe b[at] == UInt8(ascii: "]") {
            at += 1
        } else {
            while true {
                guard count < limits.elementsMax else { throw Fault(reason: .limitExceeded, offset: at) }
                unsafe skipSpace(b)
                let element = nodes.count
                try unsafe value(b, depth: depth, in: index)
                count += 1
                if try unsafe closes(b, with: UInt8(ascii: "]"), after: element, in: index) { break }
            }
        }
        close(index, count: count)
    }

    private mutating func object(_ b: UnsafeBufferPointer<UInt8>, depth: Int) throws(Fault) {
        guard depth <= limits.depthMax else { return try unsafe skipContainer(b) }
        let index = try append(.object, start: at, end: at)
        at += 1
        var names = MemberNames()
        var nameless = 0
        unsafe skipSpace(b)
        if at < b.count, unsafe b[at] == UInt8(ascii: "}") {
            at += 1
        } else {
            while true {
                unsafe skipSpace(b)
                guard at < b.count else { throw Fault(reason: .unexpectedEnd, offset: at) }
                guard names.count + nameless < limits.membersMax else {
                    throw Fault(reason: .limitExceeded, offset: at)
                }
                let value: Int
                if unsafe b[at] == UInt8(ascii: "\"") {
                    value = try unsafe member(b, &names, depth: depth, in: index)
                } else {
                    nameless += 1
                    value = try unsafe namelessMember(b, depth: depth, in: index)
                }
                if try unsafe closes(b, with: UInt8(ascii: "}"), after: value, in: index) { break }
            }
        }
        close(index, count: names.count + nameless)
    }

    /// Reads a member and returns the node of its value.
    private mutating func member(
        _ b: UnsafeBufferPointer<UInt8>, _ names: inout MemberNames, depth: Int, in object: Int
    ) throws(Fault) -> Int {
        let start = at
        let faultCount = faults.count
        let name = try unsafe string(b)
        let isNew = unsafe names.insert(name, firstName: object + 1, nodes: &nodes, bytes: b)
        let isRefused = !isNew && limits.duplicateKeys == .refuse
        guard isPage || !isRefused else { throw Fault(reason: .duplicateKey, offset: start) }
        let valueIndex = nodes.count
        let isDamaged = isRefused || faults.count > faultCount
        if isDamaged {
            // The value cannot be asked for by its name, so it is damaged too.
            try note(
                isRefused ? .doubledName : .text, isRefused ? .duplicateKey : .invalidString, at: valueIndex,
                offset: start)
        }
        unsafe skipSpace(b)
        guard at < b.count else { throw Fault(reason: .unexpectedEnd, offset: at) }
        if unsafe b[at] == UInt8(ascii: ":") {
            at += 1
            unsafe skipSpace(b)
            try unsafe value(b, depth: depth, in: object)
        } else {
            try unsafe valueWithoutColon(b, after: name)
        }
        if isDamaged { nodes[valueIndex].damage() }
        return valueIndex
    }

    /// Reads the `,` or the closing byte after the value `value` of `container`; true when the container is closed.
    private mutating func closes(
        _ b: UnsafeBufferPointer<UInt8>, with closing: UInt8, after value: Int, in container: Int
    ) throws(Fault) -> Bool {
        unsafe skipSpace(b)
        guard at < b.count else { throw Fault(reason: .unexpectedEnd, offset: at) }
        let byte = unsafe b[at]
        guard byte == closing || byte == UInt8(ascii: ",") else {
            return try unsafe closesLate(b, with: closing, after: value, in: container)
        }
        at += 1
        return byte == closing
    }

    private mutating func close(_ index: Int, count: Int) {
        nodes[index].end = UInt32(truncatingIfNeeded: at)
        nodes[index].next = UInt32(truncatingIfNeeded: nodes.count)
        nodes[index].count = count
        if unclosed == index { nodes[index].damage() }
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
                    return try unsafe damagedString(b, start: start, at: i)
                }
                i &+= length
            case 0..<0x20: return try unsafe damagedString(b, start: start, at: i)
            default:
                guard let length = unsafe JSONText.sequenceLength(b, at: i) else {
                    return try unsafe damagedString(b, start: start, at: i)
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
