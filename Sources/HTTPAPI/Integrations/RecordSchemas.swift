// The shapes of records, one for each data type of each provider, made from the mapping tables.

import ProviderSDK
import Providers
import Requests
import Sync

/// The shapes of the records that the loaded providers give.
struct RecordSchemas {
    let providers: [ConfiguredProvider]

    /// A change in the record stream.
    ///
    /// Its data has the shape of one of the data types, under the name `<provider>.<data type>`.
    var change: Schema {
        let types = providers.flatMap { provider in provider.dataTypes(nil).map { (provider, $0) } }
        let shapes = types.map { Self.shape(of: $1, at: $0) }
        let data = shapes.isEmpty ? Schema.map(of: .anything) : .either(of: shapes)
        return Schema.object(
            .required("id", .text.noted("The record's id, such as `payment-123`.")),
            .required("dataType", .text.example(.string(types.first?.1.name ?? "payments"))),
            .required("change", .choice(SyncedRecord.Change.allCases.map(\.rawValue))),
            .required("sourceId", .text.noted("The id at the provider.")), .required("updatedAt", .moment.orNull),
            .optional("outOfReach", .boolean.noted("Present and true while the provider does not show the record.")),
            .required("data", data.orNull.noted("The mapped record; null for a deleted one."))
        ).named("Record")
    }

    /// The shape of a data type's records.
    static func shape(of dataType: DataType, at provider: ConfiguredProvider) -> Schema {
        object(dataType.recordFields).named("\(provider.id).\(dataType.name)")
            .noted("A record of the data type `\(dataType.name)` of \(provider.manifest.name).")
    }

    private static func object(_ fields: [RecordField]) -> Schema {
        .object(fields.map { .required($0.name, schema($0.kind, isNullable: $0.isNullable)) })
    }

    private static func schema(_ kind: RecordField.Kind, isNullable: Bool) -> Schema {
        let schema: Schema =
            switch kind {
            case .text: .text
            case .moment: .moment
            case .number: .number
            case .integer(let range): .integer(range)
            case .boolean: .boolean
            case .choice(let values): .choice(values)
            case .anything: .anything
            case .list(let element, let hasNulls): .list(of: self.schema(element, isNullable: hasNulls))
            case .object(let fields): object(fields)
            }
        return isNullable ? schema.orNull : schema
    }
}
