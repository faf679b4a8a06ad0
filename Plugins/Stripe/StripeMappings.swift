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
            Field("amount", "amount", money, isRequired: true),
            Field("amountReceived", "amount_received", money),
            Field("currency", "currency", .uppercased, isRequired: true),
            Field(
                "status",
                .when(
                    [
                        .init(
                            .all([.equals("status", "requires_payment_method"), .isSet("last_payment_error")]),
                            .text("failed"))
                    ], other: .source("status", .oneOf(paymentStatuses, other: "unknown")))),
            Field("sourceStatus", "status", .text),
            Field("date", "created", .epochSeconds),
            Field("customerId", "customer", .reference(id: "id")),
            Field("description", "description"),
            Field("email", "receipt_email"),
            Field("canceledAt", "canceled_at", .epochSeconds),
            Field("cancellationReason", "cancellation_reason"),
            Field("chargeId", "latest_charge", .reference(id: "id")),
        ])

    private static let paymentStatuses = [
        "succeeded": "completed", "processing": "processing", "requires_payment_method": "pending",
        "requires_confirmation": "pending", "requires_action": "pending", "requires_capture": "authorized",
        "canceled": "canceled",
    ]

    static let invoice = FieldMapping(
        "invoice", sourceID: ["id"], dropsVendorPrefix: true,
        [
            Field("number", "number"),
            Field("amount", "total", money, isRequired: true),
            Field("balance", "amount_remaining", money),
            Field("amountPaid", "amount_paid", money),
            Field("currency", "currency", .uppercased, isRequired: true),
            Field(
                "status",
                .when(
                    [
                        .init(.not(.isSet("status")), .text("draft")),
                        .init(.all([.equals("status", "open"), .isPast("due_date")]), .text("overdue")),
                    ], other: .source("status", .oneOf(invoiceStatuses, other: "unknown")))),
            Field("sourceStatus", "status", .text),
            Field("date", ["effective_at", "created"], .epochSeconds),
            Field("dueDate", "due_date", .epochSeconds),
            Field("customerId", "customer", .reference(id: "id")),
            Field("customerName", "customer_name"),
            Field("customerEmail", "customer_email"),
            // Since 2025-03-31.basil under `parent`; older events have it at the top.
            Field(
                "subscriptionId", ["parent.subscription_details.subscription", "subscription"], .reference(id: "id")),
            Field("paidAt", "status_transitions.paid_at", .epochSeconds),
            Field("voidedAt", "status_transitions.voided_at", .epochSeconds),
            Field("finalizedAt", "status_transitions.finalized_at", .epochSeconds),
            Field("url", "hosted_invoice_url"),
        ])

    private static let invoiceStatuses = [
        "draft": "draft", "open": "open", "paid": "paid", "void": "void", "uncollectible": "uncollectible",
    ]

    static let customer = FieldMapping(
        "customer", sourceID: ["id"], dropsVendorPrefix: true,
        [
            Field("name", "name"),
            Field("email", "email"),
            Field("phone", "phone"),
            Field("createdAt", "created", .epochSeconds),
            Field("currency", "currency", .uppercased),
            // Negative is credit owed to the customer; a customer without a currency has a balance of zero.
            Field("balance", .when([.init(.isSet("currency"), .source("balance", money))], other: .null)),
            Field("delinquent", "delinquent", .boolean),
            Field("address", "address", .object(address)),
            Field("metadata", "metadata"),
        ])

    private static let address = [
        Field("line1", "line1"), Field("line2", "line2"), Field("city", "city"), Field("state", "state"),
        Field("postalCode", "postal_code"), Field("country", "country"),
    ]

    static let subscription = FieldMapping(
        "subscription", sourceID: ["id"], dropsVendorPrefix: true,
        [
            Field("status", "status", .oneOf(subscriptionStatuses, other: "unknown")),
            Field("sourceStatus", "status", .text),
            Field("customerId", "customer", .reference(id: "id")),
            Field("currency", "currency", .uppercased),
            Field(
                "amount", "items.data",
                .sumOfMinorUnits(amount: "price.unit_amount", quantity: "quantity", currency: "currency", exponents)),
            Field("interval", "items.data.0.price.recurring.interval"),
            Field("intervalCount", "items.data.0.price.recurring.interval_count"),
            Field("startDate", "start_date", .epochSeconds),
            // Since 2025-03-31.basil on each item; older events have it at the top.
            Field(
                "currentPeriodStart", ["items.data[].current_period_start", "current_period_start"], .earliestEpoch),
            Field("currentPeriodEnd", ["items.data[].current_period_end", "current_period_end"], .latestEpoch),
            Field("cancelAtPeriodEnd", "cancel_at_period_end", .boolean),
            Field("canceledAt", "canceled_at", .epochSeconds),
            Field("endedAt", "ended_at", .epochSeconds),
            Field("trialEnd", "trial_end", .epochSeconds),
        ])

    private static let subscriptionStatuses = [
        "trialing": "trialing", "active": "active", "past_due": "past_due", "unpaid": "unpaid", "paused": "paused",
        "canceled": "canceled", "incomplete": "incomplete", "incomplete_expired": "expired",
    ]
}
