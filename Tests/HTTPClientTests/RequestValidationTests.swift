// What is refused before anything is sent: URLs that two readers could read differently, header fields that carry a second
// request, limits out of range.

import Testing

@testable import HTTPClient

@Suite("Request validation", .timeLimit(.minutes(2)))
struct RequestValidationTests {
    @Test(
        "Reads scheme, host and port of a URL",
        arguments: [
            ("http://a", false, "a", 80), ("https://a", true, "a", 443),
            ("HTTPS://Example.COM/x", true, "example.com", 443),
            ("http://a:8080", false, "a", 8080), ("http://a:65535/", false, "a", 65535), ("http://a?x", false, "a", 80),
            ("https://a.b-c_d.e1:1/%2F?q=[1]&r=a@b:c//d?", true, "a.b-c_d.e1", 1), ("http://a./", false, "a.", 80),
            ("http://[2001:DB8::1]:81/", false, "2001:db8::1", 81), ("http://[::1]", false, "::1", 80),
            ("http://127.0.0.1/", false, "127.0.0.1", 80), ("http://a/p;v=1,2!$&'()*+~", false, "a", 80),
        ])
    func urls(url: String, isSecure: Bool, host: String, port: Int) throws {
        let target = try RequestTarget(url: url)
        #expect(target.isSecure == isSecure)
        #expect(target.host == host)
        #expect(target.port == port)
    }

    @Test(
        "Refuses a URL that is not http or https, not ASCII, or not well formed",
        arguments: [
            "", "a", "/", "//a/", "http:", "http:/a", "http:a", "http://", "http:///x", "http://?", "http://:80/",
            "http:// a/",
            " http://a/", "http://a /", "http://a/ b", "http://a/\r\nX: y", "http://a/\n", "http://a/\t",
            "http://a/\u{0}",
            "http://a\u{0}.b/", "http://a/\u{7F}", "http://a/é", "http://é/", "http://①②⑦.⓪.⓪.①/", "http://a%2Eb/",
            "http://a%00/",
            "http://a\\b/", "http://a/\\b", "http://a/#f", "http://a#f", "http://a/\"", "http://a/<b>", "http://a/{b}",
            "http://a/^", "http://a/`", "http://a/|", "http://a:/", "http://a:0/", "http://a:65536/",
            "http://a:123456/",
            "http://a:+80/", "http://a:-1/", "http://a:8 0/", "http://a:80:80/", "http://a:x/", "http://a:０/",
            "http://.a/",
            "http://a..b/", "http://./", "http://../", "http://[::1/", "http://::1/", "http://[::1]x/",
            "http://[::1%25lo]/",
            "http://[127.0.0.1]/", "http://[]/", "http://[::g]/", "ftp://a/", "file:///etc/passwd", "gopher://a/",
            "httpx://a/",
            "http+unix://a/", "javascript:alert(1)", "data:,x", "http://a,b/", "http://a;b/", "http://a*b/",
            "http://a!/",
        ])
    func malformedURLs(url: String) {
        #expect(throws: HTTPClientError(.invalidRequest(.url), host: nil)) { try RequestTarget(url: url) }
    }

    @Test("Refuses over-long names and URLs")
    func longURLs() throws {
        let label = String(repeating: "a", count: 63)
        #expect(try RequestTarget(url: "http://\(label).b/").port == 80)
        for url in [
            "http://\(label)a/", "http://" + Array(repeating: label, count: 4).joined(separator: ".") + "/",
            "http://a/" + String(repeating: "x", count: HTTPClientLimits.urlBytesMax),
        ] {
            #expect(throws: HTTPClientError(.invalidRequest(.url), host: nil)) { try RequestTarget(url: url) }
        }
    }

    @Test(
        "Refuses user information, and does not repeat it in the error",
        arguments: [
            "http://canary@a/", "http://canary:canary@a/", "http://@a/", "https://a:80@b/", "http://a@b@c/",
            "http://[::1]@b/",
        ])
    func userInformation(url: String) {
        let error = #expect(throws: HTTPClientError.self) { try RequestTarget(url: url) }
        #expect(error?.kind == .invalidRequest(.userInfo))
        #expect(error?.description.contains("canary") == false)
    }

    @Test(
        "Refuses header fields that could end a line or decide the framing",
        arguments: [
            ("", "x"), ("a b", "x"), ("a:", "x"), ("a\r\nb", "x"), ("é", "x"), ("a\u{0}", "x"), ("(a)", "x"),
            ("a", "x\r\ny: z"),
            ("a", "x\ny"), ("a", "x\r"), ("a", "\u{0}"), ("a", "x\u{7F}"), ("a", "\u{1B}[0m"), ("Host", "b"),
            ("content-length", "5"), ("Transfer-Encoding", "chunked"), ("CONNECTION", "close"),
            ("Expect", "100-continue"),
            ("Upgrade", "h2c"), ("TE", "trailers"), ("Keep-Alive", "x"), ("Proxy-Connection", "x"), ("Trailer", "x"),
        ])
    func headerInjection(name: String, value: String) {
        let request = HTTPClient.Request(url: "http://a/", headers: [(name: name, value: value)])
        let error = #expect(throws: HTTPClientError.self) { try request.validated() }
        switch error?.kind {
        case .invalidRequest(.headerName), .invalidRequest(.headerValue), .invalidRequest(.headerReserved): break
        default: Issue.record("\(String(describing: error))")
        }
    }

    @Test("Refuses too many header fields, limits out of range, and a body where there is none")
    func limits() {
        func kind(_ change: (inout HTTPClient.Request) -> Void) -> HTTPClientError.Kind? {
            var request = HTTPClient.Request(url: "https://a/")
            change(&request)
            do {
                _ = try request.validated()
                return nil
            } catch {
                return error.kind
            }
        }
        #expect(kind { _ in } == nil)
        #expect(kind { $0.headers = Array(repeating: ("a", "b"), count: 101) } == .invalidRequest(.headersTooLarge))
        #expect(
            kind { $0.headers = [("a", String(repeating: "b", count: 65536))] } == .invalidRequest(.headersTooLarge))
        #expect(kind { $0.timeouts.connect = .zero } == .invalidRequest(.limit))
        #expect(kind { $0.timeouts.firstByte = .seconds(-1) } == .invalidRequest(.limit))
        #expect(kind { $0.timeouts.total = .seconds(3601) } == .invalidRequest(.limit))
        #expect(kind { $0.timeouts.total = Duration.seconds(Int64.max / 2) } == .invalidRequest(.limit))
        #expect(kind { $0.responseBodyBytesMax = -1 } == .invalidRequest(.limit))
        #expect(kind { $0.body = [] } == .invalidRequest(.body))
        #expect(
            kind {
                $0.method = .head
                $0.body = [1]
            } == .invalidRequest(.body))
        #expect(
            kind {
                $0.url = "http://a/"
                $0.requiresHTTPS = true
            } == .invalidRequest(.notHTTPS))
        #expect(kind { $0.allowedPorts = [8443] } == .invalidRequest(.port(443)))
        #expect(kind { $0.allowedPorts = [443, 8443] } == nil)
    }
}
