// Takes a parsed record through a plan. One pass over its members finds every source; then each row goes from tape to bytes. Rows
// with unexpected values go through the general engine, so both ways give the same bytes and failures.

extension MappingPlan {
    /// One record on its way through the plan.
    ///
    /// The pointers are good for the time of the run.
    @safe fileprivate struct Pass: ~Copyable {
        let tape: JSONTape
        let object: Int
        let nodes: UnsafeBufferPointer<JSONNode>
        let bytes: UnsafeBufferPointer<UInt8>
        let pool: UnsafeBufferPointer<UInt8>
        let slots: UnsafeMutableBufferPointer<Int32>
        let now: Timestamp
    }

    /// The record that the table makes of the object at node `object` of `tape`.
    ///
    /// - Returns: nil when its id is not a plain text, so that the general engine has to read it.
    func map(
        _ tape: JSONTape, _ object: Int, by mapping: FieldMapping, now: Timestamp
    ) throws(MappingFailure) -> MappedRecord? {
        guard idSlot >= 0 else { return nil }
        // The closures of the standard library throw any error or none.
        let outcome: Result<MappedRecord?, MappingFailure> = unsafe withUnsafeTemporaryAllocation(
            of: Int32.self, capacity: names.count
        ) { slots in
            unsafe slots.initialize(repeating: -1)
            return unsafe tape.nodes.withUnsafeBufferPointer { nodes in
                unsafe tape.bytes.withUnsafeBufferPointer { bytes in
                    unsafe pool.withUnsafeBufferPointer { pool in
                        let pass = unsafe Pass(
                            tape: tape, object: object, nodes: nodes, bytes: bytes, pool: pool, slots: slots, now: now)
                        do throws(MappingFailure) {
                            return .success(try run(pass, mapping))
                        } catch {
                            return .failure(error)
                        }
                    }
                }
            }
        }
        return try outcome.get()
    }

    private func run(_ pass: borrowing Pass, _ mapping: FieldMapping) throws(MappingFailure) -> MappedRecord? {
        find(pass)
        let found = Int(unsafe pass.slots[idSlot])
        guard found >= 0 else { return nil }
        let node = unsafe pass.nodes[found]
        guard node.kind == .number || node.kind == .string && !node.isEscaped && node.start < node.end else {
            return nil
        }
        let whole = Int(node.start)..<Int(node.end)
        var rest = whole
        if mapping.dropsVendorPrefix,
            let underscore = unsafe pass.bytes[whole].firstIndex(of: UInt8(ascii: "_")),
            underscore + 1 < whole.upperBound
        {
            rest = (underscore + 1)..<whole.upperBound
        }
        var writer = JSONWriter(capacity: 64 * (rows.count + 2))
        write(idKey, pass, &writer)
        copy(rest, pass, &writer)
        write(sourceIDKey, pass, &writer)
        copy(whole, pass, &writer)
        writer.bytes.append(UInt8(ascii: "\""))
        var general: MappingRun?
        var stableBytes: Int?
        for position in order.indices {
            let index = order[position]
            let row = rows[index]
            let start = writer.bytes.count
            if position == stableCount { stableBytes = start }
            write(row.key, pass, &writer)
            writer.needsComma = false
            if perform(row, isRequired: row.isRequired, pass, &writer) { continue }
            writer.bytes.removeLast(writer.bytes.count - start)
            writer.needsComma = true
            var run =
                general
                ?? MappingRun(
                    record: JSONValue(.node(pass.tape, pass.object)), sourceID: pass.text(whole), now: pass.now)
            swap(&run.writer, &writer)
            try run.write(mapping.fields[index], from: run.record, path: "")
            swap(&run.writer, &writer)
            general = run
        }
        writer.bytes.append(UInt8(ascii: "}"))
        return MappedRecord(
            id: id(rest, pass), sourceID: pass.text(whole), json: writer.bytes,
            volatileBytes: writer.bytes.count - (stableBytes ?? writer.bytes.count))
    }

    private func id(_ rest: Range<Int>, _ pass: borrowing Pass) -> String {
        // The key without `{"id":"`.
        let prefix = Int(idKey.start) + 7..<Int(idKey.end)
        let (pool, bytes) = unsafe (pass.pool, pass.bytes)
        return unsafe String(unsafeUninitializedCapacity: prefix.count + rest.count) { buffer in
            var at = 0
            for offset in prefix {
                unsafe buffer[at] = pool[offset]
                at &+= 1
            }
            for offset in rest {
                unsafe buffer[at] = bytes[offset]
                at &+= 1
            }
            return at
        }
    }

    /// Finds the record's members that the table looks at; of repeated ones the last, as everywhere.
    private func find(_ pass: borrowing Pass) {
        let (nodes, slots) = unsafe (pass.nodes, pass.slots)
        let end = unsafe Int(nodes[pass.object].next)
        var at = pass.object + 1
        unsafe table.withUnsafeBufferPointer { table in
            unsafe hashes.withUnsafeBufferPointer { hashes in
                while at < end {
                    let name = unsafe nodes[at]
                    let hash = name.nameHash
                    var probe = Int(hash & 255)
                    while true {
                        let slot = Int(unsafe table[probe]) - 1
                        if slot < 0 { break }
                        if unsafe hashes[slot] == hash, isText(name, names[slot], pass) {
                            unsafe slots[slot] = Int32(truncatingIfNeeded: at + 1)
                            break
                        }
                        probe = (probe + 1) & 255
                    }
                    at = unsafe Int(nodes[at + 1].next)
                }
            }
        }
    }

    /// Whether the string node `node` holds the text of `piece`.
    private func isText(_ node: JSONNode, _ piece: Piece, _ pass: borrowing Pass) -> Bool {
        let range = Int(piece.start)..<Int(piece.end)
        if node.isEscaped { return unsafe pass.tape.isText(node, Array(pass.pool[range])) }
        let length = Int(node.end) - Int(node.start)
        guard length == range.count else { return false }
        var offset = 0
        while offset < length,
            unsafe pass.bytes[Int(node.start) &+ offset] == pass.pool[range.lowerBound &+ offset]
        {
            offset &+= 1
        }
        return offset == length
    }

    // MARK: Values

    /// The node at `place`; -1 when there is none.
    private func node(_ place: Place, _ pass: borrowing Pass) -> Int {
        var at = Int(unsafe pass.slots[Int(place.slot)])
        for index in place.deeper.range where at >= 0 { at = pass.tape.member(deeperNames[index], of: at) ?? -1 }
        return at
    }

    /// Returns the first of a row's sources that has a value; -1 when all are null or empty.
    private func source(_ row: Row, _ pass: borrowing Pass) -> Int {
        for index in row.sources.range {
            let at = node(places[index], pass)
            guard at >= 0 else { continue }
            let node = unsafe pass.nodes[at]
            switch node.kind {
            case .null: continue
            case .string where node.start == node.end: continue
            default: return at
            }
        }
        return -1
    }

    /// Writes the value of `row`; false when the general engine has to, after which the caller drops what was written.
    private func perform(_ row: Row, isRequired: Bool, _ pass: borrowing Pass, _ writer: inout JSONWriter) -> Bool {
        switch row.action {
        case .general: return false
        case .when: return performRules(row, pass, &writer)
        case .constantText:
            write(row.text, pass, &writer)
            return true
        case .constantNull:
            writer.null()
            return true
        default:
            let at = source(row, pass)
            if at < 0 {
                // A row that needs a value fails in the general engine, which reports it.
                if !isRequired { writer.null() }
                return !isRequired
            }
            let node = unsafe pass.nodes[at]
            return node.kind == .string
                ? writeString(row, node, pass, &writer) : writeOther(row, node, at, pass, &writer)
        }
    }

    private func writeString(_ row: Row, _ node: JSONNode, _ pass: borrowing Pass, _ writer: inout JSONWriter) -> Bool {
        switch row.action {
        case .copy: copy(Int(node.start) - 1..<Int(node.end) + 1, pass, &writer)
        case _ where node.isEscaped: return false
        case .text, .reference: copy(Int(node.start) - 1..<Int(node.end) + 1, pass, &writer)
        case .uppercased, .lowercased:
            let first: UInt8 = row.action == .uppercased ? 0x61 : 0x41
            writer.bytes.append(UInt8(ascii: "\""))
            for offset in Int(node.start)..<Int(node.end) {
                let byte = unsafe pass.bytes[offset]
                writer.bytes.append(byte &- first < 26 ? byte ^ 0x20 : byte)
            }
            writer.bytes.append(UInt8(ascii: "\""))
        case .oneOf: write(alternative(row.detail, node, pass)?.result ?? row.text, pass, &writer)
        default: return false
        }
        return true
    }

    private func alternative(_ span: Span, _ node: JSONNode, _ pass: borrowing Pass) -> Alternative? {
        for index in span.range where isText(node, alternatives[index].text, pass) { return alternatives[index] }
        return nil
    }

    private func writeOther(
        _ row: Row, _ node: JSONNode, _ at: Int, _ pass: borrowing Pass, _ writer: inout JSONWriter
    ) -> Bool {
        let range = Int(node.start)..<Int(node.end)
        switch (row.action, node.kind) {
        case (.copy, .array), (.copy, .object): writer.value(JSONValue(.node(pass.tape, at)))
        case (.copy, _), (.decimal, .number), (.boolean, .trueValue), (.boolean, .falseValue):
            copy(range, pass, &writer)
        case (.text, .number), (.reference, .number):
            writer.bytes.append(UInt8(ascii: "\""))
            copy(range, pass, &writer)
            writer.bytes.append(UInt8(ascii: "\""))
        case (.integer, .number):
            guard let integer = pass.tape.integer(at: at), integer != 0 || range.count == 1,
                integers[Int(row.detail.start)] <= integer, integer <= integers[Int(row.detail.start) + 1]
            else { return false }
            copy(range, pass, &writer)
        case (.epochSeconds, .number):
            guard let moment = pass.tape.wholeNumber(at: at).flatMap(Timestamp.init(seconds:)) else { return false }
            writer.value(moment)
        case (.minorUnits, .number):
            let currency = self.node(places[Int(row.currency)], pass)
            guard let amount = pass.tape.wholeNumber(at: at), currency >= 0 else { return false }
            let code = unsafe pass.nodes[currency]
            guard code.kind == .string, !code.isEscaped, code.start < code.end else { return false }
            let places = unsafe exponents[Int(row.detail.start)].places(
                of: pass.bytes[Int(code.start)..<Int(code.end)])
            writer.value(amount, places: places)
        default: return false
        }
        return true
    }

    // MARK: Rules

    private func performRules(_ row: Row, _ pass: borrowing Pass, _ writer: inout JSONWriter) -> Bool {
        for index in row.detail.range {
            let rule = rules[index]
            guard rule.test < 0 || isMet(tests[Int(rule.test)], pass) else { continue }
            // A null from a rule can be one that the field must not have.
            guard !row.isRequired else { return false }
            return perform(values[Int(rule.value)], isRequired: false, pass, &writer)
        }
        return false
    }

    private func isMet(_ test: Test, _ pass: borrowing Pass) -> Bool {
        switch test.kind {
        case .all: return test.detail.range.allSatisfy { isMet(tests[Int(children[$0])], pass) }
        case .any: return test.detail.range.contains { isMet(tests[Int(children[$0])], pass) }
        case .not: return !isMet(tests[Int(children[Int(test.detail.start)])], pass)
        case .general: return isMetGenerally(test, pass)
        case .isText, .isBoolean, .isSet, .isOneOf:
            let at = node(places[Int(test.place)], pass)
            guard at >= 0 else { return false }
            let node = unsafe pass.nodes[at]
            switch test.kind {
            case .isText: return node.kind == .string && isText(node, test.text, pass)
            case .isBoolean: return node.kind == (test.boolean ? .trueValue : .falseValue)
            case .isSet: return node.kind != .null && (node.kind != .string || node.start != node.end)
            default:
                guard node.kind == .string else { return isMetGenerally(test, pass) }
                return alternative(test.detail, node, pass) != nil
            }
        }
    }

    private func isMetGenerally(_ test: Test, _ pass: borrowing Pass) -> Bool {
        conditions[Int(test.general)].isMet(by: JSONValue(.node(pass.tape, pass.object)), now: pass.now)
    }

    // MARK: Bytes

    @inline(__always) private func write(_ piece: Piece, _ pass: borrowing Pass, _ writer: inout JSONWriter) {
        unsafe writer.bytes.append(
            contentsOf: UnsafeBufferPointer(rebasing: pass.pool[Int(piece.start)..<Int(piece.end)]))
    }

    @inline(__always) private func copy(_ range: Range<Int>, _ pass: borrowing Pass, _ writer: inout JSONWriter) {
        unsafe writer.bytes.append(contentsOf: UnsafeBufferPointer(rebasing: pass.bytes[range]))
    }
}

extension MappingPlan.Pass {
    /// The text of a range of the record's bytes, which are valid UTF-8.
    borrowing func text(_ range: Range<Int>) -> String {
        unsafe String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }
}
