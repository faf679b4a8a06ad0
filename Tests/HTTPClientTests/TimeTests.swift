// Time limits, cancellation, concurrency and shutdown: every request ends, and says in which phase.

import Glibc
import Primitives
import Synchronization
import TestSupport
import Testing

@testable import HTTPClient

@Suite("Time and concurrency", .timeLimit(.minutes(2)))
struct TimeTests {
    /// A server that reads the request and never answers.
    static let silent: ScriptedServer.Script = { connection in
        _ = connection.request()
        connection.awaitClose()
    }
    static let answering: ScriptedServer.Script = { connection in
        while connection.request() != nil { connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") }
    }

    @Test("An unaccepted connection times out in the connect phase, and nothing was sent")
    func connectTimeout() async throws {
        // A listener whose queue is full drops further attempts.
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        var fillers: [Int32] = []
        defer { for filler in fillers { close(filler) } }
        unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(listener, address, length)
                listen(listener, 0)
                unsafe getsockname(listener, address, &length)
                for _ in 0..<3 {
                    let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
                    unsafe connect(filler, address, length)
                    fillers.append(filler)
                }
            }
        }
        let client = try HTTPClient(.reachingAll)
        let timeouts = HTTPClient.Timeouts(connect: .milliseconds(150))
        let url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/"
        let error = await failure(client, .init(url: url, timeouts: timeouts))
        #expect(error == HTTPClientError(.timeout(.connect), host: "127.0.0.1"))
        #expect(client.counters.timedOut == 1)
        await client.shutdown()
    }

    @Test("An unanswered TLS handshake times out in the connect phase")
    func handshakeTimeout() async throws {
        try await withServer(script: { $0.awaitClose() }) { server, client async throws in
            let timeouts = HTTPClient.Timeouts(connect: .milliseconds(100))
            let error = await failure(client, .init(url: "https://127.0.0.1:\(server.port)/", timeouts: timeouts))
            #expect(error == HTTPClientError(.timeout(.connect), host: "127.0.0.1"))
        }
    }

    @Test(
        "A silent server times out in the first-byte phase, on new and kept connections"
    )
    func firstByteTimeout() async throws {
        try await withServer { connection in
            _ = connection.request()
            if connection.number > 1 {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                _ = connection.request()
            }
            connection.awaitClose()
        } test: { server, client async throws in
            let timeouts = HTTPClient.Timeouts(firstByte: .milliseconds(80))
            let first = await failure(client, .init(url: server.url(), timeouts: timeouts))
            #expect(first == HTTPClientError(.timeout(.firstByte), host: "127.0.0.1", mayHaveBeenSent: true))
            #expect(try await client.send(.init(url: server.url())).status == 200)
            let kept = await failure(client, .init(url: server.url(), timeouts: timeouts))
            #expect(kept?.kind == .timeout(.firstByte))
            #expect(server.acceptedCount == 2)
        }
    }

    @Test("A dripping body ends at the total time limit")
    func totalTimeout() async throws {
        try await withServer { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while connection.send([0x78]) { connection.pause(milliseconds: 10) }
        } test: { server, client async throws in
            try await withGrowingLimit(.milliseconds(100)) { limit in
                let timeouts = HTTPClient.Timeouts(firstByte: .seconds(60), total: limit)
                let error = await failure(client, .init(url: server.url(), timeouts: timeouts))
                return error == HTTPClientError(.timeout(.total), host: "127.0.0.1", mayHaveBeenSent: true)
            }
        }
    }

    @Test("A dripping header ends at the total time limit")
    func headerDrip() async throws {
        try await withServer { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\n")
            while connection.send("X: y\r\n") { connection.pause(milliseconds: 10) }
        } test: { server, client async throws in
            try await withGrowingLimit(.milliseconds(100)) { limit in
                let timeouts = HTTPClient.Timeouts(firstByte: limit, total: limit * 2)
                return await failure(client, .init(url: server.url(), timeouts: timeouts))?.kind == .timeout(.total)
            }
        }
    }

    @Test("The total time counts from the call, waiting in the queue included, and then names the queue")
    func queueTimeout() async throws {
        var configuration = HTTPClient.Configuration.reachingAll
        configuration.transfersPerHostMax = 1
        try await withServer(configuration, script: Self.silent) { server, client async throws in
            let blocking = Task { await failure(client, .init(url: server.url())) }
            try await waitUntil("the connection", every: .milliseconds(1)) { server.acceptedCount > 0 }
            let timeouts = HTTPClient.Timeouts(total: .milliseconds(100))
            let error = await failure(client, .init(url: server.url(), timeouts: timeouts))
            #expect(error == HTTPClientError(.timeout(.queue), host: "127.0.0.1"))
            blocking.cancel()
            #expect(await blocking.value?.kind == .cancelled)
            #expect(server.acceptedCount == 1)
        }
    }

    @Test("Cancelled tasks end at once, whether their request was sent, waits, or was not even handed over")
    func cancellation() async throws {
        var configuration = HTTPClient.Configuration.reachingAll
        configuration.transfersMax = 40
        configuration.transfersPerHostMax = 40
        try await withServer(configuration, script: Self.silent) { server, client async throws in
            let (url, line) = (server.url(), TaskLine())
            let tasks = (0..<300).map { index in
                Task(executorPreference: line) {
                    if index % 3 == 0 { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
                    return await failure(client, .init(url: url))
                }
            }
            // The last in the line begins when all requests are handed over that will be.
            await Task(executorPreference: line) {}.value
            try await waitUntil("40 connections", every: .milliseconds(1)) { server.acceptedCount >= 40 }
            for task in tasks { task.cancel() }
            for task in tasks { #expect(await task.value?.kind == .cancelled) }
            let counters = client.counters
            #expect(counters.active == 0 && counters.waiting == 0)
            #expect(counters.cancelled <= 300 && counters.cancelled >= 200)
        }
    }

    @Test("A cancelled request says whether it was sent")
    func cancellationOutcome() async throws {
        var configuration = HTTPClient.Configuration.reachingAll
        configuration.transfersPerHostMax = 1
        let received = Mutex(false)
        try await withServer(configuration) { connection in
            _ = connection.request()
            received.withLock { $0 = true }
            connection.awaitClose()
        } test: { server, client async throws in
            let url = server.url()
            let sent = Task { await failure(client, .init(url: url)) }
            try await waitUntil("the request", every: .milliseconds(1)) { received.withLock { $0 } }
            let waiting = Task { await failure(client, .init(url: url)) }
            for _ in 0..<20 { await Task.yield() }
            waiting.cancel()
            #expect(await waiting.value?.mayHaveBeenSent == false)
            sent.cancel()
            #expect(await sent.value == HTTPClientError(.cancelled, host: "127.0.0.1", mayHaveBeenSent: true))
        }
    }

    @Test("Cancellation at any moment leaves a client that works", arguments: 1...4)
    func cancellationRaces(seed: UInt64) async throws {
        try await withServer(script: Self.answering) { server, client async throws in
            var random = SplitMix64(seed: seed)
            await withTaskGroup { group in
                for _ in 0..<200 {
                    let pause = random.next() % 400
                    let url = server.url()
                    group.addTask {
                        let task = Task { try await client.send(.init(url: url)) }
                        try? await Task.sleep(for: .microseconds(pause))
                        task.cancel()
                        switch await task.result {
                        case .success(let response): #expect(response.body == Array("ok".utf8))
                        case .failure(let error): #expect((error as? HTTPClientError)?.kind == .cancelled)
                        }
                    }
                }
            }
            #expect(try await client.send(.init(url: server.url())).status == 200)
        }
    }

    @Test("No more requests than allowed are under way at once, overall and per host, and all are served")
    func concurrencyLimits() async throws {
        var configuration = HTTPClient.Configuration.reachingAll
        configuration.transfersMax = 6
        configuration.transfersPerHostMax = 4
        let gauge = Gauge()
        let first = try ScriptedServer { gauge.serve($0, host: 0) }
        let second = try ScriptedServer { gauge.serve($0, host: 1) }
        defer {
            first.stop()
            second.stop()
        }
        let client = try HTTPClient(configuration)
        let statuses = await withTaskGroup(of: Int.self) { group in
            for index in 0..<120 {
                let url = (index % 2 == 0 ? first : second).url()
                group.addTask { (try? await client.send(.init(url: url)).status) ?? 0 }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.filter { $0 == 200 }.count == 120)
        #expect(gauge.most[0] <= 4 && gauge.most[1] <= 4 && gauge.mostOverall <= 6)
        #expect(gauge.mostOverall >= 4)
        #expect(first.acceptedCount + second.acceptedCount <= 12)
        await client.shutdown()
    }

    /// How many requests are being served, per host and overall.
    final class Gauge: Sendable {
        private struct State {
            var now = [0, 0]
            var most = [0, 0]
            var mostOverall = 0
        }

        private let state = Mutex(State())
        var most: [Int] { state.withLock { $0.most } }
        var mostOverall: Int { state.withLock { $0.mostOverall } }

        func serve(_ connection: ScriptedServer.Connection, host: Int) {
            while connection.request() != nil {
                state.withLock { state in
                    state.now[host] += 1
                    state.most[host] = max(state.most[host], state.now[host])
                    state.mostOverall = max(state.mostOverall, state.now[0] + state.now[1])
                }
                connection.pause(milliseconds: 2)
                state.withLock { $0.now[host] -= 1 }
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
    }

    @Test("A slow host does not delay another")
    func fairness() async throws {
        var configuration = HTTPClient.Configuration.reachingAll
        configuration.transfersPerHostMax = 2
        let fast = try ScriptedServer(Self.answering)
        defer { fast.stop() }
        try await withServer(configuration, script: Self.silent) { slow, client async throws in
            let url = slow.url()
            let stuck = (0..<20).map { _ in Task { await failure(client, .init(url: url)) } }
            try await waitUntil("two connections", every: .milliseconds(1)) { slow.acceptedCount >= 2 }
            for _ in 0..<10 { #expect(try await client.send(.init(url: fast.url())).status == 200) }
            for task in stuck { task.cancel() }
            for task in stuck { #expect(await task.value?.kind == .cancelled) }
        }
    }

    @Test("When too many wait, further requests are refused at once")
    func queueFull() async throws {
        var configuration = HTTPClient.Configuration.reachingAll
        configuration.transfersMax = 1
        configuration.waitingMax = 3
        try await withServer(configuration, script: Self.silent) { server, client async throws in
            let url = server.url()
            let tasks = (0..<10).map { _ in Task { await failure(client, .init(url: url)) } }
            try await waitUntil("six failures", every: .milliseconds(1)) { client.counters.failed >= 6 }
            for task in tasks { task.cancel() }
            var kinds: [HTTPClientError.Kind?] = []
            for task in tasks { kinds.append(await task.value?.kind) }
            #expect(kinds.filter { $0 == .queueFull }.count == 6)
            #expect(kinds.filter { $0 == .cancelled }.count == 4)
        }
    }

    @Test("Shutdown ends what is under way and what waits, closes the connections, and refuses what comes later")
    func shutdown() async throws {
        var configuration = HTTPClient.Configuration.reachingAll
        configuration.transfersPerHostMax = 2
        let closed = Mutex(0)
        try await withServer(configuration) { connection in
            _ = connection.request()
            connection.awaitClose()
            closed.withLock { $0 += 1 }
        } test: { server, client async throws in
            let url = server.url()
            let tasks = (0..<10).map { _ in Task { await failure(client, .init(url: url)) } }
            try await waitUntil("two connections", every: .milliseconds(1)) { server.acceptedCount >= 2 }
            await client.shutdown()
            for task in tasks { #expect(await task.value?.kind == .shutdown) }
            #expect(await failure(client, .init(url: url)) == HTTPClientError(.shutdown, host: "127.0.0.1"))
            await client.shutdown()
            try await waitUntil("the end of both connections", every: .milliseconds(1)) { closed.withLock { $0 } >= 2 }
        }
    }

    @Test("A released client ends its thread and connections")
    func release() async throws {
        let closed = Mutex(false)
        let server = try ScriptedServer { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            connection.awaitClose()
            closed.withLock { $0 = true }
        }
        defer { server.stop() }
        do {
            let client = try HTTPClient(.reachingAll)
            #expect(try await client.send(.init(url: server.url())).status == 200)
        }
        try await waitUntil("the end of the connection", every: .milliseconds(1)) { closed.withLock { $0 } }
    }
}
