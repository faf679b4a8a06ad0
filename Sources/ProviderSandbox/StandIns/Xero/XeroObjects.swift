// Xero's objects as they are generated and changed: nothing is ever deleted, it is voided, deleted in name, or
// archived.

import ProviderSDK

enum XeroObjects {
    /// The places of the types in the data set, and the resources that list them.
    static let resources = ["Invoices", "Contacts", "BankTransactions"]
    static let invoices = 0
    static let contacts = 1
    static let bankTransactions = 2

    static let types: [ObjectType] = [
        type(
            "invoices", 1000, invoice, change: { $0.status = $0.status == "PAID" ? "AUTHORISED" : "PAID" },
            retire: { $0.status = "DELETED" }),
        type(
            "contacts", 300, contact, change: { $0.status = $0.status == "ACTIVE" ? "ARCHIVED" : "ACTIVE" },
            retire: { $0.status = "ARCHIVED" }),
        type(
            "bank_transactions", 800, bankTransaction, change: { $0.amount = ($0.amount ?? 0) + 100 },
            retire: { $0.status = "DELETED" }),
    ]

    private static func type(
        _ name: String, _ count: Int, _ make: @escaping @Sendable (DataContext, Int, Int64) -> SandboxObject,
        change: @escaping @Sendable (inout SandboxObject) -> Void,
        retire: @escaping @Sendable (inout SandboxObject) -> Void
    ) -> ObjectType {
        let index = ["invoices", "contacts", "bank_transactions"].firstIndex(of: name) ?? 0
        return ObjectType(
            name, count: count, make: make,
            render: { context, object in XeroText.written(index, context, object, isSummary: false) },
            change: { _, object in change(&object) }, retire: retire)
    }

    static func id(_ index: Int, _ context: DataContext, _ number: Int) -> String {
        var random = context.draw("xero-id-\(index)", number)
        return random.uuid()
    }

    static func places(_ currency: String) -> Int { currency == "JPY" ? 0 : 2 }

    private static func object(_ index: Int, _ context: DataContext, _ number: Int, _ created: Int64) -> SandboxObject {
        var random = context.draw("xero-change-\(index)", number)
        var object = SandboxObject(
            number: number, id: id(index, context, number), created: created, updated: created * 1000)
        // Instants have milliseconds; demo companies hold objects that were touched long before their date.
        let later = random.chance(35) ? random.within(60...2_000_000) : random.chance(3) ? -300_000_000 : 0
        let latest = max(created, context.start - 1)
        object.updated = min(created + Int64(later), latest) * 1000 + Int64(random.below(1000))
        return object
    }

    private static func sum(_ random: inout SeededRandom, _ object: inout SandboxObject) {
        object.currency = random.weighted([(70, "NZD"), (15, "USD"), (10, "AUD"), (5, "JPY")])
        object.amount = object.currency == "JPY" ? random.within(100...900_000) : random.within(100...600_000)
    }

    private static func invoice(_ context: DataContext, _ number: Int, _ created: Int64) -> SandboxObject {
        var random = context.draw("xero-invoice", number)
        var object = object(invoices, context, number, created)
        sum(&random, &object)
        object.kind = random.chance(65) ? "ACCREC" : "ACCPAY"
        object.status = random.weighted([
            (8, "DRAFT"), (5, "SUBMITTED"), (30, "AUTHORISED"), (47, "PAID"), (6, "VOIDED"), (4, "DELETED"),
        ])
        object.owner = random.below(min(300, number + 1))
        return object
    }

    private static func contact(_ context: DataContext, _ number: Int, _ created: Int64) -> SandboxObject {
        var random = context.draw("xero-contact", number)
        var object = object(contacts, context, number, created)
        object.status = random.chance(92) ? "ACTIVE" : "ARCHIVED"
        return object
    }

    private static func bankTransaction(_ context: DataContext, _ number: Int, _ created: Int64) -> SandboxObject {
        var random = context.draw("xero-bank", number)
        var object = object(bankTransactions, context, number, created)
        sum(&random, &object)
        object.kind = random.weighted([
            (55, "SPEND"), (30, "RECEIVE"), (4, "SPEND-TRANSFER"), (4, "RECEIVE-TRANSFER"), (3, "SPEND-OVERPAYMENT"),
            (2, "SPEND-PREPAYMENT"), (2, "RECEIVE-OVERPAYMENT"),
        ])
        object.status = random.weighted([(92, "AUTHORISED"), (6, "DELETED"), (2, "VOIDED")])
        object.owner = object.kind.hasSuffix("TRANSFER") ? nil : random.below(min(300, number + 1))
        return object
    }
}
