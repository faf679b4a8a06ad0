// A paged upstream in the shape of a list of payments: pages of 100, built once, served from memory.

import HTTPServer
import ProviderSDK

/// A list of payments behind `/v1/payment_intents`, and the few other routes a connect flow needs.
struct Upstream: HTTPApplication {
    private let pages: [String: [UInt8]]

    /// An upstream with `count` payments.
    init(count: Int) {
        var pages: [String: [UInt8]] = [:]
        for first in stride(from: 0, to: count, by: 100) {
            let last = min(count, first + 100)
            let objects = (first..<last).map(Upstream.payment).joined(separator: ",")
            let page =
                "{\"object\":\"list\",\"url\":\"/v1/payment_intents\",\"has_more\":\(last < count),\"data\":[\(objects)]}"
            pages[first == 0 ? "" : Upstream.id(first - 1)] = Array(page.utf8)
        }
        self.pages = pages
    }

    /// One payment as a text of JSON.
    static func payment(_ index: Int) -> String {
        """
        {"id":"\(id(index))","object":"payment_intent","amount":\(1000 + index % 9000),"amount_capturable":0,\
        "amount_details":{"tip":{}},"amount_received":\(1000 + index % 9000),"application":null,"canceled_at":null,\
        "cancellation_reason":null,"capture_method":"automatic","client_secret":"\(id(index))_secret","created":\
        \(1_704_067_200 + index),"currency":"\(index % 7 == 0 ? "jpy" : "usd")","customer":"cus_\(index % 1000)",\
        "description":"Order \(index)","last_payment_error":null,"latest_charge":"ch_\(index)","livemode":false,\
        "metadata":{"order_id":"\(index)"},"next_action":null,"payment_method":"pm_\(index)","payment_method_options":\
        {"card":{"installments":null,"network":null,"request_three_d_secure":"automatic"}},"payment_method_types":["card"],\
        "receipt_email":"c\(index % 1000)@example.com","setup_future_usage":null,"shipping":null,"statement_descriptor":null,\
        "status":"\(index % 3 == 0 ? "requires_action" : "succeeded")","transfer_data":null}
        """
    }

    private static func id(_ index: Int) -> String {
        let digits = String(index)
        return "pi_" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }

    func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
        response.header("Content-Type", "application/json")
        if request.path.equals("/v1/payment_intents") {
            let after = (try? request.queryParameters())?["starting_after"] ?? ""
            response.body.append(pages[after] ?? [])
        } else if request.path.equals("/token") {
            response.body.append(
                "{\"access_token\":\"sk_bench\",\"token_type\":\"bearer\",\"stripe_user_id\":\"acct_bench\"}")
        } else {
            response.body.append("{\"id\":\"acct_bench\"}")
        }
        return nil
    }
}
