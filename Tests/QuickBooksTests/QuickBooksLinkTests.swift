// What transactions and people of QuickBooks are tied to: links, rates, tokens of updates, mobile numbers.

import ProviderSDK
import Testing

@testable import QuickBooks

@Suite("QuickBooks links", .timeLimit(.minutes(2)))
struct QuickBooksLinkTests {
    private func map(_ dataType: String, _ json: String) throws -> JSONValue {
        let mapping = try #require(QuickBooksProvider().manifest.dataType(dataType)?.mapping)
        return try JSONValue.parse(mapping.map(try JSONValue.parse(Array(json.utf8)), now: .epoch).json)
    }

    @Test("A transaction has its links, its note, its rate and its token", arguments: ["invoices", "expenses"])
    func transactions(dataType: String) throws {
        let record = try map(
            dataType,
            #"""
            {"Id":"5","TotalAmt":10.5,"Balance":0,"SyncToken":"3","PrivateNote":"internal","ExchangeRate":1.0825,
            "LinkedTxn":[{"TxnId":"9","TxnType":"Payment"},{"TxnId":"10","TxnType":"Estimate"}]}
            """#)
        #expect(record["linkedTransactions"] == [["id": "9", "type": "Payment"], ["id": "10", "type": "Estimate"]])
        #expect(record["privateNote"] == "internal" && record["syncToken"] == "3")
        #expect(record["exchangeRate"]?.description == "1.0825")
        #expect(try map(dataType, #"{"Id":"5","TotalAmt":1}"#)["linkedTransactions"] == .null)
    }

    @Test("A person has a mobile number and a token", arguments: ["customers", "vendors"])
    func people(dataType: String) throws {
        let record = try map(dataType, #"{"Id":"5","SyncToken":"1","Mobile":{"FreeFormNumber":"+1 555"}}"#)
        #expect(record["mobile"] == "+1 555" && record["syncToken"] == "1")
    }
}
