// The address policy: a table of addresses around every border, and connection attempts that must not happen.

import Testing

@testable import HTTPClient

@Suite("Address policy", .timeLimit(.minutes(2)))
struct AddressPolicyTests {
    static let refused = [
        "0.0.0.0", "0.0.0.1", "0.255.255.255", "10.0.0.0", "10.1.2.3", "10.255.255.255", "100.64.0.0",
        "100.100.100.200",
        "100.127.255.255", "127.0.0.0", "127.0.0.1", "127.1.2.3", "127.255.255.255", "169.254.0.0", "169.254.169.254",
        "169.254.255.255", "172.16.0.0", "172.20.10.1", "172.31.255.255", "192.0.0.0", "192.0.0.8", "192.0.0.170",
        "192.0.0.255", "192.0.2.0", "192.0.2.1", "192.0.2.255", "192.88.99.0", "192.88.99.1", "192.88.99.255",
        "192.168.0.0", "192.168.1.1", "192.168.255.255", "198.18.0.0", "198.18.0.1", "198.19.255.255", "198.51.100.0",
        "198.51.100.7", "198.51.100.255", "203.0.113.0", "203.0.113.9", "203.0.113.255", "224.0.0.0", "224.0.0.1",
        "239.255.255.255", "240.0.0.0", "250.1.2.3", "255.255.255.254", "255.255.255.255",
        "::", "::1", "::2", "::ffff", "::7f00:1", "::127.0.0.1", "::8.8.8.8", "::ffff:0.0.0.0", "::ffff:10.0.0.1",
        "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254", "::ffff:192.168.1.1", "::ffff:255.255.255.255",
        "::ffff:0:127.0.0.1", "::fffe:8.8.8.8", "64:ff9b::", "64:ff9b::127.0.0.1", "64:ff9b::8.8.8.8",
        "64:ff9b:1::1", "64:ff9b:1:ffff::", "100::", "100::1", "100:0:0:1::", "1fff:ffff::", "2001::",
        "2001:0:53aa:64c::",
        "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff:ffff::", "2001:db8::", "2001:db8::1",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2002::", "2002:7f00:1::", "2002:a00:1::", "2002:808:808::1",
        "2002:ffff:ffff::", "3fff::", "3fff:fff:ffff::", "4000::", "5f00::1", "8000::", "fbff::", "fc00::", "fc00::1",
        "fd00::1", "fd12:3456:789a::1", "fdff:ffff::", "fe00::", "fe80::", "fe80::1", "febf:ffff::", "fec0::1",
        "feff::", "ff00::", "ff02::1", "ff05::2", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ]

    static let allowed = [
        "1.0.0.0", "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0",
        "192.0.3.0", "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
        "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255", "::ffff:8.8.8.8",
        "::ffff:1.1.1.1", "2000::1", "2001:200::", "2001:4860:4860::8888", "2001:db7:ffff::", "2001:db9::",
        "2003::", "2606:4700:4700::1111", "2a00:1450:4001::1", "2c0f::1", "3ffe::1", "3fff:1000::",
    ]

    @Test("Refuses every special-purpose address", arguments: refused)
    func refuses(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(!AddressPolicy.publicOnly.allows(address))
        #expect(AddressPolicy.any.allows(address))
    }

    @Test("Allows public addresses, those at the borders of special ranges included", arguments: allowed)
    func allows(text: String) throws {
        #expect(AddressPolicy.publicOnly.allows(try #require(IPAddress(text))))
    }

    @Test(
        "Only standard forms of an address are parsed",
        arguments: [
            "", "127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4 ",
            "256.1.1.1", "::1%lo", "[::1]", ":::1", "1::2::3", "12345::", "localhost", "1.2.3.4\u{0}",
        ])
    func strictText(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(
        "Names of local networks and clusters are local, and no others",
        arguments: [
            ("localhost", true), ("a.localhost", true), ("a.localhost.", true), ("printer.local", true), ("db", true),
            ("db.", true), ("a.internal", true), ("api.default.svc", true), ("api.default.svc.cluster.local", true),
            ("nas.lan", true), ("x.home.arpa", true), ("example.com", false), ("local.example.com", false),
            ("xlocal.com", false), ("a.notlocal", false), ("svc.example", false), ("127.0.0.1", false), ("::1", false),
        ])
    func names(name: String, isLocal: Bool) {
        #expect(AddressPolicy.isLocal(name) == isLocal)
        #expect(AddressPolicy.publicOnly.allows(host: name) == !isLocal)
        #expect(AddressPolicy.any.allows(host: name))
    }

    @Test(
        "No connection is made to a refused address, however it is written",
        arguments: [
            "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0",
            "0.0.0.0",
            "localhost", "LOCALHOST", "localhost.", "foo.localhost", "[::1]", "[::]", "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:0:0:1]", "127.127.127.127",
        ])
    func noConnection(host: String) async throws {
        try await withServer(HTTPClient.Configuration()) { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        } test: { server, client async throws in
            let error = await failure(client, .init(url: "http://\(host):\(server.port)/"))
            let kinds: [HTTPClientError.Kind] = [.addressRefused, .resolution, .invalidRequest(.url)]
            #expect(error.map { kinds.contains($0.kind) } == true, "\(String(describing: error))")
            #expect(error?.mayHaveBeenSent == false)
            #expect(server.acceptedCount == 0)
        }
    }

    @Test("A refused address has its own error and counter")
    func ownError() async throws {
        try await withServer(HTTPClient.Configuration()) { _ in
        } test: { server, client async throws in
            let error = await failure(client, .init(url: server.url()))
            #expect(error == HTTPClientError(.addressRefused, host: "127.0.0.1"))
            #expect(error?.description.contains("allowPrivateAddresses") == true)
            #expect(client.counters.addressesRefused == 1)
            #expect(client.counters.connectionsOpened == 0)
        }
    }
}
