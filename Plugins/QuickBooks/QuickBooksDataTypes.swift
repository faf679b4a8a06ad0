// The data types of QuickBooks and the entities they are read from.

import ProviderSDK

/// A kind of object in QuickBooks' query language.
struct QuickBooksEntity: Sendable, Equatable {
    /// Its name in queries and answers.
    let name: String
    /// Whether queries hide the inactive ones unless they are asked for.
    let hidesInactive: Bool
}

enum QuickBooksDataTypes {
    static let entities: [String: QuickBooksEntity] = [
        "invoices": QuickBooksEntity(name: "Invoice", hidesInactive: false),
        // Money that is already spent; bills are owed and are separate objects.
        "expenses": QuickBooksEntity(name: "Purchase", hidesInactive: false),
        "customers": QuickBooksEntity(name: "Customer", hidesInactive: true),
        "vendors": QuickBooksEntity(name: "Vendor", hidesInactive: true),
    ]

    static let all: [DataType] = [
        dataType("invoices", QuickBooksMappings.invoice), dataType("expenses", QuickBooksMappings.expense),
        dataType("customers", QuickBooksMappings.customer), dataType("vendors", QuickBooksMappings.vendor),
    ]

    private static func dataType(_ name: String, _ mapping: FieldMapping) -> DataType {
        DataType(name, mapping: mapping) { dataType in
            dataType.scopes = ["com.intuit.quickbooks.accounting"]
            // Deletions are reported for 30 days; a day less leaves room for a slow walk.
            dataType.incremental = Incremental(reach: .seconds(29 * 86_400), overlap: .seconds(600))
        }
    }
}
