// What applications can do in a QuickBooks company, as data. Intuit answers a known requestid with the first answer. It names no time for
// which one is known; the window here is a day.

import ProviderSDK

enum QuickBooksActions {
    static let all: [ActionSpec] = [
        action(
            "createCustomer", "Create a customer", "customer",
            [
                .input("displayName", as: "DisplayName"), .input("companyName", as: "CompanyName"),
                ActionMember("PrimaryEmailAddr", .object([.input("email", as: "Address")])),
                ActionMember("PrimaryPhone", .object([.input("phone", as: "FreeFormNumber")])),
            ]
        ) { action in
            action.description = "Adds a customer to the company."
            action.inputs = [
                .required(
                    "displayName", .text(bytesMax: 500), "The name, which no other customer has.",
                    example: "Ada Example"),
                .optional("companyName", .text(bytesMax: 100), "The name of the customer's company."),
                .optional("email", .text(bytesMax: 100), "The e-mail address.", example: "ada@example.com"),
                .optional("phone", .text(bytesMax: 30), "The phone number."),
            ]
            action.outputs = [
                ActionOutput("customerId", "Customer.Id", "The id of the customer."),
                ActionOutput("syncToken", "Customer.SyncToken", "The version of the customer."),
            ]
        },
        action(
            "createInvoice", "Create an invoice", "invoice",
            [
                reference("customerId", as: "CustomerRef"), .input("date", as: "TxnDate"),
                .input("dueDate", as: "DueDate"), ActionMember("BillEmail", .object([.input("email", as: "Address")])),
                ActionMember(
                    "Line",
                    .each(
                        "lines",
                        .object([
                            ActionMember("DetailType", .constant("SalesItemLineDetail")),
                            ActionMember("Amount", .amount("amount")), .input("description", as: "Description"),
                            ActionMember("SalesItemLineDetail", .object([reference("itemId", as: "ItemRef")])),
                        ]))),
            ]
        ) { action in
            action.description = "Creates an invoice to a customer."
            action.inputs = [
                customer,
                .required(
                    "lines",
                    .list(
                        [
                            .required("amount", .money(currency: nil), "The amount of the line.", example: "19.99"),
                            .required("itemId", .text(bytesMax: 32), "The id of the product or service.", example: "1"),
                            .optional("description", .text(bytesMax: 4000, hasLines: true), "What it is for."),
                        ], countMax: 100), "The lines."),
                .optional("date", .date, "The day of the invoice; today when absent."),
                .optional("dueDate", .date, "The day on which it is due."),
                .optional("email", .text(bytesMax: 100), "The e-mail address to which it is sent later."),
            ]
            action.outputs = invoice
        },
        action("sendInvoice", "Send an invoice", "invoice/{input.invoiceId}/send", nil) { action in
            action.description = "Sends an invoice by e-mail."
            action.inputs = [
                .required("invoiceId", .text(bytesMax: 32), "The id of the invoice.", example: "145"),
                .optional("email", .text(bytesMax: 100), "The address; that of the invoice when absent."),
            ]
            action.request.query.append(.input("email", as: "sendTo"))
            action.request.headers = [NamedValue("Content-Type", "application/octet-stream")]
            action.outputs = invoice
        },
        action(
            "recordPayment", "Record a payment", "payment",
            [
                reference("customerId", as: "CustomerRef"), ActionMember("TotalAmt", .amount("amount")),
                .input("date", as: "TxnDate"),
                ActionMember(
                    "Line",
                    .with(
                        "invoiceId",
                        .list([
                            .object([
                                ActionMember("Amount", .amount("amount")),
                                ActionMember(
                                    "LinkedTxn",
                                    .list([
                                        .object([
                                            .input("invoiceId", as: "TxnId"),
                                            ActionMember("TxnType", .constant("Invoice")),
                                        ])
                                    ])),
                            ])
                        ]))),
            ]
        ) { action in
            action.description = "Records that a customer paid."
            action.inputs = [
                customer, .required("amount", .money(currency: nil), "The amount.", example: "19.99"),
                .optional("invoiceId", .text(bytesMax: 32), "The invoice that is paid."),
                .optional("date", .date, "The day of the payment; today when absent."),
            ]
            action.outputs = [ActionOutput("paymentId", "Payment.Id", "The id of the payment.")]
        },
    ]

    private static let customer = ActionInput.required(
        "customerId", .text(bytesMax: 32), "The id of the customer.", example: "58")
    private static let invoice = [
        ActionOutput("invoiceId", "Invoice.Id", "The id of the invoice."),
        ActionOutput("number", "Invoice.DocNumber", "Its number."),
        ActionOutput("total", "Invoice.TotalAmt", "Its total."),
        ActionOutput("emailStatus", "Invoice.EmailStatus", "Whether it was sent."),
    ]

    private static func reference(_ input: String, as name: String) -> ActionMember {
        ActionMember(name, .object([.input(input, as: "value")]))
    }

    private static func action(
        _ name: String, _ title: String, _ path: String, _ body: [ActionMember]?,
        _ configure: (inout ActionSpec) -> Void
    ) -> ActionSpec {
        let request = ActionRequest.post("/v3/company/{accountId}/\(path)", body.map { .json($0) }) { request in
            request.query = [ActionMember("minorversion", .constant("75"))]
            request.headers = [NamedValue("Accept", "application/json")]
        }
        return ActionSpec(name, title, request) { action in
            action.scopes = ["com.intuit.quickbooks.accounting"]
            action.idempotency = ActionIdempotency(.query("requestid"), window: .seconds(86_400))
            configure(&action)
        }
    }
}
