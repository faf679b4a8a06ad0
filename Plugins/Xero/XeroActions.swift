// What applications can do in a Xero organisation, as data. Xero keeps a key and its answer for some minutes.

import ProviderSDK

enum XeroActions {
    static let all: [ActionSpec] = [
        action(
            "createContact", "Create a contact", "Contacts", scope: "accounting.contacts",
            .object([
                .input("name", as: "Name"), .input("firstName", as: "FirstName"), .input("lastName", as: "LastName"),
                .input("email", as: "EmailAddress"),
            ])
        ) { action in
            action.description = "Adds a contact to the organisation."
            action.inputs = [
                .required(
                    "name", .text(bytesMax: 255), "The name, which no other contact has.", example: "Ada Example"),
                .optional("firstName", .text(bytesMax: 255), "The first name of the person."),
                .optional("lastName", .text(bytesMax: 255), "The last name of the person."),
                .optional("email", .text(bytesMax: 255), "The e-mail address.", example: "ada@example.com"),
            ]
            action.outputs = [
                ActionOutput("contactId", "Contacts.0.ContactID", "The id of the contact."),
                ActionOutput("status", "Contacts.0.ContactStatus", "Its status."),
            ]
        },
        action(
            "createInvoice", "Create an invoice", "Invoices", scope: "accounting.invoices",
            .object([
                ActionMember("Type", .constant("ACCREC")),
                ActionMember("Contact", .object([.input("contactId", as: "ContactID")])),
                ActionMember(
                    "LineItems",
                    .each(
                        "lines",
                        .object([
                            .input("description", as: "Description"), .input("quantity", as: "Quantity"),
                            ActionMember("UnitAmount", .amount("amount")), .input("accountCode", as: "AccountCode"),
                        ]))),
                .input("date", as: "Date"), .input("dueDate", as: "DueDate"), .input("currency", as: "CurrencyCode"),
                .input("reference", as: "Reference"), .input("status", as: "Status"),
            ])
        ) { action in
            action.description = "Creates an invoice to a contact, as a draft or ready to be paid."
            action.inputs = [
                .required(
                    "contactId", .text(bytesMax: 64), "The id of the contact.",
                    example: "5cc8cf28-567e-4d43-b287-687cfcaec47c"),
                .required(
                    "lines",
                    .list(
                        [
                            .required(
                                "description", .text(bytesMax: 4000, hasLines: true), "What it is for.",
                                example: "Consulting"),
                            .required("amount", .money(currency: nil), "The price of one.", example: "19.99"),
                            .optional("quantity", .integer(1...1_000_000), "How many; one when absent."),
                            .optional("accountCode", .text(bytesMax: 10), "The code of the account.", example: "200"),
                        ], countMax: 100), "The lines."),
                .required("dueDate", .date, "The day on which it is due."),
                .optional("date", .date, "The day of the invoice; today when absent."),
                .optional(
                    "currency", .text(bytesMax: 3), "The currency; that of the organisation when absent.",
                    example: "NZD"),
                .optional("reference", .text(bytesMax: 255), "A reference of your own."),
                .optional("status", .choice(["DRAFT", "SUBMITTED", "AUTHORISED"]), "Its status; DRAFT when absent."),
            ]
            action.outputs = [
                ActionOutput("invoiceId", "Invoices.0.InvoiceID", "The id of the invoice."),
                ActionOutput("number", "Invoices.0.InvoiceNumber", "Its number."),
                ActionOutput("status", "Invoices.0.Status", "Its status."),
                ActionOutput("total", "Invoices.0.Total", "Its total."),
            ]
        },
        action(
            "createPayment", "Record a payment", "Payments", scope: "accounting.payments",
            .object([
                ActionMember("Invoice", .object([.input("invoiceId", as: "InvoiceID")])),
                ActionMember("Account", .object([.input("accountCode", as: "Code")])),
                ActionMember("Amount", .amount("amount")), .input("date", as: "Date"),
                .input("reference", as: "Reference"),
            ])
        ) { action in
            action.description = "Records that an invoice was paid."
            action.inputs = [
                .required(
                    "invoiceId", .text(bytesMax: 64), "The id of the invoice.",
                    example: "243216c5-369e-4056-ac67-05388f86dc81"),
                .required("accountCode", .text(bytesMax: 10), "The code of the bank account.", example: "090"),
                .required("amount", .money(currency: nil), "The amount.", example: "19.99"),
                .required("date", .date, "The day of the payment."),
                .optional("reference", .text(bytesMax: 255), "A reference of your own."),
            ]
            action.outputs = [
                ActionOutput("paymentId", "Payments.0.PaymentID", "The id of the payment."),
                ActionOutput("status", "Payments.0.Status", "Its status."),
            ]
        },
    ]

    private static func action(
        _ name: String, _ title: String, _ resource: String, scope: String, _ object: ActionValue,
        _ configure: (inout ActionSpec) -> Void
    ) -> ActionSpec {
        let request = ActionRequest(.put, "/api.xro/2.0/\(resource)") { request in
            request.headers = [NamedValue("xero-tenant-id", "{accountId}")]
            request.body = .json([ActionMember(resource, .list([object]))])
        }
        return ActionSpec(name, title, request) { action in
            action.scopes = [scope]
            action.idempotency = ActionIdempotency(.header("Idempotency-Key"), window: .seconds(360))
            configure(&action)
        }
    }
}
