// Media types of request bodies. Knows no route.

import Primitives

/// Media types of request bodies.
enum MediaType {
    /// Whether the Content-Type fields of a request are one `application/json`, with or without parameters (RFC 9110 section 8.3.1).
    static func isJSON(_ contentTypes: [[UInt8]]) -> Bool {
        guard let contentType = contentTypes.first, contentTypes.count == 1 else { return false }
        var type = contentType.prefix { $0 != UInt8(ascii: ";") }
        while let last = type.last, last == ASCII.space || last == ASCII.tab { type.removeLast() }
        return ASCII.lowercased(type) == Array("application/json".utf8)
    }
}
