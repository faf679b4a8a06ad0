// What cannot be read inside a page of records, and where. A record with such a place is refused by itself; the page is not. Never
// quotes a value: it may hold secrets.

/// One place of a page that cannot be read.
struct JSONFault: Sendable {
    enum Problem: Sendable { case text, word, longNumber, doubledName, depth, name, colon, missing, grammar, unclosed }

    /// The node of the value or the member name.
    let node: Int
    let problem: Problem
    /// What the strict parser says of it.
    let reason: JSONError.Reason
    /// Bytes from the start of the input.
    let offset: Int
}

/// What cannot be read inside a value of a page of records.
public struct JSONDamage: Sendable, CustomStringConvertible {
    private let tape: JSONTape
    private let root: Int
    private let fault: JSONFault

    init(_ fault: JSONFault, in root: Int, of tape: JSONTape) {
        self.fault = fault
        self.root = root
        self.tape = tape
    }

    /// Whether an array or object is nested too deep.
    public var isTooDeep: Bool { fault.problem == .depth }

    /// The place inside the value, and what is wrong there.
    public var description: String {
        let problem =
            switch fault.problem {
            case .text: "a text that is not valid: a byte or an escape that cannot stand in JSON"
            case .word: "a word that is no JSON value"
            case .longNumber: "a number with more than \(JSONLimits.page.numberBytesMax) characters"
            case .doubledName: "a member name appears twice"
            case .name: "a member name that is no JSON text"
            case .colon: "a member without a colon"
            case .missing: "a value or a member is missing"
            case .grammar: "characters that cannot stand here in JSON"
            case .unclosed: "the end is missing"
            case .depth: "the nesting is deeper than \(JSONLimits.page.depthMax)"
            }
        let place = tape.place(of: fault.node, in: root)
        return place.isEmpty ? problem : "\(place): \(problem)"
    }
}

extension JSONTape {
    /// The first fault inside the value at node `index`; nil when all of it can be read.
    func fault(in index: Int) -> JSONFault? {
        guard isDamaged else { return nil }
        var low = 0
        var high = faults.count
        while low < high {
            let middle = (low + high) / 2
            if faults[middle].node < index { low = middle + 1 } else { high = middle }
        }
        return low < faults.count && faults[low].node < Int(nodes[index].next) ? faults[low] : nil
    }

    /// The names and positions that lead from the value at node `root` to the node `target` inside it, of many the first.
    ///
    /// A name that looks like a value, as in a table by address, is left out.
    func place(of target: Int, in root: Int) -> String {
        var place: [String] = []
        var index = root
        descent: while index != target {
            let isObject = nodes[index].kind == .object
            guard isObject || nodes[index].kind == .array else { break }
            var at = index + 1
            for position in 0..<nodes[index].count {
                let value = isObject ? at + 1 : at
                // A name that cannot be read does not name its place.
                guard at != target || !isObject else { break descent }
                guard target >= Int(nodes[value].next) else {
                    place.append(isObject ? shownName(at: at) : String(position))
                    index = value
                    continue descent
                }
                at = Int(nodes[value].next)
            }
            break
        }
        let stepsMax = 8
        return place.prefix(stepsMax).joined(separator: ".") + (place.count > stepsMax ? "…" : "")
    }

    private func shownName(at index: Int) -> String {
        let name = text(at: index)
        let isPlain = name.utf8.allSatisfy { byte in
            byte &- 0x30 < 10 || 0x61...0x7A ~= byte | 0x20 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
        return isPlain && (1...48).contains(name.utf8.count) && name.utf8.count { $0 &- 0x30 < 10 } <= 3 ? name : "…"
    }
}

extension JSONValue {
    /// What cannot be read inside this value of a page of records; nil when all of it can be read, as in every other JSON.
    ///
    /// A value that cannot be read is null to those who look at it.
    public var damage: JSONDamage? {
        switch storage {
        case .node(let tape, let index):
            guard tape.isDamaged else { return nil }
            return tape.fault(in: index).map { JSONDamage($0, in: index, of: tape) }
        case .array(let values):
            for value in values { if let damage = value.damage { return damage } }
            return nil
        case .object(let members):
            for member in members { if let damage = member.value.damage { return damage } }
            return nil
        default: return nil
        }
    }

    /// Reads a page of records: what cannot be read inside an element of the arrays at `paths` is left to these elements.
    ///
    /// - Throws: ``JSONError`` for a fault outside them.
    static func parsePage(_ bytes: [UInt8], recordsAt paths: [ValuePath]) throws(JSONError) -> JSONValue {
        let tape = try JSONParser.parse(bytes, limits: .page, isPage: true)
        let page = JSONValue(.node(tape, 0))
        guard tape.isDamaged else { return page }
        var inside: [Range<Int>] = []
        for found in paths.flatMap({ $0.all(in: page) }) {
            guard case .node(let tape, let index) = found.storage else { continue }
            inside.append(index + 1..<max(index + 1, Int(tape.nodes[index].next)))
        }
        for fault in tape.faults where !inside.contains(where: { $0.contains(fault.node) }) {
            throw JSONError(fault.reason, offset: fault.offset, in: bytes)
        }
        return page
    }
}
