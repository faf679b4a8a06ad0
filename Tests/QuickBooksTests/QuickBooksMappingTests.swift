// QuickBooks' mapping tables on self-made payloads in its real shapes: every field, every status that follows from amounts.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import QuickBooks

@Suite("QuickBooks mappings", .timeLimit(.minutes(2)))
struct QuickBooksMappingTests {
    static let noon = Timestamp(iso8601: "2024-06-01T12:00:00Z") ?? .epoch

    /// The normalised record of `dataType` made of `fields` merged over a plain record.
    static func map(_ dataType: String, _ fields: JSONValue) throws -> JSONValue {
        let base = plain[dataType] ?? [:]
        let names = Set((fields.members ?? []).map(\.key))
        let merged = JSONValue.object((base.members ?? []).filter { !names.contains($0.key) } + (fields.members ?? []))
        return try map(dataType, whole: merged)
    }

    static func map(_ dataType: String, whole record: JSONValue) throws -> JSONValue {
        let mapping = try #require(QuickBooksProvider().manifest.dataType(dataType)?.mapping)
        return try JSONValue.parse(mapping.map(try JSONValue.parse(record.serialized), now: noon).json)
    }

    static func number(_ text: String) -> JSONValue { JSONNumber(text).map { .number($0) } ?? .null }

    private static let times: JSONValue = [
        "CreateTime": "2024-05-04T03:13:29-07:00", "LastUpdatedTime": "2024-05-05T23:30:00-07:00",
    ]

    private static let person: [(key: String, value: JSONValue)] = [
        ("domain", "QBO"), ("sparse", false), ("Id", "58"), ("SyncToken", "3"), ("MetaData", times),
        ("DisplayName", "Amy's Bird Sanctuary"), ("CompanyName", "Amy's"), ("GivenName", "Amy"),
        ("FamilyName", "Lauterbach"), ("PrimaryEmailAddr", ["Address": "amy@example.com, books@example.com"]),
        ("PrimaryPhone", ["FreeFormNumber": "(650) 555-3311"]), ("WebAddr", ["URI": "http://birds.example.com"]),
        (
            "BillAddr",
            [
                "Id": "2", "Line1": "4581 Finch St.", "City": "Bayshore", "CountrySubDivisionCode": "CA",
                "PostalCode": "94326", "Lat": "INVALID",
            ]
        ), ("Balance", number("239.00")), ("CurrencyRef", ["value": "USD", "name": "United States Dollar"]),
        ("Active", true),
    ]

    static let plain: [String: JSONValue] = [
        "invoices": [
            "domain": "QBO", "sparse": false, "Id": "130", "SyncToken": "0", "MetaData": times, "DocNumber": "1037",
            "TxnDate": "2024-05-04", "DueDate": "2024-06-03", "TotalAmt": number("362.07"),
            "Balance": number("362.07"), "CurrencyRef": ["value": "usd", "name": "United States Dollar"],
            "CustomerRef": ["value": "24", "name": "Sonnenschein Family Store"],
            "BillEmail": ["Address": "Familiystore@example.com"], "EmailStatus": "NotSet",
            "CustomerMemo": ["value": "Thank you"], "TxnTaxDetail": ["TotalTax": number("26.82")],
            "Line": [
                [
                    "Id": "1", "LineNum": 1, "Description": "Rock Fountain", "Amount": number("275.0"),
                    "DetailType": "SalesItemLineDetail",
                    "SalesItemLineDetail": [
                        "ItemRef": ["value": "5", "name": "Rock Fountain"], "UnitPrice": number("137.50"), "Qty": 2,
                    ],
                ], ["Amount": number("335.25"), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": [:]],
                ["Id": "2", "DetailType": "DescriptionOnly", "Description": "by hand"],
            ],
        ],
        "expenses": [
            "domain": "QBO", "Id": "252", "SyncToken": "0", "MetaData": times, "TotalAmt": number("42.40"),
            "PaymentType": "CreditCard", "Credit": false, "TxnDate": "2024-05-04", "DocNumber": "E-1",
            "EntityRef": ["value": "56", "name": "Bob's Burger Joint", "type": "Vendor"],
            "AccountRef": ["value": "42", "name": "Visa"], "PrivateNote": "Lunch",
            "CurrencyRef": ["value": "USD", "name": "United States Dollar"],
            "Line": [
                [
                    "Id": "1", "Amount": number("40.00"), "Description": "Burgers",
                    "DetailType": "AccountBasedExpenseLineDetail",
                    "AccountBasedExpenseLineDetail": ["AccountRef": ["value": "13", "name": "Meals"]],
                ],
                [
                    "Id": "2", "Amount": number("2.40"), "DetailType": "ItemBasedExpenseLineDetail",
                    "ItemBasedExpenseLineDetail": ["ItemRef": ["value": "9", "name": "Napkins"]],
                ],
            ],
        ],
        "customers": .object(
            person + [("Job", true), ("ParentRef", ["value": "1", "name": "Parent"]), ("BalanceWithJobs", 239)]),
        "vendors": .object(person + [("AcctNum", "1345"), ("Vendor1099", true)]),
    ]

    @Test("The documented example")
    func documentedExample() throws {
        let invoice = try Self.map(
            "invoices", whole: ["Id": "123", "TotalAmt": 1000, "Balance": 0, "TxnDate": "2024-01-01"])
        #expect(invoice["id"] == "invoice-123")
        #expect(invoice["amount"]?.description == "1000")
        #expect(invoice["balance"]?.description == "0")
        #expect(invoice["date"] == "2024-01-01T00:00:00Z")
        #expect(invoice["status"] == "paid")
        #expect(invoice["currency"] == JSONValue.null)
    }

    @Test(
        "Each field of an invoice",
        arguments: [
            ([:], "id", "invoice-130"), ([:], "sourceId", "130"), ([:], "number", "1037"),
            ([:], "amount", number("362.07")), (["TotalAmt": number("0.1")], "amount", number("0.1")),
            ([:], "balance", number("362.07")), ([:], "tax", number("26.82")), (["TxnTaxDetail": .null], "tax", .null),
            ([:], "currency", "USD"), (["CurrencyRef": .null], "currency", .null),
            ([:], "date", "2024-05-04T00:00:00Z"), ([:], "dueDate", "2024-06-03T00:00:00Z"),
            (["DueDate": .null], "dueDate", .null), ([:], "customerId", "24"),
            ([:], "customerName", "Sonnenschein Family Store"), ([:], "email", "Familiystore@example.com"),
            (["BillEmail": .null], "email", .null), ([:], "memo", "Thank you"), ([:], "sourceStatus", .null),
            (
                [:], "lines",
                [
                    [
                        "id": "1", "kind": "SalesItemLineDetail", "description": "Rock Fountain",
                        "amount": number("275.0"), "itemId": "5", "itemName": "Rock Fountain", "quantity": 2,
                        "unitPrice": number("137.50"),
                    ],
                    [
                        "id": "2", "kind": "DescriptionOnly", "description": "by hand", "amount": .null,
                        "itemId": .null,
                        "itemName": .null, "quantity": .null, "unitPrice": .null,
                    ],
                ]
            ), ([:], "createdAt", "2024-05-04T10:13:29Z"), ([:], "updatedAt", "2024-05-06T06:30:00Z"),
        ] as [(JSONValue, String, JSONValue)])
    func invoiceFields(change: JSONValue, field: String, expected: JSONValue) throws {
        #expect(try Self.map("invoices", change)[field] == expected)
    }

    @Test(
        "The status of an invoice follows from its amounts and its due date",
        arguments: [
            ([:], "open"), (["DueDate": "2024-06-01"], "open"), (["DueDate": "2024-05-31"], "overdue"),
            (["DueDate": .null], "open"), (["Balance": 0], "paid"), (["Balance": number("0.00")], "paid"),
            (["Balance": number("100.07")], "partially_paid"),
            (["Balance": number("100.07"), "DueDate": "2024-05-31"], "overdue"),
            (["Balance": number("400.00")], "open"), (["Balance": 0, "TotalAmt": 0], "paid"),
            (["Balance": 0, "TotalAmt": 0, "PrivateNote": "Voided - duplicate"], "void"),
            (["Balance": 0, "TotalAmt": 0, "PrivateNote": "Not voided"], "paid"),
            (["status": "Deleted"], "deleted"), (["Balance": .null], "unknown"), (["Balance": -5], "unknown"),
        ] as [(JSONValue, String)])
    func invoiceStatuses(change: JSONValue, expected: String) throws {
        #expect(try Self.map("invoices", change)["status"]?.string == expected)
    }

    @Test("A record without its amount is a dead letter that names it", arguments: ["invoices", "expenses"])
    func requiresAmount(dataType: String) {
        let failure = #expect(throws: MappingFailure.self) { try Self.map(dataType, ["TotalAmt": .null]) }
        #expect(failure?.field == "amount")
        #expect(failure?.sourceID != nil)
    }

    @Test(
        "Each field of an expense",
        arguments: [
            ([:], "id", "expense-252"), ([:], "number", "E-1"), ([:], "amount", number("42.40")),
            (["Credit": true], "amount", number("-42.40")), (["Credit": .null], "amount", number("42.40")),
            ([:], "currency", "USD"), ([:], "status", "paid"), (["status": "Deleted"], "status", "deleted"),
            (["status": "Deleted"], "sourceStatus", "Deleted"), ([:], "date", "2024-05-04T00:00:00Z"),
            ([:], "vendorId", "56"), ([:], "vendorName", "Bob's Burger Joint"),
            (["EntityRef": ["value": "1", "name": "Amy", "type": "Customer"]], "vendorId", .null),
            (["EntityRef": ["value": "1", "name": "Amy", "type": "Employee"]], "vendorName", .null),
            (["EntityRef": .null], "vendorId", .null), ([:], "account", "Visa"), ([:], "accountId", "42"),
            ([:], "category", "Meals"),
            (
                [
                    "Line": [
                        ["ItemBasedExpenseLineDetail": ["ItemRef": ["value": "9", "name": "Napkins"]], "Amount": 1]
                    ]
                ], "category", "Napkins"
            ), (["Line": []], "category", .null), ([:], "memo", "Lunch"),
            (
                [:], "lines",
                [
                    [
                        "id": "1", "kind": "AccountBasedExpenseLineDetail", "description": "Burgers",
                        "amount": number("40.00"), "category": "Meals",
                    ],
                    [
                        "id": "2", "kind": "ItemBasedExpenseLineDetail", "description": .null, "amount": number("2.40"),
                        "category": "Napkins",
                    ],
                ]
            ), ([:], "createdAt", "2024-05-04T10:13:29Z"), ([:], "updatedAt", "2024-05-06T06:30:00Z"),
        ] as [(JSONValue, String, JSONValue)])
    func expenseFields(change: JSONValue, field: String, expected: JSONValue) throws {
        #expect(try Self.map("expenses", change)[field] == expected)
    }

    @Test(
        "Each way of paying",
        arguments: [
            ("Cash", "cash"), ("Check", "check"), ("CreditCard", "credit_card"), ("Barter", "unknown"),
        ])
    func paymentMethods(source: String, expected: String) throws {
        let expense = try Self.map("expenses", ["PaymentType": .string(source)])
        #expect(expense["paymentMethod"]?.string == expected)
        #expect(expense["sourcePaymentMethod"]?.string == source)
    }

    @Test(
        "Each field of a customer and of a vendor",
        arguments: [
            ("customers", [:], "id", "customer-58"), ("vendors", [:], "id", "vendor-58"),
            ("customers", [:], "isSubCustomer", true), ("customers", [:], "parentId", "1"),
            ("customers", ["ParentRef": .null], "parentId", .null), ("vendors", [:], "accountNumber", "1345"),
            ("vendors", [:], "is1099", true),
        ] as [(String, JSONValue, String, JSONValue)])
    func ownFields(dataType: String, change: JSONValue, field: String, expected: JSONValue) throws {
        #expect(try Self.map(dataType, change)[field] == expected)
    }

    @Test(
        "Each field that customers and vendors share", arguments: ["customers", "vendors"],
        [
            ([:], "sourceId", "58"), ([:], "name", "Amy's Bird Sanctuary"), ([:], "companyName", "Amy's"),
            ([:], "firstName", "Amy"), ([:], "lastName", "Lauterbach"), ([:], "email", "amy@example.com"),
            ([:], "emails", ["amy@example.com", "books@example.com"]), (["PrimaryEmailAddr": .null], "email", .null),
            (["PrimaryEmailAddr": .null], "emails", .null), ([:], "phone", "(650) 555-3311"),
            ([:], "website", "http://birds.example.com"),
            (
                [:], "address",
                [
                    "line1": "4581 Finch St.", "line2": .null, "city": "Bayshore", "region": "CA",
                    "postalCode": "94326", "country": .null,
                ]
            ), (["BillAddr": .null], "address", .null), ([:], "balance", number("239.00")), ([:], "currency", "USD"),
            ([:], "status", "active"), (["Active": false], "status", "inactive"),
            (["Active": .null], "status", "unknown"),
            (["status": "Deleted"], "status", "deleted"), (["status": "Deleted"], "sourceStatus", "Deleted"),
            ([:], "createdAt", "2024-05-04T10:13:29Z"), ([:], "updatedAt", "2024-05-06T06:30:00Z"),
        ] as [(JSONValue, String, JSONValue)])
    func personFields(dataType: String, row: (change: JSONValue, field: String, expected: JSONValue)) throws {
        #expect(try Self.map(dataType, row.change)[row.field] == row.expected)
    }
}
