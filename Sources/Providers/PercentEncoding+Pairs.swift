// Encodes pairs as the queries and forms of provider requests (WHATWG URL forms). It knows no request.

import Primitives
package import ProviderSDK

extension PercentEncoding {
    /// Pairs as a query or form: names and values encoded, spaces as `%20`.
    package static func pairs(_ pairs: [NamedValue]) -> String {
        pairs.map { encode($0.name) + "=" + encode($0.value) }.joined(separator: "&")
    }

    /// Returns `url` with `query` appended, after the query that it already has.
    package static func url(_ url: String, _ query: [NamedValue]) -> String {
        guard !query.isEmpty else { return url }
        return url + (url.utf8.contains(UInt8(ascii: "?")) ? "&" : "?") + pairs(query)
    }
}
