// Turns mapping tables into plans. What has no short form becomes a row of the general engine.

/// The parts of a plan while it is made.
struct MappingPlanMaker {
    typealias Plan = MappingPlan

    /// Names of a record that a plan finds in one pass; a path that begins with another is left to the general engine.
    static let namesMax = 100

    var pool: [UInt8] = []
    var names: [Plan.Piece] = []
    var hashes: [UInt32] = []
    var places: [Plan.Place] = []
    var deeperNames: [JSONName] = []
    var values: [Plan.Row] = []
    var alternatives: [Plan.Alternative] = []
    var rules: [Plan.Rule] = []
    var tests: [Plan.Test] = []
    var children: [Int32] = []
    var conditions: [Condition] = []
    var integers: [Int64] = []
    var exponents: [CurrencyExponents] = []
    private var slots: [JSONName: Int32] = [:]

    /// The table of slots by hash; 256 places for at most 100 names.
    var table: [UInt8] {
        var table = [UInt8](repeating: 0, count: 256)
        for (slot, hash) in hashes.enumerated() {
            var at = Int(hash & 255)
            while table[at] != 0 { at = (at + 1) & 255 }
            table[at] = UInt8(slot + 1)
        }
        return table
    }

    mutating func piece(_ text: String) -> Plan.Piece { piece(Array(text.utf8)) }

    private mutating func piece(_ bytes: [UInt8]) -> Plan.Piece {
        let start = pool.count
        pool += bytes
        return Plan.Piece(start: Int32(start), end: Int32(pool.count))
    }

    private mutating func quoted(_ text: String) -> Plan.Piece {
        var writer = JSONWriter(capacity: 32)
        writer.value(text)
        return piece(writer.bytes)
    }

    /// The place that `path` leads to; nil when it takes more than names.
    mutating func place(_ path: ValuePath) -> Int32? {
        var steps: [JSONName] = []
        for step in path.steps {
            guard case .name(let name) = step else { return nil }
            steps.append(name)
        }
        guard let first = steps.first, let slot = slot(first) else { return nil }
        let start = Int32(deeperNames.count)
        deeperNames += steps.dropFirst()
        places.append(Plan.Place(slot: slot, deeper: Plan.Span(start: start, end: Int32(deeperNames.count))))
        return Int32(places.count - 1)
    }

    private mutating func slot(_ name: JSONName) -> Int32? {
        if let known = slots[name] { return known }
        guard names.count < Self.namesMax else { return nil }
        names.append(piece(name.bytes))
        hashes.append(name.hash)
        slots[name] = Int32(names.count - 1)
        return Int32(names.count - 1)
    }

    private mutating func span(of paths: [ValuePath]) -> Plan.Span? {
        let start = Int32(places.count)
        for path in paths { guard place(path) != nil else { return nil } }
        return Plan.Span(start: start, end: Int32(places.count))
    }

    // MARK: Rows

    mutating func row(_ field: Field) -> Plan.Row {
        var writer = JSONWriter(capacity: 32)
        writer.key(field.name)
        let key = piece([UInt8(ascii: ",")] + writer.bytes)
        var row = row(field.transform, sources: field.sources)
        row.key = key
        row.isRequired = field.isRequired
        return row
    }

    private mutating func row(_ transform: Transform, sources: [ValuePath]) -> Plan.Row {
        var row = Plan.Row(action: .general, isRequired: false, key: .none, sources: .none)
        if case .when(let rules, let other) = transform {
            if let detail = whenRules(rules, other: other) {
                row.action = .when
                row.detail = detail
            }
            return row
        }
        guard let span = span(of: sources), let action = action(transform, &row) else { return row }
        row.sources = span
        row.action = action
        return row
    }

    /// The short form of `transform`; nil when it has none.
    private mutating func action(_ transform: Transform, _ row: inout Plan.Row) -> Plan.Action? {
        switch transform {
        case .copy: return .copy
        case .text: return .text
        case .uppercased: return .uppercased
        case .lowercased: return .lowercased
        case .reference: return .reference
        case .boolean: return .boolean
        case .decimal: return .decimal
        case .epochSeconds: return .epochSeconds
        case .integer(let range):
            row.detail.start = Int32(integers.count)
            integers += [range.lowerBound, range.upperBound]
            return .integer
        case .minorUnits(let currency, let exponents):
            guard let place = place(currency) else { return nil }
            row.currency = place
            row.detail.start = Int32(self.exponents.count)
            self.exponents.append(exponents)
            return .minorUnits
        case .oneOf(let texts, let other):
            row.detail = closedSet(texts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
            row.text = quoted(other)
            return .oneOf
        default: return nil
        }
    }

    private mutating func closedSet(_ texts: [(text: String, result: String)]) -> Plan.Span {
        let start = Int32(alternatives.count)
        for (text, result) in texts {
            alternatives.append(Plan.Alternative(text: piece(text), result: quoted(result)))
        }
        return Plan.Span(start: start, end: Int32(alternatives.count))
    }

    // MARK: Rules

    /// The rules with the value of last resort as one that always applies.
    private mutating func whenRules(_ rules: [Transform.Rule], other: Transform.Value) -> Plan.Span? {
        var made: [Plan.Rule] = []
        for rule in rules {
            guard let value = value(rule.value) else { return nil }
            made.append(Plan.Rule(test: test(rule.where), value: value))
        }
        guard let last = value(other) else { return nil }
        made.append(Plan.Rule(test: -1, value: last))
        let start = Int32(self.rules.count)
        self.rules += made
        return Plan.Span(start: start, end: Int32(self.rules.count))
    }

    private mutating func value(_ value: Transform.Value) -> Int32? {
        var row = Plan.Row(action: .constantNull, isRequired: false, key: .none, sources: .none)
        switch value {
        case .null: break
        case .text(let text):
            row.action = .constantText
            row.text = quoted(text)
        case .source(let path, let transform): row = self.row(transform, sources: [path])
        case .sources(let paths, let transform): row = self.row(transform, sources: paths)
        }
        guard row.action != .general else { return nil }
        values.append(row)
        return Int32(values.count - 1)
    }

    private mutating func test(_ condition: Condition) -> Int32 {
        var test = Plan.Test(kind: .general)
        switch condition {
        case .equals(let path, let expected):
            if let text = expected.string, let place = place(path) {
                test = Plan.Test(kind: .isText, place: place, text: piece(text))
            } else if let boolean = expected.boolean, let place = place(path) {
                test = Plan.Test(kind: .isBoolean, place: place, boolean: boolean)
            }
        case .isSet(let path):
            if let place = place(path) { test = Plan.Test(kind: .isSet, place: place) }
        case .isOneOf(let path, let texts):
            if let place = place(path) {
                test = Plan.Test(kind: .isOneOf, place: place, detail: closedSet(texts.map { ($0, "") }))
            }
        case .all(let conditions): test = Plan.Test(kind: .all, detail: children(conditions))
        case .any(let conditions): test = Plan.Test(kind: .any, detail: children(conditions))
        case .not(let condition): test = Plan.Test(kind: .not, detail: children([condition]))
        default: break
        }
        if test.kind == .general || test.kind == .isOneOf {
            test.general = Int32(conditions.count)
            conditions.append(condition)
        }
        tests.append(test)
        return Int32(tests.count - 1)
    }

    private mutating func children(_ conditions: [Condition]) -> Plan.Span {
        let made = conditions.map { test($0) }
        let start = Int32(children.count)
        children += made
        return Plan.Span(start: start, end: Int32(children.count))
    }
}
