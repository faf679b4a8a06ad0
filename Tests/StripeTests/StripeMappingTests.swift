// Stripe's mapping tables on self-made payloads in Stripe's real shapes: every field, every status, every kind of amount.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Stripe

@Suite("Stripe mappings", .timeLimit(.minutes(2)))
struct StripeMappingTests {
    static let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    /// The normalised record of `dataType` made of `fields` merged over a plain record.
    static func map(_ dataType: String, _ fields: JSONValue) throws -> JSONValue {
        let provider = StripeProvider()
        let base = plain[dataType] ?? [:]
        let names = Set((fields.members ?? []).map(\.key))
        let merged = JSONValue.object((base.members ?? []).filter { !names.contains($0.key) } + (fields.members ?? []))
        let mapping = try #require(provider.manifest.dataType(dataType)?.mapping)
        return try JSONValue.parse(mapping.map(try JSONValue.parse(merged.serialized), now: now).json)
    }

    static let plain: [String: JSONValue] = [
        "payments": [
            "id": "pi_123", "object": "payment_intent", "amount": 1000, "amount_received": 1000, "currency": "usd",
            "status": "succeeded", "created": 1_704_067_200, "customer": "cus_9", "description": "Order 7",
            "receipt_email": "a@example.com", "canceled_at": .null, "cancellation_reason": .null,
            "latest_charge": "ch_1",
            "last_payment_error": .null, "client_secret": "pi_123_secret_hidden",
        ],
        "invoices": [
            "id": "in_5", "object": "invoice", "number": "A-0001", "total": 2500, "amount_due": 2500,
            "amount_remaining": 500,
            "amount_paid": 2000, "currency": "eur", "status": "open", "created": 1_704_067_200,
            "effective_at": 1_704_153_600, "due_date": .null, "customer": "cus_9", "customer_name": "Ada",
            "customer_email": "ada@example.com",
            "parent": ["type": "subscription_details", "subscription_details": ["subscription": "sub_1"]],
            "status_transitions": ["paid_at": .null, "voided_at": .null, "finalized_at": 1_704_153_600],
            "hosted_invoice_url": "https://invoice.example.com/i/1",
        ],
        "customers": [
            "id": "cus_9", "object": "customer", "name": "Ada", "email": "ada@example.com", "phone": "+1555",
            "created": 1_704_067_200, "currency": "usd", "balance": -150, "delinquent": false,
            "address": [
                "line1": "1 Way", "line2": .null, "city": "Paris", "state": .null, "postal_code": "75001",
                "country": "FR",
            ],
            "metadata": ["tier": "gold"],
        ],
        "subscriptions": [
            "id": "sub_1", "object": "subscription", "status": "active", "customer": "cus_9", "currency": "usd",
            "start_date": 1_704_067_200, "cancel_at_period_end": false, "canceled_at": .null, "ended_at": .null,
            "trial_end": .null,
            "items": [
                "data": [
                    [
                        "current_period_start": 1_704_067_200, "current_period_end": 1_706_745_600, "quantity": 2,
                        "price": ["unit_amount": 999, "recurring": ["interval": "month", "interval_count": 1]],
                    ],
                    [
                        "current_period_start": 1_704_153_600, "current_period_end": 1_706_832_000, "quantity": 1,
                        "price": ["unit_amount": 500, "recurring": ["interval": "month", "interval_count": 1]],
                    ],
                ]
            ],
        ],
    ]

    @Test("The documented example: 1000 usd succeeded is 10.00 USD completed")
    func documentedExample() throws {
        let payment = try Self.map("payments", [:])
        #expect(payment["id"] == "payment-123")
        #expect(payment["amount"]?.description == "10.00")
        #expect(payment["currency"] == "USD")
        #expect(payment["status"] == "completed")
    }

    @Test(
        "Amounts keep each currency's decimals exactly",
        arguments: [
            ("usd", 1000, "10.00"), ("usd", 1, "0.01"), ("jpy", 500, "500"), ("kwd", 5120, "5.120"),
            ("ugx", 500, "5.00"),
            ("isk", 12300, "123.00"), ("huf", 1050, "10.50"), ("twd", 100, "1.00"), ("mga", 7, "7"),
            ("bhd", -10, "-0.010"),
        ] as [(String, Int, String)])
    func amounts(currency: String, minor: Int, expected: String) throws {
        let payment = try Self.map(
            "payments", ["currency": .string(currency), "amount": .number(JSONNumber(minor))])
        #expect(payment["amount"]?.description == expected)
        #expect(payment["currency"]?.string == currency.uppercased())
    }

    @Test(
        "Each field of a payment",
        arguments: [
            ([:], "sourceId", "pi_123"), ([:], "amountReceived", .number(JSONNumber("10.00") ?? JSONNumber(0))),
            ([:], "date", "2024-01-01T00:00:00Z"), ([:], "customerId", "cus_9"),
            (["customer": ["id": "cus_8", "object": "customer"]], "customerId", "cus_8"),
            (["customer": .null], "customerId", .null), ([:], "description", "Order 7"),
            (["description": .null], "description", .null),
            ([:], "email", "a@example.com"), (["canceled_at": 1_704_067_201], "canceledAt", "2024-01-01T00:00:01Z"),
            (["cancellation_reason": "fraudulent"], "cancellationReason", "fraudulent"), ([:], "chargeId", "ch_1"),
            (["latest_charge": ["id": "ch_2", "refunded": true]], "chargeId", "ch_2"),
            ([:], "sourceStatus", "succeeded"),
        ] as [(JSONValue, String, JSONValue)])
    func paymentFields(change: JSONValue, field: String, expected: JSONValue) throws {
        #expect(try Self.map("payments", change)[field] == expected)
    }

    @Test(
        "Each status of a payment",
        arguments: [
            ("succeeded", "completed"), ("processing", "processing"), ("requires_payment_method", "pending"),
            ("requires_confirmation", "pending"), ("requires_action", "pending"), ("requires_capture", "authorized"),
            ("canceled", "canceled"), ("brand_new", "unknown"),
        ])
    func paymentStatuses(source: String, expected: String) throws {
        let payment = try Self.map("payments", ["status": .string(source)])
        #expect(payment["status"]?.string == expected)
        #expect(payment["sourceStatus"]?.string == source)
    }

    @Test("A payment method that failed is failed, not pending")
    func failedPayment() throws {
        let payment = try Self.map(
            "payments", ["status": "requires_payment_method", "last_payment_error": ["code": "card_declined"]])
        #expect(payment["status"] == "failed")
    }

    @Test("A client secret never reaches the record")
    func dropsClientSecret() throws {
        #expect(try !Self.map("payments", [:]).description.contains("secret"))
    }

    @Test(
        "A payment without amount or currency is a dead letter that names the field", arguments: ["amount", "currency"])
    func requires(field: String) {
        let failure = #expect(throws: MappingFailure.self) { try Self.map("payments", .object([(field, .null)])) }
        #expect(failure?.sourceID == "pi_123")
        // Without a currency it is the amount that cannot be told.
        #expect(failure?.field == "amount")
    }

    @Test(
        "Each field of an invoice",
        arguments: [
            ([:], "id", "invoice-5"), ([:], "number", "A-0001"), (["number": .null], "number", .null),
            ([:], "amount", .number(JSONNumber("25.00") ?? JSONNumber(0))),
            ([:], "balance", .number(JSONNumber("5.00") ?? JSONNumber(0))),
            ([:], "amountPaid", .number(JSONNumber("20.00") ?? JSONNumber(0))), ([:], "currency", "EUR"),
            ([:], "date", "2024-01-02T00:00:00Z"), (["effective_at": .null], "date", "2024-01-01T00:00:00Z"),
            (["due_date": 1_704_240_000], "dueDate", "2024-01-03T00:00:00Z"), ([:], "dueDate", .null),
            ([:], "customerId", "cus_9"), ([:], "customerName", "Ada"), ([:], "customerEmail", "ada@example.com"),
            ([:], "subscriptionId", "sub_1"),
            (["parent": .null, "subscription": "sub_old"], "subscriptionId", "sub_old"),
            ([:], "finalizedAt", "2024-01-02T00:00:00Z"), ([:], "paidAt", .null),
            (
                ["status_transitions": ["paid_at": 1_704_067_200, "voided_at": 1_704_067_201]], "voidedAt",
                "2024-01-01T00:00:01Z"
            ),
            ([:], "url", "https://invoice.example.com/i/1"),
        ] as [(JSONValue, String, JSONValue)])
    func invoiceFields(change: JSONValue, field: String, expected: JSONValue) throws {
        #expect(try Self.map("invoices", change)[field] == expected)
    }

    @Test(
        "Each status of an invoice",
        arguments: [
            (["status": "draft"], "draft"), (["status": .null], "draft"), (["status": "open"], "open"),
            (["status": "open", "due_date": 1_704_240_000], "overdue"),
            (["status": "open", "due_date": 1_904_240_000], "open"), (["status": "paid"], "paid"),
            (["status": "void"], "void"), (["status": "uncollectible"], "uncollectible"),
            (["status": "new"], "unknown"),
        ] as [(JSONValue, String)])
    func invoiceStatuses(change: JSONValue, expected: String) throws {
        #expect(try Self.map("invoices", change)["status"]?.string == expected)
    }

    @Test(
        "Each field of a customer",
        arguments: [
            ([:], "id", "customer-9"), ([:], "name", "Ada"), ([:], "email", "ada@example.com"), ([:], "phone", "+1555"),
            ([:], "createdAt", "2024-01-01T00:00:00Z"), ([:], "currency", "USD"),
            ([:], "balance", .number(JSONNumber("-1.50") ?? JSONNumber(0))),
            (["currency": .null, "balance": 0], "balance", .null), (["currency": .null], "currency", .null),
            ([:], "delinquent", false), ([:], "metadata", ["tier": "gold"]), (["address": .null], "address", .null),
            (
                [:], "address",
                [
                    "line1": "1 Way", "line2": .null, "city": "Paris", "state": .null, "postalCode": "75001",
                    "country": "FR",
                ]
            ),
        ] as [(JSONValue, String, JSONValue)])
    func customerFields(change: JSONValue, field: String, expected: JSONValue) throws {
        #expect(try Self.map("customers", change)[field] == expected)
    }

    @Test(
        "Each field of a subscription",
        arguments: [
            ([:], "id", "subscription-1"), ([:], "status", "active"), ([:], "customerId", "cus_9"),
            ([:], "currency", "USD"),
            ([:], "amount", .number(JSONNumber("24.98") ?? JSONNumber(0))), ([:], "interval", "month"),
            ([:], "intervalCount", 1), ([:], "startDate", "2024-01-01T00:00:00Z"),
            ([:], "currentPeriodStart", "2024-01-01T00:00:00Z"), ([:], "currentPeriodEnd", "2024-02-02T00:00:00Z"),
            (["items": ["data": []], "current_period_end": 1_706_745_600], "currentPeriodEnd", "2024-02-01T00:00:00Z"),
            ([:], "cancelAtPeriodEnd", false), (["canceled_at": 1_704_067_200], "canceledAt", "2024-01-01T00:00:00Z"),
            (["ended_at": 1_704_067_200], "endedAt", "2024-01-01T00:00:00Z"),
            (["trial_end": 1_704_067_200], "trialEnd", "2024-01-01T00:00:00Z"),
            (["items": ["data": [["quantity": 1, "price": ["unit_amount": .null]]]]], "amount", .null),
        ] as [(JSONValue, String, JSONValue)])
    func subscriptionFields(change: JSONValue, field: String, expected: JSONValue) throws {
        #expect(try Self.map("subscriptions", change)[field] == expected)
    }

    @Test(
        "Each status of a subscription",
        arguments: [
            ("trialing", "trialing"), ("active", "active"), ("past_due", "past_due"), ("unpaid", "unpaid"),
            ("paused", "paused"), ("canceled", "canceled"), ("incomplete", "incomplete"),
            ("incomplete_expired", "expired"), ("later", "unknown"),
        ])
    func subscriptionStatuses(source: String, expected: String) throws {
        #expect(try Self.map("subscriptions", ["status": .string(source)])["status"]?.string == expected)
    }
}
