// The mapping tables of Xero. Amounts are in major units and are copied with all their digits. Dates are .NET dates in UTC; those
// of documents are at midnight. A missing text is often an empty one.

import ProviderSDK

enum XeroMappings {
    static let invoice = FieldMapping(
        "invoice", sourceID: ["InvoiceID"],
        [
            // Numbers of bills repeat.
            Field("number", from: "InvoiceNumber", as: .text),
            Field(
                "direction", from: "Type", as: .oneOf(["ACCREC": "receivable", "ACCPAY": "payable"], other: "unknown")),
            Field("sourceType", from: "Type", as: .text),
            Field("amount", from: "Total", as: .decimal, isRequired: true),
            Field("balance", from: "AmountDue", as: .decimal),
            Field("amountPaid", from: "AmountPaid", as: .decimal),
            Field("amountCredited", from: "AmountCredited", as: .decimal),
            Field("subtotal", from: "SubTotal", as: .decimal),
            Field("tax", from: "TotalTax", as: .decimal),
            Field("currency", from: "CurrencyCode", as: .uppercased),
            Field(
                "status",
                as: .when(openInvoiceStatuses, other: .source("Status", .oneOf(invoiceStatuses, other: "unknown")))),
            Field("sourceStatus", from: "Status", as: .text),
            Field("date", from: "Date", as: .dotNetDate),
            Field("dueDate", from: "DueDate", as: .dotNetDate),
            Field("customerId", as: .when([.init(isBill, .null)], other: .source("Contact.ContactID", .text))),
            Field("customerName", as: .when([.init(isBill, .null)], other: .source("Contact.Name", .text))),
            Field("vendorId", as: .when([.init(isBill, .source("Contact.ContactID", .text))], other: .null)),
            Field("vendorName", as: .when([.init(isBill, .source("Contact.Name", .text))], other: .null)),
            Field("reference", from: "Reference", as: .text),
            Field("lines", from: "LineItems", as: .table(lines, where: nil)),
            Field("paidAt", from: "FullyPaidOnDate", as: .dotNetDate),
            Field("updatedAt", from: "UpdatedDateUTC", as: .dotNetDate),
        ])

    private static let isBill = Condition.equals("Type", "ACCPAY")

    /// What an approved invoice is depends on what is still owed and since when.
    private static let openInvoiceStatuses: [Transform.Rule] = [
        .init(
            .all([.equals("Status", "AUTHORISED"), .isPositive("AmountDue"), .isBeforeToday("DueDate")]),
            .text("overdue")),
        .init(
            .all([.equals("Status", "AUTHORISED"), .isPositive("AmountDue"), .lessThan("AmountDue", "Total")]),
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
                as: .when(
                    [
                        .init(.hasPrefix("Type", "RECEIVE"), .text("in")),
                        .init(.hasPrefix("Type", "SPEND"), .text("out")),
                    ],
                    other: .text("unknown"))),
            Field("kind", from: "Type", as: .oneOf(bankTransactionKinds, other: "unknown")),
            Field("sourceType", from: "Type", as: .text),
            // Never negative: the direction is the sign.
            Field("amount", from: "Total", as: .decimal, isRequired: true),
            Field("currency", from: "CurrencyCode", as: .uppercased),
            Field("status", from: "Status", as: .oneOf(bankTransactionStatuses, other: "unknown")),
            Field("sourceStatus", from: "Status", as: .text),
            Field("reconciled", from: "IsReconciled", as: .boolean),
            Field("date", from: "Date", as: .dotNetDate),
            Field("accountId", from: "BankAccount.AccountID", as: .text),
            Field("accountCode", from: "BankAccount.Code", as: .text),
            Field("accountName", from: "BankAccount.Name", as: .text),
            Field("contactId", from: "Contact.ContactID", as: .text),
            Field("contactName", from: "Contact.Name", as: .text),
            Field("reference", from: "Reference", as: .text),
            Field("category", from: "LineItems.0.AccountCode", as: .text),
            Field("memo", from: "LineItems.0.Description", as: .text),
            Field("lines", from: "LineItems", as: .table(lines, where: nil)),
            Field("updatedAt", from: "UpdatedDateUTC", as: .dotNetDate),
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
            Field("amount", from: "Total", as: .decimal, isRequired: true),
            Field("tax", from: "TotalTax", as: .decimal),
            Field("currency", from: "CurrencyCode", as: .uppercased),
            Field("status", from: "Status", as: .oneOf(bankTransactionStatuses, other: "unknown")),
            Field("sourceStatus", from: "Status", as: .text),
            Field("reconciled", from: "IsReconciled", as: .boolean),
            Field("date", from: "Date", as: .dotNetDate),
            Field("vendorId", from: "Contact.ContactID", as: .text),
            Field("vendorName", from: "Contact.Name", as: .text),
            Field("account", from: "BankAccount.Name", as: .text),
            Field("accountId", from: "BankAccount.AccountID", as: .text),
            Field("reference", from: "Reference", as: .text),
            Field("category", from: "LineItems.0.AccountCode", as: .text),
            Field("memo", from: "LineItems.0.Description", as: .text),
            Field("lines", from: "LineItems", as: .table(lines, where: nil)),
            Field("updatedAt", from: "UpdatedDateUTC", as: .dotNetDate),
        ])

    private static let lines = [
        Field("id", from: "LineItemID", as: .text), Field("description", from: "Description", as: .text),
        Field("quantity", from: "Quantity", as: .decimal), Field("unitAmount", from: "UnitAmount", as: .decimal),
        Field("amount", from: "LineAmount", as: .decimal), Field("tax", from: "TaxAmount", as: .decimal),
        Field("accountCode", from: "AccountCode", as: .text), Field("itemCode", from: "ItemCode", as: .text),
    ]

    static let contact = FieldMapping(
        "contact", sourceID: ["ContactID"],
        [
            Field("name", from: "Name", as: .text),
            Field("firstName", from: "FirstName", as: .text),
            Field("lastName", from: "LastName", as: .text),
            Field("email", from: "EmailAddress", as: .text),
            Field("phone", as: .when(["DEFAULT", "MOBILE", "DDI"].map(phone), other: .null)),
            Field(
                "phones", from: "Phones",
                as: .table(
                    [
                        Field("kind", from: "PhoneType", as: .lowercased),
                        Field("number", from: phoneParts(""), as: .joined(" ")),
                    ],
                    where: .isSet("PhoneNumber"))),
            Field("addresses", from: "Addresses", as: .table(address, where: isAddress)),
            Field("accountNumber", from: "AccountNumber", as: .text),
            // Both are false for a contact that was neither invoiced nor billed.
            Field("isCustomer", from: "IsCustomer", as: .boolean),
            Field("isSupplier", from: "IsSupplier", as: .boolean),
            Field("currency", from: "DefaultCurrency", as: .uppercased),
            Field("receivable", from: "Balances.AccountsReceivable", as: .object(balance)),
            Field("payable", from: "Balances.AccountsPayable", as: .object(balance)),
            Field("status", from: "ContactStatus", as: .oneOf(contactStatuses, other: "unknown")),
            Field("sourceStatus", from: "ContactStatus", as: .text),
            Field("mergedIntoId", from: "MergedToContactID", as: .text),
            Field("updatedAt", from: "UpdatedDateUTC", as: .dotNetDate),
        ])

    private static let contactStatuses = ["ACTIVE": "active", "ARCHIVED": "archived", "GDPRREQUEST": "redacted"]

    /// The phone of a kind, when it has a number: every contact has an entry of each kind, most of them empty.
    private static func phone(_ kind: String) -> Transform.Rule {
        let entry = "Phones[PhoneType=\(kind)]."
        return .init(.isSet(ValuePath(entry + "PhoneNumber")), .sources(phoneParts(entry), .joined(" ")))
    }

    private static func phoneParts(_ entry: String) -> [ValuePath] {
        ["PhoneCountryCode", "PhoneAreaCode", "PhoneNumber"].map { ValuePath(entry + $0) }
    }

    private static let isAddress = Condition.any(
        ["AddressLine1", "City", "Region", "PostalCode", "Country"].map { .isSet(ValuePath($0)) })

    private static let address = [
        Field("kind", from: "AddressType", as: .lowercased), Field("line1", from: "AddressLine1", as: .text),
        Field("line2", from: "AddressLine2", as: .text), Field("line3", from: "AddressLine3", as: .text),
        Field("line4", from: "AddressLine4", as: .text), Field("city", from: "City", as: .text),
        Field("region", from: "Region", as: .text),
        Field("postalCode", from: "PostalCode", as: .text), Field("country", from: "Country", as: .text),
    ]

    private static let balance = [
        Field("outstanding", from: "Outstanding", as: .decimal), Field("overdue", from: "Overdue", as: .decimal),
    ]
}
