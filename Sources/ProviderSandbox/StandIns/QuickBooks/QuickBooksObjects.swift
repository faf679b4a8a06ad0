// QuickBooks' objects as they are generated and changed. Sums are in major units on the wire and in minor units here. An invoice's
// status is not on the wire; it follows from its balance.

import ProviderSDK

enum QuickBooksObjects {
    /// The places of the types in the data set, and their entities.
    static let entities = ["Invoice", "Purchase", "Customer", "Vendor", "Bill"]
    static let invoices = 0
    static let purchases = 1
    static let customers = 2
    static let vendors = 3
    static let bills = 4

    static let types: [ObjectType] = [
        type("invoices", 900, invoice, change: { $0.status = $0.status == "paid" ? "open" : "paid" }),
        type("expenses", 700, purchase, change: { $0.amount = ($0.amount ?? 0) + ($0.amount ?? 0 < 0 ? -150 : 150) }),
        type("customers", 300, named("customers"), change: toggle, retire: { $0.status = "inactive" }),
        type("vendors", 150, named("vendors"), change: toggle, retire: { $0.status = "inactive" }),
        type("bills", 250, bill, change: { $0.status = $0.status == "paid" ? "open" : "paid" }),
    ]

    private static let toggle: @Sendable (inout SandboxObject) -> Void = {
        $0.status = $0.status == "active" ? "inactive" : "active"
    }

    private static func type(
        _ name: String, _ count: Int, _ make: @escaping @Sendable (DataContext, Int, Int64) -> SandboxObject,
        change: @escaping @Sendable (inout SandboxObject) -> Void,
        retire: (@Sendable (inout SandboxObject) -> Void)? = nil
    ) -> ObjectType {
        let index = ["invoices", "expenses", "customers", "vendors", "bills"].firstIndex(of: name) ?? 0
        return ObjectType(
            name, count: count, make: make,
            render: { context, object in QuickBooksText.written(index, context, object) },
            change: { _, object in change(&object) },
            settle: { object in if object.status == "void" { object.amount = 0 } }, retire: retire)
    }

    /// Ids are digits; transactions share one row of numbers, names another.
    static func id(_ index: Int, _ number: Int) -> String {
        switch index {
        case invoices: String(100 + number * 3)
        case purchases: String(101 + number * 3)
        case bills: String(102 + number * 3)
        case customers: String(1 + number * 2)
        default: String(2 + number * 2)
        }
    }

    /// Whether the company of this account uses one currency only: then no object names it.
    static func hasOneCurrency(_ context: DataContext) -> Bool { context.account % 2 == 1 }

    private static func currency(_ context: DataContext, _ random: inout SeededRandom) -> String {
        let foreign = random.weighted([(80, "USD"), (12, "EUR"), (5, "GBP"), (3, "JPY")])
        return hasOneCurrency(context) ? "USD" : foreign
    }

    private static func amount(_ random: inout SeededRandom, _ currency: String) -> Int {
        currency == "JPY" ? random.within(100...900_000) : random.pick([100, 50, 1]) * random.within(1...4000)
    }

    private static func invoice(_ context: DataContext, _ number: Int, _ created: Int64) -> SandboxObject {
        var random = context.draw("qb-invoices", number)
        var object = SandboxObject(
            number: number, id: id(invoices, number), created: created, updated: created * 1000)
        object.currency = currency(context, &random)
        object.status = random.weighted([(55, "paid"), (27, "open"), (12, "partial"), (6, "void")])
        object.amount = object.status == "void" ? 0 : amount(&random, object.currency)
        object.owner = random.below(min(300, number + 1))
        touch(&object, &random, context)
        return object
    }

    private static func purchase(_ context: DataContext, _ number: Int, _ created: Int64) -> SandboxObject {
        var random = context.draw("qb-purchases", number)
        var object = SandboxObject(
            number: number, id: id(purchases, number), created: created, updated: created * 1000)
        object.currency = currency(context, &random)
        object.kind = random.pick(["Cash", "Check", "CreditCard", "CreditCard"])
        let isCredit = object.kind == "CreditCard" && random.chance(12)
        object.amount = amount(&random, object.currency) * (isCredit ? -1 : 1)
        object.owner = random.chance(80) ? random.below(min(150, number + 1)) : nil
        touch(&object, &random, context)
        return object
    }

    private static func bill(_ context: DataContext, _ number: Int, _ created: Int64) -> SandboxObject {
        var random = context.draw("qb-bills", number)
        var object = SandboxObject(number: number, id: id(bills, number), created: created, updated: created * 1000)
        object.currency = currency(context, &random)
        object.status = random.weighted([(60, "paid"), (30, "open"), (10, "partial")])
        object.amount = amount(&random, object.currency)
        object.owner = random.below(min(150, number + 1))
        touch(&object, &random, context)
        return object
    }

    private static func named(_ type: String) -> @Sendable (DataContext, Int, Int64) -> SandboxObject {
        { context, number, created in
            var random = context.draw("qb-\(type)", number)
            var object = SandboxObject(
                number: number, id: id(type == "customers" ? customers : vendors, number), created: created,
                updated: created * 1000)
            object.currency = currency(context, &random)
            object.status = random.chance(10) ? "inactive" : "active"
            object.amount = random.chance(40) ? amount(&random, object.currency) : 0
            touch(&object, &random, context)
            return object
        }
    }

    private static func touch(_ object: inout SandboxObject, _ random: inout SeededRandom, _ context: DataContext) {
        if random.chance(35) {
            let later = object.created + Int64(random.within(60...2_000_000))
            object.updated = min(later, max(object.created, context.start)) * 1000
        }
    }
}
