// Charges and refunds: what was taken from a card, with a payment intent or without one, and what was given back. Walking the refunds
// that changed is here too.

import ProviderSDK

extension StripeMappings {
    private static let money = Transform.minorUnits(currency: "currency", exponents)

    static let charge = FieldMapping(
        "charge", sourceID: ["id"], dropsVendorPrefix: true,
        [
            Field("amount", from: "amount", as: money, isRequired: true),
            Field("amountCaptured", from: "amount_captured", as: money),
            Field("amountRefunded", from: "amount_refunded", as: money),
            Field("currency", from: "currency", as: .uppercased, isRequired: true),
            Field("status", from: "status", as: .oneOf(chargeStatuses, other: "unknown")),
            Field("sourceStatus", from: "status", as: .text),
            // True once all of it was given back; a part shows in the amount alone.
            Field("refunded", from: "refunded", as: .boolean),
            Field("disputed", from: "disputed", as: .boolean),
            Field("date", from: "created", as: .epochSeconds),
            // Null for a charge that was made without a payment intent.
            Field("paymentId", from: "payment_intent", as: .reference(id: "id")),
            Field("invoiceId", from: "invoice", as: .reference(id: "id")),
            Field("customerId", from: "customer", as: .reference(id: "id")),
            Field("description", from: "description"),
            Field("email", from: ["billing_details.email", "receipt_email"]),
            Field("failureCode", from: "failure_code"), Field("failureMessage", from: "failure_message"),
            Field("metadata", from: "metadata"),
            // Signed again each time it is read.
            Field("url", from: "receipt_url").volatile,
        ])

    private static let chargeStatuses = ["succeeded": "completed", "pending": "processing", "failed": "failed"]

    static let refund = FieldMapping(
        "refund", sourceID: ["id"], dropsVendorPrefix: true,
        [
            Field("amount", from: "amount", as: money, isRequired: true),
            Field("currency", from: "currency", as: .uppercased, isRequired: true),
            Field("status", from: "status", as: .oneOf(refundStatuses, other: "unknown")),
            Field("sourceStatus", from: "status", as: .text),
            Field("reason", from: "reason"),
            Field("failureReason", from: "failure_reason"),
            Field("date", from: "created", as: .epochSeconds),
            Field("chargeId", from: "charge", as: .reference(id: "id")),
            Field("paymentId", from: "payment_intent", as: .reference(id: "id")),
            Field("description", from: "description"), Field("receiptNumber", from: "receipt_number"),
            Field("metadata", from: "metadata"),
        ])

    private static let refundStatuses = [
        "succeeded": "completed", "pending": "pending", "requires_action": "pending", "failed": "failed",
        "canceled": "canceled",
    ]
}

/// A walk over the refunds that changed.
///
/// Accounts of older API versions have no event for a refund that was made, only one for its charge. So the walk ends with the refunds
/// that were made since: what they are now stands behind what events say that they were.
enum StripeRefunds {
    private static let phase = "made"

    static func page(
        _ request: PageRequest, since moment: Timestamp, of dataType: DataType, in context: ProviderContext
    ) async throws(ProviderError) -> SyncPage {
        guard let changes = dataType.changes, let list = dataType.list else {
            throw ProviderError(.permanent, "Stripe does not say how refunds are read.")
        }
        var page: SyncPage
        if let inside = request.cursor?[phase] {
            var made = list
            made.since = MomentParameter(in: .query, name: "created[gte]", format: .epochSeconds)
            page = try await made.page(at: inside.isNull ? nil : inside, since: moment, in: context)
            page.next = page.next.map { .object([(phase, $0)]) }
        } else {
            page = try await changes.page(at: request.cursor, since: moment, in: context)
            page.next = page.next ?? .object([(phase, .null)])
        }
        return page
    }
}
