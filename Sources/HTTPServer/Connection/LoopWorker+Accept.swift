// Accepting connections and turning them away: bursts, the cap, and what happens when descriptors run out.

import CLinux
import Glibc
import Primitives
import Synchronization

/// The state that the loops of one server share.
final class SharedState: Sendable {
    let openConnections = Atomic<Int>(0)
    let connectionsMax: Int
    let memory: MemoryBudget
    let clients: ClientCounts
    /// The server's loops, from its start to its end.
    let workers = Mutex<[LoopWorker]>([])

    init(connectionsMax: Int, memory: MemoryBudget, clients: ClientCounts) {
        self.connectionsMax = connectionsMax
        self.memory = memory
        self.clients = clients
    }
}

/// A listening socket of one loop, and a descriptor kept back for when there are no others.
struct Listener {
    /// -1 once closed.
    var descriptor: Int32
    var reserve: Int32 = -1
    var isPaused = false
}

extension LoopWorker {
    /// Connections accepted in one go before others are served.
    private static let acceptBurstMax = 64
    /// Connections over the cap that are answered at one time; the rest is closed without an answer.
    private static let overflowMax = 64
    private static let pause: Duration = .milliseconds(100)

    /// Watches the listening socket; called on the loop's thread.
    func beginAccepting() {
        listener.reserve = Self.openReserve()
        loop.watch(listener.descriptor, EPOLL_CTL_ADD, CL_EPOLLIN, EventLoop.listenerToken)
    }

    func acceptConnections() {
        for _ in 0..<Self.acceptBurstMax where listener.descriptor >= 0 && !listener.isPaused {
            guard acceptOne() else { return }
        }
    }

    /// Accepts one connection; false when there is none or none can be taken now.
    private func acceptOne() -> Bool {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let descriptor = unsafe accept4(listener.descriptor, &storage, &length, CL_SOCK_NONBLOCK | CL_SOCK_CLOEXEC)
        if descriptor >= 0 {
            if let address = SocketAddress(storage) { admit(descriptor, address) } else { close(descriptor) }
            return true
        }
        switch errno {
        case EAGAIN: return false
        case EMFILE, ENFILE:
            turnAwayWithReserve()
            pauseAccepting()
            return false
        case ENOBUFS, ENOMEM:
            pauseAccepting()
            return false
        // The connection was gone before it was accepted (accept(2) lists the network errors); the next may be good.
        default: return true
        }
    }

    private func admit(_ descriptor: Int32, _ address: SocketAddress) {
        counters.connectionsAccepted.add()
        openCount += 1
        let open = shared.openConnections.wrappingAdd(1, ordering: .relaxed).newValue
        generation &+= 1
        let token = ConnectionToken(descriptor: descriptor, generation: generation)
        let connection = ClientConnection(
            token: token, remoteAddress: address, state: ConnectionState(now: loop.now, limits), interest: CL_EPOLLIN)
        if connections.count <= Int(descriptor) {
            connections += Array(repeating: nil, count: Int(descriptor) + 64 - connections.count)
        }
        connections[Int(descriptor)] = connection
        if open > shared.connectionsMax + Self.overflowMax { return end(connection) }
        guard loop.watch(descriptor, EPOLL_CTL_ADD, CL_EPOLLIN, token.packed) else { return end(connection) }
        switch shared.clients.add(address) {
        case .refused: return refuse(connection, .tooManyConnectionsOfAddress)
        case .counted: connection.isCounted = true
        case .exempt: break
        }
        if open > shared.connectionsMax { return makeRoom(for: connection) }
        begin(connection)
    }

    /// Begins to serve a connection that was admitted.
    func begin(_ connection: ClientConnection) {
        connection.state.isLast = whenEmpty != nil
        arm(connection)
    }

    /// Refuses a connection before anything was read from it.
    func refuse(_ connection: ClientConnection, _ reason: RequestRejection) {
        connection.state.refuse(reason)
        writeRefusal(RejectedRequest(reason: reason, remoteAddress: connection.remoteAddress), connection)
        settle(connection)
    }

    /// With no descriptor left, gives up the reserve for a moment to tell one client so.
    private func turnAwayWithReserve() {
        guard listener.reserve >= 0 else { return }
        close(listener.reserve)
        var length: socklen_t = 0
        let descriptor = unsafe accept4(listener.descriptor, nil, &length, CL_SOCK_NONBLOCK | CL_SOCK_CLOEXEC)
        if descriptor >= 0 {
            counters.count(.tooManyConnections)
            let answer: StaticString =
                "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            _ = unsafe Glibc.send(descriptor, answer.utf8Start, answer.utf8CodeUnitCount, CL_MSG_NOSIGNAL)
            shutdown(descriptor, Int32(SHUT_WR))
            close(descriptor)
        }
        listener.reserve = Self.openReserve()
    }

    private static func openReserve() -> Int32 { unsafe open("/dev/null", O_RDONLY | O_CLOEXEC) }

    /// Leaves connections in the kernel's queue for a while, instead of spinning on a socket that cannot be accepted.
    private func pauseAccepting() {
        listener.isPaused = true
        setListenerInterest(0)
        loop.schedule(after: Self.pause) { [self] in
            guard loop.isCurrent, listener.descriptor >= 0 else { return }
            listener.isPaused = false
            // The descriptor may have gone elsewhere between giving the reserve up and taking it back.
            if listener.reserve < 0 { listener.reserve = Self.openReserve() }
            setListenerInterest(CL_EPOLLIN)
        }
    }

    private func setListenerInterest(_ events: UInt32) {
        loop.watch(listener.descriptor, EPOLL_CTL_MOD, events, EventLoop.listenerToken)
    }

    // MARK: Shutting down

    /// How long a connection that never sent a request may still send its first.
    private static let firstRequestGrace: Nanoseconds = 1_000_000_000
    /// How long a connection between requests may still send one: a busy client's next request is on its way while its
    /// connection looks idle, and is lost when the socket closes under it.
    private static let nextRequestGrace: Nanoseconds = 250_000_000

    /// Stops accepting, ends idle connections, lets the others finish.
    ///
    /// `completion` is called when none is left, at the latest after `grace`.
    func shutDown(grace: Duration, _ completion: @escaping @Sendable () -> Void) {
        whenEmpty = completion
        stopListening()
        for case let connection? in connections {
            connection.state.isLast = true
            connection.writer?.serverEnds()
            guard connection.state.phase == .idle, connection.unsent == nil, !connection.waitsForTurn else { continue }
            let isFresh = connection.state.answeredCount == 0
            connection.state.hurry(to: loop.now &+ (isFresh ? Self.firstRequestGrace : Self.nextRequestGrace))
            arm(connection)
        }
        if openCount == 0, let whenEmpty = whenEmpty.take() { return whenEmpty() }
        loop.schedule(after: grace) { [self] in
            guard loop.isCurrent else { return }
            for case let connection? in connections { end(connection) }
        }
    }

    private func stopListening() {
        guard listener.descriptor >= 0 else { return }
        // What the kernel has accepted for us would be reset with the socket.
        while !listener.isPaused, acceptOne() {}
        close(listener.descriptor)
        close(listener.reserve)
        listener.descriptor = -1
        listener.reserve = -1
    }
}
