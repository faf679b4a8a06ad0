// A mapping table prepared for parsed records. Every text is bytes in one pool, every source is a number, and rows are copied
// without reference counting. Made once for each table; MappingPlan+Run follows it.

/// A mapping table in the form in which parsed records go through it fast.
///
/// Rows that only the general engine can map are marked, and every row falls back to it on an unexpected value. The plan never
/// decides otherwise than the engine would.
final class MappingPlan: Sendable {
    /// A range of ``pool``.
    struct Piece {
        var start: Int32
        var end: Int32
        static let none = Piece(start: 0, end: 0)
    }

    /// A range of one of the lists beside the pool.
    struct Span {
        var start: Int32
        var end: Int32
        static let none = Span(start: 0, end: 0)
        var range: Range<Int> { Int(start)..<Int(end) }
    }

    /// Where a value stands: under a name of the record, or at the end of a path of names that begins there.
    struct Place {
        var slot: Int32
        /// The names after the first, in ``deeperNames``.
        var deeper: Span
    }

    /// What is done to a value.
    enum Action: UInt8 {
        case general, copy, text, uppercased, lowercased, reference, boolean, decimal, integer, epochSeconds, minorUnits
        case oneOf, when
        /// Values of rules alone.
        case constantText, constantNull
    }

    /// One row, or the value of a rule.
    struct Row {
        var action: Action
        var isRequired: Bool
        /// `,"name":`, and the same with `null`.
        var key: Piece
        /// The sources, in ``places``.
        var sources: Span
        /// The action's own: alternatives, rules, a range of integers.
        var detail: Span = .none
        /// The action's own text.
        var text: Piece = .none
        /// The place of an amount's currency.
        var currency: Int32 = -1
    }

    /// One text of a closed set and what it becomes, quoted.
    struct Alternative {
        var text: Piece
        var result: Piece
    }

    /// One rule: a condition in ``tests``, and a value in ``values``.
    struct Rule {
        var test: Int32
        var value: Int32
    }

    /// A condition.
    struct Test {
        enum Kind: UInt8 { case general, isText, isBoolean, isSet, isOneOf, all, any, not }
        var kind: Kind
        var place: Int32 = -1
        var text: Piece = .none
        /// Alternatives, or tests in ``children``.
        var detail: Span = .none
        var boolean = false
        /// The condition itself, in ``conditions``.
        var general: Int32 = -1
    }

    /// All bytes.
    let pool: [UInt8]
    /// The names of the record that the table looks at.
    let names: [Piece]
    let hashes: [UInt32]
    /// Where each name is found by its hash: slots counted from 1, with open addressing.
    let table: [UInt8]
    let places: [Place]
    let deeperNames: [JSONName]
    /// In the order of the table.
    let rows: [Row]
    /// The order in which rows are written: the volatile ones last.
    let order: [Int]
    /// The rows that are not volatile.
    let stableCount: Int
    let values: [Row]
    let alternatives: [Alternative]
    let rules: [Rule]
    let tests: [Test]
    let children: [Int32]
    let conditions: [Condition]
    let integers: [Int64]
    let exponents: [CurrencyExponents]
    /// The slot of the source id when it is one name of the record; -1 otherwise.
    let idSlot: Int
    /// `{"id":"prefix-`.
    let idKey: Piece
    /// `","sourceId":"`.
    let sourceIDKey: Piece

    /// The plan of a table.
    init(idPrefix: String, sourceID: [ValuePath], fields: [Field]) {
        var maker = MappingPlanMaker()
        idKey = maker.piece("{\"id\":\"" + idPrefix + "-")
        sourceIDKey = maker.piece("\",\"sourceId\":\"")
        var idSlot = -1
        let isPlain = idPrefix.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        if isPlain, sourceID.count == 1, let place = maker.place(sourceID[0]),
            maker.places[Int(place)].deeper.range.isEmpty
        {
            idSlot = Int(maker.places[Int(place)].slot)
        }
        self.idSlot = idSlot
        rows = fields.map { maker.row($0) }
        let stable = fields.indices.filter { !fields[$0].isVolatile }
        order = stable + fields.indices.filter { fields[$0].isVolatile }
        stableCount = stable.count
        pool = maker.pool
        names = maker.names
        hashes = maker.hashes
        table = maker.table
        places = maker.places
        deeperNames = maker.deeperNames
        values = maker.values
        alternatives = maker.alternatives
        rules = maker.rules
        tests = maker.tests
        children = maker.children
        conditions = maker.conditions
        integers = maker.integers
        exponents = maker.exponents
    }
}
