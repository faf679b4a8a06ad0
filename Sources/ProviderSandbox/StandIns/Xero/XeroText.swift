// Xero's objects as JSON with slots: .NET dates with ISO twins, amounts with two decimals, empty texts instead of
// nulls.

import ProviderSDK

enum XeroText {
    /// The object; a summary has no line items.
    static func written(_ index: Int, _ context: DataContext, _ object: SandboxObject, isSummary: Bool) -> [UInt8] {
        switch index {
        case XeroObjects.invoices: withoutNulls(invoiceText(context, object, isSummary))
        case XeroObjects.contacts: withoutNulls(contactText(context, object))
        default: withoutNulls(bankTransactionText(context, object))
        }
    }

    static func instant(_ milliseconds: Int64) -> JSONValue { .string("/Date(\(milliseconds)+0000)/") }

    private static func midnight(_ seconds: Int64) -> Int64 { seconds - (seconds % 86_400 + 86_400) % 86_400 }

    private static func date(_ seconds: Int64) -> JSONValue { instant(midnight(seconds) * 1000) }

    private static func dateText(_ seconds: Int64) -> JSONValue {
        .string(String((Timestamp(seconds: midnight(seconds))?.description ?? "").prefix(19)))
    }

    private static func amount(_ minorUnits: Int, _ object: SandboxObject) -> JSONValue {
        .decimal(minorUnits, places: XeroObjects.places(object.currency), keepsZeros: true)
    }

    static func contactName(_ context: DataContext, _ number: Int) -> (name: String, given: String, family: String) {
        var random = context.draw("xero-contact-name", number)
        let (given, family) = People.name(&random)
        let name = random.chance(60) ? "\(People.company(&random)) \(number + 1)" : "\(given) \(family) \(number + 1)"
        return (name, given, family)
    }

    private static func contact(_ context: DataContext, _ owner: Int?) -> JSONValue {
        guard let owner else { return .null }
        return [
            "ContactID": .string(XeroObjects.id(XeroObjects.contacts, context, owner)),
            "Name": .string(contactName(context, owner).name), "Addresses": [], "Phones": [], "ContactGroups": [],
            "ContactPersons": [], "HasValidationErrors": false,
        ]
    }

    private static func lines(_ object: SandboxObject, _ net: Int, _ tax: Int, _ random: inout SeededRandom)
        -> JSONValue
    {
        [
            [
                "Description": .string(random.pick(["Consulting", "Office rent", "Paper & pens", "Travel"])),
                "UnitAmount": amount(net, object), "TaxType": tax == 0 ? "NONE" : "OUTPUT2",
                "TaxAmount": amount(tax, object), "LineAmount": amount(net, object),
                "AccountCode": .string(random.pick(["200", "400", "429", "469"])), "Tracking": [],
                "Quantity": .decimal(10_000, places: 4, keepsZeros: true), "LineItemID": .string(random.uuid()),
            ]
        ]
    }

    private static func invoiceText(_ context: DataContext, _ object: SandboxObject, _ isSummary: Bool) -> [UInt8] {
        var random = context.draw("xero-invoice-text", object.number)
        let total = object.amount ?? 0
        let tax = random.chance(50) ? total / 8 : 0
        let credited = random.chance(4) ? total : 0
        let part = random.chance(20) ? total / 3 : 0
        let (due, paid, credit): (Int, Int, Int) =
            switch object.status {
            case "PAID": (0, total - credited, credited)
            case "AUTHORISED": (total - part, part, 0)
            case "VOIDED", "DELETED": (0, 0, 0)
            default: (total, 0, 0)
            }
        let dueAt = object.created + Int64([7, 20, 45][object.number % 3]) * 86_400
        let isPayable = object.kind == "ACCPAY"
        return invoice.render([
            "Type": .string(object.kind), "InvoiceID": .string(object.id),
            // Suppliers' numbers repeat.
            "InvoiceNumber": .string(isPayable ? "AP" : "INV-\(1000 + object.number)"),
            "Reference": .string(random.chance(40) ? "PO \(object.number)" : ""), "AmountDue": amount(due, object),
            "AmountPaid": amount(paid, object), "AmountCredited": amount(credit, object),
            "Contact": contact(context, object.owner), "DateString": dateText(object.created),
            "Date": date(object.created), "DueDateString": dateText(dueAt), "DueDate": date(dueAt),
            "Status": .string(object.status), "SubTotal": amount(total - tax, object), "TotalTax": amount(tax, object),
            "Total": amount(total, object), "UpdatedDateUTC": instant(object.updated),
            "CurrencyCode": .string(object.currency),
            "LineItems": isSummary ? [] : lines(object, total - tax, tax, &random),
            "FullyPaidOnDate": object.status == "PAID" ? date(object.updated / 1000) : .null,
        ])
    }

    private static let invoice = JSONTemplate(
        #"""
        {"Type": "$Type", "InvoiceID": "$InvoiceID", "InvoiceNumber": "$InvoiceNumber", "Reference": "$Reference",
         "Payments": [], "CreditNotes": [], "Prepayments": [], "Overpayments": [], "AmountDue": "$AmountDue",
         "AmountPaid": "$AmountPaid", "AmountCredited": "$AmountCredited", "CurrencyRate": 1.0,
         "IsDiscounted": false, "HasAttachments": false, "HasErrors": false, "Contact": "$Contact",
         "DateString": "$DateString", "Date": "$Date", "DueDateString": "$DueDateString", "DueDate": "$DueDate",
         "Status": "$Status", "LineAmountTypes": "Exclusive", "LineItems": "$LineItems", "SubTotal": "$SubTotal",
         "TotalTax": "$TotalTax", "Total": "$Total", "UpdatedDateUTC": "$UpdatedDateUTC",
         "CurrencyCode": "$CurrencyCode", "FullyPaidOnDate": "$FullyPaidOnDate"}
        """#)

    private static func bankTransactionText(_ context: DataContext, _ object: SandboxObject) -> [UInt8] {
        var random = context.draw("xero-bank-text", object.number)
        let total = object.amount ?? 0
        return bankTransaction.render([
            "BankTransactionID": .string(object.id), "Type": .string(object.kind),
            "BankAccount": random.pick(
                [
                    [
                        "AccountID": "6f0a2a5e-4f3c-4c1e-9a55-0d9a3a1f0001", "Code": "090",
                        "Name": "Business Bank Account",
                    ],
                    ["AccountID": "6f0a2a5e-4f3c-4c1e-9a55-0d9a3a1f0002", "Code": "091", "Name": "Savings & Reserve"],
                ] as [JSONValue]), "Reference": .string(random.chance(50) ? "Card \(object.number)" : ""),
            "IsReconciled": .boolean(random.chance(60)), "Contact": contact(context, object.owner),
            "DateString": dateText(object.created), "Date": date(object.created), "Status": .string(object.status),
            "LineItems": lines(object, total, 0, &random), "Total": amount(total, object),
            "TotalTax": amount(0, object), "UpdatedDateUTC": instant(object.updated),
            "CurrencyCode": .string(object.currency),
        ])
    }

    private static let bankTransaction = JSONTemplate(
        #"""
        {"BankTransactionID": "$BankTransactionID", "BankAccount": "$BankAccount", "Type": "$Type",
         "Reference": "$Reference", "IsReconciled": "$IsReconciled", "HasAttachments": false, "Contact": "$Contact",
         "DateString": "$DateString", "Date": "$Date", "Status": "$Status", "LineAmountTypes": "Inclusive",
         "LineItems": "$LineItems", "SubTotal": "$Total", "TotalTax": "$TotalTax", "Total": "$Total",
         "UpdatedDateUTC": "$UpdatedDateUTC", "CurrencyCode": "$CurrencyCode"}
        """#)

    private static func contactText(_ context: DataContext, _ object: SandboxObject) -> [UInt8] {
        var random = context.draw("xero-contact-text", object.number)
        let (name, given, family) = contactName(context, object.number)
        let place = random.pick(People.cities)
        let isCustomer = random.chance(50)
        let isSupplier = random.chance(35)
        let balances: JSONValue = [
            "AccountsReceivable": ["Outstanding": .decimal(random.below(90_000), places: 2), "Overdue": 0],
            "AccountsPayable": ["Outstanding": 0, "Overdue": 0],
        ]
        var phones: [JSONValue] = []
        for type in ["DDI", "DEFAULT", "FAX", "MOBILE"] {
            let number = type == "DEFAULT" && random.chance(60) ? String(200_000 + random.below(700_000)) : ""
            phones.append([
                "PhoneType": .string(type), "PhoneNumber": .string(number),
                "PhoneAreaCode": .string(number.isEmpty ? "" : "09"),
                "PhoneCountryCode": .string(number.isEmpty ? "" : "64"),
            ])
        }
        return contact.render([
            "ContactID": .string(object.id), "ContactStatus": .string(object.status), "Name": .string(name),
            "FirstName": .string(given), "LastName": .string(family),
            "EmailAddress": .string(random.chance(75) ? People.email(object.number, "contact") : ""),
            "Street": .string(People.street(&random)), "City": .string(place.city),
            "Region": .string(place.state ?? ""),
            "PostalCode": .string(place.code), "Country": .string(place.country), "Phones": .array(phones),
            "UpdatedDateUTC": instant(object.updated), "IsSupplier": .boolean(isSupplier),
            "IsCustomer": .boolean(isCustomer), "DefaultCurrency": random.chance(30) ? "NZD" : .string(""),
            "Balances": isCustomer ? balances : .null,
        ])
    }

    private static let contact = JSONTemplate(
        #"""
        {"ContactID": "$ContactID", "ContactStatus": "$ContactStatus", "Name": "$Name", "FirstName": "$FirstName",
         "LastName": "$LastName", "EmailAddress": "$EmailAddress", "BankAccountDetails": "",
         "Addresses": [{"AddressType": "STREET", "City": "", "Region": "", "PostalCode": "", "Country": ""},
           {"AddressType": "POBOX", "AddressLine1": "$Street", "City": "$City", "Region": "$Region",
            "PostalCode": "$PostalCode", "Country": "$Country"}],
         "Phones": "$Phones", "UpdatedDateUTC": "$UpdatedDateUTC", "ContactGroups": [], "IsSupplier": "$IsSupplier",
         "IsCustomer": "$IsCustomer", "DefaultCurrency": "$DefaultCurrency", "Balances": "$Balances",
         "ContactPersons": [], "HasAttachments": false, "HasValidationErrors": false}
        """#)

    /// Xero leaves out what has no value.
    static func withoutNulls(_ bytes: [UInt8]) -> [UInt8] {
        guard let members = (try? JSONValue.parse(bytes))?.members, members.contains(where: { $0.value.isNull }) else {
            return bytes
        }
        return JSONValue.object(members.filter { !$0.value.isNull }).serialized
    }
}
