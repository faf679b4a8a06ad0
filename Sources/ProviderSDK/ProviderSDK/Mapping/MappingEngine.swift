// Applies mapping tables. Total: every input gives a record or a failure that names field and rule, never a crash and never a
// silently dropped value. It writes the normalised JSON straight from the parsed bytes.

extension FieldMapping {
    /// The normalised record that this table makes of `source`.
    ///
    /// - Parameters:
    ///   - source: the provider's record.
    ///   - now: the time, for conditions on due dates.
    /// - Throws: ``MappingFailure`` for the first field whose source does not fit its transform.
    /// - Complexity: O(fields × members).
    public func map(_ source: JSONValue, now: Timestamp) throws(MappingFailure) -> MappedRecord {
        if case .node(let tape, let index) = source.storage {
            if tape.isDamaged { try requireIntact(source) }
            if tape.nodes[index].kind == .object, let record = try plan.map(tape, index, by: self, now: now) {
                return record
            }
        } else {
            try requireIntact(source)
        }
        let sourceID = try sourceID(of: source)
        let id = idPrefix + "-" + (dropsVendorPrefix ? FieldMapping.withoutVendorPrefix(sourceID) : sourceID)
        var mapping = MappingRun(record: source, sourceID: sourceID, now: now)
        mapping.writer.bytes.reserveCapacity(64 * (fields.count + 2))
        var stableBytes: Int?
        try mapping.object { (run) throws(MappingFailure) in
            run.writer.member("id", id)
            run.writer.member("sourceId", sourceID)
            for (position, index) in plan.order.enumerated() {
                if position == plan.stableCount { stableBytes = run.writer.bytes.count }
                try run.write(fields[index], from: source, path: "")
            }
        }
        let json = mapping.writer.bytes
        return MappedRecord(
            id: id, sourceID: sourceID, json: json, volatileBytes: json.count - (stableBytes ?? json.count))
    }

    /// Throws when a part of `source` cannot be read: no record is stored without what it says.
    private func requireIntact(_ source: JSONValue) throws(MappingFailure) {
        guard let damage = source.damage else { return }
        throw MappingFailure(
            sourceID: try? sourceID(of: source), field: "record", rule: "json", problem: "\(damage)")
    }

    /// The provider's id of `source`.
    ///
    /// - Throws: ``MappingFailure`` when a part of it is missing or no string or number.
    public func sourceID(of source: JSONValue) throws(MappingFailure) -> String {
        if sourceID.count == 1, let text = sourceID[0].first(in: source)?.idText { return text }
        var parts: [String] = []
        for path in sourceID {
            guard let text = path.first(in: source)?.idText else {
                throw MappingFailure(
                    sourceID: nil, field: "sourceId", rule: "id", problem: "there is no text or number at \(path)")
            }
            parts.append(text)
        }
        return parts.joined(separator: "-")
    }

    /// The normalised id of the record whose source id is `sourceID`.
    public func id(forSourceID sourceID: String) -> String {
        idPrefix + "-" + (dropsVendorPrefix ? FieldMapping.withoutVendorPrefix(sourceID) : sourceID)
    }

    static func withoutVendorPrefix(_ id: String) -> String {
        guard let underscore = id.utf8.firstIndex(of: UInt8(ascii: "_")) else { return id }
        let rest = id[id.utf8.index(after: underscore)...]
        return rest.isEmpty ? id : String(rest)
    }
}

extension JSONValue {
    /// The text of a non-empty string or of a number.
    var idText: String? {
        if let text = string { return text.isEmpty ? nil : text }
        return number?.text
    }

    /// Whether this is the empty string; an escape never stands for nothing, so the text need not be resolved.
    private var isEmptyText: Bool {
        guard case .node(let tape, let index) = storage else { return string?.isEmpty == true }
        let node = tape.nodes[index]
        return node.kind == .string && node.start == node.end
    }

    /// Whether there is something to map: neither null nor empty text.
    var isPresent: Bool {
        switch kind {
        case .null: false
        case .string: !isEmptyText
        default: true
        }
    }
}

/// One record on its way through a table.
struct MappingRun {
    let record: JSONValue
    let sourceID: String
    let now: Timestamp
    var writer = JSONWriter(capacity: 0)

    mutating func object(_ body: (inout MappingRun) throws(MappingFailure) -> Void) throws(MappingFailure) {
        writer.separate()
        writer.bytes.append(UInt8(ascii: "{"))
        writer.needsComma = false
        try body(&self)
        writer.bytes.append(UInt8(ascii: "}"))
        writer.needsComma = true
    }

    /// Writes `field` of the object `scope`: the record itself or an object inside it.
    mutating func write(_ field: Field, from scope: JSONValue, path: String) throws(MappingFailure) {
        writer.key(field.name)
        let before = writer.bytes.count
        let place = path.isEmpty ? field.name : path + field.name
        try write(field.transform, sources: field.sources, scope: scope, place: place)
        if field.isRequired, writer.bytes.count - before == 4, writer.bytes[before...].elementsEqual("null".utf8) {
            throw failure(place, "required", "there is no value")
        }
    }

    func failure(_ place: String, _ rule: String, _ problem: String) -> MappingFailure {
        MappingFailure(sourceID: sourceID, field: place, rule: rule, problem: problem)
    }

    /// The first source in `scope` that has a value: neither null nor an empty text.
    private func source(_ sources: [ValuePath], in scope: JSONValue) -> JSONValue? {
        for path in sources {
            if let value = path.first(in: scope), value.isPresent { return value }
        }
        return nil
    }

    /// Writes the result of `transform` for its sources; transforms of more than one value are handled here.
    mutating func write(
        _ transform: Transform, sources: [ValuePath], scope: JSONValue, place: String
    ) throws(MappingFailure) {
        switch transform {
        case .constant(let value): writer.value(value)
        case .when(let rules, let other):
            let value = rules.first { $0.where.isMet(by: scope, now: now) }?.value ?? other
            switch value {
            case .text(let text): writer.value(text)
            case .null: writer.null()
            case .source(let path, let transform):
                try write(transform, sources: [path], scope: scope, place: place)
            case .sources(let paths, let transform):
                try write(transform, sources: paths, scope: scope, place: place)
            }
        case .object(let fields):
            guard let value = sources.isEmpty ? scope : source(sources, in: scope) else { return writer.null() }
            guard value.kind == .object else { throw failure(place, "object", "the value is not an object") }
            try object { (run) throws(MappingFailure) in
                for field in fields { try run.write(field, from: value, path: place + ".") }
            }
        case .joined(let separator):
            let texts = sources.compactMap { path in
                path.first(in: scope).flatMap { $0.isPresent ? $0.scalarText : nil }
            }
            writer.value(texts.isEmpty ? nil : texts.joined(separator: separator))
        case .earliestEpoch, .latestEpoch:
            let moments = sources.flatMap { $0.all(in: scope) }.compactMap {
                $0.wholeNumber.flatMap(Timestamp.init(seconds:))
            }
            if case .earliestEpoch = transform {
                writer.value(moments.min()?.description)
            } else {
                writer.value(moments.max()?.description)
            }
        case .minorUnits(let currency, let exponents):
            guard let value = source(sources, in: scope) else { return writer.null() }
            guard let amount = value.wholeNumber else {
                throw failure(place, "minorUnits", "the amount is not an integer")
            }
            let code = source([currency], in: scope) ?? source([currency], in: record)
            try write(amount: amount, currency: code?.string, exponents, place: place)
        case .sumOfMinorUnits(let amount, let quantity, let currency, let exponents):
            try writeSum(
                of: source(sources, in: scope), amount: amount, quantity: quantity,
                currency: currency.first(in: scope)?.string, exponents, place: place)
        case .negated(let condition):
            guard let value = source(sources, in: scope) else { return writer.null() }
            guard let amount = value.decimal, let negated = amount.negated else {
                throw failure(place, "negated", "the value is not a number")
            }
            let isNegated = condition.isMet(by: scope, now: now)
            if isNegated { writer.value(negated) } else { try write(.decimal, value, place: place) }
        default:
            guard let value = source(sources, in: scope) else { return writer.null() }
            try write(transform, value, place: place)
        }
    }

    private mutating func write(
        amount: Int64, currency: String?, _ exponents: CurrencyExponents, place: String
    ) throws(MappingFailure) {
        guard let currency, !currency.isEmpty else { throw failure(place, "minorUnits", "there is no currency") }
        guard let major = exponents.majorUnits(amount, currency: currency) else {
            throw failure(place, "minorUnits", "the amount does not fit")
        }
        writer.value(major)
    }

    private mutating func writeSum(
        of list: JSONValue?, amount: ValuePath, quantity: ValuePath, currency: String?, _ exponents: CurrencyExponents,
        place: String
    ) throws(MappingFailure) {
        guard let elements = list?.array, !elements.isEmpty else { return writer.null() }
        var sum: Int64 = 0
        for element in elements {
            guard let price = amount.first(in: element)?.wholeNumber else { return writer.null() }
            let (product, overflow) = price.multipliedReportingOverflow(
                by: quantity.first(in: element)?.wholeNumber ?? 1)
            let (total, overflow2) = sum.addingReportingOverflow(product)
            guard !overflow, !overflow2 else { throw failure(place, "sum", "the amount does not fit") }
            sum = total
        }
        try write(amount: sum, currency: currency, exponents, place: place)
    }
}
