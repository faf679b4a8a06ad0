// Requests through proxies: which ones go through, what the proxy sees, and what stays with the host to check.

import Testing

@testable import HTTPClient

@Suite("Proxies", .timeLimit(.minutes(2)))
struct ProxyTests {
    private static func target(_ url: String) throws -> RequestTarget { try RequestTarget(url: url) }

    @Test(
        "The exceptions are names with all below them, addresses, networks and ports",
        arguments: [
            ("http://api.example/", true), ("http://internal.example/", false), ("http://a.internal.example/", false),
            ("http://notinternal.example/", true), ("http://INTERNAL.example./", false), ("http://10.1.2.3/", false),
            ("http://11.1.2.3/", true), ("http://[fd00::1]/", false), ("http://[2001:db8::1]/", true),
            ("http://port.example:8080/", false), ("http://port.example/", true), ("http://192.0.2.7/", false),
            ("http://[::ffff:10.0.0.1]/", false), ("http://star.test/", true), ("http://a.star.test/", false),
        ])
    func exceptions(url: String, isProxied: Bool) throws {
        let proxy = try #require(Proxy("http://proxy.example:3128"))
        let rules = ProxyRules(
            proxy,
            except: ProxyRules.exceptions(
                in: ".internal.example, 10.0.0.0/8,fd00::/8 port.example:8080,192.0.2.7 a.star.test"))
        #expect((rules.proxy(for: try Self.target(url)) != nil) == isProxied)
        #expect(ProxyRules(proxy, except: ["*"]).proxy(for: try Self.target(url)) == nil)
    }

    @Test("The environment names a proxy for each scheme, in lower case before upper case")
    func environment() throws {
        let (plain, secure) = (try Self.target("http://a.example/"), try Self.target("https://a.example/"))
        let rules = ProxyRules(environment: [
            "HTTP_PROXY": "one.example:1", "https_proxy": "http://two.example:2/", "HTTPS_PROXY": "three.example:3",
        ])
        #expect(rules.proxy(for: plain)?.name == "one.example:1")
        #expect(rules.proxy(for: secure)?.name == "two.example:2")
        let all = ProxyRules(environment: ["ALL_PROXY": "socks5h://user:pw@[::1]", "NO_PROXY": "b.example,a.example"])
        #expect(all.plain?.name == "[::1]:1080" && all.secure?.url == "socks5h://user:pw@[::1]:1080")
        #expect(all.proxy(for: secure) == nil)
        #expect(ProxyRules(environment: ["HTTP_PROXY": "", "PATH": "/"]).isEmpty)
        var invalid: [String] = []
        #expect(ProxyRules(environment: ["HTTPS_PROXY": "ftp://x"]) { invalid.append($0) }.isEmpty)
        #expect(invalid == ["HTTPS_PROXY"])
    }

    @Test(
        "What is no proxy is refused",
        arguments: ["", "ftp://a", "http://", "http://a/b", "http://a:0", "http://a b", "http://a?x", "http://u@"])
    func refused(text: String) { #expect(Proxy(text) == nil) }

    /// A proxy that answers requests itself and reports the first line of each.
    private static func proxied(
        _ change: (inout HTTPClient.Configuration, Int) -> Void, script: @escaping ScriptedServer.Script,
        test: (HTTPClient) async throws -> Void
    ) async throws {
        let server = try ScriptedServer(script)
        defer { server.stop() }
        var configuration = HTTPClient.Configuration()
        configuration.proxies = ProxyRules(try #require(Proxy("http://user:pw@127.0.0.1:\(server.port)")), except: [])
        change(&configuration, server.port)
        let client = try HTTPClient(configuration)
        try await test(client)
        await client.shutdown()
    }

    @Test("A plain request goes to the proxy as a whole, with the proxy's credentials, and needs no lookup of the name")
    func plain() async throws {
        try await Self.proxied(
            { _, _ in },
            script: { connection in
                while let request = connection.request() {
                    let isRight =
                        request.hasPrefix("GET http://api.nowhere.example/path?x=1 HTTP/1.1\r\n")
                        && request.contains("Proxy-Authorization: Basic dXNlcjpwdw==\r\n")
                    connection.send("HTTP/1.1 \(isRight ? 200 : 400) X\r\nContent-Length: 0\r\n\r\n")
                }
            }
        ) { client async throws in
            let response = try await client.send(.init(url: "http://api.nowhere.example/path?x=1"))
            #expect(response.status == 200)
        }
    }

    @Test("A secure request opens a tunnel, and neither its fields nor the proxy's answer leave it")
    func tunnel() async throws {
        try await Self.proxied(
            { _, _ in },
            script: { connection in
                guard let request = connection.request() else { return }
                let isRight =
                    request.hasPrefix("CONNECT api.nowhere.example:443 HTTP/1.1\r\n")
                    && !request.contains("Authorization: Bearer")
                connection.send("HTTP/1.1 \(isRight ? 200 : 400) Connection established\r\nX-Proxy: 1\r\n\r\n")
                // What comes through the tunnel is TLS, which this proxy ends.
                connection.pause(milliseconds: 50)
            }
        ) { client async throws in
            let error = await failure(
                client, .init(url: "https://api.nowhere.example/", headers: [("Authorization", "Bearer secret")]))
            #expect(error?.kind == .tls(.handshake) || error?.kind == .connectionLost, "\(String(describing: error))")
            #expect(error?.mayHaveBeenSent == false)
        }
    }

    @Test("A proxy that refuses is a failure before anything was sent", arguments: [403, 407, 502])
    func refusing(status: Int) async throws {
        try await Self.proxied(
            { _, _ in },
            script: { connection in
                while connection.request() != nil {
                    connection.send("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n\r\n")
                }
            }
        ) { client async throws in
            let error = await failure(client, .init(url: "https://api.nowhere.example/"))
            #expect(error != nil && error?.mayHaveBeenSent == false)
        }
    }

    @Test(
        "A direct request passes the proxy by, and its address is checked; an address in a proxied URL is checked too")
    func direct() async throws {
        let target = try ScriptedServer { connection in
            while connection.request() != nil { connection.send("HTTP/1.1 204 X\r\n\r\n") }
        }
        defer { target.stop() }
        try await Self.proxied({ configuration, _ in configuration.addressPolicy = .any }, script: { _ in }) {
            client async throws in
            var request = HTTPClient.Request(url: target.url())
            request.isDirect = true
            #expect(try await client.send(request).status == 204)
        }
        try await Self.proxied({ _, _ in }, script: { _ in }) { client async throws in
            var request = HTTPClient.Request(url: target.url())
            #expect(await failure(client, request)?.kind == .addressRefused)
            request.isDirect = true
            #expect(await failure(client, request)?.kind == .addressRefused)
            #expect(await failure(client, .init(url: "http://db.internal/"))?.kind == .addressRefused)
        }
    }
}
