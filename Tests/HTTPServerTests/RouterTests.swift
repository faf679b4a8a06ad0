// Which route a method and a path lead to, and what the captured segments decode to.

import Testing

@testable import HTTPServer

@Suite("Router", .timeLimit(.minutes(2)))
struct RouterTests {
    private static let router: Router<String> = {
        var router = Router<String>()
        let routes: [(HTTPMethod, String)] = [
            (.get, "/"), (.get, "/a"), (.post, "/a"), (.get, "/a/"), (.get, "/a/{id}"), (.delete, "/a/{id}"),
            (.get, "/a/new"), (.get, "/a/{id}/b"), (.put, "/a/new/c"), (.get, "/{x}/{y}/{z}"), (.head, "/h"),
            (.get, "/h"), (.options, "/o"), (.get, "/a/{id}/b/{key}/c"), (.get, "/api/v1/a.b-c~d/%7Ee"),
        ]
        for (method, template) in routes { router.add(method, template, "\(method) \(template)") }
        return router
    }()

    private func outcome(_ method: HTTPMethod, _ path: String) -> String {
        switch Self.router.match(method, Array(path.utf8).span) {
        case .found(let route, let captures):
            let texts = (0..<captures.count).map { (try? captures.text($0, in: Array(path.utf8))) ?? "invalid" }
            #expect(captures.count == route.parameterNames.count)
            return ([route.handler] + texts).joined(separator: " | ")
        case .methodNotAllowed(let methods): return "allowed: " + methods.fieldValue
        case .notFound: return "not found"
        }
    }

    @Test(
        "A path leads to one route",
        arguments: [
            (HTTPMethod.get, "/", "GET /"), (.head, "/", "GET /"), (.post, "/", "allowed: GET, HEAD"),
            (.get, "/a", "GET /a"), (.post, "/a", "POST /a"), (.put, "/a", "allowed: GET, HEAD, POST"),
            (.get, "/a/", "GET /a/"), (.get, "/a/1", "GET /a/{id} | 1"), (.head, "/a/1", "GET /a/{id} | 1"),
            (.delete, "/a/1", "DELETE /a/{id} | 1"), (.get, "/a/new", "GET /a/new"),
            (.delete, "/a/new", "DELETE /a/{id} | new"), (.get, "/a/new/b", "GET /a/{id}/b | new"),
            (.put, "/a/new/c", "PUT /a/new/c"), (.post, "/a/new/c", "allowed: GET, HEAD, PUT"),
            (.get, "/a/new/c", "GET /{x}/{y}/{z} | a | new | c"),
            (.patch, "/a/new", "allowed: GET, HEAD, DELETE"), (.get, "/a//b", "not found"),
            (.get, "/a/1/", "not found"),
            (.get, "/x/y/z", "GET /{x}/{y}/{z} | x | y | z"), (.get, "//y/z", "not found"), (.get, "/x", "not found"),
            (.head, "/h", "HEAD /h"), (.get, "/o", "allowed: OPTIONS"), (.get, "**", "not found"),
            (.get, "", "not found"),
            (.options, "/a", "allowed: GET, HEAD, POST"), (.get, "/A", "not found"),
            (.get, "/a/1/b/2/c", "GET /a/{id}/b/{key}/c | 1 | 2"),
            (.get, "/a/x%2Fy", "GET /a/{id} | x/y"), (.get, "/a/%20+", "GET /a/{id} |  +"),
            (.get, "/a/%00", "GET /a/{id} | invalid"),
            (.get, "/a/%ff", "GET /a/{id} | invalid"), (.get, "/a/%C3%A9", "GET /a/{id} | é"),
            (.get, "/a/%", "GET /a/{id} | invalid"),
            (.get, "/%61", "not found"), (.get, "/api/v1/a.b-c~d/%7Ee", "GET /api/v1/a.b-c~d/%7Ee"),
            (.get, "/a/..", "GET /a/{id} | .."), (.get, "/a?b", "not found"),
        ])
    func pathLeadsRoute(method: HTTPMethod, path: String, expected: String) {
        #expect(outcome(method, path) == expected)
    }

    @Test("The asterisk and a path say which methods are served")
    func methodsServed() {
        #expect(outcome(.options, "*") == "allowed: " + Self.router.methods(at: Array("*".utf8)).fieldValue)
        let all = Self.router.routes.reduce(into: HTTPMethodSet(.head)) { $0.insert(HTTPMethodSet($1.method)) }
        #expect(Self.router.methods(at: Array("*".utf8)) == all)
        #expect(Self.router.methods(at: Array("/a".utf8)).fieldValue == "GET, HEAD, POST")
        #expect(Self.router.methods(at: Array("/a/new/c".utf8)).fieldValue == "GET, HEAD, PUT")
        #expect(Self.router.methods(at: Array("/x".utf8)).isEmpty)
        #expect(Self.router.methods(at: []).isEmpty)
    }

    @Test("A route knows its template and its captures by name")
    func routeKnowsTemplateCapturesName() throws {
        let path = Array("/a/1/b/x%20y/c".utf8)
        guard case .found(let route, let captures) = Self.router.match(.get, path.span) else {
            Issue.record("no route")
            return
        }
        #expect(route.template == "/a/{id}/b/{key}/c")
        #expect(try route.text("key", captures, in: path) == "x y")
        #expect(throws: DecodingError.noSuchCapture) { try route.text("other", captures, in: path) }
        #expect(captures.range(1) == 7..<12)
    }

    @Test(
        "A malformed template is told from a good one",
        arguments: [
            "", "a", "a/b", "/{}", "/{a", "/a}", "/{a}b", "/b{a}", "/{a b}", "/{a-b}", "/a b", "/é", "/a?b", "/a#b",
        ])
    func malformedTemplateToldGood(template: String) {
        #expect(RouteTable.segments(template) == nil)
    }

    @Test("A good template is read")
    func goodTemplateRead() {
        #expect(RouteTable.segments("/") == [])
        #expect(RouteTable.segments("/a/{b_1}/c") == [.literal([97]), .parameter("b_1"), .literal([99])])
    }

    @Test("A second route of the same method and shape is noticed")
    func secondRouteSameMethodShape() {
        var tree = RouteTree()
        let added = [
            tree.add(0, .get, [[97], nil]), tree.add(1, .get, [[97], nil]), tree.add(2, .post, [[97], nil]),
            tree.add(3, .get, [nil, [97]]),
        ]
        #expect(added == [true, false, true, true])
    }

    @Test("A path of very many segments is searched only as deep as the templates")
    func pathVeryManySegmentsSearched() {
        #expect(outcome(.get, String(repeating: "/a", count: 4000)) == "not found")
    }
}

@Suite("Query parameters", .timeLimit(.minutes(2)))
struct QueryParametersTests {
    private func parameters(_ query: String) throws(DecodingError) -> [String] {
        let parameters = try QueryParameters(Array(query.utf8).span, countMax: 4)
        return (0..<parameters.count).map {
            parameters.parameter(at: $0).name + "=" + parameters.parameter(at: $0).value
        }
    }

    @Test(
        "A query is decoded",
        arguments: [
            ("", []), ("a=1", ["a=1"]), ("a=1&b=2", ["a=1", "b=2"]), ("a", ["a="]), ("a=", ["a="]), ("=a", ["=a"]),
            ("a=b=c", ["a=b=c"]), ("&&a=1&&", ["a=1"]), ("a+b=c+d", ["a b=c d"]), ("a%2Bb=%26%3D", ["a+b=&="]),
            ("a=%C3%A9", ["a=é"]), ("a=1&a=2", ["a=1", "a=2"]), ("a=/?:@", ["a=/?:@"]),
        ])
    func queryDecoded(query: String, expected: [String]) throws {
        #expect(try parameters(query) == expected)
    }

    @Test(
        "An invalid query is refused",
        arguments: [
            ("a=%", DecodingError.percentInvalid), ("a=%4", .percentInvalid), ("a=%zz", .percentInvalid),
            ("%=a", .percentInvalid), ("a=%ff", .notUTF8), ("a=%C3", .notUTF8), ("a=%ED%A0%80", .notUTF8),
            ("a=%C0%AF", .notUTF8), ("a=%00", .containsNUL), ("a&b&c&d&e", .tooManyParameters(max: 4)),
        ])
    func invalidQueryRefused(query: String, expected: DecodingError) {
        #expect(throws: expected) { try parameters(query) }
    }

    @Test("Names are compared as bytes")
    func namesComparedBytes() throws {
        let parameters = try QueryParameters(Array("e%CC%81=1&%C3%A9=2&b=3&b=4".utf8).span)
        #expect(parameters["\u{E9}"] == "2")
        #expect(parameters["e\u{301}"] == "1")
        #expect(parameters["b"] == "3")
        #expect(parameters.all("b") == ["3", "4"])
        #expect(parameters["c"] == nil)
    }
}
