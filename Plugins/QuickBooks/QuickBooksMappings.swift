// The mapping tables of QuickBooks. Amounts are in major units and are copied with all their digits; dates are calendar dates;
// moments carry the company's offset. No object has a status field: it follows from amounts and dates.

import ProviderSDK

enum QuickBooksMappings {
    static let invoice = FieldMapping(
        "invoice", sourceID: ["Id"],
        [
            Field("number", from: "DocNumber", as: .text),
            Field("amount", from: "TotalAmt", as: .decimal, isRequired: true),
            Field("balance", from: "Balance", as: .decimal),
            Field("tax", from: "TxnTaxDetail.TotalTax", as: .decimal),
            // Absent where a company has one currency only.
            Field("currency", from: "CurrencyRef.value", as: .uppercased),
            Field("status", as: .when(invoiceStatuses, other: .text("unknown"))),
            // "Deleted" among changes, else nothing.
            Field("sourceStatus", from: "status", as: .text),
            Field("date", from: "TxnDate", as: .iso8601),
            Field("dueDate", from: "DueDate", as: .iso8601),
            Field("customerId", from: "CustomerRef.value", as: .text),
            Field("customerName", from: "CustomerRef.name", as: .text),
            Field("email", from: "BillEmail.Address", as: .text),
            Field("memo", from: "CustomerMemo.value", as: .text),
            Field("privateNote", from: "PrivateNote", as: .text),
            Field("exchangeRate", from: "ExchangeRate"),
            Field("linkedTransactions", from: "LinkedTxn", as: .table(links, where: nil)),
            // What an update has to name.
            Field("syncToken", from: "SyncToken", as: .text),
            Field("lines", from: "Line", as: .table(invoiceLines, where: isOwnLine)),
            Field("createdAt", from: "MetaData.CreateTime", as: .iso8601),
            Field("updatedAt", from: "MetaData.LastUpdatedTime", as: .iso8601),
        ])

    private static let invoiceStatuses: [Transform.Rule] = [
        .init(.equals("status", "Deleted"), .text("deleted")),
        .init(
            .all([.equals("TotalAmt", 0), .equals("Balance", 0), .hasPrefix("PrivateNote", "Voided")]), .text("void")),
        .init(.equals("Balance", 0), .text("paid")),
        .init(.all([.isPositive("Balance"), .isBeforeToday("DueDate")]), .text("overdue")),
        .init(.all([.isPositive("Balance"), .lessThan("Balance", "TotalAmt")]), .text("partially_paid")),
        .init(.isPositive("Balance"), .text("open")),
    ]

    /// Payments, credits, estimates and the like that belong to a transaction.
    private static let links = [Field("id", from: "TxnId", as: .text), Field("type", from: "TxnType", as: .text)]

    /// A subtotal repeats the lines above it.
    private static let isOwnLine = Condition.not(.equals("DetailType", "SubTotalLineDetail"))

    private static let invoiceLines = [
        Field("id", from: "Id", as: .text), Field("kind", from: "DetailType", as: .text),
        Field("description", from: "Description", as: .text),
        Field("amount", from: "Amount", as: .decimal),
        Field("itemId", from: "SalesItemLineDetail.ItemRef.value", as: .text),
        Field("itemName", from: "SalesItemLineDetail.ItemRef.name", as: .text),
        Field("quantity", from: "SalesItemLineDetail.Qty", as: .decimal),
        Field("unitPrice", from: "SalesItemLineDetail.UnitPrice", as: .decimal),
    ]

    static let expense = FieldMapping(
        "expense", sourceID: ["Id"],
        [
            Field("number", from: "DocNumber", as: .text),
            // A credit on a card is money that came back.
            Field("amount", from: "TotalAmt", as: .negated(if: .equals("Credit", true)), isRequired: true),
            Field("currency", from: "CurrencyRef.value", as: .uppercased),
            // A purchase is money already spent.
            Field("status", as: .when([.init(.equals("status", "Deleted"), .text("deleted"))], other: .text("paid"))),
            Field("sourceStatus", from: "status", as: .text),
            Field("paymentMethod", from: "PaymentType", as: .oneOf(paymentMethods, other: "unknown")),
            Field("sourcePaymentMethod", from: "PaymentType", as: .text),
            Field("date", from: "TxnDate", as: .iso8601),
            Field("vendorId", as: .when([.init(isByVendor, .source("EntityRef.value", .text))], other: .null)),
            Field("vendorName", as: .when([.init(isByVendor, .source("EntityRef.name", .text))], other: .null)),
            Field("account", from: "AccountRef.name", as: .text),
            Field("accountId", from: "AccountRef.value", as: .text),
            Field(
                "category",
                from: [
                    "Line.0.AccountBasedExpenseLineDetail.AccountRef.name",
                    "Line.0.ItemBasedExpenseLineDetail.ItemRef.name",
                ], as: .text),
            Field("memo", from: "PrivateNote", as: .text),
            Field("privateNote", from: "PrivateNote", as: .text),
            Field("exchangeRate", from: "ExchangeRate"),
            Field("linkedTransactions", from: "LinkedTxn", as: .table(links, where: nil)),
            Field("syncToken", from: "SyncToken", as: .text),
            Field("lines", from: "Line", as: .table(expenseLines, where: isOwnLine)),
            Field("createdAt", from: "MetaData.CreateTime", as: .iso8601),
            Field("updatedAt", from: "MetaData.LastUpdatedTime", as: .iso8601),
        ])

    /// Money can be paid to customers and employees too.
    private static let isByVendor = Condition.equals("EntityRef.type", "Vendor")

    private static let paymentMethods = ["Cash": "cash", "Check": "check", "CreditCard": "credit_card"]

    private static let expenseLines = [
        Field("id", from: "Id", as: .text), Field("kind", from: "DetailType", as: .text),
        Field("description", from: "Description", as: .text),
        Field("amount", from: "Amount", as: .decimal),
        Field(
            "category",
            from: ["AccountBasedExpenseLineDetail.AccountRef.name", "ItemBasedExpenseLineDetail.ItemRef.name"],
            as: .text),
    ]

    static let customer = FieldMapping(
        "customer", sourceID: ["Id"],
        person + [
            // A job or another customer under one that pays for it.
            Field("isSubCustomer", from: "Job", as: .boolean),
            Field("parentId", from: "ParentRef.value", as: .text),
        ] + times)

    static let vendor = FieldMapping(
        "vendor", sourceID: ["Id"],
        person + [
            Field("accountNumber", from: "AcctNum", as: .text),
            Field("is1099", from: "Vendor1099", as: .boolean),
        ] + times)

    private static let person = [
        Field("name", from: "DisplayName", as: .text),
        Field("companyName", from: "CompanyName", as: .text),
        Field("firstName", from: "GivenName", as: .text),
        Field("lastName", from: "FamilyName", as: .text),
        // One field may hold several addresses.
        Field("email", from: "PrimaryEmailAddr.Address", as: .firstPart(separator: ",")),
        Field("emails", from: "PrimaryEmailAddr.Address", as: .parts(separator: ",")),
        Field("phone", from: "PrimaryPhone.FreeFormNumber", as: .text),
        Field("mobile", from: "Mobile.FreeFormNumber", as: .text),
        Field("website", from: "WebAddr.URI", as: .text),
        Field("address", from: "BillAddr", as: .object(address)),
        Field("balance", from: "Balance", as: .decimal),
        Field("currency", from: "CurrencyRef.value", as: .uppercased),
        Field("status", as: .when(activity, other: .text("unknown"))),
        Field("sourceStatus", from: "status", as: .text),
        Field("syncToken", from: "SyncToken", as: .text),
    ]

    private static let activity: [Transform.Rule] = [
        .init(.equals("status", "Deleted"), .text("deleted")), .init(.equals("Active", true), .text("active")),
        .init(.equals("Active", false), .text("inactive")),
    ]

    private static let address = [
        Field("line1", from: "Line1", as: .text), Field("line2", from: "Line2", as: .text),
        Field("city", from: "City", as: .text),
        Field("region", from: "CountrySubDivisionCode", as: .text), Field("postalCode", from: "PostalCode", as: .text),
        Field("country", from: "Country", as: .text),
    ]

    private static let times = [
        Field("createdAt", from: "MetaData.CreateTime", as: .iso8601),
        Field("updatedAt", from: "MetaData.LastUpdatedTime", as: .iso8601),
    ]
}
