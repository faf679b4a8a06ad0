// The transforms of one value.

extension MappingRun {
    /// Writes what `transform` makes of `value`, which is neither null nor an empty text.
    mutating func write(_ transform: Transform, _ value: JSONValue, place: String) throws(MappingFailure) {
        switch transform {
        case .text, .uppercased, .lowercased, .reference, .oneOf, .index, .exactOneOf, .exactIndex, .parts, .firstPart:
            try writeText(transform, value, place: place)
        case .epochSeconds, .epoch, .epochText, .iso8601, .dotNetDate, .snowflakeTime:
            try writeMoment(transform, value, place: place)
        case .boolean:
            guard let boolean = value.boolean else { throw failure(place, "boolean", "the value is not a boolean") }
            writer.value(boolean)
        case .decimal:
            if value.kind == .number {
                writer.value(value)
            } else if let amount = value.decimal {
                writer.value(amount)
            } else {
                throw failure(place, "decimal", "the value is not a number")
            }
        case .integer(let range):
            guard let integer = value.wholeNumber, range ~= integer else {
                throw failure(
                    place, "integer", "the value is not an integer from \(range.lowerBound) to \(range.upperBound)")
            }
            writer.value(JSONNumber(integer))
        case .bounded(let range):
            guard let amount = value.decimal,
                let least = ExactDecimal(coefficient: Int128(range.lowerBound), places: 0),
                let greatest = ExactDecimal(coefficient: Int128(range.upperBound), places: 0),
                !(amount < least), !(greatest < amount)
            else {
                throw failure(
                    place, "bounded", "the value is not a number from \(range.lowerBound) to \(range.upperBound)")
            }
            try write(.decimal, value, place: place)
        case .each(let inner):
            guard let elements = value.array else { throw failure(place, "each", "the value is not an array") }
            try list(elements) { (run, element) throws(MappingFailure) in
                if element.isPresent { try run.write(inner, element, place: place) } else { run.writer.null() }
            }
        case .table(let fields, let condition):
            guard let elements = value.array else { throw failure(place, "table", "the value is not an array") }
            let now = now
            try list(elements.filter { condition?.isMet(by: $0, now: now) ?? true }) {
                (run, element) throws(MappingFailure) in
                guard element.kind == .object else { throw run.failure(place, "table", "an element is not an object") }
                try run.object { (run) throws(MappingFailure) in
                    for field in fields { try run.write(field, from: element, path: place + ".") }
                }
            }
        case .object(let fields):
            guard value.kind == .object else { throw failure(place, "object", "the value is not an object") }
            try object { (run) throws(MappingFailure) in
                for field in fields { try run.write(field, from: value, path: place + ".") }
            }
        case .minorUnits, .sumOfMinorUnits, .negated, .when, .joined, .earliestEpoch, .latestEpoch, .constant:
            // Transforms that look beside the value: here the value is all that they see.
            try write(transform, sources: [""], scope: value, place: place)
        default: writer.value(value)
        }
    }

    private mutating func list(
        _ elements: [JSONValue], _ body: (inout MappingRun, JSONValue) throws(MappingFailure) -> Void
    ) throws(MappingFailure) {
        writer.separate()
        writer.bytes.append(UInt8(ascii: "["))
        writer.needsComma = false
        for element in elements { try body(&self, element) }
        writer.bytes.append(UInt8(ascii: "]"))
        writer.needsComma = true
    }

    private mutating func writeText(_ transform: Transform, _ value: JSONValue, place: String) throws(MappingFailure) {
        switch transform {
        case .reference(let id):
            guard value.kind == .object else { return try writeText(.text, value, place: place) }
            let found = id.first(in: value)
            if found?.kind == .string, found?.isPresent == false { return writer.null() }
            if let found, found.isPresent, writer.copyText(of: found) { return }
            guard let text = found?.idText else {
                throw failure(place, "reference", "the object has no id")
            }
            writer.value(text)
        case .index(let texts, let first, let other):
            guard let number = value.wholeNumber else { throw failure(place, "index", "the value is not an integer") }
            let (position, overflow) = number.subtractingReportingOverflow(first)
            guard !overflow, position >= 0, position < texts.count else { return writer.value(other) }
            writer.value(texts[Int(position)])
        case .exactIndex(let texts, let first):
            let end = first + Int64(texts.count)
            guard let number = value.wholeNumber, first <= number, number < end else {
                throw failure(place, "exactIndex", "the value is not an integer from \(first) to \(end - 1)")
            }
            writer.value(texts[Int(number - first)])
        case .exactOneOf(let table):
            guard let text = value.scalarText.flatMap({ table[$0] }) else {
                throw failure(
                    place, "exactOneOf", "the value is none of \(table.keys.sorted().joined(separator: ", "))")
            }
            writer.value(text)
        case .parts(let separator):
            guard let text = value.string else { throw failure(place, "parts", "the value is not a text") }
            let parts = text.parts(separatedBy: separator)
            writer.value(JSONValue.array(parts.map(JSONValue.string)))
        case .firstPart(let separator):
            guard let text = value.string else { throw failure(place, "firstPart", "the value is not a text") }
            writer.value(text.parts(separatedBy: separator).first)
        case .oneOf(let table, let other):
            guard let text = value.scalarText else { throw failure(place, "oneOf", "the value is not a text") }
            writer.value(table[text] ?? other)
        case .text where writer.copyText(of: value): return
        default:
            guard let text = value.scalarText, value.kind != .boolean else {
                throw failure(place, "text", "the value is not a text")
            }
            switch transform {
            case .uppercased:
                writer.value(String(decoding: text.utf8.map { 0x61...0x7A ~= $0 ? $0 - 0x20 : $0 }, as: UTF8.self))
            case .lowercased:
                writer.value(String(decoding: text.utf8.map { 0x41...0x5A ~= $0 ? $0 + 0x20 : $0 }, as: UTF8.self))
            default: writer.value(text)
            }
        }
    }

    private mutating func writeMoment(_ transform: Transform, _ value: JSONValue, place: String) throws(MappingFailure)
    {
        let moment: Timestamp?
        switch transform {
        case .epochSeconds: moment = value.wholeNumber.flatMap(Timestamp.init(seconds:))
        case .epoch:
            if value.wholeNumber == 0 { return writer.null() }
            moment = value.wholeNumber == nil ? nil : Timestamp(anyForm: value)
        case .epochText: moment = value.scalarText.flatMap(Timestamp.init(epochText:))
        case .iso8601: moment = value.string.flatMap(Timestamp.init(iso8601:))
        case .dotNetDate: moment = value.string.flatMap(Timestamp.init(dotNetDate:))
        case .snowflakeTime(let epoch):
            let id = value.scalarText.flatMap { JSONNumber($0)?.integer }
            moment = id.flatMap { $0 < 0 ? nil : Timestamp(milliseconds: ($0 >> 22) + epoch) }
        default: moment = nil
        }
        guard let moment else { throw failure(place, "moment", "the value is not a moment in the expected form") }
        writer.value(moment)
    }
}

extension String {
    /// The non-empty parts between separators, without the spaces around them.
    fileprivate func parts(separatedBy separator: String) -> [String] {
        split(separator: separator).compactMap { part in
            let space = UInt8(ascii: " ")
            guard let first = part.utf8.firstIndex(where: { $0 != space }),
                let last = part.utf8.lastIndex(where: { $0 != space })
            else { return nil }
            return String(part[first...last])
        }
    }
}
