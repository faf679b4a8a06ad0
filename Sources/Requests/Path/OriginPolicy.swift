// Which web origins may call: which may write with a cookie, and which pages may read answers (CORS). Knows no route.

package import Configuration
import HTTPServer
import ProviderSDK
import Synchronization

/// The origins that may write with cookies and read answers with credentials.
package struct OriginPolicy: Sendable {
    package let address: PublicAddress
    private let origins: AllowedOrigins

    package init(address: PublicAddress, allowedOrigins: [String]) {
        self.address = address
        origins = AllowedOrigins(allowedOrigins)
    }

    /// Changes the origins of the configuration.
    package func set(allowedOrigins: [String]) { origins.set(allowedOrigins) }

    private var allowed: [WebOrigin] { origins.all }

    /// Whether any page of another origin may read answers.
    var isCrossOriginAllowed: Bool { !allowed.isEmpty }

    /// Returns the value of an Origin field if its pages may read answers; nil otherwise.
    ///
    /// The answer never echoes an origin that is not configured, and is never `*`, because answers allow credentials.
    package func allowed(_ origin: String?) -> String? {
        guard let origin, let found = WebOrigin(of: origin), allowed.contains(found) else {
            return nil
        }
        return origin
    }

    /// Returns whether the origin of a request may write with a session cookie.
    ///
    /// A request that the browser calls cross-site may not, even from an origin that may read answers. Pages of such
    /// origins send their session as Bearer. A request with neither Origin nor Sec-Fetch-Site does not come from a
    /// browser.
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
        return found == WebOrigin(of: address.url) || allowed.contains(found)
    }
}

/// The origins of the configuration, which may change while requests are answered.
private final class AllowedOrigins: Sendable {
    private let origins: Mutex<[WebOrigin]>

    init(_ texts: [String]) { origins = Mutex(Self.parsed(texts)) }

    var all: [WebOrigin] { origins.withLock { $0 } }

    func set(_ texts: [String]) {
        let parsed = Self.parsed(texts)
        origins.withLock { $0 = parsed }
    }

    private static func parsed(_ texts: [String]) -> [WebOrigin] { texts.compactMap(WebOrigin.init(of:)) }
}

/// The answer to a CORS preflight request (Fetch standard).
enum Preflight {
    /// The seconds for which a browser may cache the answer.
    static let maxAgeSeconds = 600

    /// Returns 204 with the methods of the path.
    ///
    /// The fields that every answer has say which origins may use them.
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
