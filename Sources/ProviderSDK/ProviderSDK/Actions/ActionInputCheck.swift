// Checks the inputs of a run against what the action declares. Pure.

/// What is wrong with an input of a run.
public struct ActionInputError: Error, Sendable, Equatable {
    /// The place of the input, such as `lines.0.amount`.
    public let place: String
    /// What is wrong, in one sentence.
    public let message: String
}

extension ActionInput {
    /// Checks `values` against `inputs`: an object with no other members, in which every required one is there.
    ///
    /// - Parameter place: what stands before the names in errors, such as `lines.0.`.
    public static func check(
        _ values: JSONValue, _ inputs: [ActionInput], place: String = ""
    ) throws(ActionInputError) {
        guard let members = values.members else {
            throw ActionInputError(
                place: place.isEmpty ? "body" : String(place.dropLast()), message: "must be an object")
        }
        for (name, _) in members where !inputs.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
            throw ActionInputError(place: place + String(name.prefix(64)), message: "is no input of this action")
        }
        for input in inputs {
            guard let value = values[input.name], !value.isNull else {
                guard !input.isRequired else {
                    throw ActionInputError(place: place + input.name, message: "is required")
                }
                continue
            }
            try input.check(value, among: values, place: place)
        }
    }

    private func check(_ value: JSONValue, among values: JSONValue, place: String) throws(ActionInputError) {
        switch kind {
        case .list(let inputs, let countMax):
            guard let elements = value.array, 1...countMax ~= elements.count else {
                throw ActionInputError(place: place + name, message: "must be an array of 1 to \(countMax) objects")
            }
            for (index, element) in elements.enumerated() {
                try ActionInput.check(element, inputs, place: "\(place)\(name).\(index).")
            }
        default:
            if let problem = problem(value, among: values) {
                throw ActionInputError(place: place + name, message: problem)
            }
        }
    }

    private func problem(_ value: JSONValue, among values: JSONValue) -> String? {
        switch kind {
        case .text(let bytesMax, let hasLines):
            guard let text = value.string, 1...bytesMax ~= text.utf8.count else {
                return "must be a text of 1 to \(bytesMax) bytes"
            }
            let isClean = text.utf8.allSatisfy { byte in
                byte >= 0x20 && byte != 0x7F || hasLines && (byte == 0x0A || byte == 0x09 || byte == 0x0D)
            }
            return isClean ? nil : "has a control character"
        case .integer(let range):
            guard let number = value.integer, range ~= number else {
                return "must be an integer from \(range.lowerBound) to \(range.upperBound)"
            }
            return nil
        case .boolean: return value.boolean == nil ? "must be true or false" : nil
        case .choice(let texts):
            guard let text = value.string, texts.contains(where: { $0.utf8.elementsEqual(text.utf8) }) else {
                return "must be one of \(texts.joined(separator: ", "))"
            }
            return nil
        case .money(let currency):
            let places = ActionInput.places(of: currency.flatMap { values[$0]?.string })
            guard let text = value.string, text.utf8.count <= ActionInput.moneyBytesMax,
                ActionInput.minorUnits(text, places: places) != nil
            else { return "must be an amount as text, such as 19.99, with at most \(places) digits behind the point" }
            return nil
        case .date:
            guard let text = value.string, text.utf8.count == 10, Timestamp(iso8601: text + "T00:00:00Z") != nil else {
                return "must be a day such as 2026-01-31"
            }
            return nil
        case .moment:
            return value.string.flatMap(Timestamp.init(iso8601:)) == nil
                ? "must be a moment such as 2026-01-31T09:00:00Z" : nil
        case .list: return nil
        }
    }

    /// Longest amount, in bytes.
    static let moneyBytesMax = 20

    /// How many digits stand behind the point in amounts of a currency; two where it is not known.
    static func places(of currency: String?) -> Int {
        currency.map { CurrencyExponents.iso4217.places(of: $0.uppercased()) } ?? 2
    }

    /// The amount `text` in units of which `10^places` are one; nil when it is negative, too fine or too large.
    static func minorUnits(_ text: String, places: Int) -> Int64? {
        guard text.utf8.allSatisfy({ $0 &- 0x30 < 10 || $0 == UInt8(ascii: ".") }), let amount = ExactDecimal(text),
            amount.coefficient >= 0, amount.places <= places
        else { return nil }
        var units = amount.coefficient
        for _ in amount.places..<places {
            let (product, isTooLarge) = units.multipliedReportingOverflow(by: 10)
            if isTooLarge { return nil }
            units = product
        }
        return Int64(exactly: units)
    }
}
