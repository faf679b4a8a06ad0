// Listen addresses: strict literals in, the same text out.

import CLinux
import Glibc
import Testing

@testable import HTTPServer

@Suite("Socket address", .timeLimit(.minutes(2)))
struct SocketAddressTests {
    @Test(
        "A literal address is read and written the same",
        arguments: [
            "127.0.0.1:8080", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:8080", "[::]:0", "[2001:db8::1]:443",
            "[::ffff:127.0.0.1]:1",
        ])
    func literalAddressReadWrittenSame(text: String) throws {
        let address = try SocketAddress(text)
        #expect(address.description == text)
        #expect(SocketAddress(address.storage.0) == address)
    }

    @Test(
        "Anything else is refused",
        arguments: [
            "", ":", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:+80", "127.0.0.1:080", "127.0.0.1:65536",
            "127.0.0.1:8080 ",
            " 127.0.0.1:80", "127.1:80", "0x7f.0.0.1:80", "127.0.0.01:80", "256.0.0.1:80", "localhost:80", "::1:80",
            "[::1]",
            "[::1]80", "[:::]:80", "[127.0.0.1]:80", "[]:80", "127.0.0.1:８０", "127.0.0.1\u{0}:80", "[::1%lo]:80",
            "127.0.0.1:999999999999999999999999",
        ])
    func anythingElseRefused(text: String) {
        #expect(throws: ServerError.addressInvalid(text)) { try SocketAddress(text) }
    }

    @Test("An IPv6 address is the same in the kernel's form")
    func ipv6AddressSameKernelS() throws {
        let (storage, length) = try SocketAddress("[fe80::1]:80").storage
        #expect(storage.ss_family == sa_family_t(AF_INET6))
        #expect(Int(length) == MemoryLayout<sockaddr_in6>.size)
        #expect(try SocketAddress("[fe80::1]:80").host == "fe80::1")
    }
}
