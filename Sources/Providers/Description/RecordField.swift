// What the records of a data type look like, read from its mapping table. Routes, OpenAPI and the reference of fields are made from it.
// Knows no record.

package import ProviderSDK

/// A field of a data type's records.
package struct RecordField: Sendable, Equatable {
    /// What a field holds.
    package indirect enum Kind: Sendable, Equatable {
        case text
        /// A moment in ISO 8601, in UTC.
        case moment
        case number
        case integer(ClosedRange<Int64>)
        case boolean
        /// One of these texts.
        case choice([String])
        /// A value as the provider sends it.
        case anything
        /// An array; `hasNulls` says whether an element may be null.
        case list(Kind, hasNulls: Bool)
        case object([RecordField])
    }

    package let name: String
    package let kind: Kind
    /// Whether the field may be null; it is never absent.
    package let isNullable: Bool
    /// Whether a change of this field alone is no change of the record.
    package let isVolatile: Bool
    /// The provider's fields that it is made from, in the provider's words.
    package let sources: [String]

    package init(
        _ name: String, _ kind: Kind, isNullable: Bool = false, isVolatile: Bool = false, sources: [String] = []
    ) {
        self.name = name
        self.kind = kind
        self.isNullable = isNullable
        self.isVolatile = isVolatile
        self.sources = sources
    }
}

extension DataType {
    /// The fields of its records, in order: `id` and `sourceId`, then those of the mapping table, the volatile ones last.
    package var recordFields: [RecordField] {
        let own = mapping.fields.map(RecordField.init)
        return [
            RecordField("id", .text), RecordField("sourceId", .text, sources: mapping.sourceID.map(\.description)),
        ] + own.filter { !$0.isVolatile } + own.filter(\.isVolatile)
    }
}

extension RecordField {
    /// The field that a row of a mapping table makes.
    fileprivate init(_ field: Field) {
        self.init(
            field.name, Kind(field.transform), isNullable: !field.isRequired && field.transform.canBeNull,
            isVolatile: field.isVolatile, sources: field.allSources)
    }
}

extension RecordField.Kind {
    /// What a transform makes.
    fileprivate init(_ transform: Transform) {
        switch transform {
        case .text, .uppercased, .lowercased, .reference, .joined, .firstPart: self = .text
        case .boolean: self = .boolean
        case .decimal, .negated, .bounded, .minorUnits, .sumOfMinorUnits: self = .number
        case .integer(let range): self = .integer(range)
        case .epochSeconds, .epoch, .epochText, .iso8601, .dotNetDate, .snowflakeTime, .earliestEpoch, .latestEpoch:
            self = .moment
        case .oneOf(let table, let other): self = .choice(Set(table.values).union([other]).sorted())
        case .exactOneOf(let table): self = .choice(Set(table.values).sorted())
        case .index(let texts, _, let other): self = .choice((texts + [other]).compactMap(\.self).withoutRepeats)
        case .exactIndex(let texts, _): self = .choice(texts.withoutRepeats)
        case .when(let rules, let other): self = .either((rules.map(\.value) + [other]).compactMap(Self.init))
        case .each(let inner): self = .list(Self(inner), hasNulls: true)
        case .parts: self = .list(.text, hasNulls: false)
        case .table(let fields, _): self = .list(.object(fields.map(RecordField.init)), hasNulls: false)
        case .object(let fields): self = .object(fields.map(RecordField.init))
        case .constant(let value): self = Self(of: value)
        case .copy: self = .anything
        @unknown default: self = .anything
        }
    }

    /// What a rule gives; nil for null.
    fileprivate init?(_ value: Transform.Value) {
        switch value {
        case .text(let text): self = .choice([text])
        case .null: return nil
        case .source(_, let transform), .sources(_, let transform): self = Self(transform)
        @unknown default: self = .anything
        }
    }

    private init(of value: JSONValue) {
        switch value.kind {
        case .string: self = .choice([value.string ?? ""])
        case .number: self = .number
        case .boolean: self = .boolean
        default: self = .anything
        }
    }

    /// One kind for values that have one of several.
    private static func either(_ kinds: [Self]) -> Self {
        guard let first = kinds.first else { return .anything }
        if kinds.allSatisfy({ $0 == first }) { return first }
        let choices = kinds.compactMap { kind -> [String]? in if case .choice(let texts) = kind { texts } else { nil } }
        if choices.count == kinds.count { return .choice(choices.flatMap(\.self).withoutRepeats) }
        let isText = kinds.allSatisfy { kind in
            switch kind {
            case .text, .choice, .moment: true
            default: false
            }
        }
        return isText ? .text : .anything
    }
}

extension Transform {
    /// Whether the result is null for some records.
    fileprivate var canBeNull: Bool {
        switch self {
        case .constant(let value): value.isNull
        case .when(let rules, let other):
            (rules.map(\.value) + [other]).contains { if case .text = $0 { false } else { true } }
        default: true
        }
    }
}

extension Field {
    /// The sources of the row and of its rules, each once.
    fileprivate var allSources: [String] {
        var paths = sources
        switch transform {
        case .when(let rules, let other):
            for value in rules.map(\.value) + [other] {
                switch value {
                case .source(let path, _): paths.append(path)
                case .sources(let more, _): paths += more
                default: break
                }
            }
        case .object(let fields) where sources.isEmpty: return fields.flatMap(\.allSources).withoutRepeats
        default: break
        }
        return paths.map(\.description).filter { !$0.isEmpty }.withoutRepeats
    }
}

extension Array where Element == String {
    /// The texts, each once.
    var withoutRepeats: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
