// Media types of request bodies. Knows no route.

import HTTPServer
import Primitives

/// Media types of request bodies.
enum MediaType {
    /// Returns whether `request` has exactly one Content-Type field and it is `application/json`.
    ///
    /// Parameters are allowed (RFC 9110 section 8.3.1).
    static func isJSON(_ request: borrowing HTTPRequest) -> Bool {
        guard request.headerCount("content-type") == 1, let field = request.header("content-type") else { return false }
        var end = field.firstIndex(of: UInt8(ascii: ";")) ?? field.count
        while end > 0, field[end - 1] == ASCII.space || field[end - 1] == ASCII.tab { end -= 1 }
        return field[0..<end].equals(lowercase: "application/json")
    }
}
