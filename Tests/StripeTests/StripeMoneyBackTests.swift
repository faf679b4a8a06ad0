// Charges, refunds, and the parts of invoices and subscriptions that books are kept from.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Stripe

@Suite("Stripe charges and refunds", .timeLimit(.minutes(2)))
struct StripeMoneyBackTests {
    let provider = StripeProvider()
    let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    func map(_ dataType: String, _ json: String) throws -> JSONValue {
        let mapping = try #require(provider.manifest.dataType(dataType)?.mapping)
        return try JSONValue.parse(mapping.map(try JSONValue.parse(Array(json.utf8)), now: now).json)
    }

    @Test("A refund has its amount in major units, its status, and what it belongs to")
    func refund() throws {
        let refund = try map(
            "refunds",
            #"""
            {"id":"re_1A","object":"refund","amount":1050,"currency":"usd","status":"succeeded","created":1704067200,
            "charge":"ch_1","payment_intent":{"id":"pi_1","object":"payment_intent"},"reason":"duplicate",
            "metadata":{"order":"7"},"receipt_number":"1-2"}
            """#)
        #expect(
            refund.description
                == #"{"id":"refund-1A","sourceId":"re_1A","amount":10.50,"currency":"USD","status":"completed","sourceStatus":"succeeded","#
                + #""reason":"duplicate","failureReason":null,"date":"2024-01-01T00:00:00Z","chargeId":"ch_1","paymentId":"pi_1","#
                + #""description":null,"receiptNumber":"1-2","metadata":{"order":"7"}}"#)
        for (status, expected) in [
            ("pending", "pending"), ("requires_action", "pending"), ("failed", "failed"), ("x", "unknown"),
        ] {
            let json = #"{"id":"re_1","amount":500,"currency":"jpy","status":"\#(status)"}"#
            let record = try map("refunds", json)
            #expect(record["status"]?.string == expected && record["amount"]?.description == "500")
        }
    }

    @Test("A charge without a payment intent is a record like any other")
    func charge() throws {
        let charge = try map(
            "charges",
            #"""
            {"id":"ch_1","object":"charge","amount":2000,"amount_captured":2000,"amount_refunded":500,"refunded":false,
            "currency":"eur","status":"succeeded","created":1704067200,"payment_intent":null,"customer":"cus_1",
            "billing_details":{"email":"a@b.c"},"metadata":{},"receipt_url":"https://pay.example.com/1?s=ap"}
            """#)
        #expect(charge["id"] == "charge-1" && charge["paymentId"] == .null && charge["status"] == "completed")
        #expect(charge["amountRefunded"]?.description == "5.00" && charge["email"] == "a@b.c")
    }

    @Test("An invoice has its lines, its tax and its subtotal")
    func invoice() throws {
        let invoice = try map(
            "invoices",
            #"""
            {"id":"in_1","total":1190,"subtotal":1000,"currency":"eur","total_taxes":[{"amount":100},{"amount":90}],
            "metadata":{"po":"5"},"lines":{"has_more":true,"data":[
            {"id":"il_1","amount":1000,"currency":"eur","description":"Seats","quantity":2,"period":{"start":1704067200,
            "end":1706745600},"pricing":{"price_details":{"price":"price_1","product":"prod_1"}},
            "parent":{"subscription_item_details":{"subscription":"sub_1"}}},
            {"id":"il_2","amount":0,"price":{"id":"price_2","product":{"id":"prod_2"}},"metadata":{"a":"b"}}]}}
            """#)
        #expect(invoice["tax"]?.description == "1.90" && invoice["subtotal"]?.description == "10.00")
        #expect(invoice["hasMoreLines"] == true && invoice["metadata"] == ["po": "5"])
        let lines = try #require(invoice["lines"]?.array)
        #expect(lines.count == 2 && lines[0]["priceId"] == "price_1" && lines[0]["productId"] == "prod_1")
        #expect(lines[0]["amount"]?.description == "10.00" && lines[0]["periodEnd"] == "2024-02-01T00:00:00Z")
        #expect(lines[0]["subscriptionId"] == "sub_1" && lines[1]["subscriptionId"] == .null)
        #expect(
            lines[1]["priceId"] == "price_2" && lines[1]["productId"] == "prod_2" && lines[1]["metadata"] == ["a": "b"])
        for (json, tax) in [
            (#""tax":120"#, "1.20"), (#""total_tax_amounts":[{"amount":30}]"#, "0.30"), (#""total_taxes":[]"#, "null"),
        ] {
            #expect(
                try map("invoices", #"{"id":"in_1","total":1,"currency":"eur",\#(json)}"#)["tax"]?.description == tax)
        }
    }

    @Test("A subscription has the price and product of each of its items")
    func subscription() throws {
        let subscription = try map(
            "subscriptions",
            #"""
            {"id":"sub_1","status":"active","currency":"usd","metadata":{"plan":"pro"},"items":{"data":[
            {"id":"si_1","quantity":2,"price":{"id":"price_1","product":"prod_1","unit_amount":999,
            "recurring":{"interval":"month","interval_count":1}}},{"id":"si_2","price":{"unit_amount":null}}]}}
            """#)
        #expect(subscription["priceId"] == "price_1" && subscription["productId"] == "prod_1")
        let items = try #require(subscription["items"]?.array)
        #expect(items.count == 2 && items[0]["unitAmount"]?.description == "9.99" && items[0]["quantity"] == 2)
        #expect(items[1]["priceId"] == .null && items[1]["unitAmount"] == .null)
        #expect(subscription["metadata"] == ["plan": "pro"])
    }

    @Test("Signed addresses are volatile")
    func volatileAddresses() {
        for (name, field) in [("invoices", "url"), ("charges", "url")] {
            #expect(provider.manifest.dataType(name)?.mapping.fields.first { $0.name == field }?.isVolatile == true)
        }
    }

    @Test("Changed refunds are read from events, then those made since from the list")
    func changes() async throws {
        let http = ScriptedHTTP(provider.manifest, now: now) { request in
            request.path == "/v1/events"
                ? .json(
                    #"""
                    {"has_more":false,"data":[{"id":"evt_1","type":"refund.updated","created":1717000000,
                    "data":{"object":{"id":"re_1","object":"refund"}}},
                    {"id":"evt_2","type":"charge.refunded","data":{"object":{"id":"ch_1","object":"charge"}}}]}
                    """#)
                : .json(#"{"has_more":false,"data":[{"id":"re_2","object":"refund"}]}"#)
        }
        let context = ProviderContext.testing(http, accountID: "acct_1", now: now)
        let since = Timestamp(iso8601: "2024-05-30")
        var cursor: JSONValue?
        var ids: [String] = []
        repeat {
            let page = try await provider.page(
                PageRequest(dataType: "refunds", cursor: cursor, since: since), in: context)
            ids += page.records.compactMap { $0.value["id"]?.string }
            cursor = try page.next.map { try JSONValue.parse($0.serialized) }
        } while cursor != nil && ids.count < 9
        #expect(ids == ["re_1", "re_2"])
        #expect(http.requests.map(\.path) == ["/v1/events", "/v1/refunds"])
        #expect(http.requests[1].query.contains(NamedValue("created[gte]", "1717027200")))
    }

    @Test(
        "A webhook about a refund starts the sync of what it changed",
        arguments: [
            ("charge.refunded", "charge", ["charges", "refunds"]), ("refund.updated", "refund", ["refunds"]),
            ("charge.refund.updated", "refund", ["refunds"]), ("charge.succeeded", "charge", ["charges"]),
        ])
    func webhooks(type: String, object: String, expected: [String]) throws {
        let body =
            #"{"id":"evt_1","type":"\#(type)","account":"acct_1","livemode":false,"data":{"object":{"object":"\#(object)"}}}"#
        let delivery = WebhookDelivery(headers: [], body: Array(body.utf8), receivedAt: now)
        let outcome = try provider.outcome(of: delivery)
        #expect(outcome.events.map(\.effect) == [.changed(dataTypes: expected)])
    }
}
