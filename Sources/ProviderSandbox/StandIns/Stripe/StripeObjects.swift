// Stripe's objects as they are generated and changed: the six types, their statuses and amounts, and what filters ask
// of them. How they are written is in the templates.

import ProviderSDK

enum StripeObjects {
    /// The positions of the types in ``types`` and in ``StripeLists/all``.
    static let payments = 0
    static let invoices = 1
    static let customers = 2
    static let subscriptions = 3
    static let charges = 4
    static let refunds = 5

    static let types: [ObjectType] = [
        type(
            payments, "payments", 2500, payment,
            change: { $0.status = $0.status == "succeeded" ? "canceled" : "succeeded" }, retire: cancel),
        type(
            invoices, "invoices", 1200, invoice,
            change: { $0.status = $0.status == "open" || $0.status == "draft" ? "paid" : "void" }),
        type(customers, "customers", 800, customer, change: { $0.amount = ($0.amount ?? 0) - 500 }),
        type(
            subscriptions, "subscriptions", 400, subscription,
            change: { $0.status = $0.status == "active" ? "past_due" : "active" }, retire: cancel),
        type(
            charges, "charges", chargeCount, charge,
            change: { $0.status = $0.status == "pending" ? "succeeded" : "failed" },
            retire: { $0.status = "failed" }),
        type(
            refunds, "refunds", 120, refund,
            change: { $0.status = $0.status == "pending" ? "succeeded" : "failed" }, retire: cancel),
    ]

    /// The charges without a payment intent, as old accounts have them; those of payments are in the payments.
    static let chargeCount = 300

    private static func type(
        _ index: Int, _ name: String, _ count: Int,
        _ make: @escaping @Sendable (DataContext, Int, Int64) -> SandboxObject,
        change: @escaping @Sendable (inout SandboxObject) -> Void,
        retire: (@Sendable (inout SandboxObject) -> Void)? = nil
    ) -> ObjectType {
        ObjectType(
            name, count: count, make: make,
            render: { context, object in written(index, context, object, replacing: [:]) },
            change: { _, object in change(&object) }, retire: retire)
    }

    /// Payments and subscriptions are never deleted: they are canceled and stay.
    @Sendable private static func cancel(_ object: inout SandboxObject) { object.status = "canceled" }

    /// Stripe's own decimal places: ISK and UGX have two although nothing is ever paid in their hundredths.
    static let exponents = CurrencyExponents(exceptions: [
        0: [
            "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
        ],
        3: ["BHD", "JOD", "KWD", "OMR", "TND"],
    ])

    private static let currencies: [(weight: Int, value: String)] = [
        (50, "USD"), (20, "EUR"), (8, "GBP"), (10, "JPY"), (5, "KWD"), (3, "UGX"), (2, "ISK"), (2, "KRW"),
    ]

    /// An amount that is possible in the currency: no hundredths of a UGX, no thousandths of a dinar.
    private static func amount(_ random: inout SeededRandom, _ currency: String) -> Int {
        switch currency {
        case "JPY", "KRW": random.within(50...250_000)
        case "KWD": random.within(25...80_000) * 10
        case "UGX", "ISK": random.within(5...90_000) * 100
        default: random.within(50...500_000)
        }
    }

    static func id(_ type: String, _ context: DataContext, _ number: Int) -> String {
        var random = context.draw(type, number)
        switch type {
        case "payments": return "pi_3" + random.base62(23)
        case "invoices": return "in_1" + random.base62(23)
        case "subscriptions": return "sub_1" + random.base62(23)
        case "customers": return "cus_" + random.base62(14)
        case "charges": return "ch_1" + random.base62(23)
        case "refunds": return "re_1" + random.base62(23)
        default: preconditionFailure("Stripe's stand-in has no type “\(type)”")
        }
    }

    /// The position of a customer of that time; new objects may belong to any of the generated customers.
    private static func owner(_ random: inout SeededRandom, _ number: Int) -> Int {
        random.below(min(800, number / 2 + 1))
    }

    private static func payment(_ context: DataContext, _ number: Int, _ created: Int64) -> SandboxObject {
        var random = context.draw("payments", number, salt: 1)
        let currency = random.weighted(currencies)
        var object = SandboxObject(
            number: number, id: id("payments", context, number), created: created, updated: created * 1000)
        object.currency = currency
        object.amount = amount(&random, currency)
        object.status = random.weighted([
            (68, "succeeded"), (3, "processing"), (9, "requires_payment_method"), (3, "requires_confirmation"),
            (3, "requires_action"), (5, "requires_capture"), (9, "canceled"),
        ])
        object.owner = random.chance(80) ? owner(&random, number / 3) : nil
        if ["succeeded", "canceled", "requires_capture"].contains(object.status) {
            object.updated = min(created + Int64(random.within(5...3000)), max(created, context.start)) * 1000
        }
        return object
    }

    private static func invoice(_ context: DataContext, _ number: Int, _ created: Int64) -> SandboxObject {
        var random = context.draw("invoices", number, salt: 1)
        let currency = random.weighted(currencies)
        var object = SandboxObject(
            number: number, id: id("invoices", context, number), created: created, updated: created * 1000)
        object.currency = currency
        object.amount = random.chance(3) ? 0 : amount(&random, currency)
        object.status = random.weighted([(8, "draft"), (17, "open"), (64, "paid"), (6, "void"), (5, "uncollectible")])
        object.owner = owner(&random, number)
        if object.status != "draft" {
            object.updated = min(created + Int64(random.within(60...86_400)), max(created, context.start)) * 1000
        }
        return object
    }

    private static func customer(_ context: DataContext, _ number: Int, _ created: Int64) -> SandboxObject {
        var random = context.draw("customers", number, salt: 1)
        var object = SandboxObject(
            number: number, id: id("customers", context, number), created: created, updated: created * 1000)
        if random.chance(75) {
            object.currency = random.weighted(currencies)
            object.amount = random.chance(15) ? -amount(&random, object.currency) : 0
        } else {
            object.amount = 0
        }
        return object
    }

    private static func subscription(_ context: DataContext, _ number: Int, _ created: Int64) -> SandboxObject {
        var random = context.draw("subscriptions", number, salt: 1)
        let currency = random.pick(["USD", "EUR", "GBP", "JPY"])
        var object = SandboxObject(
            number: number, id: id("subscriptions", context, number), created: created, updated: created * 1000)
        object.currency = currency
        object.status = random.weighted([
            (8, "trialing"), (55, "active"), (6, "past_due"), (4, "unpaid"), (3, "paused"), (18, "canceled"),
            (4, "incomplete"), (2, "incomplete_expired"),
        ])
        // Tiered prices have no unit amount.
        object.amount =
            random.chance(5) ? nil : random.pick([500, 1000, 1500, 2900, 4900, 9900]) * random.within(1...4)
        object.owner = owner(&random, number)
        if object.status == "canceled" {
            object.updated = min(created + Int64(random.within(3600...2_592_000)), max(created, context.start)) * 1000
        }
        return object
    }

    private static func charge(_ context: DataContext, _ number: Int, _ created: Int64) -> SandboxObject {
        var random = context.draw("charges", number, salt: 1)
        let currency = random.weighted(currencies)
        var object = SandboxObject(
            number: number, id: id("charges", context, number), created: created, updated: created * 1000)
        object.currency = currency
        object.amount = amount(&random, currency)
        object.status = random.weighted([(85, "succeeded"), (5, "pending"), (10, "failed")])
        object.owner = random.chance(80) ? owner(&random, number) : nil
        return object
    }

    /// A refund of a charge of that time, of all of it or of a part.
    private static func refund(_ context: DataContext, _ number: Int, _ created: Int64) -> SandboxObject {
        var random = context.draw("refunds", number, salt: 1)
        let charge = charge(context, number % chargeCount, created)
        var object = SandboxObject(
            number: number, id: id("refunds", context, number), created: created, updated: created * 1000)
        object.currency = charge.currency
        object.amount = random.chance(60) ? charge.amount : charge.amount.map { $0 / 20 * 10 }
        object.parent = charge.number
        object.status = random.weighted([(80, "succeeded"), (12, "pending"), (5, "failed"), (3, "canceled")])
        return object
    }

    /// What the lists' filters compare.
    static func facts(
        _ object: String, _ context: DataContext, _ value: SandboxObject
    ) -> (texts: [String: String], times: [String: Int64]) {
        var texts: [String: String] = [:]
        var times: [String: Int64] = [:]
        if let owner = value.owner { texts["customer"] = id("customers", context, owner) }
        switch object {
        case "invoice":
            let facts = StripeInvoiceFacts(context, value)
            texts["collection_method"] = facts.isSent ? "send_invoice" : "charge_automatically"
            texts["subscription"] = facts.subscription
            times["due_date"] = facts.dueDate
        case "customer": texts["email"] = StripeCustomerFacts(context, value).email
        case "subscription":
            let facts = StripeSubscriptionFacts(context, value)
            texts["price"] = facts.price
            texts["collection_method"] = "charge_automatically"
            times["current_period_start"] = facts.periodStart
            times["current_period_end"] = facts.periodEnd
        case "refund": texts["charge"] = value.parent.map { id("charges", context, $0) }
        default: break
        }
        return (texts, times)
    }

    /// The object as Stripe writes it, with some values replaced by expanded objects.
    static func written(
        _ index: Int, _ context: DataContext, _ object: SandboxObject, replacing: [String: JSONValue]
    ) -> [UInt8] {
        switch index {
        case payments:
            let values = StripePaymentFacts(context, object).values
            return StripeTemplates.payment.render(values.merging(replacing) { $1 })
        case invoices:
            let values = StripeInvoiceFacts(context, object).values
            return StripeTemplates.invoice.render(values.merging(replacing) { $1 })
        case customers: return StripeTemplates.customer.render(StripeCustomerFacts(context, object).values)
        case subscriptions:
            let values = StripeSubscriptionFacts(context, object).values
            return StripeTemplates.subscription.render(values.merging(replacing) { $1 })
        case charges:
            let values = StripeChargeFacts(context, object).values
            return StripeTemplates.charge.render(values.merging(replacing) { $1 })
        case refunds: return StripeTemplates.refund.render(StripeRefundFacts(context, object).values)
        default: preconditionFailure("Stripe's stand-in has no type at \(index)")
        }
    }

    static func deletedCustomer(_ id: String) -> [UInt8] {
        (["id": .string(id), "object": "customer", "deleted": true] as JSONValue).serialized
    }

    /// The latest charge of a payment, for expansion; nil where there is none.
    static func charge(_ context: DataContext, _ object: SandboxObject) -> JSONValue? {
        let facts = StripePaymentFacts(context, object)
        guard let id = facts.charge else { return nil }
        let bytes = StripeTemplates.charge.render([
            "id": .string(id), "amount": .integer(object.amount), "captured": .boolean(facts.isReceived),
            "amount_captured": .integer(facts.isReceived ? object.amount : 0), "created": .integer(object.created),
            "amount_refunded": .integer(facts.refunded), "refunded": .boolean(facts.refunded == object.amount),
            "currency": .string(object.currency.lowercased()), "customer": .text(facts.customer),
            "payment_intent": .string(object.id), "paid": .boolean(facts.isReceived),
            "status": .string(object.status == "requires_payment_method" ? "failed" : "succeeded"),
            "description": .null, "email": .null, "failure_code": .null, "failure_message": .null,
            "metadata": .object([]), "receipt_url": .null,
        ])
        return try? JSONValue.parse(bytes)
    }

    /// The account, with its name in different places, or in none, from one account to the next.
    static func account(_ account: SandboxAccount, isPlatform: Bool) -> [UInt8] {
        let place = account.id.utf8.reduce(0) { $0 &+ Int($1) } % 3
        return StripeTemplates.account.render([
            "id": .string(isPlatform ? "acct_1SandboxPlatform" : account.id),
            "business_name": place == 0 ? .string(account.name) : .null,
            "display_name": place == 1 ? .string(account.name) : .null,
            "email": .string("owner@example.com"),
        ])
    }
}
