// The fields of records as rows: nested fields stand below their parents, under names such as `lines[].amount`.

/// A field as a row of a table.
package struct FieldRow: Sendable, Equatable {
    /// What a field holds, in one word.
    package enum Form: String, Sendable, CaseIterable {
        case text, moment, number, integer, boolean, choice, any, list, object
    }

    /// The place in the record: `lines[].amount` is the field `amount` of each element of `lines`.
    package let name: String
    package let form: Form
    package let isNullable: Bool
    package let isVolatile: Bool
    /// The texts of a choice; empty for other forms.
    package let values: [String]
    package let sources: [String]
}

extension RecordField {
    /// The field and those within it.
    package var rows: [FieldRow] { rows(in: "") }

    fileprivate func rows(in place: String) -> [FieldRow] {
        kind.rows(place + name, isNullable: isNullable, isVolatile: isVolatile, sources: sources)
    }
}

extension RecordField.Kind {
    fileprivate func rows(
        _ name: String, isNullable: Bool, isVolatile: Bool = false, sources: [String] = []
    ) -> [FieldRow] {
        var (values, inner): ([String], [FieldRow]) = ([], [])
        let form: FieldRow.Form
        switch self {
        case .text: form = .text
        case .moment: form = .moment
        case .number: form = .number
        case .integer: form = .integer
        case .boolean: form = .boolean
        case .anything: form = .any
        case .choice(let texts): (form, values) = (.choice, texts)
        case .object(let fields): (form, inner) = (.object, fields.flatMap { $0.rows(in: name + ".") })
        case .list(let element, let hasNulls):
            form = .list
            // The fields of objects say what the elements are.
            if case .object(let fields) = element {
                inner = fields.flatMap { $0.rows(in: name + "[].") }
            } else {
                inner = element.rows(name + "[]", isNullable: hasNulls)
            }
        }
        return [
            FieldRow(
                name: name, form: form, isNullable: isNullable, isVolatile: isVolatile, values: values,
                sources: sources)
        ] + inner
    }
}
