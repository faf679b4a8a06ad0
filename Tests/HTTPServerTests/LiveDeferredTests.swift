// Deferred responses and shutdown over real sockets; and the loop as an executor.

import Synchronization
import TestSupport
import Testing

@testable import HTTPServer

/// A gate that tasks wait at until it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

@Suite("Live deferred", .timeLimit(.minutes(2)))
struct LiveDeferredTests {
    private static func get(_ path: String) -> String { LiveServerTests.get(path) }

    /// `/now` answers at once, `/soon` in a task that does not wait, `/slow` in one that sleeps on its loop.
    private static let application = TestApplication { request, response in
        let path = request.path.array
        if request.path.equals("/now") {
            response.body.append(path)
            return nil
        }
        let sleeps = request.path.equals("/slow")
        response.status = .badRequest
        response.header("X-Dropped", "1")
        return DeferredResponse {
            let before = EventLoop.current?.isCurrent == true
            if sleeps { try? await EventLoop.current?.sleep(for: .milliseconds(20)) }
            let after = EventLoop.current?.isCurrent == true
            return HTTPResponse(
                status: before && after ? .ok : .internalServerError, headers: [("X-A", "b"), ("Connection", "x")],
                body: path)
        }
    }

    @Test("A deferred answer is made on the loop and keeps its place")
    func deferredAnswerMadeLoopKeeps() async throws {
        try await withServer(Self.application) { address, server in
            let client = try TestClient(address)
            let paths = ["/slow", "/now", "/soon", "/soon", "/slow", "/now"]
            client.send(paths.map(Self.get).joined())
            for path in paths {
                let response = try #require(client.readResponse())
                #expect(response.status == 200 && response.text == path)
                #expect(response.fields["x-dropped"] == nil)
                #expect(response.fields["x-a"] == (path == "/now" ? nil : "b"))
                #expect(response.fields["connection"] == nil)
            }
            client.send("HEAD /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let head = client.readResponse(toHead: true)
            #expect(head?.fields["content-length"] == "5" && head?.fields["connection"] == "close")
            #expect(client.readToEnd() == "")
            #expect(server.counters.deferredResponses == 5)
        }
    }

    @Test("Many deferred answers run side by side")
    func manyDeferredAnswersRunSide() async throws {
        try await withServer(Self.application, loops: 2) { address, _ in
            let clients = try (0..<100).map { _ in try TestClient(address) }
            for client in clients { client.send(Self.get("/slow") + Self.get("/now")) }
            for client in clients {
                #expect(client.readResponse()?.text == "/slow")
                #expect(client.readResponse()?.text == "/now")
            }
        }
    }

    @Test("A client that goes away cancels its answer", arguments: [false, true])
    func clientGoesAwayCancelsAnswer(resets: Bool) async throws {
        let cancelled = Flag()
        try await withServer(Self.sleeper(cancelled)) { address, server in
            let client = try TestClient(address)
            client.send(Self.get("/"))
            #expect(await eventually { server.counters.deferredResponses == 1 })
            if resets { client.reset() } else { client.close() }
            #expect(await eventually { cancelled.isRaised && server.counters.connectionsOpen == 0 })
        }
    }

    @Test("An answer that takes too long is cancelled and answered 503")
    func answerTakesTooLongCancelled() async throws {
        let cancelled = Flag()
        try await withServer(Self.sleeper(cancelled), { $0.handlerTimeout = .milliseconds(50) }) { address, _ in
            let client = try TestClient(address)
            client.send(Self.get("/"))
            #expect(client.readResponse()?.status == 503)
            #expect(client.readToEnd() == "")
            #expect(await eventually { cancelled.isRaised })
            let head = try TestClient(address)
            head.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(head.readResponse(toHead: true)?.status == 503)
            #expect(head.readToEnd() == "")
        }
    }

    @Test("A refusal of a slow answer names its request")
    func refusalAnswerTakesTooLong() async throws {
        struct Application: HTTPApplication {
            func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
                if request.path.equals("/now") {
                    return DeferredResponse { HTTPResponse(status: .ok, body: Array("now".utf8)) }
                }
                return DeferredResponse {
                    try? await Task.sleep(for: .seconds(30))
                    return HTTPResponse(status: .ok)
                }
            }
            func respond(toRejected rejected: RejectedRequest, _ response: inout ResponseWriter) {
                response.header("X-Target", rejected.target.span)
                response.header("X-Known", rejected.request?.headerText("x-a") ?? "no")
            }
        }
        try await withGrowingLimit(.milliseconds(50)) { limit in
            var isAnswered = false
            try await withServer(Application(), { $0.handlerTimeout = limit }) { address, _ in
                let client = try TestClient(address)
                client.send(
                    Self.get("/now") + "GET /slow HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\n" + Self.get("/behind"))
                isAnswered = client.readResponse()?.text == "now"
                guard isAnswered else { return }
                let refusal = client.readResponse()
                #expect(refusal?.status == 503)
                #expect(refusal?.fields["x-target"] == "/slow")
                #expect(refusal?.fields["x-known"] == "b")
                #expect(client.readToEnd() == "")
            }
            return isAnswered
        }
    }

    @Test("A deferred answer behind output that waits keeps its place")
    func deferredAnswerBehindOutputWaits() async throws {
        let application = TestApplication { request, response in
            if request.path.equals("/big") {
                response.body.append([UInt8](repeating: 65, count: 8 << 20))
                return nil
            }
            return DeferredResponse { HTTPResponse(status: .accepted, body: Array("later".utf8)) }
        }
        try await withServer(application) { address, _ in
            let client = try TestClient(address, receiveBufferBytes: 4096)
            client.send(["/big", "/later", "/later", "/big", "/later"].map(Self.get).joined())
            #expect(client.readResponse()?.body.count == 8 << 20)
            #expect(client.readResponse()?.text == "later")
            #expect(client.readResponse()?.text == "later")
            #expect(client.readResponse()?.body.count == 8 << 20)
            #expect(client.readResponse()?.text == "later")
        }
    }

    /// Sleeps for a minute unless cancelled.
    private static func sleeper(_ cancelled: Flag) -> TestApplication {
        TestApplication { _, _ in
            DeferredResponse {
                do { try await EventLoop.current?.sleep(for: .seconds(60)) } catch { cancelled.raise() }
                return HTTPResponse(status: .ok)
            }
        }
    }

    // MARK: Shutting down

    @Test("Shutdown answers what is in flight, ends what is idle, and accepts no more")
    func shutdownAnswersFlightEndsIdle() async throws {
        let gate = Gate()
        let application = TestApplication { request, response in
            if request.path.equals("/now") { return nil }
            return DeferredResponse {
                await gate.wait()
                return HTTPResponse(status: .ok, body: Array("done".utf8))
            }
        }
        try await withServer(application, loops: 2) { address, server in
            let idle = try TestClient(address)
            idle.send(Self.get("/now"))
            #expect(idle.readResponse()?.status == 200)
            let busy = try TestClient(address)
            busy.send(Self.get("/wait") + Self.get("/now"))
            #expect(await eventually { server.counters.deferredResponses == 1 })
            // On a loop: the threads of the global pool may all be blocked by clients.
            let end = Task(executorPreference: server.executor) { await server.shutdown(grace: .seconds(10)) }
            #expect(idle.readToEnd() == "")
            gate.open()
            let response = busy.readResponse()
            #expect(response?.text == "done" && response?.fields["connection"] == "close")
            #expect(busy.readToEnd() == "")
            await end.value
            #expect(throws: (any Error).self) { try TestClient(address) }
        }
    }

    @Test("Shutdown ends what is left after its grace")
    func shutdownEndsLeftAfterGrace() async throws {
        let cancelled = Flag()
        try await withServer(Self.sleeper(cancelled)) { address, server in
            let client = try TestClient(address)
            client.send(Self.get("/"))
            #expect(await eventually { server.counters.deferredResponses == 1 })
            await server.shutdown(grace: .milliseconds(50))
            #expect(client.readToEnd() == "")
            #expect(await eventually { cancelled.isRaised })
        }
    }

    @Test("Requests sent while the server shuts down are answered or refused, never cut")
    func requestsSentWhileServerShuts() async throws {
        try await withServer(TestApplication.echo, loops: 2) { address, server in
            let clients = try (0..<50).map { _ in try TestClient(address) }
            for client in clients { client.send(Self.get("/a")) }
            await server.shutdown(grace: .seconds(5))
            for client in clients { #expect(client.readResponse()?.text == "/a") }
        }
    }

}

@Suite("Event loop", .timeLimit(.minutes(2)))
struct EventLoopTests {
    @Test("Tasks that prefer a loop run on its thread")
    func tasksPreferLoopRunThread() async throws {
        try await withServer(loops: 2) { _, server in
            for loop in server.loops {
                let onLoop = await Task(executorPreference: loop) {
                    var seen: [Bool] = []
                    for _ in 0..<3 {
                        seen.append(loop.isCurrent && EventLoop.current === loop)
                        await Task.yield()
                    }
                    try? await loop.sleep(for: .milliseconds(1))
                    seen.append(loop.isCurrent)
                    return seen
                }.value
                #expect(onLoop == [true, true, true, true])
            }
            #expect(EventLoop.current == nil)
            #expect(server.executor !== server.executor)
        }
    }

    @Test("Many tasks from many threads all run")
    func manyTasksManyThreadsAll() async throws {
        try await withServer { _, server in
            let sum = await withTaskGroup(of: Int.self) { group in
                for index in 0..<2000 {
                    group.addTask(executorPreference: server.loops[0]) {
                        await Task.yield()
                        return index
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(sum == 1_999_000)
        }
    }

    @Test("A sleep ends early when its task is cancelled")
    func sleepEndsEarlyTaskCancelled() async throws {
        try await withServer { _, server in
            let loop = server.executor
            let task = Task { try await loop.sleep(for: .seconds(60)) }
            task.cancel()
            let result = await task.result
            #expect(throws: CancellationError.self) { try result.get() }
        }
    }

    @Test("A scheduled call is made once, unless it was cancelled")
    func scheduledCallMadeOnceUnless() async throws {
        try await withServer { _, server in
            let loop = server.executor
            let made = Flag()
            let dropped = Flag()
            let call = loop.schedule(after: .milliseconds(20)) { dropped.raise() }
            loop.schedule(after: .milliseconds(40)) { if loop.isCurrent { made.raise() } }
            call.cancel()
            #expect(await eventually { made.isRaised })
            #expect(!dropped.isRaised)
        }
    }

    @Test("What a stopped loop is given still runs")
    func stoppedLoopGivenStillRuns() async throws {
        let configuration = ServerConfiguration(address: try SocketAddress("127.0.0.1:0"), loopCount: 1)
        let server = try HTTPServer(configuration, application: TestApplication.echo)
        try server.start()
        let loop = server.executor
        let sleeping = Task(executorPreference: loop) { () -> Bool in
            try? await loop.sleep(for: .milliseconds(200))
            return true
        }
        let called = Flag()
        loop.schedule(after: .milliseconds(100)) { called.raise() }
        await server.shutdown(grace: .seconds(1))
        #expect(await sleeping.value)
        #expect(await Task(executorPreference: loop) { true }.value)
        try await loop.sleep(for: .milliseconds(5))
        #expect(await eventually { called.isRaised })
        let late = Flag()
        loop.execute { late.raise() }
        #expect(await eventually { late.isRaised })
    }
}

/// A flag that is raised once.
final class Flag: Sendable {
    private let value = Atomic(false)
    var isRaised: Bool { value.load(ordering: .acquiring) }
    func raise() { value.store(true, ordering: .releasing) }
}
