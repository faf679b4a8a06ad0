// Media types of request bodies, and of answers that a request accepts. Knows no route.

import HTTPServer
import Primitives

/// Media types of requests.
enum MediaType {
    /// Returns whether `request` has exactly one Content-Type field and it is `application/json`.
    ///
    /// Parameters are allowed (RFC 9110 section 8.3.1).
    static func isJSON(_ request: borrowing HTTPRequest) -> Bool { has("application/json", request) }

    /// Returns whether a body has the type that a route takes.
    static func isTaken(_ body: RouteBody, _ request: borrowing HTTPRequest) -> Bool {
        switch body {
        case .json: isJSON(request)
        case .form: has("application/x-www-form-urlencoded", request)
        case .any: true
        }
    }

    private static func has(_ type: StaticString, _ request: borrowing HTTPRequest) -> Bool {
        guard request.headerCount("content-type") == 1, let field = request.header("content-type") else { return false }
        var end = field.firstIndex(of: UInt8(ascii: ";")) ?? field.count
        while end > 0, field[end - 1] == ASCII.space || field[end - 1] == ASCII.tab { end -= 1 }
        return field[0..<end].equals(lowercase: type)
    }

    /// Returns whether a person in a browser reads the answer: the request accepts a page.
    static func acceptsPage(_ request: borrowing some HeaderFields & ~Copyable) -> Bool {
        guard let accepted = request.headerText("accept") else { return false }
        return accepted.utf8.split(separator: UInt8(ascii: ",")).contains { range in
            let type = range.prefix { $0 != UInt8(ascii: ";") }.filter { $0 != ASCII.space && $0 != ASCII.tab }
            return ASCII.lowercased(type).elementsEqual("text/html".utf8)
        }
    }
}
