// DNS rebinding: a name that stands for a public address at one moment and for a private one at the next. The address that is
// about to be connected to decides, each time.

import Primitives
import Testing

@testable import HTTPClient

@Suite("DNS rebinding", .timeLimit(.minutes(2)))
struct RebindingTests {
    /// What libcurl reports of a transfer, in its order.
    enum Report: Sendable {
        /// The name resolved to this address, and a connection to it is about to be opened.
        case connects(String)
        /// The connection has this peer, and the request is about to be sent.
        case sends(to: String?)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let reports: [Report]
        let verdicts: [Bool]

        init(_ name: String, _ reports: [Report], _ verdicts: [Bool]) {
            testDescription = name
            self.reports = reports
            self.verdicts = verdicts
        }
    }

    static let cases = [
        Case("public throughout", [.connects("8.8.8.8"), .sends(to: "8.8.8.8")], [true, true]),
        Case("IPv6, public throughout", [.connects("2606:4700::1"), .sends(to: "2606:4700::1")], [true, true]),
        Case("private when connected", [.connects("127.0.0.1"), .sends(to: "127.0.0.1")], [false, false]),
        Case("IPv6, private when connected", [.connects("::ffff:10.0.0.1"), .sends(to: nil)], [false, false]),
        Case(
            "public when looked up, private when connected", [.connects("8.8.8.8"), .sends(to: "10.0.0.1")],
            [true, false]),
        Case("public when looked up, unknown when connected", [.connects("8.8.8.8"), .sends(to: nil)], [true, false]),
        Case(
            "public first, then private", [.connects("8.8.8.8"), .connects("169.254.169.254"), .sends(to: "8.8.8.8")],
            [true, false, false]),
        Case(
            "private first, then public", [.connects("::1"), .connects("8.8.8.8"), .sends(to: "8.8.8.8")],
            [false, false, false]),
        Case("a kept connection to a private address", [.sends(to: "192.168.0.1")], [false]),
    ]

    @Test("Each address that a name resolves to, and the peer of the connection, has to be public", arguments: cases)
    func reports(sequence: Case) async throws {
        let request = HTTPClient.Request(url: "https://rebind.example/")
        let target = try request.validated()
        var verdicts: [Bool] = []
        let outcome = await withCheckedContinuation { continuation in
            let transfer = Transfer(
                request: request, target: target, policy: .publicOnly, proxy: nil,
                memory: BodyMemory(bytesMax: 1 << 20),
                continuation: continuation)
            #expect(transfer.mayConnect, "the name itself shows nothing")
            transfer.begin(now: SystemClock.instant)
            for report in sequence.reports {
                switch report {
                case .connects(let address): verdicts.append(transfer.mayOpen(IPAddress(address)))
                case .sends(let peer):
                    verdicts.append(
                        unsafe peer.map { unsafe $0.withCString { unsafe transfer.willSend(peer: $0) } }
                            ?? transfer.willSend(peer: nil))
                }
            }
            transfer.fail(transfer.refusal ?? .connectionLost, mayHaveBeenSent: false)
        }
        #expect(verdicts == sequence.verdicts)
        guard case .failure(let error) = outcome else { return #expect(Bool(false), "it did not fail") }
        #expect(error.kind == (sequence.verdicts.contains(false) ? .addressRefused : .connectionLost))
    }

    @Test(
        "A public name that resolves to a private address makes no connection, whatever else it resolves to",
        arguments: ["127.0.0.1", "127.0.0.1,8.8.8.8", "[::1],127.0.0.1"])
    func resolvesToLoopback(addresses: String) async throws {
        let server = try ScriptedServer { connection in
            while connection.request() != nil { connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") }
        }
        defer { server.stop() }
        let name = "rebind.example:\(server.port)"
        for policy in [AddressPolicy.any, .publicOnly] {
            var configuration = HTTPClient.Configuration()
            configuration.addressPolicy = policy
            configuration.fixedNames = ["\(name):\(policy == .any ? "127.0.0.1" : addresses)"]
            let client = try HTTPClient(configuration)
            let error = await failure(client, .init(url: "http://\(name)/"))
            // The client that may go anywhere shows that the name leads to the server.
            #expect(error?.kind == (policy == .any ? nil : .addressRefused))
            #expect(server.acceptedCount == 1)
            await client.shutdown()
        }
    }
}
