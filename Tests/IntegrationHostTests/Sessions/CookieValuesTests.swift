// The values of a cookie, found in place.

import Testing

@testable import Sessions

@Suite("Cookie values", .timeLimit(.minutes(2)))
struct CookieValuesTests {
    @Test(
        "Each value of the cookie is found, without its quotes, and no other cookie's",
        arguments: [
            ("s=1", ["1"]), ("s=1; s=2", ["1", "2"]), ("a=b;s=1;c=d", ["1"]), ("a=b;   s=1", ["1"]), ("xs=1; sx=2", []),
            ("s", []), ("s=", [""]), ("s=;", [""]), ("", []), (";;;s=1;;", ["1"]), ("s=\"1\"", ["1"]), ("s=\"", ["\""]),
            ("s=\"\"", [""]), ("s=1=2", ["1=2"]), ("S=1", []), ("a=\"s=1\"", []), ("s =1", []), ("s=\"1", ["\"1"]),
        ])
    func values(field: String, values: [String]) {
        #expect(CookieValues.all(of: "s", in: [field]) == values)
    }

    @Test("At most a fixed number of values is read, over all fields")
    func bounded() {
        let field = (0..<50).map { "s=\($0)" }.joined(separator: "; ")
        let values = CookieValues.all(of: "s", in: ["s=first", field, field])
        #expect(values.count == SessionLimits.cookiesPerNameMax && values.first == "first")
        var found = 0
        var position = CookieValues()
        while position.next(of: "s".utf8Span.span, in: field.utf8Span.span) != nil { found += 1 }
        #expect(found == SessionLimits.cookiesPerNameMax)
    }
}
