// Large bodies share one bound of memory: what finds no room waits, and one always comes to its end.

import Synchronization
import Testing

@testable import HTTPClient

@Suite("Memory of bodies", .timeLimit(.minutes(2)))
struct BodyMemoryTests {
    private static let bodyBytes = 2 << 20

    private static var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration.reachingAll
        configuration.largeBodiesBytesMax = 1 << 20
        return configuration
    }

    /// The answers that are kept at this moment, and the most so far.
    private final class KeptAnswers: Sendable {
        private let state = Mutex((now: 0, most: 0))
        var most: Int { state.withLock(\.most) }

        func add(_ count: Int) {
            state.withLock { $0 = ($0.now + count, max($0.most, $0.now + count)) }
        }
    }

    private static let script: @Sendable (ScriptedServer.Connection) -> Void = { connection in
        while let request = connection.request() {
            let count = request.hasPrefix("GET /small") ? HTTPClientLimits.smallBodyBytesMax : bodyBytes
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n")
            connection.send([UInt8](repeating: 65, count: count))
        }
    }

    @Test("While one large body is kept, others wait; small ones do not; when it is let go, all come")
    func waiting() async throws {
        try await withServer(Self.configuration, script: Self.script) { server, client async throws in
            var first: HTTPClient.Response? = try await client.send(.init(url: server.url()))
            #expect(first?.body.count == Self.bodyBytes && first?.lease != nil)
            let others = (0..<4).map { _ in
                Task { try await client.send(.init(url: server.url())).body.count }
            }
            let small = try await client.send(.init(url: server.url("/small")))
            #expect(small.body.count == HTTPClientLimits.smallBodyBytesMax && small.lease == nil)
            try await Task.sleep(for: .milliseconds(100))
            // One response has come: the first.
            #expect(client.counters.succeeded == 2)
            withExtendedLifetime(first) {}
            first = nil
            for other in others { #expect(try await other.value == Self.bodyBytes) }
        }
    }

    @Test("A body that waits for memory ends with its time, and leaves its place to the next")
    func timeout() async throws {
        try await withServer(Self.configuration, script: Self.script) { server, client async throws in
            var first: HTTPClient.Response? = try await client.send(.init(url: server.url()))
            var hurried = HTTPClient.Request(url: server.url())
            hurried.timeouts.total = .milliseconds(200)
            let error = await failure(client, hurried)
            #expect(error?.kind == .timeout(.total))
            let next = Task { try await client.send(.init(url: server.url())).body.count }
            withExtendedLifetime(first) {}
            first = nil
            #expect(try await next.value == Self.bodyBytes)
        }
    }

    @Test(
        "What is made of bodies counts before they are kept: those that would be too much together take turns, and all come"
    )
    func memoryOfBodies() async throws {
        var configuration = HTTPClient.Configuration.reachingAll
        configuration.largeBodiesBytesMax = 3 * Self.bodyBytes
        let kept = KeptAnswers()
        try await withServer(configuration, script: Self.script) { server, client async throws in
            var request = HTTPClient.Request(url: server.url())
            request.memoryOfBody = { 3 * $0.count }
            try await withThrowingTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask { [request] in
                        let response = try await client.send(request)
                        #expect(response.body.count == Self.bodyBytes)
                        kept.add(1)
                        try await Task.sleep(for: .milliseconds(20))
                        kept.add(-1)
                        withExtendedLifetime(response) {}
                    }
                }
                try await group.waitForAll()
            }
        }
        // One that fits, and one that has begun and may pass the bound.
        #expect(kept.most <= 2)
    }

    @Test("A body takes its bytes as it grows, one may pass the bound, and all are given back")
    func bound() {
        let memory = BodyMemory(bytesMax: 1 << 20)
        var first: BodyLease? = BodyLease(in: memory)
        var second: BodyLease? = BodyLease(in: memory)
        var third: BodyLease? = BodyLease(in: memory)
        #expect(first?.grow(to: 1 << 19) == true && second?.grow(to: 1 << 19) == true)
        #expect(memory.usedBytes == 1 << 20)
        #expect(second?.grow(to: 1 << 22) == true, "One may pass the bound.")
        #expect(first?.grow(to: 1 << 20) == false && third?.grow(to: 1) == false)
        second = nil
        #expect(memory.usedBytes == 1 << 19 && third?.grow(to: 1) == true)
        first = nil
        third = nil
        #expect(memory.usedBytes == 0)
    }
}
