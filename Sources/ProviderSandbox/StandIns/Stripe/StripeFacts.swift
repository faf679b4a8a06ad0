// Everything about a Stripe object that follows from its number, status and amount: the values for the slots of its
// template.

import ProviderSDK

struct StripePaymentFacts {
    let customer: String?
    let charge: String?
    let refunded: Int
    let isReceived: Bool
    private let context: DataContext
    private let object: SandboxObject

    init(_ context: DataContext, _ object: SandboxObject) {
        self.context = context
        self.object = object
        var random = context.draw("payments", object.number, salt: 2)
        customer = object.owner.map { StripeObjects.id("customers", context, $0) }
        isReceived = object.status == "succeeded"
        let chargeID = "ch_3" + random.base62(23)
        let hasFailed = object.status == "requires_payment_method" && random.chance(50)
        charge =
            isReceived || object.status == "requires_capture" || object.status == "processing" || hasFailed
            ? chargeID : nil
        let amount = object.amount ?? 0
        refunded = isReceived ? random.pick([0, 0, 0, 0, 0, 0, 0, 0, amount / 20 * 10, amount]) : 0
    }

    var values: [String: JSONValue] {
        var random = context.draw("payments", object.number, salt: 3)
        let isCanceled = object.status == "canceled"
        let hasFailed = object.status == "requires_payment_method" && charge != nil
        return [
            "id": .string(object.id), "amount": .integer(object.amount),
            "amount_capturable": .integer(object.status == "requires_capture" ? object.amount : 0),
            "amount_received": .integer(isReceived ? object.amount : 0),
            "canceled_at": .integer(isCanceled ? object.updated / 1000 : nil as Int64?),
            "cancellation_reason": isCanceled
                ? random.pick([
                    "abandoned", "automatic", "duplicate", "expired", "failed_invoice", "fraudulent",
                    "requested_by_customer", "void_invoice",
                ]).json : .null,
            "capture_method": object.status == "requires_capture" ? "manual" : "automatic",
            "client_secret": .string("\(object.id)_secret_\(random.base62(24))"),
            "created": .integer(object.created), "currency": .string(object.currency.lowercased()),
            "customer": .text(customer),
            "description": random.chance(60)
                ? .string("Order \(object.number + 1000) – \(People.company(&random))") : .null,
            "last_payment_error": hasFailed ? Self.declined : .null,
            "latest_charge": .text(charge),
            "next_action": object.status == "requires_action" ? ["type": "use_stripe_sdk"] : .null,
            "payment_method": charge == nil ? .null : .string("pm_1" + random.base62(23)),
            "receipt_email": random.chance(40) ? .string(People.email(object.number, "buyer")) : .null,
            "metadata": random.chance(30) ? ["order_id": .string(String(6000 + object.number))] : .object([]),
            "status": .string(object.status),
        ]
    }

    private static let declined: JSONValue = [
        "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
        "message": "The card has insufficient funds.",
    ]
}

struct StripeInvoiceFacts {
    let isSent: Bool
    let dueDate: Int64?
    let subscription: String?
    private let context: DataContext
    private let object: SandboxObject
    private let customer: StripeCustomerFacts?

    init(_ context: DataContext, _ object: SandboxObject) {
        self.context = context
        self.object = object
        var random = context.draw("invoices", object.number, salt: 2)
        isSent = random.chance(55)
        // Some are due in the future, some are overdue.
        dueDate = isSent ? object.created + Int64(random.pick([7, 14, 30, 60])) * 86_400 : nil
        let isSubscribed = !isSent && random.chance(70)
        subscription = isSubscribed ? StripeObjects.id("subscriptions", context, random.below(400)) : nil
        customer = object.owner.map { StripeCustomerFacts(context, number: $0) }
    }

    /// How much has been paid and how much is open, after credit.
    private func sums(_ random: inout SeededRandom) -> (due: Int, paid: Int, remaining: Int) {
        let total = object.amount ?? 0
        let credit = random.chance(6) ? total / 50 * 10 : 0
        let due = total - credit
        switch object.status {
        case "paid": return (due, due, 0)
        case "open" where random.chance(20):
            let paid = due / 20 * 10
            return (due, paid, due - paid)
        default: return (due, 0, due)
        }
    }

    var values: [String: JSONValue] {
        var random = context.draw("invoices", object.number, salt: 3)
        let isDraft = object.status == "draft"
        let finalized = isDraft ? nil : object.created + 30
        let moment = object.updated / 1000
        func at(_ status: String) -> JSONValue { .integer(object.status == status ? moment : nil as Int64?) }
        let (due, paid, remaining) = sums(&random)
        let url = "https://invoice.stripe.example/i/\(object.id)"
        return [
            "id": .string(object.id), "amount_due": .integer(due), "amount_paid": .integer(paid),
            "amount_remaining": .integer(remaining), "attempted": .boolean(object.status != "draft"),
            "attempt_count": .integer(isDraft ? 0 : 1),
            "billing_reason": .string(subscription == nil ? "manual" : "subscription_cycle"),
            "collection_method": .string(isSent ? "send_invoice" : "charge_automatically"),
            "created": .integer(object.created), "currency": .string(object.currency.lowercased()),
            "customer": .text(object.owner.map { StripeObjects.id("customers", context, $0) }),
            "customer_email": .text(customer?.email), "customer_name": .text(customer?.name),
            "due_date": .integer(dueDate), "effective_at": .integer(finalized),
            "hosted_invoice_url": isDraft ? .null : .string(url),
            "invoice_pdf": isDraft ? .null : .string(url + "/pdf"),
            "line_id": .string("il_1" + random.base62(23)), "lines_url": .string("/v1/invoices/\(object.id)/lines"),
            "number": isDraft ? .null : .string("SBX-\(10_000 + object.number)"),
            "parent": subscription.map { id in
                [
                    "quote_details": .null, "type": "subscription_details",
                    "subscription_details": ["metadata": .object([]), "subscription": .string(id)],
                ]
            } ?? .null,
            "starting_balance": .integer(due - (object.amount ?? 0)), "status": .string(object.status),
            "finalized_at": .integer(finalized), "paid_at": at("paid"), "voided_at": at("void"),
            "marked_uncollectible_at": at("uncollectible"), "total": .integer(object.amount),
        ]
    }
}

struct StripeCustomerFacts {
    let name: String?
    let email: String?
    private let context: DataContext
    private let object: SandboxObject?
    private let address: JSONValue
    private let phone: String?

    init(_ context: DataContext, _ object: SandboxObject) { self.init(context, number: object.number, object) }

    init(_ context: DataContext, number: Int, _ object: SandboxObject? = nil) {
        self.context = context
        self.object = object
        var random = context.draw("customers", number, salt: 2)
        let (given, family) = People.name(&random)
        name = random.chance(92) ? (random.chance(70) ? "\(given) \(family)" : People.company(&random)) : nil
        email = random.chance(95) ? People.email(number, "customer") : nil
        phone = random.chance(50) ? People.phone(&random) : nil
        let place = random.pick(People.cities)
        address =
            random.chance(75)
            ? [
                "city": .string(place.city), "country": .string(place.country),
                "line1": .string(People.street(&random)), "line2": random.chance(20) ? "2nd floor" : .null,
                "postal_code": .string(place.code), "state": .text(place.state),
            ] : .null
    }

    var values: [String: JSONValue] {
        guard let object else { return [:] }
        var random = context.draw("customers", object.number, salt: 3)
        return [
            "id": .string(object.id), "address": address, "balance": .integer(object.amount ?? 0),
            "created": .integer(object.created),
            "currency": object.currency.isEmpty ? .null : .string(object.currency.lowercased()),
            "delinquent": .boolean(random.chance(7)), "description": random.chance(20) ? "Imported" : .null,
            "email": .text(email), "invoice_prefix": .string(random.base36(8)), "name": .text(name),
            "phone": .text(phone), "revision": .string(String(object.revision)),
        ]
    }
}

struct StripeSubscriptionFacts {
    let price: String
    let periodStart: Int64
    let periodEnd: Int64
    private let context: DataContext
    private let object: SandboxObject
    private let interval: String
    private let intervalCount: Int

    init(_ context: DataContext, _ object: SandboxObject) {
        self.context = context
        self.object = object
        var random = context.draw("subscriptions", object.number, salt: 2)
        interval = random.pick(["month", "month", "month", "year", "week", "day"])
        intervalCount = interval == "month" ? random.pick([1, 1, 3]) : 1
        var prices = SeededRandom(
            seed: context.seed, account: context.account, type: "prices", number: random.below(20))
        price = "price_1" + prices.base62(23)
        let days: [String: Int64] = ["day": 1, "week": 7, "month": 30, "year": 365]
        let length = (days[interval] ?? 30) * Int64(intervalCount) * 86_400
        // The period that holds the end of the generated past.
        let periods = max(0, context.start - object.created) / length
        periodStart = object.created + periods * length
        periodEnd = periodStart + length
    }

    var values: [String: JSONValue] {
        var random = context.draw("subscriptions", object.number, salt: 3)
        let quantities = [5, 4, 3, 2].filter { (object.amount ?? 0) % $0 == 0 }
        let quantity = random.chance(40) ? quantities.first ?? 1 : 1
        let unit = object.amount.map { $0 / quantity }
        let isOver = object.status == "canceled" || object.status == "incomplete_expired"
        let ended = isOver ? max(object.updated / 1000, object.created) : nil as Int64?
        let hasTrial = object.status == "trialing" || random.chance(20)
        let trialEnd = object.status == "trialing" ? context.start + 86_400 * 7 : object.created + 86_400 * 14
        return [
            "id": .string(object.id), "billing_cycle_anchor": .integer(object.created),
            "cancel_at_period_end": .boolean(object.status == "active" && random.chance(8)),
            "canceled_at": .integer(ended), "ended_at": .integer(ended), "created": .integer(object.created),
            "currency": .string(object.currency.lowercased()),
            "customer": .text(object.owner.map { StripeObjects.id("customers", context, $0) }),
            "item_id": .string("si_" + random.base62(14)),
            "items_url": .string("/v1/subscription_items?subscription=\(object.id)"),
            "period_start": .integer(periodStart), "period_end": .integer(periodEnd), "price": .string(price),
            "product": .string("prod_" + random.base62(14)), "billing_scheme": unit == nil ? "tiered" : "per_unit",
            "tiers_mode": unit == nil ? "graduated" : .null, "unit_amount": .integer(unit),
            "unit_amount_decimal": .text(unit.map { String($0) }), "quantity": .integer(quantity),
            "interval": .string(interval), "interval_count": .integer(intervalCount),
            "start_date": .integer(object.created), "status": .string(object.status),
            "trial_start": .integer(hasTrial ? object.created : nil as Int64?),
            "trial_end": .integer(hasTrial ? trialEnd : nil as Int64?),
        ]
    }
}

struct StripeChargeFacts {
    private let context: DataContext
    private let object: SandboxObject

    init(_ context: DataContext, _ object: SandboxObject) {
        self.context = context
        self.object = object
    }

    var values: [String: JSONValue] {
        var random = context.draw("charges", object.number, salt: 2)
        let isPaid = object.status == "succeeded"
        let hasFailed = object.status == "failed"
        let refunded = isPaid && random.chance(15) ? (random.chance(50) ? object.amount ?? 0 : 0) : 0
        return [
            "id": .string(object.id), "amount": .integer(object.amount), "captured": .boolean(isPaid),
            "amount_captured": .integer(isPaid ? object.amount : 0), "created": .integer(object.created),
            "amount_refunded": .integer(refunded), "refunded": .boolean(refunded > 0 && refunded == object.amount),
            "currency": .string(object.currency.lowercased()),
            "customer": .text(object.owner.map { StripeObjects.id("customers", context, $0) }),
            "description": random.chance(50) ? .string("Order \(object.number + 100)") : .null,
            "email": random.chance(50) ? .string(People.email(object.number, "payer")) : .null,
            "failure_code": hasFailed ? "card_declined" : .null,
            "failure_message": hasFailed ? "The card was declined." : .null,
            "metadata": random.chance(30) ? ["order_id": .string(String(100 + object.number))] : .object([]),
            "paid": .boolean(isPaid), "payment_intent": .null,
            "receipt_url": isPaid ? .string("https://pay.stripe.example/receipts/\(object.id)") : .null,
            "status": .string(object.status),
        ]
    }
}

struct StripeRefundFacts {
    private let context: DataContext
    private let object: SandboxObject

    init(_ context: DataContext, _ object: SandboxObject) {
        self.context = context
        self.object = object
    }

    var values: [String: JSONValue] {
        var random = context.draw("refunds", object.number, salt: 2)
        let reason = random.pick(["duplicate", "fraudulent", "requested_by_customer", ""])
        return [
            "id": .string(object.id), "amount": .integer(object.amount), "created": .integer(object.created),
            "charge": .text(object.parent.map { StripeObjects.id("charges", context, $0) }),
            "currency": .string(object.currency.lowercased()),
            "failure_reason": object.status == "failed" ? "lost_or_stolen_card" : .null,
            "metadata": .object([]), "reason": reason.isEmpty ? .null : .string(reason),
            "status": .string(object.status),
        ]
    }
}

extension String {
    var json: JSONValue { .string(self) }
}
