// Conditions on a JSON value, as data: what mapping tables and error rules branch on. No I/O, no state but the time it is given.

/// A condition on a JSON value.
public indirect enum Condition: Sendable {
    /// The value at the path is this string, number or boolean; numbers are compared as amounts.
    case equals(ValuePath, JSONValue)
    /// The value at the path is one of these strings, or a number written like one of them.
    case isOneOf(ValuePath, [String])
    /// The text at the path begins with this.
    case hasPrefix(ValuePath, String)
    /// The text at the path contains this.
    case contains(ValuePath, String)
    /// There is a value at the path that is neither null nor an empty string.
    case isSet(ValuePath)
    /// The number at the first path is less than the number at the second.
    case lessThan(ValuePath, ValuePath)
    /// The number at the path, or the string that holds one, is within the range.
    case within(ValuePath, ClosedRange<Int64>)
    /// The earlier form of ``lessThan(_:_:)``.
    @available(*, deprecated, renamed: "lessThan(_:_:)")
    case isLess(ValuePath, than: ValuePath)
    /// The number at the path is greater than zero.
    case isPositive(ValuePath)
    /// The moment at the path (epoch seconds, ISO 8601 or `/Date()/`) is before now.
    case isPast(ValuePath)
    /// The calendar day at the path (a moment in any of these forms) is over: what is due today is not past.
    case isBeforeToday(ValuePath)
    /// All of these.
    case all([Condition])
    /// At least one of these.
    case any([Condition])
    /// Not this.
    case not(Condition)

    /// Whether `value` meets the condition at the time `now`.
    public func isMet(by value: JSONValue, now: Timestamp) -> Bool {
        switch self {
        case .equals(let path, let expected):
            guard let found = path.first(in: value) else { return false }
            if let left = found.number?.decimal, let right = expected.number?.decimal {
                return left.isSameAmount(as: right)
            }
            return found == expected
        case .isOneOf(let path, let texts):
            guard let text = path.first(in: value)?.scalarText else { return false }
            return texts.contains { $0.utf8.elementsEqual(text.utf8) }
        case .hasPrefix(let path, let prefix):
            return path.first(in: value)?.string?.utf8.starts(with: prefix.utf8) ?? false
        case .contains(let path, let part):
            return path.first(in: value)?.string?.contains(part) ?? false
        case .isSet(let path):
            guard let found = path.first(in: value), !found.isNull else { return false }
            return found.string?.isEmpty != true
        case .lessThan(let path, let other):
            guard let left = path.first(in: value)?.decimal, let right = other.first(in: value)?.decimal else {
                return false
            }
            return left < right
        case .within(let path, let range):
            guard let number = path.first(in: value)?.decimal, let least = ExactDecimal(String(range.lowerBound)),
                let greatest = ExactDecimal(String(range.upperBound))
            else { return false }
            return !(number < least) && !(greatest < number)
        case .isPositive(let path):
            return (path.first(in: value)?.decimal?.coefficient ?? 0) > 0
        case .isPast(let path):
            guard let moment = path.first(in: value).flatMap(Timestamp.init(anyForm:)) else { return false }
            return moment < now
        case .isBeforeToday(let path):
            guard let moment = path.first(in: value).flatMap(Timestamp.init(anyForm:)) else { return false }
            return moment.advanced(by: .seconds(86_400)) <= now
        case .all(let conditions): return conditions.allSatisfy { $0.isMet(by: value, now: now) }
        case .any(let conditions): return conditions.contains { $0.isMet(by: value, now: now) }
        case .not(let condition): return !condition.isMet(by: value, now: now)
        default: return current.isMet(by: value, now: now)
        }
    }
}

extension JSONValue {
    /// The text of a string, number or boolean; nil for every other kind.
    public var scalarText: String? {
        switch kind {
        case .string: string
        case .number: number?.text
        case .boolean: boolean == true ? "true" : "false"
        default: nil
        }
    }

    /// The exact amount of a number, or of a string that holds one; nil for everything else.
    var decimal: ExactDecimal? { number?.decimal ?? string.flatMap(ExactDecimal.init) }
}

extension Timestamp {
    /// Reads any of the forms of a moment: a number of epoch seconds (milliseconds from 10^11 on), ISO 8601, `/Date()/`.
    init?(anyForm value: JSONValue) {
        if let number = value.wholeNumber {
            if abs(number) >= 100_000_000_000 { self.init(milliseconds: number) } else { self.init(seconds: number) }
        } else if let text = value.string {
            if let moment = Timestamp(iso8601: text) ?? Timestamp(dotNetDate: text) ?? Timestamp(epochText: text) {
                self = moment
            } else {
                return nil
            }
        } else {
            return nil
        }
    }
}
