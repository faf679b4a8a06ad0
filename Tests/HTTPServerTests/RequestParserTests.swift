// The strict parser, case by case: what is accepted, and for what reason each malformed message is refused.

import Testing

@testable import HTTPServer

@Suite("Request parser", .timeLimit(.minutes(2)))
struct RequestParserTests {
    private static func message(_ line: String, _ fields: [String] = ["Host: a"], _ body: String = "") -> String {
        ([line] + fields).map { $0 + "\r\n" }.joined() + "\r\n" + body
    }

    @Test(
        "A valid request line is read",
        arguments: [
            ("GET / HTTP/1.1", HTTPMethod.get, "/", nil as String?),
            ("HEAD /a/b%20c HTTP/1.1", .head, "/a/b%20c", nil),
            ("POST /a?b=c&d HTTP/1.1", .post, "/a", "b=c&d"),
            ("PUT /a? HTTP/1.1", .put, "/a", ""),
            ("PATCH /a?b?c HTTP/1.1", .patch, "/a", "b?c"),
            ("DELETE //a//b HTTP/1.1", .delete, "//a//b", nil),
            ("OPTIONS * HTTP/1.1", .options, "*", nil),
            ("GET http://a HTTP/1.1", .get, "", nil),
            ("GET HTTPS://a.b:80/c?d HTTP/1.1", .get, "/c", "d"),
            ("GET http://a?d HTTP/1.1", .get, "", "d"),
            ("GET http://[::1]:8080/ HTTP/1.1", .get, "/", nil),
            ("GET /'()*+,;:@!$~._- HTTP/1.1", .get, "/'()*+,;:@!$~._-", nil),
        ])
    func validRequestLineRead(line: String, method: HTTPMethod, path: String, query: String?) throws {
        let bytes = Array(Self.message(line).utf8)
        var head = RequestHead()
        var progress = HeadProgress()
        let isComplete = try RequestParser(HTTPServerLimits()).parse(bytes.span, &progress, into: &head)
        #expect(isComplete)
        #expect(head.method == method)
        #expect(String(decoding: bytes[head.path], as: UTF8.self) == path)
        #expect(head.query.map { String(decoding: bytes[$0], as: UTF8.self) } == query)
        #expect(head.length == bytes.count)
    }

    @Test(
        "An invalid request line is refused",
        arguments: [
            ("", RequestRejection.lineEndInvalid, "\n"),
            ("GET / HTTP/1.1\nHost: a", .lineEndInvalid, ""),
            ("GET / HTTP/1.1\rHost: a", .versionInvalid, ""),
            ("GET /\r HTTP/1.1", .lineEndInvalid, ""),
            ("GET", .requestLineMalformed, ""),
            ("GET /", .requestLineMalformed, ""),
            ("GET / ", .versionInvalid, ""),
            (" GET / HTTP/1.1", .requestLineMalformed, ""),
            ("GET  / HTTP/1.1", .targetInvalid, ""),
            ("GET /  HTTP/1.1", .versionInvalid, ""),
            ("GET\t/ HTTP/1.1", .requestLineMalformed, ""),
            ("GET /\tHTTP/1.1", .targetInvalid, ""),
            ("G(T / HTTP/1.1", .requestLineMalformed, ""),
            ("GET / HTTP/1.1 ", .versionInvalid, ""),
            ("GET / HTTP/1.10", .versionInvalid, ""),
            ("GET / HTTP/1,1", .versionInvalid, ""),
            ("GET / http/1.1", .versionInvalid, ""),
            ("GET / HTTP/+1.1", .versionInvalid, ""),
            ("GET / HTTP/2.0", .versionNotSupported, ""),
            ("GET / HTTP/1.2", .versionNotSupported, ""),
            ("GET / HTTP/0.9", .versionNotSupported, ""),
            ("CONNECT a:80 HTTP/1.1", .methodNotImplemented, ""),
            ("TRACE / HTTP/1.1", .methodNotAllowed, ""),
            ("get / HTTP/1.1", .methodNotImplemented, ""),
            ("PROPFIND / HTTP/1.1", .methodNotImplemented, ""),
            ("GET * HTTP/1.1", .targetInvalid, ""),
            ("OPTIONS *a HTTP/1.1", .targetInvalid, ""),
            ("GET a HTTP/1.1", .targetInvalid, ""),
            ("GET ?a HTTP/1.1", .targetInvalid, ""),
            ("GET /a#b HTTP/1.1", .targetInvalid, ""),
            ("GET /a\\b HTTP/1.1", .targetInvalid, ""),
            ("GET /a\"b HTTP/1.1", .targetInvalid, ""),
            ("GET /<a> HTTP/1.1", .targetInvalid, ""),
            ("GET /a^b HTTP/1.1", .targetInvalid, ""),
            ("GET /a`b HTTP/1.1", .targetInvalid, ""),
            ("GET /{a} HTTP/1.1", .targetInvalid, ""),
            ("GET /a|b HTTP/1.1", .targetInvalid, ""),
            ("GET /é HTTP/1.1", .targetInvalid, ""),
            ("GET /\u{7F} HTTP/1.1", .targetInvalid, ""),
            ("GET /\0 HTTP/1.1", .targetInvalid, ""),
            ("GET /% HTTP/1.1", .targetInvalid, ""),
            ("GET /%2 HTTP/1.1", .targetInvalid, ""),
            ("GET /%zz HTTP/1.1", .targetInvalid, ""),
            ("GET /a?%f HTTP/1.1", .targetInvalid, ""),
            ("GET ftp://a/ HTTP/1.1", .targetInvalid, ""),
            ("GET http:///a HTTP/1.1", .targetInvalid, ""),
            ("GET http://u@a/ HTTP/1.1", .targetInvalid, ""),
            ("GET http://a:b/ HTTP/1.1", .targetInvalid, ""),
        ])
    func invalidRequestLineRefused(line: String, reason: RequestRejection, prefix: String) {
        var driver = ProtocolDriver()
        driver.receive(prefix + Self.message(line))
        #expect(driver.events == [.refused(reason)])
    }

    @Test(
        "Invalid fields are refused",
        arguments: [
            (["Host: a", " b"], RequestRejection.fieldFolded),
            (["Host: a", "\tb: c"], .fieldFolded),
            ([" Host: a"], .fieldFolded),
            (["Host : a"], .fieldNameInvalid),
            (["Host"], .fieldNameInvalid),
            (["Host: a", ": b"], .fieldNameInvalid),
            (["Host: a", "b@c: d"], .fieldNameInvalid),
            (["Host: a", "b\u{0}: d"], .fieldNameInvalid),
            (["Host: a", "é: d"], .fieldNameInvalid),
            (["Host: a", "b: \u{0}"], .fieldValueInvalid),
            (["Host: a", "b: c\u{7F}"], .fieldValueInvalid),
            (["Host: a", "b: 12345678\u{1}2345678"], .fieldValueInvalid),
            (["Host: a", "b: c\rd: e"], .lineEndInvalid),
            (["Host: a", "b\r: e"], .lineEndInvalid),
            (["Host: a\n"], .lineEndInvalid),
            ([], .hostMissing),
            (["Host:"], .hostMissing),
            (["Host: a", "Host: a"], .hostInvalid),
            (["Host: a, b"], .hostInvalid),
            (["Host: a/b"], .hostInvalid),
            (["Host: u@a"], .hostInvalid),
            (["Host: a b"], .hostInvalid),
            (["Host: a:+80"], .hostInvalid),
            (["Host: a:800000"], .hostInvalid),
            (["Host: [::1"], .hostInvalid),
            (["Host: []"], .hostInvalid),
            (["Host: [g]"], .hostInvalid),
            (["Host: a%zz"], .hostInvalid),
            (["Host: é"], .hostInvalid),
            (["Host: a", "Expect: 200-ok"], .expectationFailed),
            (["Host: a", "Expect: 100-continue", "Expect: 100-continue"], .expectationFailed),
            (["Host: a", "Expect: 100-continue, 100-continue"], .expectationFailed),
        ])
    func invalidFieldsRefused(fields: [String], reason: RequestRejection) {
        var driver = ProtocolDriver()
        driver.receive(Self.message("GET / HTTP/1.1", fields))
        #expect(driver.events == [.refused(reason)])
    }

    @Test(
        "A Content-Length that is not one plain number is refused",
        arguments: [
            "+5", "-5", "5 ", "0x5", "5,5", "5, 5", "5;", "", " ", "five", "１", "5.0", "1e1",
            "9999999999999999999", "09999999999999999999", "18446744073709551621", "5\u{0}", "1 2",
        ])
    func contentLengthPlainNumberRefused(value: String) {
        var driver = ProtocolDriver()
        driver.receive(Self.message("POST / HTTP/1.1", ["Host: a", "Content-Length: \(value)"], "hello"))
        if value == "5 " {
            #expect(driver.requests.map(\.body) == [Array("hello".utf8)], "space around a value is not part of it")
        } else {
            #expect(driver.requests.isEmpty)
            #expect(driver.refusals.first?.status == .badRequest)
        }
    }

    @Test(
        "Zeros in front of a Content-Length are read",
        arguments: ["05", "005", String(repeating: "0", count: 100) + "5"])
    func zerosBeforeContentLength(value: String) {
        var driver = ProtocolDriver()
        driver.receive(Self.message("POST / HTTP/1.1", ["Host: a", "Content-Length: \(value)"], "hello"))
        #expect(driver.requests.map(\.body) == [Array("hello".utf8)])
        #expect(driver.unreadCount == 0)
    }

    @Test(
        "Framing that two readers could read differently is refused",
        arguments: [
            (["Content-Length: 5", "Content-Length: 5"], RequestRejection.contentLengthInvalid),
            (["Content-Length: 5", "Content-Length: 6"], .contentLengthInvalid),
            (["Content-Length: 5", "Transfer-Encoding: chunked"], .framingAmbiguous),
            (["Transfer-Encoding: chunked", "Content-Length: 5"], .framingAmbiguous),
            (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], .transferEncodingInvalid),
            (["Transfer-Encoding: chunked, chunked"], .transferEncodingInvalid),
            (["Transfer-Encoding: chunked, identity"], .transferEncodingInvalid),
            (["Transfer-Encoding: identity"], .transferEncodingInvalid),
            (["Transfer-Encoding: xchunked"], .transferEncodingInvalid),
            (["Transfer-Encoding: chunked;a=b"], .transferEncodingInvalid),
            (["Transfer-Encoding: \"chunked\""], .transferEncodingInvalid),
            (["Transfer-Encoding:"], .transferEncodingInvalid),
            (["Transfer-Encoding: ,chunked"], .transferEncodingInvalid),
            (["Transfer-Encoding: chunked,"], .transferEncodingInvalid),
            (["Transfer-Encoding: \u{B}chunked"], .fieldValueInvalid),
            (["Transfer-Encoding: gzip, chunked"], .transferCodingNotImplemented),
            (["Transfer-Encoding : chunked"], .fieldNameInvalid),
        ])
    func framingTwoReadersCouldRead(fields: [String], reason: RequestRejection) {
        var driver = ProtocolDriver()
        driver.receive(Self.message("POST / HTTP/1.1", ["Host: a"] + fields, "0\r\n\r\n"))
        #expect(driver.events == [.refused(reason)])
    }

    @Test("HTTP/1.0 may not send chunks, and needs no Host")
    func http10MaySend() {
        var chunked = ProtocolDriver()
        chunked.receive("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        #expect(chunked.refusals == [.transferEncodingInvalid])
        var plain = ProtocolDriver()
        plain.receive("GET / HTTP/1.0\r\n\r\n")
        #expect(plain.requests.count == 1)
        var twice = ProtocolDriver()
        twice.receive("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n")
        #expect(twice.refusals == [.hostInvalid])
    }

    @Test(
        "A valid Host is accepted",
        arguments: ["a", "A.b-c_~", "127.0.0.1:80", "[::1]", "[fe80::1.2.3.4]:8080", "a:", "a%41", "!$&'()*+;="])
    func validHostAccepted(host: String) {
        var driver = ProtocolDriver()
        driver.receive(Self.message("GET / HTTP/1.1", ["Host: \(host)"]))
        #expect(driver.requests.count == 1)
    }

    @Test("One empty line before a request is skipped, two are not")
    func emptyLineBeforeRequestSkipped() {
        var one = ProtocolDriver()
        one.receive("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(one.requests.count == 1)
        var two = ProtocolDriver()
        two.receive("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(two.refusals.count == 1 && two.requests.isEmpty)
    }

    @Test("Values lose the space around them and keep what is inside")
    func valuesLoseSpaceAroundThem() {
        var driver = ProtocolDriver()
        driver.receive("GET / HTTP/1.1\r\nHost:a\r\nB: \t c \t d\t \r\nE:\r\nF: é\r\n\r\n")
        #expect(driver.requests.first?.fields == ["Host: a", "B: c \t d", "E: ", "F: é"])
    }

    @Test("The size limits hold to the byte")
    func sizeLimitsHoldByte() {
        func outcome(_ text: String) -> [RequestRejection] {
            var driver = ProtocolDriver {
                $0.requestLineBytesMax = 100
                $0.headerBytesMax = 200
                $0.headerFieldsMax = 5
            }
            driver.receive(text)
            return driver.refusals
        }
        let line = { (count: Int) in "GET /" + String(repeating: "a", count: count - 14) + " HTTP/1.1" }
        #expect(outcome(line(100) + "\r\nHost: a\r\n\r\n") == [])
        #expect(outcome(line(101) + "\r\nHost: a\r\n\r\n") == [.targetTooLong])
        #expect(outcome(String(line(300).prefix(101))) == [])
        #expect(outcome(String(line(300).prefix(102))) == [.targetTooLong])
        let fields = { (count: Int) in "Host: a\r\nB: " + String(repeating: "b", count: count - 16) + "\r\n\r\n" }
        #expect(fields(200).utf8.count == 200)
        #expect(outcome("GET / HTTP/1.1\r\n" + fields(200)) == [])
        #expect(outcome("GET / HTTP/1.1\r\n" + fields(201)) == [.headerTooLarge])
        #expect(outcome("GET / HTTP/1.1\r\n" + fields(400).prefix(201)) == [.headerTooLarge])
        var long = ProtocolDriver()
        long.receive("GET / HTTP/1.1\r\nHost: a\r\nB:" + String(repeating: "b", count: 8190) + "\r\n\r\n")
        #expect(long.refusals == [])
        long.receive("GET / HTTP/1.1\r\nHost: a\r\nB:" + String(repeating: "b", count: 8191) + "\r\n\r\n")
        #expect(long.refusals == [.headerTooLarge])
        for (name, count) in [("Cookie:", 16_384), ("cOOKIE:", 16_384), ("Cookies:", 8192), ("Cooki:", 8192)] {
            for excess in [0, 1] {
                var cookies = ProtocolDriver()
                let value = String(repeating: "b", count: count + excess - name.utf8.count)
                cookies.receive("GET / HTTP/1.1\r\nHost: a\r\n\(name)\(value)\r\n\r\n")
                #expect(cookies.refusals == (excess == 0 ? [] : [.headerTooLarge]), "\(name)")
                var cut = ProtocolDriver()
                for part in [
                    "GET / HTTP/1.1\r\nHost: a\r\n\(name)", String(value.prefix(8300)), String(value.dropFirst(8300)),
                ] {
                    cut.receive(part)
                }
                cut.receive("\r\n\r\n")
                #expect(cut.refusals == (excess == 0 ? [] : [.headerTooLarge]), "\(name), cut")
            }
        }
        let many = { (count: Int) in (0..<count).map { "F\($0): x\r\n" }.joined() + "\r\n" }
        #expect(outcome("GET / HTTP/1.1\r\nHost: a\r\n" + many(4)) == [])
        #expect(outcome("GET / HTTP/1.1\r\nHost: a\r\n" + many(5)) == [.tooManyFields])
    }

    @Test(
        "What no further byte could make valid is refused at once",
        arguments: [
            "G(", "GET /\0", "GET /a\r ", "GET / HTTP/1.1\r\nHost: a\r\nb c", "GET / HTTP/1.1\r\nHost: a\r\nb: \u{1}",
            "GET / HTTP/1.1\r\nHost: a\r\n c", "GET / HTTX", "GET / HTTP/1.1 a", "\n", "\ra", "GET \r",
        ])
    func furtherByteCouldMakeValid(prefix: String) {
        var driver = ProtocolDriver()
        driver.receive(prefix)
        #expect(driver.refusals.count == 1)
    }
}
