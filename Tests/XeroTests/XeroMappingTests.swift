// Xero's mapping tables on self-made payloads in its real shapes: every field, every type, every status.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Xero

@Suite("Xero mappings", .timeLimit(.minutes(2)))
struct XeroMappingTests {
    static let noon = Timestamp(iso8601: "2024-06-01T12:00:00Z") ?? .epoch

    /// The normalised record of `dataType` made of `fields` merged over a plain record.
    static func map(_ dataType: String, _ fields: JSONValue) throws -> JSONValue {
        let base = plain[dataType] ?? [:]
        let names = Set((fields.members ?? []).map(\.key))
        let merged = JSONValue.object((base.members ?? []).filter { !names.contains($0.key) } + (fields.members ?? []))
        let mapping = try #require(XeroProvider().manifest.dataType(dataType)?.mapping)
        return try JSONValue.parse(mapping.map(try JSONValue.parse(merged.serialized), now: noon).json)
    }

    static func number(_ text: String) -> JSONValue { JSONNumber(text).map { .number($0) } ?? .null }

    static let line: JSONValue = [
        "LineItemID": "52208ff9", "Description": "Design", "Quantity": number("2.0000"),
        "UnitAmount": number("50.00"), "TaxType": "OUTPUT2", "TaxAmount": number("15.00"),
        "LineAmount": number("100.00"), "AccountCode": "200", "ItemCode": "DS", "Tracking": [],
    ]

    static let mappedLine: JSONValue = [
        "id": "52208ff9", "description": "Design", "quantity": number("2.0000"), "unitAmount": number("50.00"),
        "amount": number("100.00"), "tax": number("15.00"), "accountCode": "200", "itemCode": "DS",
    ]

    private static let bankTransaction: JSONValue = [
        "BankTransactionID": "1289c190-e46d-434b-9628-463ffdb52f00",
        "BankAccount": ["AccountID": "6f7594f2", "Code": "088", "Name": "Business Account"], "Type": "SPEND",
        "Reference": "", "IsReconciled": true, "CurrencyRate": number("1.0"),
        "Contact": ["ContactID": "5cc8cf28", "Name": "Katherine Warren", "Phones": []],
        "DateString": "2024-01-01T00:00:00", "Date": "/Date(1704067200000+0000)/", "Status": "AUTHORISED",
        "LineAmountTypes": "Inclusive", "LineItems": [line], "SubTotal": number("100.00"),
        "TotalTax": number("15.00"), "Total": number("115.00"), "UpdatedDateUTC": "/Date(1704067261230+0000)/",
        "CurrencyCode": "USD",
    ]

    static let plain: [String: JSONValue] = [
        "invoices": [
            "Type": "ACCREC", "InvoiceID": "046d8a6d-1ae1-4b4d-9340-5601bdf41b87", "InvoiceNumber": "INV-0002",
            "Reference": "Red Fish", "AmountDue": number("46.00"), "AmountPaid": number("0.00"),
            "AmountCredited": number("0.0"), "SentToContact": true,
            "Contact": ["ContactID": "a3675fc4", "Name": "Barney"],
            "DateString": "2024-01-01T00:00:00", "Date": "/Date(1704067200000+0000)/",
            "DueDateString": "2024-06-03T00:00:00", "DueDate": "/Date(1717372800000+0000)/", "Status": "AUTHORISED",
            "LineAmountTypes": "Exclusive", "LineItems": [line], "SubTotal": number("40.00"),
            "TotalTax": number("6.00"), "Total": number("46.00"), "UpdatedDateUTC": "/Date(1704067261230)/",
            "CurrencyCode": "NZD",
        ],
        "bank_transactions": bankTransaction, "expenses": bankTransaction,
        "contacts": [
            "ContactID": "5cc8cf28-567e", "ContactStatus": "ACTIVE", "Name": "Katherine Warren",
            "FirstName": "Katherine",
            "LastName": "Warren", "EmailAddress": "kat@example.com", "AccountNumber": "",
            "Addresses": [
                ["AddressType": "STREET", "City": "", "Region": "", "PostalCode": "", "Country": ""],
                [
                    "AddressType": "POBOX", "AddressLine1": "P O Box 1", "City": "Palo Alto", "Region": "CA",
                    "PostalCode": "94020", "Country": "United States",
                ],
            ],
            "Phones": [
                ["PhoneType": "DDI", "PhoneNumber": "", "PhoneAreaCode": "", "PhoneCountryCode": ""],
                ["PhoneType": "DEFAULT", "PhoneNumber": "847-1294", "PhoneAreaCode": "626", "PhoneCountryCode": ""],
                ["PhoneType": "MOBILE", "PhoneNumber": "555", "PhoneAreaCode": "", "PhoneCountryCode": "64"],
            ],
            "UpdatedDateUTC": "/Date(1704067261230+0000)/", "IsSupplier": false, "IsCustomer": true,
            "DefaultCurrency": "nzd",
            "Balances": ["AccountsReceivable": ["Outstanding": number("760.00"), "Overdue": number("0.00")]],
        ],
    ]

    @Test(
        "Each field of an invoice",
        arguments: [
            ([:], "id", "invoice-046d8a6d-1ae1-4b4d-9340-5601bdf41b87"),
            ([:], "sourceId", "046d8a6d-1ae1-4b4d-9340-5601bdf41b87"), ([:], "number", "INV-0002"),
            (["InvoiceNumber": ""], "number", .null), ([:], "direction", "receivable"),
            (["Type": "ACCPAY"], "direction", "payable"), (["Type": "APCREDIT"], "direction", "unknown"),
            (["Type": "APCREDIT"], "sourceType", "APCREDIT"), ([:], "amount", number("46.00")),
            ([:], "balance", number("46.00")), ([:], "amountPaid", number("0.00")),
            ([:], "amountCredited", number("0.0")), ([:], "subtotal", number("40.00")), ([:], "tax", number("6.00")),
            ([:], "currency", "NZD"), ([:], "date", "2024-01-01T00:00:00Z"), ([:], "dueDate", "2024-06-03T00:00:00Z"),
            (["DueDate": .null], "dueDate", .null), (["Date": "/Date(-86400000)/"], "date", "1969-12-31T00:00:00Z"),
            ([:], "customerId", "a3675fc4"), ([:], "customerName", "Barney"), ([:], "vendorId", .null),
            ([:], "vendorName", .null), (["Type": "ACCPAY"], "customerId", .null),
            (["Type": "ACCPAY"], "customerName", .null),
            (["Type": "ACCPAY"], "vendorId", "a3675fc4"), (["Type": "ACCPAY"], "vendorName", "Barney"),
            ([:], "reference", "Red Fish"), ([:], "lines", [mappedLine]), (["LineItems": []], "lines", []),
            ([:], "paidAt", .null),
            (["FullyPaidOnDate": "/Date(1704153600000+0000)/"], "paidAt", "2024-01-02T00:00:00Z"),
            ([:], "updatedAt", "2024-01-01T00:01:01Z"), ([:], "sourceStatus", "AUTHORISED"),
        ] as [(JSONValue, String, JSONValue)])
    func invoiceFields(change: JSONValue, field: String, expected: JSONValue) throws {
        #expect(try Self.map("invoices", change)[field] == expected)
    }

    @Test(
        "Each status of an invoice; an approved one depends on what is owed and since when",
        arguments: [
            (["Status": "DRAFT"], "draft"), (["Status": "SUBMITTED"], "pending_approval"), ([:], "open"),
            (["AmountDue": number("1.00")], "partially_paid"), (["DueDate": "/Date(1717200000000+0000)/"], "open"),
            (["DueDate": "/Date(1717113600000+0000)/"], "overdue"),
            (["DueDate": "/Date(1717113600000+0000)/", "AmountDue": number("1.00")], "overdue"),
            (["DueDate": "/Date(1717113600000+0000)/", "AmountDue": 0], "open"), (["DueDate": .null], "open"),
            (["Status": "PAID", "DueDate": "/Date(1717113600000+0000)/"], "paid"), (["Status": "VOIDED"], "void"),
            (["Status": "DELETED"], "deleted"), (["Status": "BRAND_NEW"], "unknown"),
        ] as [(JSONValue, String)])
    func invoiceStatuses(change: JSONValue, expected: String) throws {
        let invoice = try Self.map("invoices", change)
        #expect(invoice["status"]?.string == expected)
        #expect(invoice["sourceStatus"] == change["Status"] ?? "AUTHORISED")
    }

    @Test("A record without its amount is a dead letter", arguments: ["invoices", "expenses", "bank_transactions"])
    func requiresAmount(dataType: String) {
        let failure = #expect(throws: MappingFailure.self) { try Self.map(dataType, ["Total": .null]) }
        #expect(failure?.field == "amount")
    }

    @Test(
        "Each field of a bank transaction",
        arguments: [
            ([:], "id", "bank_transaction-1289c190-e46d-434b-9628-463ffdb52f00"),
            ([:], "sourceId", "1289c190-e46d-434b-9628-463ffdb52f00"), ([:], "amount", number("115.00")),
            ([:], "currency", "USD"), ([:], "reconciled", true), (["IsReconciled": .null], "reconciled", .null),
            ([:], "date", "2024-01-01T00:00:00Z"), ([:], "accountId", "6f7594f2"), ([:], "accountCode", "088"),
            ([:], "accountName", "Business Account"), ([:], "contactId", "5cc8cf28"),
            ([:], "contactName", "Katherine Warren"), (["Contact": .null], "contactId", .null),
            ([:], "reference", .null),
            (["Reference": "R1"], "reference", "R1"), ([:], "category", "200"), ([:], "memo", "Design"),
            (["LineItems": []], "category", .null), ([:], "lines", [mappedLine]),
            ([:], "updatedAt", "2024-01-01T00:01:01Z"),
        ] as [(JSONValue, String, JSONValue)])
    func bankTransactionFields(change: JSONValue, field: String, expected: JSONValue) throws {
        #expect(try Self.map("bank_transactions", change)[field] == expected)
    }

    @Test(
        "Each type of a bank transaction",
        arguments: [
            ("SPEND", "out", "standard"), ("RECEIVE", "in", "standard"), ("SPEND-OVERPAYMENT", "out", "overpayment"),
            ("RECEIVE-OVERPAYMENT", "in", "overpayment"), ("SPEND-PREPAYMENT", "out", "prepayment"),
            ("RECEIVE-PREPAYMENT", "in", "prepayment"), ("SPEND-TRANSFER", "out", "transfer"),
            ("RECEIVE-TRANSFER", "in", "transfer"), ("LEND", "unknown", "unknown"),
        ])
    func bankTransactionTypes(type: String, direction: String, kind: String) throws {
        let transaction = try Self.map("bank_transactions", ["Type": .string(type)])
        #expect(transaction["direction"]?.string == direction)
        #expect(transaction["kind"]?.string == kind)
        #expect(transaction["sourceType"]?.string == type)
    }

    @Test(
        "Each status of a bank transaction and of an expense", arguments: ["bank_transactions", "expenses"],
        [("AUTHORISED", "completed"), ("DELETED", "deleted"), ("VOIDED", "void"), ("NEW", "unknown")])
    func bankTransactionStatuses(dataType: String, row: (source: String, expected: String)) throws {
        let record = try Self.map(dataType, ["Status": .string(row.source)])
        #expect(record["status"]?.string == row.expected)
        #expect(record["sourceStatus"]?.string == row.source)
    }

    @Test(
        "Each field of an expense",
        arguments: [
            ([:], "id", "expense-1289c190-e46d-434b-9628-463ffdb52f00"), ([:], "amount", number("115.00")),
            ([:], "tax", number("15.00")), ([:], "currency", "USD"), ([:], "reconciled", true),
            ([:], "date", "2024-01-01T00:00:00Z"), ([:], "vendorId", "5cc8cf28"),
            ([:], "vendorName", "Katherine Warren"), ([:], "account", "Business Account"),
            ([:], "accountId", "6f7594f2"), ([:], "reference", .null), ([:], "category", "200"),
            ([:], "memo", "Design"),
            ([:], "lines", [mappedLine]), ([:], "updatedAt", "2024-01-01T00:01:01Z"),
        ] as [(JSONValue, String, JSONValue)])
    func expenseFields(change: JSONValue, field: String, expected: JSONValue) throws {
        #expect(try Self.map("expenses", change)[field] == expected)
    }

    @Test(
        "Each field of a contact",
        arguments: [
            ([:], "id", "contact-5cc8cf28-567e"), ([:], "name", "Katherine Warren"), ([:], "firstName", "Katherine"),
            ([:], "lastName", "Warren"), ([:], "email", "kat@example.com"), (["EmailAddress": ""], "email", .null),
            ([:], "phone", "626 847-1294"), (["Phones": []], "phone", .null), (["Phones": .null], "phone", .null),
            (
                ["Phones": [["PhoneType": "MOBILE", "PhoneNumber": "555", "PhoneCountryCode": "64"]]], "phone", "64 555"
            ), (["Phones": [["PhoneType": "DDI", "PhoneNumber": "7"]]], "phone", "7"),
            (["Phones": [["PhoneType": "FAX", "PhoneNumber": "9"]]], "phone", .null),
            (
                [:], "phones",
                [["kind": "default", "number": "626 847-1294"], ["kind": "mobile", "number": "64 555"]]
            ),
            (
                [:], "addresses",
                [
                    [
                        "kind": "pobox", "line1": "P O Box 1", "line2": .null, "line3": .null, "line4": .null,
                        "city": "Palo Alto", "region": "CA", "postalCode": "94020", "country": "United States",
                    ]
                ]
            ), ([:], "accountNumber", .null), (["AccountNumber": "A1"], "accountNumber", "A1"),
            ([:], "isCustomer", true),
            ([:], "isSupplier", false), ([:], "currency", "NZD"),
            ([:], "receivable", ["outstanding": number("760.00"), "overdue": number("0.00")]), ([:], "payable", .null),
            (["Balances": .null], "receivable", .null), ([:], "mergedIntoId", .null),
            (["MergedToContactID": "m1"], "mergedIntoId", "m1"), ([:], "updatedAt", "2024-01-01T00:01:01Z"),
        ] as [(JSONValue, String, JSONValue)])
    func contactFields(change: JSONValue, field: String, expected: JSONValue) throws {
        #expect(try Self.map("contacts", change)[field] == expected)
    }

    @Test(
        "Each status of a contact",
        arguments: [
            ("ACTIVE", "active"), ("ARCHIVED", "archived"), ("GDPRREQUEST", "redacted"), ("OTHER", "unknown"),
        ])
    func contactStatuses(source: String, expected: String) throws {
        let contact = try Self.map("contacts", ["ContactStatus": .string(source)])
        #expect(contact["status"]?.string == expected)
        #expect(contact["sourceStatus"]?.string == source)
    }
}
