// The address that counts for a request without a user.

import HTTPServer
import Testing

@testable import Requests

@Suite("Client addresses", .timeLimit(.minutes(1)))
struct ClientAddressTests {
    struct Case: Sendable {
        let peer: String
        let forwarded: [String]
        let client: String
    }

    @Test("As many forwarded addresses as may be are read, and one that is further away is not", arguments: [0, 1])
    func hops(excess: Int) throws {
        let addresses = ClientAddresses(trusted: [try #require(AddressRange("10.0.0.0/8"))])
        let proxies = Array(repeating: "10.0.0.2", count: ClientAddresses.hopsMax - 1 + excess)
        let forwarded = [(["203.0.113.7"] + proxies).joined(separator: ", ")]
        let client = addresses.client(forwarded: forwarded, by: try SocketAddress("10.0.0.1:1"))
        #expect(client == (excess == 0 ? "203.0.113.7" : "10.0.0.2"))
    }

    @Test(
        "Behind trusted proxies, the client is the last address that a trusted proxy forwards and that is not a proxy",
        arguments: [
            Case(peer: "10.0.0.1:1", forwarded: ["203.0.113.7"], client: "203.0.113.7"),
            Case(peer: "10.0.0.1:1", forwarded: ["198.51.100.1, 203.0.113.7"], client: "203.0.113.7"),
            Case(peer: "10.0.0.1:1", forwarded: ["198.51.100.1", "203.0.113.7 , 10.0.0.2"], client: "203.0.113.7"),
            Case(peer: "10.0.0.1:1", forwarded: ["10.0.0.3, 10.0.0.2"], client: "10.0.0.3"),
            Case(peer: "10.0.0.1:1", forwarded: ["203.0.113.7:4711"], client: "203.0.113.7"),
            Case(peer: "10.0.0.1:1", forwarded: ["[2001:db8:1:2::9]:80"], client: "2001:db8:1:2::/64"),
            Case(peer: "10.0.0.1:1", forwarded: ["2001:db8:1:2:ffff::1"], client: "2001:db8:1:2::/64"),
            Case(peer: "10.0.0.1:1", forwarded: ["::ffff:203.0.113.7"], client: "203.0.113.7"),
            Case(peer: "10.0.0.1:1", forwarded: ["203.0.113.7, unknown"], client: "10.0.0.1"),
            Case(peer: "10.0.0.1:1", forwarded: [""], client: "10.0.0.1"),
            Case(peer: "10.0.0.1:1", forwarded: [], client: "10.0.0.1"),
        ])
    func forwarded(_ example: Case) throws {
        let addresses = ClientAddresses(trusted: [try #require(AddressRange("10.0.0.0/8"))])
        #expect(addresses.client(forwarded: example.forwarded, by: try SocketAddress(example.peer)) == example.client)
    }

    @Test(
        "The field Forwarded names the client of each hop, and what cannot be read names none",
        arguments: [
            (["for=203.0.113.7"], ["203.0.113.7"]),
            (["for=203.0.113.7;proto=https;by=10.0.0.1, For=10.0.0.2"], ["203.0.113.7", "10.0.0.2"]),
            ([#"for="[2001:db8::9]:80";host="a,b;for=1.1.1.1""#], ["[2001:db8::9]:80"]),
            (["for=203.0.113.7", "proto=http; for=\"10.0.0.2:90\" "], ["203.0.113.7", "10.0.0.2:90"]),
            (["proto=https"], [""]), (["for=1.1.1.1;for=2.2.2.2"], [""]), ([#"for="1.1.1.1, for=2.2.2.2"#], [""]),
            ([#"for="1.1\.1.1""#], [""]), (["for=_hidden, for=unknown"], ["_hidden", "unknown"]), ([""], [""]),
            ([], []),
        ] as [([String], [String])])
    func forwardedField(fields: [String], hops: [String]) {
        #expect(ForwardedField.hops(fields).map(String.init) == hops)
    }
}
