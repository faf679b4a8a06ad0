// What applications can do in a Stripe account, as data. Stripe keeps keys for at least 24 hours and answers with what the first request
// got.

import ProviderSDK

enum StripeActions {
    static let all: [ActionSpec] = [
        action(
            "createCustomer", "Create a customer", "/v1/customers",
            [
                .input("email"), .input("name"), .input("phone"), .input("description"),
                run,
            ]
        ) { action in
            action.description = "Adds a customer to the account."
            action.inputs = [
                .required(
                    "email", .text(bytesMax: 512), "The e-mail address of the customer.", example: "ada@example.com"),
                .optional("name", .text(bytesMax: 256), "The name of the customer.", example: "Ada Example"),
                .optional("phone", .text(bytesMax: 20), "The phone number of the customer."),
                .optional("description", .text(bytesMax: 1000), "A note on the customer."),
            ]
            action.outputs = [ActionOutput("customerId", "id", "The id of the customer.")]
        },
        action(
            "createInvoice", "Create an invoice", "/v1/invoices",
            [
                .input("customerId", as: "customer"), .input("currency"), .input("description"),
                .input("daysUntilDue", as: "days_until_due"),
                ActionMember("collection_method", .constant("send_invoice")),
                ActionMember("auto_advance", .constant(false)), run,
            ]
        ) { action in
            action.description = "Creates a draft of an invoice that the customer pays by its link."
            action.inputs = [
                .required("customerId", .text(bytesMax: 64), "The id of the customer.", example: "cus_SandboxCustomer"),
                .required("currency", currency, "The currency.", example: "eur"),
                .required("daysUntilDue", .integer(0...365), "In how many days it is due.", example: 14),
                .optional("description", .text(bytesMax: 500, hasLines: true), "A note on the invoice."),
            ]
            action.outputs = invoice
        },
        action(
            "addInvoiceItem", "Add an item to an invoice", "/v1/invoiceitems",
            [
                .input("customerId", as: "customer"), .input("invoiceId", as: "invoice"), .input("currency"),
                ActionMember("amount", .minorUnits("amount", currency: "currency")), .input("description"), run,
            ]
        ) { action in
            action.description = "Adds an amount to the draft of an invoice."
            action.inputs = [
                .required("customerId", .text(bytesMax: 64), "The id of the customer.", example: "cus_SandboxCustomer"),
                invoiceID, .required("currency", currency, "The currency of the invoice.", example: "eur"),
                .required("amount", .money(currency: "currency"), "The amount.", example: "19.99"),
                .required("description", .text(bytesMax: 500), "What it is for.", example: "Consulting in May"),
            ]
            action.outputs = [ActionOutput("itemId", "id", "The id of the item.")]
        },
        action("finalizeInvoice", "Finalise an invoice", "/v1/invoices/{input.invoiceId}/finalize", []) { action in
            action.description = "Gives the draft of an invoice its number, so that it can be paid."
            action.inputs = [invoiceID]
            action.outputs = invoice
        },
        action("voidInvoice", "Void an invoice", "/v1/invoices/{input.invoiceId}/void", []) { action in
            action.description = "Takes back an invoice that was finalised and not paid."
            action.inputs = [invoiceID]
            action.outputs = invoice
        },
        action(
            "refundPayment", "Refund a payment", "/v1/refunds",
            [
                .input("paymentId", as: "payment_intent"),
                ActionMember("amount", .minorUnits("amount", currency: "currency")), .input("reason"), run,
            ]
        ) { action in
            action.description = "Pays a payment back, as a whole or in part."
            action.inputs = [
                .required(
                    "paymentId", .text(bytesMax: 64), "The id of the payment, the sourceId of a synced one.",
                    example: "pi_SandboxPayment"),
                .optional(
                    "amount", .money(currency: "currency"), "The amount; all of it when absent.", example: "5.00"),
                .optional("currency", currency, "The currency of the amount; needed for one without cents."),
                .optional(
                    "reason", .choice(["duplicate", "fraudulent", "requested_by_customer"]), "Why it is paid back."),
            ]
            action.outputs = [
                ActionOutput("refundId", "id", "The id of the refund."),
                ActionOutput("status", "status", "Whether it is paid back already."),
            ]
        },
        ActionSpec(
            "cancelSubscription", "Cancel a subscription",
            ActionRequest(.delete, "/v1/subscriptions/{input.subscriptionId}")
        ) { action in
            action.description = "Ends a subscription at once."
            action.inputs = [
                .required(
                    "subscriptionId", .text(bytesMax: 64), "The id of the subscription.",
                    example: "sub_SandboxSubscription")
            ]
            action.scopes = ["read_write"]
            action.outputs = [
                ActionOutput("subscriptionId", "id", "The id of the subscription."),
                ActionOutput("status", "status", "Its status: canceled."),
            ]
            // Stripe ignores keys of DELETE requests, which end a subscription once however often they come.
            action.idempotency = .repeatable(doneCodes: ["resource_missing"])
            action.uncertainStatuses.append(409...409)
        },
    ]

    private static let currency = ActionInput.Kind.text(bytesMax: 3)
    private static let invoiceID = ActionInput.required(
        "invoiceId", .text(bytesMax: 64), "The id of the invoice.", example: "in_SandboxInvoice")
    private static let invoice = [
        ActionOutput("invoiceId", "id", "The id of the invoice."),
        ActionOutput("status", "status", "Its status: draft, open, paid, void or uncollectible."),
        ActionOutput("number", "number", "Its number, once it is finalised."),
        ActionOutput("url", "hosted_invoice_url", "The page on which it is paid, once it is finalised."),
    ]
    /// People who look at the object in Stripe's dashboard see which run made it.
    private static let run = ActionMember("metadata", .object([ActionMember("integration_host_run", .key)]))

    private static func action(
        _ name: String, _ title: String, _ path: String, _ form: [ActionMember],
        _ configure: (inout ActionSpec) -> Void
    ) -> ActionSpec {
        ActionSpec(name, title, .post(path, .form(form))) { action in
            action.scopes = ["read_write"]
            action.idempotency = ActionIdempotency(.header("Idempotency-Key"), window: .seconds(86_400)) {
                $0.mismatchCodes = ["idempotency_error"]
            }
            // A request with the same key is under way, or another one holds the object.
            action.uncertainStatuses.append(409...409)
            configure(&action)
        }
    }
}
