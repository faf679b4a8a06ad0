// The mapping tables of Xero. Amounts are in major units and are copied with all their digits; dates are .NET dates in UTC, those
// of documents at midnight; a missing text is often an empty one.

import ProviderSDK

enum XeroMappings {
    static let invoice = FieldMapping(
        "invoice", sourceID: ["InvoiceID"],
        [
            // Numbers of bills repeat.
            Field("number", "InvoiceNumber", .text),
            Field("direction", "Type", .oneOf(["ACCREC": "receivable", "ACCPAY": "payable"], other: "unknown")),
            Field("sourceType", "Type", .text),
            Field("amount", "Total", .decimal, isRequired: true),
            Field("balance", "AmountDue", .decimal),
            Field("amountPaid", "AmountPaid", .decimal),
            Field("amountCredited", "AmountCredited", .decimal),
            Field("subtotal", "SubTotal", .decimal),
            Field("tax", "TotalTax", .decimal),
            Field("currency", "CurrencyCode", .uppercased),
            Field(
                "status",
                .when(openInvoiceStatuses, other: .source("Status", .oneOf(invoiceStatuses, other: "unknown")))),
            Field("sourceStatus", "Status", .text),
            Field("date", "Date", .dotNetDate),
            Field("dueDate", "DueDate", .dotNetDate),
            Field("customerId", .when([.init(isBill, .null)], other: .source("Contact.ContactID", .text))),
            Field("customerName", .when([.init(isBill, .null)], other: .source("Contact.Name", .text))),
            Field("vendorId", .when([.init(isBill, .source("Contact.ContactID", .text))], other: .null)),
            Field("vendorName", .when([.init(isBill, .source("Contact.Name", .text))], other: .null)),
            Field("reference", "Reference", .text),
            Field("lines", "LineItems", .table(lines, where: nil)),
            Field("paidAt", "FullyPaidOnDate", .dotNetDate),
            Field("updatedAt", "UpdatedDateUTC", .dotNetDate),
        ])

    private static let isBill = Condition.equals("Type", "ACCPAY")

    /// What an approved invoice is depends on what is still owed and since when.
    private static let openInvoiceStatuses: [Transform.Rule] = [
        .init(
            .all([.equals("Status", "AUTHORISED"), .isPositive("AmountDue"), .isBeforeToday("DueDate")]),
            .text("overdue")),
        .init(
            .all([.equals("Status", "AUTHORISED"), .isPositive("AmountDue"), .isLess("AmountDue", than: "Total")]),
            .text("partially_paid")),
    ]

    private static let invoiceStatuses = [
        "DRAFT": "draft", "SUBMITTED": "pending_approval", "AUTHORISED": "open", "PAID": "paid", "VOIDED": "void",
        "DELETED": "deleted",
    ]

    static let bankTransaction = FieldMapping(
        "bank_transaction", sourceID: ["BankTransactionID"],
        [
            Field(
                "direction",
                .when(
                    [
                        .init(.hasPrefix("Type", "RECEIVE"), .text("in")),
                        .init(.hasPrefix("Type", "SPEND"), .text("out")),
                    ],
                    other: .text("unknown"))),
            Field("kind", "Type", .oneOf(bankTransactionKinds, other: "unknown")),
            Field("sourceType", "Type", .text),
            // Never negative: the direction is the sign.
            Field("amount", "Total", .decimal, isRequired: true),
            Field("currency", "CurrencyCode", .uppercased),
            Field("status", "Status", .oneOf(bankTransactionStatuses, other: "unknown")),
            Field("sourceStatus", "Status", .text),
            Field("reconciled", "IsReconciled", .boolean),
            Field("date", "Date", .dotNetDate),
            Field("accountId", "BankAccount.AccountID", .text),
            Field("accountCode", "BankAccount.Code", .text),
            Field("accountName", "BankAccount.Name", .text),
            Field("contactId", "Contact.ContactID", .text),
            Field("contactName", "Contact.Name", .text),
            Field("reference", "Reference", .text),
            Field("category", "LineItems.0.AccountCode", .text),
            Field("memo", "LineItems.0.Description", .text),
            Field("lines", "LineItems", .table(lines, where: nil)),
            Field("updatedAt", "UpdatedDateUTC", .dotNetDate),
        ])

    private static let bankTransactionKinds = [
        "SPEND": "standard", "RECEIVE": "standard", "SPEND-OVERPAYMENT": "overpayment",
        "RECEIVE-OVERPAYMENT": "overpayment", "SPEND-PREPAYMENT": "prepayment", "RECEIVE-PREPAYMENT": "prepayment",
        "SPEND-TRANSFER": "transfer", "RECEIVE-TRANSFER": "transfer",
    ]

    private static let bankTransactionStatuses = ["AUTHORISED": "completed", "DELETED": "deleted", "VOIDED": "void"]

    static let expense = FieldMapping(
        "expense", sourceID: ["BankTransactionID"],
        [
            Field("amount", "Total", .decimal, isRequired: true),
            Field("tax", "TotalTax", .decimal),
            Field("currency", "CurrencyCode", .uppercased),
            Field("status", "Status", .oneOf(bankTransactionStatuses, other: "unknown")),
            Field("sourceStatus", "Status", .text),
            Field("reconciled", "IsReconciled", .boolean),
            Field("date", "Date", .dotNetDate),
            Field("vendorId", "Contact.ContactID", .text),
            Field("vendorName", "Contact.Name", .text),
            Field("account", "BankAccount.Name", .text),
            Field("accountId", "BankAccount.AccountID", .text),
            Field("reference", "Reference", .text),
            Field("category", "LineItems.0.AccountCode", .text),
            Field("memo", "LineItems.0.Description", .text),
            Field("lines", "LineItems", .table(lines, where: nil)),
            Field("updatedAt", "UpdatedDateUTC", .dotNetDate),
        ])

    private static let lines = [
        Field("id", "LineItemID", .text), Field("description", "Description", .text),
        Field("quantity", "Quantity", .decimal), Field("unitAmount", "UnitAmount", .decimal),
        Field("amount", "LineAmount", .decimal), Field("tax", "TaxAmount", .decimal),
        Field("accountCode", "AccountCode", .text), Field("itemCode", "ItemCode", .text),
    ]

    static let contact = FieldMapping(
        "contact", sourceID: ["ContactID"],
        [
            Field("name", "Name", .text),
            Field("firstName", "FirstName", .text),
            Field("lastName", "LastName", .text),
            Field("email", "EmailAddress", .text),
            Field("phone", .when(["DEFAULT", "MOBILE", "DDI"].map(phone), other: .null)),
            Field(
                "phones", "Phones",
                .table(
                    [Field("kind", "PhoneType", .lowercased), Field("number", phoneParts(""), .joined(" "))],
                    where: .isSet("PhoneNumber"))),
            Field("addresses", "Addresses", .table(address, where: isAddress)),
            Field("accountNumber", "AccountNumber", .text),
            // Both are false for a contact that was neither invoiced nor billed.
            Field("isCustomer", "IsCustomer", .boolean),
            Field("isSupplier", "IsSupplier", .boolean),
            Field("currency", "DefaultCurrency", .uppercased),
            Field("receivable", "Balances.AccountsReceivable", .object(balance)),
            Field("payable", "Balances.AccountsPayable", .object(balance)),
            Field("status", "ContactStatus", .oneOf(contactStatuses, other: "unknown")),
            Field("sourceStatus", "ContactStatus", .text),
            Field("mergedIntoId", "MergedToContactID", .text),
            Field("updatedAt", "UpdatedDateUTC", .dotNetDate),
        ])

    private static let contactStatuses = ["ACTIVE": "active", "ARCHIVED": "archived", "GDPRREQUEST": "redacted"]

    /// The phone of a kind, when it has a number: every contact has an entry of each kind, most of them empty.
    private static func phone(_ kind: String) -> Transform.Rule {
        let entry = "Phones[PhoneType=\(kind)]."
        return .init(.isSet(JSONPath(entry + "PhoneNumber")), .sources(phoneParts(entry), .joined(" ")))
    }

    private static func phoneParts(_ entry: String) -> [JSONPath] {
        ["PhoneCountryCode", "PhoneAreaCode", "PhoneNumber"].map { JSONPath(entry + $0) }
    }

    private static let isAddress = Condition.any(
        ["AddressLine1", "City", "Region", "PostalCode", "Country"].map { .isSet(JSONPath($0)) })

    private static let address = [
        Field("kind", "AddressType", .lowercased), Field("line1", "AddressLine1", .text),
        Field("line2", "AddressLine2", .text), Field("line3", "AddressLine3", .text),
        Field("line4", "AddressLine4", .text), Field("city", "City", .text), Field("region", "Region", .text),
        Field("postalCode", "PostalCode", .text), Field("country", "Country", .text),
    ]

    private static let balance = [Field("outstanding", "Outstanding", .decimal), Field("overdue", "Overdue", .decimal)]
}
