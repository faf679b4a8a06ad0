// Which web origins may call: what a browser may write with a cookie, and which pages may read answers (CORS). Knows no route.

package import Configuration
import HTTPServer
import ProviderSDK

/// Which origins may write with cookies, and read answers with credentials.
package struct OriginPolicy: Sendable {
    package let address: PublicAddress
    private let allowed: [(text: String, origin: WebOrigin)]

    package init(address: PublicAddress, allowedOrigins: [String]) {
        self.address = address
        allowed = allowedOrigins.compactMap { text in WebOrigin(of: text).map { (text, $0) } }
    }

    /// Whether any page of another origin may read answers.
    var isCrossOriginAllowed: Bool { !allowed.isEmpty }

    /// The value of an Origin field whose pages may read answers; nil for every other.
    ///
    /// It is never reflected for an origin that is not configured, and never `*`: answers are made with credentials.
    package func allowed(_ origin: String?) -> String? {
        guard let origin, let found = WebOrigin(of: origin), allowed.contains(where: { $0.origin == found }) else {
            return nil
        }
        return origin
    }

    /// Whether a write whose session is in a cookie may come from where it says it comes from.
    ///
    /// What a browser calls cross-site may not, not even from an origin that may read answers: its pages send their session as Bearer.
    /// A request with neither Origin nor Sec-Fetch-Site does not come from a browser.
    func allowsCookieWrite(_ request: borrowing HTTPRequest) -> Bool {
        var start = 0
        while let index = request.headerIndex("sec-fetch-site", from: start) {
            if request.header(at: index).value.equals("cross-site") { return false }
            start = index + 1
        }
        guard let origin = request.header("origin") else { return true }
        // With two Origin fields we cannot tell which is the page's.
        guard request.headerCount("origin") == 1, let text = origin.string, let found = WebOrigin(of: text) else {
            return false
        }
        return found == WebOrigin(of: address.url) || allowed.contains { $0.origin == found }
    }
}

/// The answer to the question of a browser that wants to send a request from a page of another origin (Fetch standard).
enum Preflight {
    /// How long a browser may remember it, in seconds.
    static let maxAgeSeconds = 600

    /// 204 with the methods of the path; which origins may use them stands in the fields that every answer has.
    static func reply(allowing methods: HTTPMethodSet, isAllowed: Bool) -> Reply {
        var reply = Reply(status: 204, headers: [("Allow", methods.union(.init(.options)).fieldValue)], body: [])
        if isAllowed {
            reply.headers += [
                ("Access-Control-Allow-Methods", methods.fieldValue),
                ("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, X-Correlation-Id"),
                ("Access-Control-Max-Age", String(maxAgeSeconds)),
            ]
        }
        return reply
    }
}
