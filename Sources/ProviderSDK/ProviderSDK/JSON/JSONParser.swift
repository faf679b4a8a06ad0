// The strict RFC 8259 parser: bytes in, a tape of nodes out. UTF-8 only, no byte order mark, no extensions. Every limit of
// JSONLimits is enforced while reading, so hostile input costs no more than its length. In a page of records it passes over a
// value that cannot be read and notes it, because one bad record must not stop the others.

struct JSONParser {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    /// Whether values that cannot be read are noted instead of refused.
    private let isPage: Bool
    private var nodes: [JSONNode] = []
    private var faults: [JSONFault] = []
    private var at = 0

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
            bytes: bytes, nodes: nodes, faults: parser.faults,
            hasUniqueNames: limits.duplicateKeys == .refuse && parser.faults.isEmpty)
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
        default: try unsafe word(b, refusal: Fault(reason: .unexpectedByte, offset: at))
        }
    }

    // MARK: Damage

    /// Appends what stands from `start` to `end` as a value or name that cannot be read.
    @inline(never)
    private mutating func appendDamaged(
        _ problem: JSONFault.Problem, start: Int, end: Int, at offset: Int, reason: JSONError.Reason
    ) throws(Fault) -> Int {
        let index = try append(.damaged, start: start, end: end)
        faults.append(JSONFault(node: index, problem: problem, reason: reason, offset: offset))
        return index
    }

    /// Passes over a word that is no value, such as `NaN` or `007`.
    ///
    /// - Parameter refusal: what is thrown where that is not possible.
    @inline(never)
    private mutating func word(_ b: UnsafeBufferPointer<UInt8>, refusal: Fault) throws(Fault) {
        guard isPage, !nodes.isEmpty else { throw refusal }
        let start = at
        word: while at < b.count {
            switch unsafe b[at] {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"):
                at &+= 1
            default: break word
            }
        }
        guard at > start else { throw refusal }
        _ = try appendDamaged(.word, start: start, end: at, at: refusal.offset, reason: refusal.reason)
    }

    /// Passes over an array or object that is nested too deep, by counting brackets.
    @inline(never)
    private mutating func skipContainer(_ b: UnsafeBufferPointer<UInt8>) throws(Fault) {
        let refusal = Fault(reason: .limitExceeded, offset: at)
        guard isPage else { throw refusal }
        let start = at
        var depth = 0
        repeat {
            guard at < b.count else { throw Fault(reason: .unexpectedEnd, offset: at) }
            switch unsafe b[at] {
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: "\""):
                at &+= 1
                while at < b.count, unsafe b[at] != UInt8(ascii: "\"") {
                    at &+= unsafe b[at] == UInt8(ascii: "\\") ? 2 : 1
                }
            default: break
            }
            at &+= 1
        } while depth > 0
        _ = try appendDamaged(.depth, start: start, end: at, at: start, reason: .limitExceeded)
    }

    private mutating func literal(
        _ b: UnsafeBufferPointer<UInt8>, _ text: StaticString, _ kind: JSONNode.Kind
    ) throws(Fault) {
        let start = at
        let length = text.utf8CodeUnitCount
        guard start + length <= b.count else { throw Fault(reason: .unexpectedEnd, offset: b.count) }
        for offset in 0..<length where unsafe b[start + offset] != text.utf8Start[offset] {
            return try unsafe word(b, refusal: Fault(reason: .unexpectedByte, offset: start + offset))
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
            return try unsafe word(b, refusal: Fault(reason: .invalidNumber, offset: start))
        }
        i = integer
        if i < b.count, unsafe b[i] == UInt8(ascii: ".") {
            let fraction = digits(i + 1)
            guard fraction > i + 1 else {
                return try unsafe word(b, refusal: Fault(reason: .invalidNumber, offset: start))
            }
            i = fraction
        }
        if i < b.count, unsafe b[i] | 0x20 == UInt8(ascii: "e") {
            i += 1
            if i < b.count, unsafe b[i] == UInt8(ascii: "+") || b[i] == UInt8(ascii: "-") { i += 1 }
            let exponent = digits(i)
            guard exponent > i else { return try unsafe word(b, refusal: Fault(reason: .invalidNumber, offset: start)) }
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
                try unsafe value(b, depth: depth)
                count += 1
                if try unsafe closes(b, with: UInt8(ascii: "]")) { break }
            }
        }
        close(index, count: count)
    }

    private mutating func object(_ b: UnsafeBufferPointer<UInt8>, depth: Int) throws(Fault) {
        guard depth <= limits.depthMax else { return try unsafe skipContainer(b) }
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
                let faultCount = faults.count
                let name = try unsafe string(b)
                guard names.count < limits.membersMax else { throw Fault(reason: .limitExceeded, offset: start) }
                let isNew = unsafe names.insert(name, firstName: index + 1, nodes: &nodes, bytes: b)
                let isRefused = !isNew && limits.duplicateKeys == .refuse
                guard isPage || !isRefused else { throw Fault(reason: .duplicateKey, offset: start) }
                let valueIndex = nodes.count
                let isDamaged = isRefused || faults.count > faultCount
                if isDamaged {
                    // The value cannot be asked for by its name, so it is damaged too.
                    faults.append(
                        JSONFault(
                            node: valueIndex, problem: isRefused ? .doubledName : .text,
                            reason: isRefused ? .duplicateKey : .invalidString, offset: start))
                }
                unsafe skipSpace(b)
                guard at < b.count else { throw Fault(reason: .unexpectedEnd, offset: at) }
                guard unsafe b[at] == UInt8(ascii: ":") else { throw Fault(reason: .unexpectedByte, offset: at) }
                at += 1
                unsafe skipSpace(b)
                try unsafe value(b, depth: depth)
                if isDamaged { nodes[valueIndex].damage() }
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

    /// Passes over the string that begins at `start` and cannot be read from `offset` on.
    @inline(never)
    private mutating func damagedString(
        _ b: UnsafeBufferPointer<UInt8>, start: Int, at offset: Int
    ) throws(Fault) -> Int {
        guard isPage else { throw Fault(reason: .invalidString, offset: offset) }
        var i = offset
        while i < b.count, unsafe b[i] != UInt8(ascii: "\"") { i &+= unsafe b[i] == UInt8(ascii: "\\") ? 2 : 1 }
        guard i < b.count else { throw Fault(reason: .unexpectedEnd, offset: b.count) }
        at = i + 1
        return try appendDamaged(.text, start: start, end: i, at: offset, reason: .invalidString)
    }
}
