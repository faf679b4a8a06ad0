// What many callers can take together, at small bounds of the real executable. The bound of one address cannot be reached from this
// machine, because loopback is exempt: LiveSumTests reaches it.

import HostTesting
import HostileCases
import Synchronization
import TestSupport
import Testing

@Suite("Sums over all callers", .timeLimit(.minutes(3)))
struct SumTests {
    /// Says to threads that read that it is time to send.
    private final class Signal: Sendable {
        let isGiven = Atomic<Bool>(false)
    }

    private static let unlimited = #""rateLimits":{"connectionCreation":0,"sync":0,"oauth":0,"status":0}"#
    private static let path = "/api/integrations/connections/none"

    private static func metric(_ name: String, _ victim: Victim) async throws -> Int {
        let page = try await victim.send("GET", "/metrics").text
        return page.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
            .flatMap { Int($0.dropFirst(name.utf8.count + 1)) } ?? -1
    }

    @Test("Beyond the memory budget the newest bodies are refused with 503, and the older ones finish")
    func memory() async throws {
        let installation = try await TestInstallation(extra: Self.unlimited + #","limits":{"memoryMiB":1}"#)
        let victim = try #require(Victim(installation.host.url))
        let token = try await installation.token(user: "1")
        let most = [UInt8](repeating: 32, count: 280_000)
        let head = Array(
            "PATCH \(Self.path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer \(token)\r\nContent-Type: application/json\r\nContent-Length: 280001\r\n\r\n"
                .utf8)
        let end = Signal()
        let sendsBody: @Sendable () async throws -> TestResponse? = {
            try await victim.connected { connection in
                connection.send(head + most)
                // A refusal comes before the body's end.
                if let early = RawExchange.response(
                    connection.read(within: .seconds(20)) {
                        RawExchange.response($0) != nil || end.isGiven.load(ordering: .relaxed)
                    })
                {
                    return early
                }
                connection.send([32])
                return RawExchange.response(connection.read(within: .seconds(10)))
            }
        }
        let older = (0..<2).map { _ in Task { try await sendsBody() } }
        try await waitUntil("the memory of the older bodies") {
            try await Self.metric("http_memory_bytes", victim) >= 2 * most.count
        }
        let newer = (0..<10).map { _ in Task { try await sendsBody() } }
        try await waitUntil("a refusal") { try await Self.metric("http_memory_refusals_total", victim) > 0 }
        end.isGiven.store(true, ordering: .relaxed)
        for task in older { #expect(try await task.value?.status == 400) }
        var refused = 0
        for task in newer {
            let answer = try await task.value
            guard answer?.status == 503 else {
                #expect(answer?.status == 400)
                continue
            }
            refused += 1
            #expect(answer?.header("Retry-After") != nil)
        }
        #expect(refused > 0)
        try await waitUntil("memory given back") { try await Self.metric("http_memory_bytes", victim) < most.count }
        #expect(try await Self.metric("http_memory_peak_bytes", victim) <= 1 << 20)
    }

    @Test("At the cap of connections an idle one makes room")
    func connections() async throws {
        let installation = try await TestInstallation(extra: Self.unlimited + #","limits":{"connections":40}"#)
        let victim = try #require(Victim(installation.host.url))
        let (address, port) = (victim.address, victim.port)
        let request = Array("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        try await onOwnThread {
            func ask(_ connection: RawConnection?) -> Int? {
                connection?.send(request)
                return connection.flatMap { connection in
                    RawExchange.response(connection.read(within: .seconds(5)) { RawExchange.response($0) != nil })
                }?.status
            }
            let idle = (0..<40).map { _ in RawConnection(address, port) }
            for connection in idle { #expect(ask(connection) == 200) }
            // A connection is closed for another when it has been idle for a second.
            _ = idle[0]?.read(within: .milliseconds(1500))
            let next = RawConnection(address, port)
            #expect(ask(next) == 200)
            let closed = idle.filter { connection in
                _ = connection?.read(within: .milliseconds(100))
                return connection?.isClosed == true
            }
            #expect(closed.count == 1)
        }
    }

    @Test("Loopback is exempt from the bound of one address")
    func loopback() async throws {
        let installation = try await TestInstallation(
            extra: Self.unlimited + #","limits":{"connectionsPerAddress":2}"#)
        let victim = try #require(Victim(installation.host.url))
        let (address, port) = (victim.address, victim.port)
        try await onOwnThread {
            let connections = (0..<10).map { _ in RawConnection(address, port) }
            for connection in connections { connection?.send(Array("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".utf8)) }
            for connection in connections {
                let bytes = connection?.read(within: .seconds(5)) { RawExchange.response($0) != nil } ?? []
                #expect(RawExchange.response(bytes)?.status == 200)
            }
        }
    }

    @Test("A used-up rate limit is answered 429 from the head, without 100 Continue", arguments: [true, false])
    func rates(hasSession: Bool) async throws {
        let installation = try await TestInstallation(
            extra: #""rateLimits":{"connectionCreation":1,"address":1}"#)
        let victim = try #require(Victim(installation.host.url))
        let token = try await installation.token(user: "1")
        let auth = hasSession ? "Authorization: Bearer \(token)\r\n" : ""
        let path = "/api/integrations/connections"
        _ = try await victim.send("POST", path, body: #"{"service":"xero"}"#, token: hasSession ? token : nil)
        let answer = try await victim.connected { connection in
            connection.send(
                Array(
                    "POST \(path) HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\(auth)\r\n"
                        .utf8))
            return RawExchange.response(connection.read(within: .seconds(5)) { RawExchange.response($0) != nil })
        }
        #expect(answer?.status == 429)
        #expect(answer?.header("Retry-After") != nil)
    }
}
