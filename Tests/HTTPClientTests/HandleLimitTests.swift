// What the client keeps for later, and what it sets aside on a server's word, from both sides.

import Primitives
import Synchronization
import TestSupport
import Testing

@testable import HTTPClient

@Suite("Handles and memory of the client", .timeLimit(.minutes(2)))
struct HandleLimitTests {
    @Test("As many handles as may be are kept for later transfers, and one more is freed", arguments: [-1, 0, 1])
    func idleHandles(excess: Int) async throws {
        let count = HTTPClientLimits.idleHandlesMax + excess
        let arrived = Atomic<Int>(0)
        try await withServer { connection in
            guard connection.request() != nil else { return }
            arrived.add(1, ordering: .relaxed)
            // All are under way together, so that each has a handle.
            while arrived.load(ordering: .relaxed) < count { connection.pause(milliseconds: 1) }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        } test: { server, client async throws in
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<count { group.addTask { _ = try? await client.send(.init(url: server.url())) } }
            }
            #expect(client.counters.succeeded == count)
            #expect(client.counters.idleHandles == min(count, HTTPClientLimits.idleHandlesMax))
        }
    }

    @Test("Memory is set aside for a declared body up to its limit, and beyond it grows with the data")
    func bodyReservation() async throws {
        let bytesMax = HTTPClientLimits.bodyReservationBytesMax
        for declared in [bytesMax / 2, bytesMax, 8 * bytesMax] {
            let request = HTTPClient.Request(url: "https://example.com/")
            let target = try request.validated()
            _ = await withCheckedContinuation { continuation in
                let transfer = Transfer(
                    request: request, target: target, policy: .any, proxy: nil, memory: BodyMemory(bytesMax: 1 << 30),
                    continuation: continuation)
                transfer.begin(now: SystemClock.instant)
                for line in ["HTTP/1.1 200 OK\r\n", "Content-Length: \(declared)\r\n", "\r\n"] {
                    let isTaken = unsafe Array(line.utf8).withUnsafeBytes { unsafe transfer.receive(headerLine: $0) }
                    #expect(isTaken)
                }
                _ = unsafe [UInt8](repeating: 65, count: 10).withUnsafeBytes { unsafe transfer.receive(body: $0) }
                #expect(transfer.bodyByteCount == 10)
                // An allocation is rounded up a little.
                let expected = min(declared, bytesMax)
                #expect((expected..<(expected + expected / 2)).contains(transfer.bodyCapacity), "\(declared)")
                transfer.fail(.connectionLost, mayHaveBeenSent: false)
            }
        }
    }
}
