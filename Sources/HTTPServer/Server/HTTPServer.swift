// A server: its loops, its listening sockets, its beginning and its end. It knows no protocol and no route.

import CLinux
import Glibc
import Synchronization

/// How a server listens.
public struct ServerConfiguration: Sendable {
    /// The address to listen on; with port 0 the system chooses a port.
    public var address: SocketAddress
    /// Event loops, each with a thread; by default one for each core this process may use.
    public var loopCount: Int
    /// Connections the kernel keeps for each loop until they are accepted.
    public var backlog: Int32 = 1024
    /// Descriptors left to the rest of the program: `HTTPServerLimits.connectionsMax` is lowered to leave so many.
    public var descriptorsReserved = 128
    /// The fewest connections that a server is started for.
    static let connectionsMin = 64
    /// The bounds the server keeps.
    public var limits = HTTPServerLimits()
    /// The memory that bodies, answers and waiting output take together; more answers 503.
    public var memory = MemoryBudget()

    /// Peers that bring connections of many clients, such as a proxy: they are exempt from
    /// `HTTPServerLimits.connectionsPerAddressMax`.
    public var trustedPeers = AddressRange.loopback

    /// A server on `address`.
    public init(address: SocketAddress, loopCount: Int = ServerConfiguration.coreCount) {
        self.address = address
        self.loopCount = loopCount
    }

    /// Checks that the process may open enough descriptors; call it before anything else is opened.
    ///
    /// - Throws: `ServerError.descriptorsTooFew`.
    public func checkDescriptors() throws(ServerError) {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let needed = descriptorsReserved + Self.connectionsMin
        guard limit.rlim_cur < UInt64(needed) else { return }
        throw .descriptorsTooFew(limit: Int(limit.rlim_cur), needed: needed)
    }

    /// Checks that no other process listens on `address`.
    ///
    /// - Throws: `ServerError.addressInUse`, and what else binding the address throws.
    public static func checkUnused(_ address: SocketAddress) throws(ServerError) {
        try ListeningSocket.checkUnused(address)
    }

    /// The cores this process may use.
    public static var coreCount: Int { Int(cl_core_count()) }
}

/// An HTTP/1.1 server: one event loop per core, each with its own listening socket.
///
/// A server that was started serves until `shutdown(grace:)`, whether anyone keeps it or not.
public final class HTTPServer: Sendable {
    private enum State: Sendable { case new, running, ended }

    private struct Running {
        var state = State.new
        var workers: [LoopWorker] = []
    }

    private let configuration: ServerConfiguration
    private let application: any HTTPApplication
    private let running = Mutex(Running())
    /// The event loops: executors for the program's own background tasks too.
    ///
    /// Tasks given to a loop run from `start()` on, and elsewhere after `shutdown(grace:)`.
    public let loops: [EventLoop]
    private let nextLoop = Atomic<Int>(0)

    /// A server that is not started yet; throws where the system gives no more descriptors.
    public init(_ configuration: ServerConfiguration, application: any HTTPApplication) throws(ServerError) {
        self.configuration = configuration
        self.application = application
        var loops: [EventLoop] = []
        for _ in 0..<max(1, configuration.loopCount) { loops.append(try EventLoop()) }
        self.loops = loops
    }

    /// One of the loops, in turn: an executor for a background task.
    public var executor: EventLoop {
        loops[(nextLoop.wrappingAdd(1, ordering: .relaxed).oldValue & .max) % loops.count]
    }

    /// Listens and begins to serve; returns the address, with the port the system chose where 0 was asked for.
    @discardableResult
    public func start() throws(ServerError) -> SocketAddress {
        let isNew = running.withLock { running in
            defer { running.state = .running }
            return running.state == .new
        }
        guard isNew else { throw .alreadyStarted }
        let (address, listeners) = try listen()
        let limits = ConnectionRules(configuration.limits)
        let shared = SharedState(
            connectionsMax: connectionsMax, memory: configuration.memory,
            clients: ClientCounts(
                countMax: configuration.limits.connectionsPerAddressMax, exempt: configuration.trustedPeers))
        var workers: [LoopWorker] = []
        for (loop, listener) in zip(loops, listeners) {
            let worker = LoopWorker(
                loop: loop, application: application, limits: limits, listener: listener, shared: shared)
            loop.worker = worker
            loop.execute { worker.beginAccepting() }
            workers.append(worker)
        }
        running.withLock { $0.workers = workers }
        shared.workers.withLock { $0 = workers }
        do throws(ServerError) {
            for loop in loops { try loop.start() }
        } catch {
            for loop in loops { loop.stop() }
            throw error
        }
        return address
    }

    private func listen() throws(ServerError) -> (SocketAddress, [Int32]) {
        try ListeningSocket.checkUnused(configuration.address)
        var listeners: [Int32] = []
        do throws(ServerError) {
            listeners.append(try ListeningSocket.open(configuration.address, backlog: configuration.backlog))
            let address = try ListeningSocket.address(of: listeners[0])
            for _ in 1..<max(1, loops.count) {
                listeners.append(try ListeningSocket.open(address, backlog: configuration.backlog))
            }
            return (address, listeners)
        } catch {
            for listener in listeners { close(listener) }
            throw error
        }
    }

    private var connectionsMax: Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return configuration.limits.connectionsMax
        }
        let available = Int(clamping: limit.rlim_cur) - configuration.descriptorsReserved
        return min(configuration.limits.connectionsMax, max(16, available))
    }

    /// Stops: accepts no more, answers what is in flight with `Connection: close`, ends what is idle, and after `grace`
    /// the rest.
    ///
    /// Returns when all connections are closed and the loops' threads are about to end.
    public func shutdown(grace: Duration) async {
        let workers = running.withLock { running in
            let workers = running.state == .running ? running.workers : []
            running.state = .ended
            return workers
        }
        if workers.isEmpty { return }
        let latch = Latch(count: workers.count)
        for worker in workers {
            worker.loop.execute { worker.shutDown(grace: grace) { latch.countDown() } }
        }
        await latch.wait()
        for loop in loops { loop.stop() }
        // The loops know each other through it.
        for worker in workers { worker.shared.workers.withLock { $0 = [] } }
    }

    /// Returns when every loop has taken a turn since the call; at once when the server does not run.
    public func turn() async {
        let workers = running.withLock { $0.state == .running ? $0.workers : [] }
        if workers.isEmpty { return }
        let latch = Latch(count: workers.count)
        for worker in workers { worker.loop.execute { latch.countDown() } }
        await latch.wait()
    }

    /// The current counts.
    ///
    /// Takes no lock that serving takes.
    public var counters: ServerCounters {
        ServerCounters(running.withLock { $0.workers }.map(\.counters))
    }
}

/// Waits for a number of things to have happened.
private final class Latch: Sendable {
    private struct State {
        var count: Int
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>

    init(count: Int) { state = Mutex(State(count: count)) }

    func countDown() {
        let waiter = state.withLock { state in
            state.count -= 1
            return state.count == 0 ? state.waiter.take() : nil
        }
        waiter?.resume()
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.count <= 0 { return true }
                state.waiter = continuation
                return false
            }
            if isOver { continuation.resume() }
        }
    }
}
