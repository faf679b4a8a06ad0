// The mapping tables of QuickBooks. Amounts are in major units and are copied with all their digits; dates are calendar dates;
// moments carry the company's offset. No object has a status of its own: it follows from amounts and dates.

import ProviderSDK

enum QuickBooksMappings {
    static let invoice = FieldMapping(
        "invoice", sourceID: ["Id"],
        [
            Field("number", "DocNumber", .text),
            Field("amount", "TotalAmt", .decimal, isRequired: true),
            Field("balance", "Balance", .decimal),
            Field("tax", "TxnTaxDetail.TotalTax", .decimal),
            // Absent where a company has one currency only.
            Field("currency", "CurrencyRef.value", .uppercased),
            Field("status", .when(invoiceStatuses, other: .text("unknown"))),
            // "Deleted" among changes, else nothing.
            Field("sourceStatus", "status", .text),
            Field("date", "TxnDate", .iso8601),
            Field("dueDate", "DueDate", .iso8601),
            Field("customerId", "CustomerRef.value", .text),
            Field("customerName", "CustomerRef.name", .text),
            Field("email", "BillEmail.Address", .text),
            Field("memo", "CustomerMemo.value", .text),
            Field("lines", "Line", .table(invoiceLines, where: isOwnLine)),
            Field("createdAt", "MetaData.CreateTime", .iso8601),
            Field("updatedAt", "MetaData.LastUpdatedTime", .iso8601),
        ])

    private static let invoiceStatuses: [Transform.Rule] = [
        .init(.equals("status", "Deleted"), .text("deleted")),
        .init(
            .all([.equals("TotalAmt", 0), .equals("Balance", 0), .hasPrefix("PrivateNote", "Voided")]), .text("void")),
        .init(.equals("Balance", 0), .text("paid")),
        .init(.all([.isPositive("Balance"), .isBeforeToday("DueDate")]), .text("overdue")),
        .init(.all([.isPositive("Balance"), .isLess("Balance", than: "TotalAmt")]), .text("partially_paid")),
        .init(.isPositive("Balance"), .text("open")),
    ]

    /// A subtotal repeats the lines above it.
    private static let isOwnLine = Condition.not(.equals("DetailType", "SubTotalLineDetail"))

    private static let invoiceLines = [
        Field("id", "Id", .text), Field("kind", "DetailType", .text), Field("description", "Description", .text),
        Field("amount", "Amount", .decimal), Field("itemId", "SalesItemLineDetail.ItemRef.value", .text),
        Field("itemName", "SalesItemLineDetail.ItemRef.name", .text),
        Field("quantity", "SalesItemLineDetail.Qty", .decimal),
        Field("unitPrice", "SalesItemLineDetail.UnitPrice", .decimal),
    ]

    static let expense = FieldMapping(
        "expense", sourceID: ["Id"],
        [
            Field("number", "DocNumber", .text),
            // A credit on a card is money that came back.
            Field("amount", "TotalAmt", .negated(if: .equals("Credit", true)), isRequired: true),
            Field("currency", "CurrencyRef.value", .uppercased),
            // A purchase is money already spent.
            Field("status", .when([.init(.equals("status", "Deleted"), .text("deleted"))], other: .text("paid"))),
            Field("sourceStatus", "status", .text),
            Field("paymentMethod", "PaymentType", .oneOf(paymentMethods, other: "unknown")),
            Field("sourcePaymentMethod", "PaymentType", .text),
            Field("date", "TxnDate", .iso8601),
            Field("vendorId", .when([.init(isByVendor, .source("EntityRef.value", .text))], other: .null)),
            Field("vendorName", .when([.init(isByVendor, .source("EntityRef.name", .text))], other: .null)),
            Field("account", "AccountRef.name", .text),
            Field("accountId", "AccountRef.value", .text),
            Field(
                "category",
                [
                    "Line.0.AccountBasedExpenseLineDetail.AccountRef.name",
                    "Line.0.ItemBasedExpenseLineDetail.ItemRef.name",
                ], .text),
            Field("memo", "PrivateNote", .text),
            Field("lines", "Line", .table(expenseLines, where: isOwnLine)),
            Field("createdAt", "MetaData.CreateTime", .iso8601),
            Field("updatedAt", "MetaData.LastUpdatedTime", .iso8601),
        ])

    /// Money can be paid to customers and employees too.
    private static let isByVendor = Condition.equals("EntityRef.type", "Vendor")

    private static let paymentMethods = ["Cash": "cash", "Check": "check", "CreditCard": "credit_card"]

    private static let expenseLines = [
        Field("id", "Id", .text), Field("kind", "DetailType", .text), Field("description", "Description", .text),
        Field("amount", "Amount", .decimal),
        Field(
            "category",
            ["AccountBasedExpenseLineDetail.AccountRef.name", "ItemBasedExpenseLineDetail.ItemRef.name"], .text),
    ]

    static let customer = FieldMapping(
        "customer", sourceID: ["Id"],
        person + [
            // A job or another customer under one that pays for it.
            Field("isSubCustomer", "Job", .boolean),
            Field("parentId", "ParentRef.value", .text),
        ] + times)

    static let vendor = FieldMapping(
        "vendor", sourceID: ["Id"],
        person + [
            Field("accountNumber", "AcctNum", .text),
            Field("is1099", "Vendor1099", .boolean),
        ] + times)

    private static let person = [
        Field("name", "DisplayName", .text),
        Field("companyName", "CompanyName", .text),
        Field("firstName", "GivenName", .text),
        Field("lastName", "FamilyName", .text),
        // One field may hold several addresses.
        Field("email", "PrimaryEmailAddr.Address", .firstPart(separator: ",")),
        Field("emails", "PrimaryEmailAddr.Address", .parts(separator: ",")),
        Field("phone", "PrimaryPhone.FreeFormNumber", .text),
        Field("website", "WebAddr.URI", .text),
        Field("address", "BillAddr", .object(address)),
        Field("balance", "Balance", .decimal),
        Field("currency", "CurrencyRef.value", .uppercased),
        Field("status", .when(activity, other: .text("unknown"))),
        Field("sourceStatus", "status", .text),
    ]

    private static let activity: [Transform.Rule] = [
        .init(.equals("status", "Deleted"), .text("deleted")), .init(.equals("Active", true), .text("active")),
        .init(.equals("Active", false), .text("inactive")),
    ]

    private static let address = [
        Field("line1", "Line1", .text), Field("line2", "Line2", .text), Field("city", "City", .text),
        Field("region", "CountrySubDivisionCode", .text), Field("postalCode", "PostalCode", .text),
        Field("country", "Country", .text),
    ]

    private static let times = [
        Field("createdAt", "MetaData.CreateTime", .iso8601), Field("updatedAt", "MetaData.LastUpdatedTime", .iso8601),
    ]
}
