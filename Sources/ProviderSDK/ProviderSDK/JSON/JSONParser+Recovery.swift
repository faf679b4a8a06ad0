// What the parser does in a page of records with what is no JSON: it passes over it and notes it, because one bad record must not
// stop the others. It does so where brackets and texts show what belongs to the record, and refuses the page elsewhere.

extension JSONParser {
    /// The faults in the order of their nodes; a container is known to be damaged later than what it holds.
    var orderedFaults: [JSONFault] {
        zip(faults, faults.dropFirst()).allSatisfy { $0.node <= $1.node } ? faults : faults.sorted { $0.node < $1.node }
    }

    /// Notes that the value or name at the node `node` cannot be read.
    @inline(never)
    mutating func note(
        _ problem: JSONFault.Problem, _ reason: JSONError.Reason, at node: Int, offset: Int
    ) throws(Fault) {
        guard faults.count < JSONLimits.faultsMax else { throw Fault(reason: .limitExceeded, offset: offset) }
        faults.append(JSONFault(node: node, problem: problem, reason: reason, offset: offset))
    }

    /// Appends what stands from `start` to `end` as a value or name that cannot be read.
    @inline(never)
    mutating func appendDamaged(
        _ problem: JSONFault.Problem, start: Int, end: Int, at offset: Int, reason: JSONError.Reason
    ) throws(Fault) -> Int {
        let index = try append(.damaged, start: start, end: end)
        try note(problem, reason, at: index, offset: offset)
        return index
    }

    // MARK: Values

    /// Passes over what stands in the place of a value without being one, such as `NaN`, `007` or nothing at all.
    ///
    /// - Parameter refusal: what is thrown outside of pages and containers.
    @inline(never)
    mutating func stray(_ b: UnsafeBufferPointer<UInt8>, in container: Int, refusal: Fault) throws(Fault) {
        guard isPage, container >= 0 else { throw refusal }
        let start = at
        let passage = try unsafe passOver(b)
        let isWord = passage.values == 1 && !passage.isMixed
        let problem: JSONFault.Problem = passage.values == 0 ? .missing : isWord ? .word : .grammar
        _ = try appendDamaged(problem, start: start, end: at, at: refusal.offset, reason: refusal.reason)
        if passage.values > 1, nodes[container].kind == .array {
            // How many elements these are is not known.
            try note(.grammar, refusal.reason, at: container, offset: refusal.offset)
        }
    }

    /// Passes over an array or object that is nested too deep, by counting brackets.
    @inline(never)
    mutating func skipContainer(_ b: UnsafeBufferPointer<UInt8>) throws(Fault) {
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

    /// Passes over the string that begins at `start` and cannot be read from `offset` on.
    @inline(never)
    mutating func damagedString(_ b: UnsafeBufferPointer<UInt8>, start: Int, at offset: Int) throws(Fault) -> Int {
        guard isPage else { throw Fault(reason: .invalidString, offset: offset) }
        var i = offset
        while i < b.count, unsafe b[i] != UInt8(ascii: "\"") { i &+= unsafe b[i] == UInt8(ascii: "\\") ? 2 : 1 }
        guard i < b.count else { throw Fault(reason: .unexpectedEnd, offset: b.count) }
        at = i + 1
        return try appendDamaged(.text, start: start, end: i, at: offset, reason: .invalidString)
    }

    // MARK: Members and ends

    /// Passes over a member that does not begin with a text, and returns the node of its value.
    @inline(never)
    mutating func namelessMember(
        _ b: UnsafeBufferPointer<UInt8>, depth: Int, in object: Int
    ) throws(Fault) -> Int {
        let refusal = Fault(reason: .unexpectedByte, offset: at)
        // A container in the place of a name may be the next record.
        guard isPage, unsafe b[at] != UInt8(ascii: "{"), unsafe b[at] != UInt8(ascii: "[") else { throw refusal }
        let start = at
        _ = try unsafe passOver(b, stopsAtColon: true)
        let hasColon = unsafe b[at] == UInt8(ascii: ":")
        _ = try append(.damaged, start: start, end: at)
        let value = nodes.count
        try note(hasColon ? .name : start == at ? .missing : .grammar, refusal.reason, at: value, offset: start)
        if hasColon {
            at += 1
            unsafe skipSpace(b)
            guard at < b.count else { throw Fault(reason: .unexpectedEnd, offset: at) }
            try unsafe self.value(b, depth: depth, in: object)
            nodes[value].damage()
        } else {
            _ = try append(.damaged, start: at, end: at)
        }
        return value
    }

    /// Passes over what stands behind the name `name` instead of a colon and a value.
    @inline(never)
    mutating func valueWithoutColon(_ b: UnsafeBufferPointer<UInt8>, after name: Int) throws(Fault) {
        let refusal = Fault(reason: .unexpectedByte, offset: at)
        guard isPage else { throw refusal }
        let start = at
        _ = try unsafe passOver(b, after: textBefore(b, node: name))
        _ = try appendDamaged(.colon, start: start, end: at, at: start, reason: refusal.reason)
    }

    /// Passes over what stands behind the value `value` of `container`; true when the container is closed then.
    ///
    /// A container that ends with the closing byte of the one around it has lost its end, as the last record of a list that was cut
    /// off has. All of it counts as damaged.
    @inline(never)
    mutating func closesLate(
        _ b: UnsafeBufferPointer<UInt8>, with closing: UInt8, after value: Int, in container: Int
    ) throws(Fault) -> Bool {
        let refusal = Fault(reason: .unexpectedByte, offset: at)
        guard isPage else { throw refusal }
        let isCut = unsafe JSONParser.isClosing(b[at])
        if !isCut {
            let passage = try unsafe passOver(b, after: textBefore(b, node: value))
            // Of several elements without a comma it is not known how many they are.
            let isUncounted = closing == UInt8(ascii: "]") && passage.values > 0
            try note(.grammar, refusal.reason, at: isUncounted ? container : value, offset: refusal.offset)
            nodes[value].damage()
        }
        let byte = unsafe b[at]
        if byte == closing || byte == UInt8(ascii: ",") {
            at += 1
            return byte == closing
        }
        // A container that was passed over inside may have been the next record.
        guard strayContainer < Int(nodes[container].start) else { throw refusal }
        try note(.unclosed, refusal.reason, at: container, offset: at)
        unclosed = container
        return true
    }

    // MARK: Passing over

    /// What was passed over.
    struct Passage {
        /// Words, texts and containers; what touches counts as one.
        var values = 0
        /// Whether there is something else than words.
        var isMixed = false
    }

    static func isClosing(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    /// Where the text of the value or name `node`, the last one that was read, stands with its quotation marks.
    private func textBefore(_ b: UnsafeBufferPointer<UInt8>, node: Int) -> Range<Int> {
        var end = at
        while end > 0, unsafe JSONParser.isSpace(b[end - 1]) { end -= 1 }
        let isText = nodes[node].kind == .string || nodes[node].kind == .damaged
        return (isText ? min(Int(nodes[node].start), end) : end)..<end
    }

    /// Passes over all up to the next `,` or closing byte of the container around it.
    ///
    /// - Parameters:
    ///   - text: the value that stands before; nil for none, empty for one that is no text.
    ///   - stopsAtColon: whether a colon is an end too.
    /// - Throws: where brackets do not match, where the input ends, and where a lost quotation mark may have turned texts and what
    ///   is between them inside out: a text with a bracket in it then touches a word.
    private mutating func passOver(
        _ b: UnsafeBufferPointer<UInt8>, after text: Range<Int>? = nil, stopsAtColon: Bool = false
    ) throws(Fault) -> Passage {
        var passage = Passage()
        var open: [UInt8] = []
        var lastEnd = text?.upperBound ?? -1
        var lastHoldsBracket = text.map { unsafe JSONParser.holdsBracket(b, $0) } ?? false
        while at < b.count {
            let byte = unsafe b[at]
            let start = at
            switch byte {
            case 0x20, 0x0A, 0x0D, 0x09:
                at += 1
                continue
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                if open.isEmpty, byte == UInt8(ascii: ",") || stopsAtColon { return passage }
                passage.isMixed = true
                at += 1
                continue
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                guard open.count < limits.depthMax else { throw Fault(reason: .limitExceeded, offset: at) }
                if open.isEmpty {
                    passage.values += 1
                    passage.isMixed = true
                    strayContainer = at
                }
                open.append(byte + 2)
                at += 1
                continue
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                guard let expected = open.popLast() else { return passage }
                guard byte == expected else { throw Fault(reason: .unexpectedByte, offset: at) }
                at += 1
                if open.isEmpty { (lastEnd, lastHoldsBracket) = (at, false) }
                continue
            default: at = unsafe JSONParser.tokenEnd(b, from: at)
            }
            let isQuoted = byte == UInt8(ascii: "\"")
            let holdsBracket = unsafe isQuoted && JSONParser.holdsBracket(b, start..<min(at, b.count))
            let touches = start == lastEnd
            guard !touches || !(holdsBracket || lastHoldsBracket) else {
                throw Fault(reason: .unexpectedByte, offset: start)
            }
            if open.isEmpty, !touches { passage.values += 1 }
            if isQuoted { passage.isMixed = true }
            lastEnd = at
            lastHoldsBracket = holdsBracket
        }
        throw Fault(reason: .unexpectedEnd, offset: b.count)
    }

    private static func holdsBracket(_ b: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        range.contains { index in
            let byte = unsafe b[index] | 0x20
            return byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}")
        }
    }

    /// The end of the text or the word that begins at `start`.
    ///
    /// A text in apostrophes counts as one where it is short of lines and quotation marks: it may hold brackets.
    private static func tokenEnd(_ b: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        let quote = unsafe b[start]
        var i = start + 1
        if quote == UInt8(ascii: "\"") {
            while i < b.count, unsafe b[i] != quote { i &+= unsafe b[i] == UInt8(ascii: "\\") ? 2 : 1 }
            return i + 1
        }
        if quote == UInt8(ascii: "'") {
            while i < b.count, unsafe b[i] != quote, unsafe b[i] != UInt8(ascii: "\""), unsafe b[i] != 0x0A { i &+= 1 }
            if i < b.count, unsafe b[i] == quote { return i + 1 }
            i = start + 1
        }
        while i < b.count {
            switch unsafe b[i] {
            case 0x20, 0x0A, 0x0D, 0x09, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"),
                UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "\""):
                return i
            default: i &+= 1
            }
        }
        return i
    }
}
