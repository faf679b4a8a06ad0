// QuickBooks' objects as JSON with slots, at minor version 75, and everything that follows from an object's number.

import ProviderSDK

enum QuickBooksText {
    static func written(_ index: Int, _ context: DataContext, _ object: SandboxObject) -> [UInt8] {
        switch index {
        case QuickBooksObjects.invoices: filled(invoice, context, object, invoiceValues(context, object))
        case QuickBooksObjects.purchases: purchase(context, object)
        case QuickBooksObjects.bills: filled(bill, context, object, billValues(context, object))
        default: named(index, context, object)
        }
    }

    private static func filled(
        _ template: JSONTemplate, _ context: DataContext, _ object: SandboxObject, _ values: [String: JSONValue]
    ) -> [UInt8] {
        let bytes = template.render(common(context, object).merging(values) { $1 })
        guard let value = try? JSONValue.parse(bytes) else { return bytes }
        return withoutNulls(context, value).serialized
    }

    /// The remains of a deleted object, as the change data capture returns them.
    static func deleted(_ object: SandboxObject) -> JSONValue {
        [
            "domain": "QBO", "status": "Deleted", "Id": .string(object.id),
            "MetaData": ["LastUpdatedTime": .string(moment(object.updated / 1000))],
        ]
    }

    /// A moment as the company's clock has it: the Pacific coast, with summer time from April to October.
    static func moment(_ seconds: Int64) -> String {
        let utc = Timestamp(seconds: seconds)?.description ?? ""
        let month = utc.utf8.count > 7 ? Decimal.parse(String(utc.dropFirst(5).prefix(2))) ?? 1 : 1
        let offset: Int64 = 4...10 ~= month ? 7 : 8
        let local = Timestamp(seconds: seconds - offset * 3600)?.description ?? ""
        return local.dropLast() + "-0\(offset):00"
    }

    static func date(_ seconds: Int64) -> String { String((Timestamp(seconds: seconds)?.description ?? "").prefix(10)) }

    static func places(_ currency: String) -> Int { currency == "JPY" ? 0 : 2 }

    static func decimal(_ minorUnits: Int, _ object: SandboxObject) -> JSONValue {
        .decimal(minorUnits, places: places(object.currency))
    }

    private static func common(_ context: DataContext, _ object: SandboxObject) -> [String: JSONValue] {
        [
            "Id": .string(object.id), "SyncToken": .string(String(object.revision)),
            "CreateTime": .string(moment(object.created)), "LastUpdatedTime": .string(moment(object.updated / 1000)),
            "TxnDate": .string(date(object.created)), "DocNumber": .string(String(1001 + object.number)),
            "TotalAmt": decimal(abs(object.amount ?? 0), object),
            "CurrencyRef": ["value": .string(object.currency), "name": .string(name(of: object.currency))],
        ]
    }

    private static func name(of currency: String) -> String {
        ["USD": "United States Dollar", "EUR": "Euro", "GBP": "British Pound Sterling", "JPY": "Japanese Yen"][currency]
            ?? currency
    }

    static func balance(_ object: SandboxObject) -> Int {
        let amount = object.amount ?? 0
        switch object.status {
        case "open": return amount
        case "partial": return max(1, places(object.currency) == 0 ? amount / 3 : amount / 30 * 10)
        default: return 0
        }
    }

    static func dueDate(_ object: SandboxObject) -> Int64 {
        object.created + Int64([15, 30, 60][object.number % 3]) * 86_400
    }

    private static func reference(_ index: Int, _ context: DataContext, _ number: Int?, _ type: String? = nil)
        -> JSONValue?
    {
        guard let number else { return nil }
        let name = displayName(index, context, number)
        var members: [(key: String, value: JSONValue)] = [
            ("value", .string(QuickBooksObjects.id(index, number))), ("name", .string(name)),
        ]
        if let type { members.append(("type", .string(type))) }
        return .object(members)
    }

    static func displayName(_ index: Int, _ context: DataContext, _ number: Int) -> String {
        var random = context.draw(index == QuickBooksObjects.customers ? "qb-customer-name" : "qb-vendor-name", number)
        let (given, family) = People.name(&random)
        return index == QuickBooksObjects.customers
            ? "\(given) \(family) \(number + 1)" : "\(People.company(&random)) \(number + 1)"
    }

    private static func invoiceValues(_ context: DataContext, _ object: SandboxObject) -> [String: JSONValue] {
        var random = context.draw("qb-invoice-text", object.number)
        let amount = object.amount ?? 0
        let tax = random.chance(40) && amount > 100 ? amount / 110 * 10 : 0
        let first = (amount - tax) / 3
        let isVoid = object.status == "void"
        return [
            "Balance": decimal(balance(object), object), "DueDate": .string(date(dueDate(object))),
            "CustomerRef": reference(QuickBooksObjects.customers, context, object.owner) ?? .null,
            "PrivateNote": isVoid ? "Voided" : random.chance(20) ? "Call first" : .null,
            "EmailStatus": .string(random.pick(["NotSet", "NeedToSend", "EmailSent"])),
            "BillEmail": random.chance(60) ? ["Address": .string(People.email(object.owner ?? 0, "customer"))] : .null,
            "TotalTax": decimal(tax, object),
            "Line1": decimal(first, object), "Line2": decimal(amount - tax - first, object),
            "SubTotal": decimal(amount - tax, object),
            "LinkedTxn": .array(
                amount > 0 && object.status == "paid"
                    ? [["TxnId": .string(String(9000 + object.number)), "TxnType": "Payment"]] : []),
        ]
    }

    private static let invoice = JSONTemplate(
        #"""
        {"AllowIPNPayment": false, "AllowOnlinePayment": false, "AllowOnlineCreditCardPayment": false,
         "AllowOnlineACHPayment": false, "domain": "QBO", "sparse": false, "Id": "$Id", "SyncToken": "$SyncToken",
         "MetaData": {"CreateTime": "$CreateTime", "LastUpdatedTime": "$LastUpdatedTime"}, "CustomField": [],
         "DocNumber": "$DocNumber", "TxnDate": "$TxnDate", "CurrencyRef": "$CurrencyRef",
         "PrivateNote": "$PrivateNote", "LinkedTxn": "$LinkedTxn",
         "Line": [
           {"Id": "1", "LineNum": 1, "Description": "Design", "Amount": "$Line1", "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": "4", "name": "Design"}, "UnitPrice": "$Line1", "Qty": 1}},
           {"Id": "2", "LineNum": 2, "Description": "Hours", "Amount": "$Line2", "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": "2", "name": "Hours"}, "UnitPrice": "$Line2", "Qty": 1}},
           {"Amount": "$SubTotal", "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}],
         "TxnTaxDetail": {"TotalTax": "$TotalTax"}, "CustomerRef": "$CustomerRef", "DueDate": "$DueDate",
         "TotalAmt": "$TotalAmt", "ApplyTaxAfterDiscount": false, "PrintStatus": "NeedToPrint",
         "EmailStatus": "$EmailStatus", "BillEmail": "$BillEmail", "Balance": "$Balance"}
        """#)

    private static func purchase(_ context: DataContext, _ object: SandboxObject) -> [UInt8] {
        var random = context.draw("qb-purchase-text", object.number)
        var members: [(key: String, value: JSONValue)] = [
            (
                "AccountRef",
                random.pick([["value": "35", "name": "Checking"], ["value": "42", "name": "Visa"]] as [JSONValue])
            ),
            ("PaymentType", .string(object.kind)),
        ]
        if let vendor = reference(
            QuickBooksObjects.vendors, context, object.owner, random.pick(["Vendor", "Vendor", "Vendor", "Customer"]))
        {
            members.append(("EntityRef", vendor))
        }
        if (object.amount ?? 0) < 0 { members.append(("Credit", true)) }
        let values = common(context, object)
        for name in ["TotalAmt", "DocNumber", "TxnDate", "CurrencyRef", "Id", "SyncToken"] {
            members.append((name, values[name] ?? .null))
        }
        members.append(("PurchaseEx", ["any": []]))
        members += [("domain", "QBO"), ("sparse", false), ("CustomField", [])]
        members.append(
            (
                "MetaData",
                ["CreateTime": values["CreateTime"] ?? .null, "LastUpdatedTime": values["LastUpdatedTime"] ?? .null]
            ))
        let category = random.pick(["Fuel", "Meals & Entertainment", "Office Expenses", "Rent"])
        let detail: (key: String, value: JSONValue) =
            random.chance(75)
            ? (
                "AccountBasedExpenseLineDetail",
                ["AccountRef": ["value": "56", "name": .string(category)], "BillableStatus": "NotBillable"]
            )
            : ("ItemBasedExpenseLineDetail", ["ItemRef": ["value": "11", "name": "Pump"], "Qty": 1])
        members.append(
            (
                "Line",
                .array([
                    .object([
                        ("Id", "1"), ("Description", .string(category)), ("Amount", values["TotalAmt"] ?? .null),
                        ("DetailType", .string(detail.key)), detail,
                    ])
                ])
            ))
        if random.chance(25) { members.append(("PrivateNote", "Receipt in the folder")) }
        return withoutNulls(context, .object(members)).serialized
    }

    private static func billValues(_ context: DataContext, _ object: SandboxObject) -> [String: JSONValue] {
        [
            "Balance": decimal(balance(object), object), "DueDate": .string(date(dueDate(object))),
            "VendorRef": reference(QuickBooksObjects.vendors, context, object.owner) ?? .null,
        ]
    }

    private static let bill = JSONTemplate(
        #"""
        {"DueDate": "$DueDate", "Balance": "$Balance", "domain": "QBO", "sparse": false, "Id": "$Id",
         "SyncToken": "$SyncToken",
         "MetaData": {"CreateTime": "$CreateTime", "LastUpdatedTime": "$LastUpdatedTime"},
         "DocNumber": "$DocNumber", "TxnDate": "$TxnDate", "CurrencyRef": "$CurrencyRef", "LinkedTxn": [],
         "Line": [{"Id": "1", "Amount": "$TotalAmt", "DetailType": "AccountBasedExpenseLineDetail",
           "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "57", "name": "Maintenance and Repair"},
             "BillableStatus": "NotBillable"}}],
         "VendorRef": "$VendorRef", "APAccountRef": {"value": "33", "name": "Accounts Payable (A/P)"},
         "TotalAmt": "$TotalAmt"}
        """#)

    private static func named(_ index: Int, _ context: DataContext, _ object: SandboxObject) -> [UInt8] {
        let isCustomer = index == QuickBooksObjects.customers
        var random = context.draw(isCustomer ? "qb-customer-name" : "qb-vendor-name", object.number)
        let (given, family) = People.name(&random)
        let company = People.company(&random)
        let values = common(context, object)
        let place = random.pick(People.cities)
        var members: [(key: String, value: JSONValue)] = []
        if isCustomer {
            let isSub = object.number > 10 && random.chance(8)
            members += [("Taxable", false), ("Job", .boolean(isSub)), ("BillWithParent", false)]
            if isSub {
                members.append(("ParentRef", ["value": .string(QuickBooksObjects.id(index, object.number / 2))]))
            }
        } else {
            members += [("Vendor1099", .boolean(random.chance(20))), ("AcctNum", .string("V\(1000 + object.number)"))]
        }
        if random.chance(80) {
            members.append(
                (
                    "BillAddr",
                    [
                        "Id": .string(String(2000 + object.number)), "Line1": .string(People.street(&random)),
                        "City": .string(place.city), "CountrySubDivisionCode": .text(place.state),
                        "PostalCode": .string(place.code),
                    ]
                ))
        }
        members.append(("Balance", decimal(object.amount ?? 0, object)))
        if isCustomer { members.append(("BalanceWithJobs", decimal(object.amount ?? 0, object))) }
        members.append(("CurrencyRef", values["CurrencyRef"] ?? .null))
        members += [("domain", "QBO"), ("sparse", false), ("Id", .string(object.id))]
        members.append(("SyncToken", .string(String(object.revision))))
        members.append(
            (
                "MetaData",
                ["CreateTime": values["CreateTime"] ?? .null, "LastUpdatedTime": values["LastUpdatedTime"] ?? .null]
            ))
        members += [("GivenName", .string(given)), ("FamilyName", .string(family)), ("CompanyName", .string(company))]
        members.append(("DisplayName", .string(displayName(index, context, object.number))))
        members.append(("PrintOnCheckName", .string(company)))
        members.append(("Active", .boolean(object.status != "inactive")))
        if random.chance(70) { members.append(("PrimaryPhone", ["FreeFormNumber": .string(People.phone(&random))])) }
        if object.number % 3 == 0 { members.append(("Mobile", ["FreeFormNumber": .string(People.phone(&random))])) }
        if random.chance(80) {
            let mail = People.email(object.number, isCustomer ? "customer" : "vendor")
            let second = random.chance(15) ? ", accounts@example.com" : ""
            members.append(("PrimaryEmailAddr", ["Address": .string(mail + second)]))
        }
        if !isCustomer, random.chance(40) { members.append(("WebAddr", ["URI": "http://vendor.example"])) }
        return withoutNulls(context, .object(members)).serialized
    }

    /// QuickBooks leaves out what has no value, and the currency where a company has one only.
    static func withoutNulls(_ context: DataContext, _ value: JSONValue) -> JSONValue {
        guard let members = value.members else {
            return value.array.map { .array($0.map { withoutNulls(context, $0) }) } ?? value
        }
        let hidesCurrency = QuickBooksObjects.hasOneCurrency(context)
        return .object(
            members.compactMap { key, value in
                if value.isNull || hidesCurrency && key == "CurrencyRef" { return nil }
                return (key, withoutNulls(context, value))
            })
    }
}
