// The mapping tables of Stripe. Amounts are integers in minor units; times are epoch seconds. A client secret of a payment is in
// no table, so it is neither stored nor shown.

import ProviderSDK

enum StripeMappings {
    /// Stripe's own table of decimal places: ISK and UGX are kept as two-decimal although they have no minor unit.
    static let exponents = CurrencyExponents(exceptions: [
        0: [
            "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
        ],
        3: ["BHD", "JOD", "KWD", "OMR", "TND"],
    ])

    private static let money = Transform.minorUnits(currency: "currency", exponents)

    static let payment = FieldMapping(
        "payment", sourceID: ["id"], dropsVendorPrefix: true,
        [
            Field("amount", from: "amount", as: money, isRequired: true),
            Field("amountReceived", from: "amount_received", as: money),
            Field("currency", from: "currency", as: .uppercased, isRequired: true),
            Field(
                "status",
                as: .when(
                    [
                        .init(
                            .all([.equals("status", "requires_payment_method"), .isSet("last_payment_error")]),
                            .text("failed"))
                    ], other: .source("status", .oneOf(paymentStatuses, other: "unknown")))),
            Field("sourceStatus", from: "status", as: .text),
            Field("date", from: "created", as: .epochSeconds),
            Field("customerId", from: "customer", as: .reference(id: "id")),
            Field("description", from: "description"),
            Field("email", from: "receipt_email"),
            Field("canceledAt", from: "canceled_at", as: .epochSeconds),
            Field("cancellationReason", from: "cancellation_reason"),
            Field("chargeId", from: "latest_charge", as: .reference(id: "id")),
            Field("metadata", from: "metadata"),
        ])

    private static let paymentStatuses = [
        "succeeded": "completed", "processing": "processing", "requires_payment_method": "pending",
        "requires_confirmation": "pending", "requires_action": "pending", "requires_capture": "authorized",
        "canceled": "canceled",
    ]

    static let invoice = FieldMapping(
        "invoice", sourceID: ["id"], dropsVendorPrefix: true,
        [
            Field("number", from: "number"),
            Field("amount", from: "total", as: money, isRequired: true),
            Field("balance", from: "amount_remaining", as: money),
            Field("amountPaid", from: "amount_paid", as: money),
            Field("subtotal", from: "subtotal", as: money),
            // The places of 2025-03-31.basil, of the versions before it, and of the first ones.
            Field(
                "tax",
                as: .when(
                    [
                        .init(.isSet("total_taxes.0"), .source("total_taxes", sum)),
                        .init(.isSet("total_tax_amounts.0"), .source("total_tax_amounts", sum)),
                    ], other: .source("tax", money))),
            Field("currency", from: "currency", as: .uppercased, isRequired: true),
            Field(
                "status",
                as: .when(
                    [
                        .init(.not(.isSet("status")), .text("draft")),
                        .init(.all([.equals("status", "open"), .isPast("due_date")]), .text("overdue")),
                    ], other: .source("status", .oneOf(invoiceStatuses, other: "unknown")))),
            Field("sourceStatus", from: "status", as: .text),
            Field("date", from: ["effective_at", "created"], as: .epochSeconds),
            Field("dueDate", from: "due_date", as: .epochSeconds),
            Field("customerId", from: "customer", as: .reference(id: "id")),
            Field("customerName", from: "customer_name"),
            Field("customerEmail", from: "customer_email"),
            // Since 2025-03-31.basil under `parent`; older events have it at the top.
            Field(
                "subscriptionId", from: ["parent.subscription_details.subscription", "subscription"],
                as: .reference(id: "id")),
            Field("paidAt", from: "status_transitions.paid_at", as: .epochSeconds),
            Field("voidedAt", from: "status_transitions.voided_at", as: .epochSeconds),
            Field("finalizedAt", from: "status_transitions.finalized_at", as: .epochSeconds),
            Field("lines", from: "lines.data", as: .table(invoiceLines, where: nil)),
            // An invoice holds its first ten lines.
            Field("hasMoreLines", from: "lines.has_more"),
            Field("metadata", from: "metadata"),
            // Signed again each time it is read.
            Field("url", from: "hosted_invoice_url").volatile,
        ])

    /// An id, or the id of an expanded object, at the first of `paths` that has one.
    ///
    /// Unlike a reference it is null for an object without an id.
    private static func id(_ paths: [String]) -> Transform {
        .when(
            paths.flatMap { path -> [Transform.Rule] in
                [
                    .init(.isSet(ValuePath(path + ".id")), .source(ValuePath(path + ".id"), .text)),
                    .init(
                        .all([.isSet(ValuePath(path)), .hasPrefix(ValuePath(path), "")]),
                        .source(ValuePath(path), .text)),
                ]
            }, other: .null)
    }

    private static let sum = Transform.sumOfMinorUnits(
        amount: "amount", quantity: "quantity", currency: "currency", exponents)

    private static let invoiceLines = [
        Field("id", from: "id", as: .text), Field("description", from: "description"),
        Field("amount", from: "amount", as: money), Field("quantity", from: "quantity"),
        Field("priceId", as: id(["pricing.price_details.price", "price"])),
        Field("productId", as: id(["pricing.price_details.product", "price.product"])),
        Field("subscriptionId", as: id(["parent.subscription_item_details.subscription", "subscription"])),
        Field("periodStart", from: "period.start", as: .epochSeconds),
        Field("periodEnd", from: "period.end", as: .epochSeconds), Field("metadata", from: "metadata"),
    ]

    private static let invoiceStatuses = [
        "draft": "draft", "open": "open", "paid": "paid", "void": "void", "uncollectible": "uncollectible",
    ]

    static let customer = FieldMapping(
        "customer", sourceID: ["id"], dropsVendorPrefix: true,
        [
            Field("name", from: "name"),
            Field("email", from: "email"),
            Field("phone", from: "phone"),
            Field("createdAt", from: "created", as: .epochSeconds),
            Field("currency", from: "currency", as: .uppercased),
            // Negative is credit owed to the customer; a customer without a currency has a balance of zero.
            Field("balance", as: .when([.init(.isSet("currency"), .source("balance", money))], other: .null)),
            Field("delinquent", from: "delinquent", as: .boolean),
            Field("address", from: "address", as: .object(address)),
            Field("metadata", from: "metadata"),
        ])

    private static let address = [
        Field("line1", from: "line1"), Field("line2", from: "line2"), Field("city", from: "city"),
        Field("state", from: "state"),
        Field("postalCode", from: "postal_code"), Field("country", from: "country"),
    ]

    static let subscription = FieldMapping(
        "subscription", sourceID: ["id"], dropsVendorPrefix: true,
        [
            Field("status", from: "status", as: .oneOf(subscriptionStatuses, other: "unknown")),
            Field("sourceStatus", from: "status", as: .text),
            Field("customerId", from: "customer", as: .reference(id: "id")),
            Field("currency", from: "currency", as: .uppercased),
            Field(
                "amount", from: "items.data",
                as: .sumOfMinorUnits(amount: "price.unit_amount", quantity: "quantity", currency: "currency", exponents)
            ),
            Field("interval", from: "items.data.0.price.recurring.interval"),
            Field("intervalCount", from: "items.data.0.price.recurring.interval_count"),
            Field("startDate", from: "start_date", as: .epochSeconds),
            // Since 2025-03-31.basil on each item; older events have it at the top.
            Field(
                "currentPeriodStart", from: ["items.data[].current_period_start", "current_period_start"],
                as: .earliestEpoch),
            Field(
                "currentPeriodEnd", from: ["items.data[].current_period_end", "current_period_end"], as: .latestEpoch),
            Field("cancelAtPeriodEnd", from: "cancel_at_period_end", as: .boolean),
            Field("canceledAt", from: "canceled_at", as: .epochSeconds),
            Field("endedAt", from: "ended_at", as: .epochSeconds),
            Field("trialEnd", from: "trial_end", as: .epochSeconds),
            // Of the first item; a subscription has one in most cases.
            Field("priceId", as: id(["items.data.0.price"])),
            Field("productId", as: id(["items.data.0.price.product"])),
            Field("quantity", from: "items.data.0.quantity"),
            Field("items", from: "items.data", as: .table(subscriptionItems, where: nil)),
            Field("metadata", from: "metadata"),
        ])

    private static let subscriptionItems = [
        Field("id", from: "id", as: .text), Field("priceId", as: id(["price"])),
        Field("productId", as: id(["price.product"])), Field("quantity", from: "quantity"),
        Field("unitAmount", from: "price.unit_amount", as: money),
        Field("interval", from: "price.recurring.interval"),
        Field("intervalCount", from: "price.recurring.interval_count"), Field("metadata", from: "metadata"),
    ]

    private static let subscriptionStatuses = [
        "trialing": "trialing", "active": "active", "past_due": "past_due", "unpaid": "unpaid", "paused": "paused",
        "canceled": "canceled", "incomplete": "incomplete", "incomplete_expired": "expired",
    ]
}
