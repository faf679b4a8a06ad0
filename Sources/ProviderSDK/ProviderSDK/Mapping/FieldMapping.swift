// Mapping tables: from a provider's record to a normalised one, as data that reads like documentation. MappingEngine does the
// work.

/// A table that turns a provider's record into a normalised one.
///
/// The normalised record is a JSON object with `id`, `sourceId` and the fields in the order of the table. A source that is absent
/// or null gives an explicit null, unless the field is required.
public struct FieldMapping: Sendable {
    /// What stands before the source id in `id`: `payment` makes `payment-123`.
    public var idPrefix: String { didSet { plan = made } }
    /// Where the source id stands.
    ///
    /// Several paths are joined with `-`.
    public var sourceID: [ValuePath] { didSet { plan = made } }
    /// Whether `id` drops the vendor's own prefix, everything through the first `_` of the source id.
    public var dropsVendorPrefix: Bool
    /// The fields, in the order of the output.
    public var fields: [Field] { didSet { plan = made } }
    /// The table as parsed records go through it.
    private(set) var plan: MappingPlan

    private var made: MappingPlan { MappingPlan(idPrefix: idPrefix, sourceID: sourceID, fields: fields) }

    /// A mapping.
    ///
    /// - Parameters:
    ///   - idPrefix: the singular name of the data type.
    ///   - sourceID: where the source id stands.
    ///   - dropsVendorPrefix: whether `pi_123` becomes `123` in `id`.
    ///   - fields: the table.
    public init(
        _ idPrefix: String, sourceID: [ValuePath], dropsVendorPrefix: Bool = false, _ fields: [Field]
    ) {
        self.idPrefix = idPrefix
        self.sourceID = sourceID
        self.dropsVendorPrefix = dropsVendorPrefix
        self.fields = fields
        plan = MappingPlan(idPrefix: idPrefix, sourceID: sourceID, fields: fields)
    }

    /// What is wrong with the table, one sentence each.
    public var problems: [String] {
        var problems: [String] = []
        if idPrefix.isEmpty { problems.append("the mapping has no id prefix") }
        if sourceID.isEmpty { problems.append("the mapping does not say where the source id stands") }
        Self.check(fields, in: "", into: &problems)
        if fields.contains(where: { $0.name == "id" || $0.name == "sourceId" }) {
            problems.append("a field is called “id” or “sourceId”, which every record has already")
        }
        return problems
    }

    private static func check(_ fields: [Field], in place: String, into problems: inout [String]) {
        var names: Set<String> = []
        for field in fields {
            let name = place + field.name
            if field.name.isEmpty { problems.append("a field\(place.isEmpty ? "" : " of “\(place)”") has no name") }
            if !names.insert(field.name).inserted { problems.append("the field “\(name)” appears twice") }
            if field.sources.isEmpty, field.transform.needsSource {
                problems.append("the field “\(name)” does not say where its value comes from")
            }
            if field.isVolatile, !place.isEmpty {
                problems.append("the field “\(name)” is volatile inside another field")
            }
            for nested in field.transform.nestedFields { check(nested, in: name + ".", into: &problems) }
        }
    }
}

/// One row of a mapping table.
public struct Field: Sendable {
    /// The field of the normalised record.
    public var name: String
    /// Where its value comes from; the first path that leads to something other than null and empty text counts.
    public var sources: [ValuePath]
    /// What is done to the value.
    public var transform: Transform
    /// Whether a record without it is a dead letter.
    public var isRequired: Bool
    /// Whether its value differs between two reads of a record that did not change: a signed address, an age, a count that the
    /// provider computes each time.
    ///
    /// A change of such fields alone is no change of the record. They keep their values until another field changes, and stand behind
    /// all others in the record. Only rows of the whole record can be volatile.
    public var isVolatile: Bool = false

    /// The same row, volatile.
    public var volatile: Field {
        var copy = self
        copy.isVolatile = true
        return copy
    }

    /// A row of the table.
    public init(_ name: String, from sources: [ValuePath], as transform: Transform = .copy, isRequired: Bool = false) {
        self.name = name
        self.sources = sources
        self.transform = transform
        self.isRequired = isRequired
    }

    /// A row of the table with one source.
    public init(_ name: String, from source: ValuePath, as transform: Transform = .copy, isRequired: Bool = false) {
        self.init(name, from: [source], as: transform, isRequired: isRequired)
    }

    /// A row without a source, for transforms of the whole record.
    public init(_ name: String, as transform: Transform, isRequired: Bool = false) {
        self.init(name, from: [], as: transform, isRequired: isRequired)
    }
}

/// What is done to a source value on its way into the normalised record.
///
/// An empty text is null in every transform, and so is one in a list of ``each(_:)``. A whole number may be written as `1000`,
/// `1e3` or `1000.0`.
public indirect enum Transform: Sendable {
    /// Nothing: any JSON value as it is, numbers with all their digits.
    case copy
    /// A string or number as a string.
    case text
    /// Upper-case text (ASCII).
    case uppercased
    /// Lower-case text (ASCII).
    case lowercased
    /// A boolean.
    case boolean
    /// A number, or a string that holds one, as an exact JSON number.
    case decimal
    /// An exact number, negated when the record meets the condition.
    case negated(if: Condition)
    /// An integer within the range; outside it the record is a dead letter.
    case integer(ClosedRange<Int64>)
    /// An integer in minor units as an exact amount in major units: 1000 of a currency with 2 places is `10.00`.
    case minorUnits(currency: ValuePath, CurrencyExponents)
    /// Epoch seconds as ISO 8601 in UTC.
    case epochSeconds
    /// Epoch seconds or, from 10^11 on, milliseconds, as ISO 8601 in UTC. Zero is null.
    case epoch
    /// Epoch seconds written as text with a fraction, as ISO 8601 in UTC.
    case epochText
    /// ISO 8601 with or without time and zone, as ISO 8601 in UTC; a bare date is its midnight.
    case iso8601
    /// `/Date(ms)/` as ISO 8601 in UTC.
    case dotNetDate
    /// A text of a closed set by this table; one that is not in it becomes `other`. Null stays null.
    case oneOf([String: String], other: String)
    /// An integer as the text at that position; outside the list it becomes `other`.
    case index([String?], first: Int64, other: String?)
    /// A text of a closed set by this table; one that is not in it makes the record a dead letter. Null stays null.
    case exactOneOf([String: String])
    /// An integer as the text at that position; outside the list the record is a dead letter.
    case exactIndex([String], first: Int64)
    /// A number, or a string that holds one, within the range; outside it the record is a dead letter.
    case bounded(ClosedRange<Int64>)
    /// The first rule whose condition the record meets decides; none gives `other`. Looks at the whole record.
    case when([Rule], other: Value)
    /// An id, or the `id` of an expanded object.
    case reference(id: ValuePath)
    /// Each element of an array, transformed. Null stays null.
    case each(Transform)
    /// Each object of an array by this table, those kept that meet the condition.
    case table([Field], where: Condition?)
    /// An object by this table. Looks at the source value when there is one, else at the whole record.
    case object([Field])
    /// All sources that have a value, as text joined by this.
    case joined(String)
    /// The parts of a text between separators, without the spaces around them; empty parts are left out.
    case parts(separator: String)
    /// The first of the parts of a text; null when there is none.
    case firstPart(separator: String)
    /// The least of all values, as ISO 8601 in UTC, of epoch seconds.
    case earliestEpoch
    /// The greatest of all values, as ISO 8601 in UTC, of epoch seconds.
    case latestEpoch
    /// The sum of `amount` times `quantity` over the elements of the array, in minor units, as an exact amount in major units.
    ///
    /// Null when an element has no amount.
    case sumOfMinorUnits(amount: ValuePath, quantity: ValuePath, currency: ValuePath, CurrencyExponents)
    /// This value, always.
    case constant(JSONValue)
    /// The creation time in a Discord snowflake or another id that counts milliseconds above its lower 22 bits.
    case snowflakeTime(epochMilliseconds: Int64)

    /// One rule of ``when(_:other:)``.
    public struct Rule: Sendable {
        /// What the record must meet.
        public var `where`: Condition
        /// What the field becomes.
        public var value: Value

        /// A rule.
        public init(_ condition: Condition, _ value: Value) {
            self.where = condition
            self.value = value
        }
    }

    /// What a rule gives.
    public enum Value: Sendable {
        /// This text.
        case text(String)
        /// Null.
        case null
        /// The source at this path by this transform.
        case source(ValuePath, Transform)
        /// The sources at these paths by this transform.
        case sources([ValuePath], Transform)
    }

    var needsSource: Bool {
        switch self {
        case .when, .constant, .object: false
        default: true
        }
    }

    var nestedFields: [[Field]] {
        switch self {
        case .table(let fields, _), .object(let fields): [fields]
        case .each(let transform): transform.nestedFields
        default: []
        }
    }
}

/// A normalised record.
public struct MappedRecord: Sendable, Equatable {
    /// The normalised id, such as `payment-123`.
    public let id: String
    /// The provider's id, untouched.
    public let sourceID: String
    /// The whole record as compact JSON.
    public let json: [UInt8]
    /// The bytes at the end of ``json`` that hold the volatile fields; 0 without any.
    public let volatileBytes: Int
}

/// Why a record could not be mapped; it becomes a dead letter.
public struct MappingFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The provider's id of the record; nil when that is what is missing.
    public let sourceID: String?
    /// The field of the normalised record.
    public let field: String
    /// The rule that failed.
    public let rule: String
    /// What was wrong, without the value itself.
    public let problem: String

    /// One sentence naming field, rule and problem.
    public var description: String { "\(field): \(rule): \(problem)" }
}
