// The HTTP side of one event loop: its connections, the buffers they share, and the application. Every method runs on
// the loop's thread. Protocol decisions are `ConnectionState`'s; this performs them.

import CLinux
import Glibc
import Synchronization

@safe
final class LoopWorker: @unchecked Sendable {
    static let receiveBytes = 64 * 1024
    /// Room asked for when a connection reads into its own buffer.
    static let ownReceiveBytes = 16 * 1024

    /// A cycle while the loop runs; the loop lets go of its worker when it stops.
    let loop: EventLoop
    let application: any HTTPApplication
    let limits: ConnectionRules
    let counters = LoopCounters()
    let shared: SharedState

    var listener: Listener
    var connections: [ClientConnection?] = []
    var openCount = 0
    var overflowCount = 0
    var generation: UInt32 = 0
    /// Idle connections at the last look, the longest idle last.
    var idleCandidates: [(token: ConnectionToken, since: Nanoseconds)] = []
    var nextLook: Nanoseconds = 0
    let idleFigures = IdleFigures()
    private var drains = DrainTurns()
    private var bulk = BulkTurns()
    /// Set while the server shuts down: called when the last connection has gone.
    var whenEmpty: (@Sendable () -> Void)?

    private var received = InputBuffer(capacity: LoopWorker.receiveBytes)
    var output = ByteBuffer(capacity: 64 * 1024)
    var writer = ResponseWriter()
    var date = DateCache()
    let head: UnsafeMutablePointer<RequestHead>
    private var turns: [ConnectionToken] = []
    private var turnsTaken: [ConnectionToken] = []
    private var startingToken: ConnectionToken?
    private var immediateResponse: HTTPResponse?

    init(
        loop: EventLoop, application: any HTTPApplication, limits: ConnectionRules, listener: Int32,
        shared: SharedState
    ) {
        self.loop = loop
        self.application = application
        self.limits = limits
        self.listener = Listener(descriptor: listener)
        self.shared = shared
        unsafe head = .allocate(capacity: 1)
        unsafe head.initialize(to: RequestHead(fieldsMax: limits.limits.headerFieldsMax))
    }

    deinit {
        unsafe head.deinitialize(count: 1)
        unsafe head.deallocate()
    }

    // MARK: The loop's turns

    func turnBegins() { date.refresh() }

    var hasWaitingTurns: Bool { !turns.isEmpty || !bulk.isEmpty }

    /// Serves the connections that had more than their share of requests, and reads of those that send large bodies.
    func turnEnds() {
        if !bulk.isEmpty { readBulk() }
        guard !turns.isEmpty else { return }
        swap(&turns, &turnsTaken)
        for token in turnsTaken {
            guard let connection = connection(token) else { continue }
            connection.waitsForTurn = false
            resume(connection)
        }
        turnsTaken.removeAll(keepingCapacity: true)
    }

    func connection(_ token: ConnectionToken) -> ClientConnection? {
        let index = Int(token.descriptor)
        guard index >= 0, index < connections.count, let connection = connections[index],
            connection.token.generation == token.generation
        else { return nil }
        return connection
    }

    func isOpen(_ token: ConnectionToken) -> Bool { connection(token) != nil }

    func handle(_ token: ConnectionToken, _ events: UInt32) {
        guard let connection = connection(token) else { return }
        if connection.interest & CL_EPOLLIN == 0 && events & (CL_EPOLLHUP | CL_EPOLLERR) != 0 {
            return end(connection)
        }
        if events & CL_EPOLLOUT != 0 { sendUnsent(connection) }
        if events & (CL_EPOLLIN | CL_EPOLLHUP | CL_EPOLLERR) != 0, isOpen(token),
            connection.interest & CL_EPOLLIN != 0
        {
            receive(connection)
        }
    }

    func deadlineReached(_ token: ConnectionToken, armedAt: Nanoseconds) {
        guard let connection = connection(token), connection.armedAt == armedAt else { return }
        connection.armedAt = .max
        switch connection.state.deadlineReached(now: loop.now, delivered: delivered(connection), limits) {
        case .close(let reason): end(connection, reason)
        case .notYet: arm(connection)
        case .refuse(let reason):
            let rejected = rejected(reason, connection)
            abandonHandler(connection, .rejected(reason))
            writeRefusal(rejected, connection)
            settle(connection)
        }
    }

    /// What the peer has taken since output began to wait, up to a constant; nil while none waits.
    func delivered(_ connection: ClientConnection) -> Int? {
        guard connection.unsent != nil else { return nil }
        // What the kernel holds for the peer is not taken.
        var queued: Int32 = 0
        _ = unsafe ioctl(connection.descriptor, UInt(TIOCOUTQ), &queued)
        return (connection.unsent?.sentCount ?? 0) - Int(queued)
    }

    /// A request that took too long, with what was received of it.
    func rejected(_ reason: RequestRejection, _ connection: ClientConnection) -> RejectedRequest {
        // What is received behind a request that was handed out is another one.
        if !connection.deferredHead.isEmpty {
            let head = connection.deferredHead
            return RejectedRequest(
                reason: reason, remoteAddress: connection.remoteAddress, bytes: head.span, parser: limits.parser)
        }
        guard let input = connection.input.take() else {
            return RejectedRequest(reason: reason, remoteAddress: connection.remoteAddress)
        }
        let rejected = rejected(reason, connection, input)
        connection.input = consume input
        return rejected
    }

    /// The refusal of the message that `input` begins with.
    func rejected(
        _ reason: RequestRejection, _ connection: ClientConnection, _ input: borrowing InputBuffer
    ) -> RejectedRequest {
        input.withBytes { bytes in
            RejectedRequest(
                reason: reason, remoteAddress: connection.remoteAddress, bytes: bytes, parser: limits.parser)
        }
    }

    // MARK: Reading

    /// Reads once and serves what has come.
    private func receive(_ connection: ClientConnection) {
        if connection.state.phase == .draining { return drain(connection) }
        if var own = connection.input.take() {
            own.reserve(Self.ownReceiveBytes)
            let count = unsafe recv(connection.descriptor, own.space.baseAddress, own.space.count, 0)
            let code = errno
            if count > 0 { own.received(count) }
            guard received(count, code, connection) else {
                if isOpen(connection.token) { connection.input = consume own }
                return
            }
            process(connection, &own)
            if !own.isEmpty { connection.input = consume own }
            if count >= BulkTurns.bytesMin { waitInBulk(connection) }
        } else {
            received.removeAll()
            let count = unsafe recv(connection.descriptor, received.space.baseAddress, received.space.count, 0)
            let code = errno
            if count > 0 { received.received(count) }
            guard received(count, code, connection) else { return }
            process(connection, &received)
            if !received.isEmpty {
                var own = InputBuffer(capacity: max(received.count, 1024))
                received.withBytes { own.append($0) }
                connection.input = consume own
            }
            if count >= BulkTurns.bytesMin { waitInBulk(connection) }
        }
        settle(connection)
    }

    /// Leaves the rest of a large body for the turns of such bodies.
    @inline(never)
    private func waitInBulk(_ connection: ClientConnection) {
        guard isOpen(connection.token), connection.unsent == nil, !connection.waitsForTurn else { return }
        switch connection.state.phase {
        case .body, .chunkedBody, .discarding: break
        case .responding where connection.state.incoming != nil && connection.state.streaming.wantsBody: break
        default: return
        }
        connection.waitsForTurn = true
        bulk.wait(connection.token)
    }

    private func readBulk() {
        var round = bulk.round(at: EventLoop.clock())
        while let token = bulk.take(of: &round, clock: EventLoop.clock) {
            guard let connection = connection(token) else { continue }
            connection.waitsForTurn = false
            receive(connection)
            // Where nothing had come, nothing has been watched for since.
            if isOpen(token) { watch(connection) }
        }
    }

    /// Whether bytes came; an end or an error of the peer is dealt with here.
    private func received(_ count: Int, _ code: Int32, _ connection: ClientConnection) -> Bool {
        if count > 0 {
            counters.bytesReceived.add(count)
            connection.state.received(count)
            return true
        }
        if count < 0 {
            if code != EAGAIN && code != EINTR { end(connection) }
            return false
        }
        connection.peerEnded = true
        // A client that has gone needs no answer; one that only ended its side still gets what the task makes of it.
        connection.task?.cancel()
        if connection.state.incoming != nil { connection.reader?.fail(.connectionClosed) }
        settle(connection)
        return false
    }

    private func drain(_ connection: ClientConnection) {
        guard drains.takeTurn(now: loop.now) else { return waitToDrain(connection) }
        received.removeAll()
        let count = unsafe recv(connection.descriptor, received.space.baseAddress, received.space.count, 0)
        if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
        if count <= 0 { return end(connection) }
        if !connection.state.dropped(count, limits) { end(connection, .drain) }
    }

    /// Leaves what the peer sends for later: others have requests.
    private func waitToDrain(_ connection: ClientConnection) {
        connection.waitsForTurn = true
        watch(connection)
        if drains.wait(connection.token) { scheduleDrains() }
    }

    private func scheduleDrains() {
        loop.schedule(after: DrainTurns.pause) { [self] in
            guard loop.isCurrent else { return }
            let due = drains.next(now: loop.now)
            if drains.hasWaiting { scheduleDrains() }
            for token in due {
                guard let connection = self.connection(token) else { continue }
                connection.waitsForTurn = false
                drain(connection)
                if isOpen(token) { watch(connection) }
            }
        }
    }

    /// Continues with what a connection has received before.
    func resume(_ connection: ClientConnection) {
        if connection.unsent == nil { takeWritten(connection) }
        if output.count >= limits.limits.outputBytesMax, connection.state.phase == .idle, connection.input != nil {
            // The peer takes these answers first.
            connection.waitsForTurn = true
            turns.append(connection.token)
        } else if connection.unsent == nil, var own = connection.input.take() {
            process(connection, &own)
            if !own.isEmpty { connection.input = consume own }
        }
        settle(connection)
    }

    // MARK: Serving

    private func process(_ connection: ClientConnection, _ input: inout InputBuffer) {
        var answeredCount = 0
        while true {
            let action = unsafe connection.state.advance(&input, into: &head.pointee, now: loop.now, limits)
            switch action {
            case .needBytes, .stop: return
            case .sendContinue: sendContinue()
            case .refuse(let reason): return writeRefusal(rejected(reason, connection, input), connection)
            case .deliver: guard deliver(connection, &input), connection.state.incoming == nil else { return }
            case .decide:
                guard decide(connection, &input) else { return }
                if connection.state.phase != .idle { continue }
                fallthrough
            case .respond:
                guard action == .decide || respond(connection, &input) else { return }
                answeredCount += 1
                if answeredCount >= limits.limits.pipelinedRequestsMax
                    || output.count >= limits.limits.outputBytesMax
                {
                    if !input.isEmpty && connection.state.phase == .idle {
                        connection.waitsForTurn = true
                        turns.append(connection.token)
                    }
                    return
                }
            }
        }
    }

    func sendContinue() { output.append("HTTP/1.1 100 Continue\r\n\r\n") }

    /// Asks the application about the head that was just read; `.refuse` leaves its answer in `writer`.
    func askApplication(_ connection: ClientConnection, _ input: borrowing InputBuffer) -> HeadDecision {
        writer.reset()
        let request = unsafe HTTPRequest(
            head: head, message: input.message, bodyStart: connection.state.headLength, bodyCount: 0,
            isLastOnConnection: connection.state.isLastAnswer(limits), remoteAddress: connection.remoteAddress)
        return application.decide(about: request, &writer)
    }

    /// Notes that a request was handed out after its head, and how it will be answered.
    func countRequest(_ connection: ClientConnection) {
        counters.requests.add()
        connection.framing = unsafe ResponseFraming(
            isHead: head.pointee.method == .head, closes: connection.state.isLastAnswer(limits),
            saysKeepAlive: head.pointee.minorVersion == 0)
    }

    /// Gives the request to the application; false when its answer comes later.
    private func respond(_ connection: ClientConnection, _ input: inout InputBuffer) -> Bool {
        counters.requests.add()
        let isLast = connection.state.isLastAnswer(limits)
        writer.reset()
        let deferred: DeferredResponse?
        do {
            let request = unsafe HTTPRequest(
                head: head, message: input.message, bodyStart: connection.state.headLength,
                bodyCount: connection.state.bodyCount, isLastOnConnection: isLast,
                remoteAddress: connection.remoteAddress)
            deferred = application.respond(to: request, &writer)
            connection.framing = unsafe ResponseFraming(
                isHead: head.pointee.method == .head, closes: isLast,
                saysKeepAlive: head.pointee.minorVersion == 0)
        }
        if let deferred {
            // If the answer takes too long, the refusal names its request.
            let length = connection.state.headLength
            connection.deferredHead = deferred.head ?? input.withBytes { bytes in (0..<length).map { bytes[$0] } }
            connection.hasHandler = true
            connection.heldCount = 2 * length + connection.state.bodyCount
        }
        connection.state.consumeRequest(&input)
        if let deferred {
            guard let response = start(deferred, connection) else { return false }
            writer.write(response)
        }
        finish(connection, inputIsEmpty: input.isEmpty)
        return true
    }

    /// Appends the writer's response to the output and moves the connection on.
    func finish(_ connection: ClientConnection, inputIsEmpty: Bool) {
        var framing = connection.framing
        if writer.closesConnection || connection.state.isLast { framing.closes = true }
        // The state is not copied for what most requests do not have.
        if connection.state.incoming != nil, !connection.state.canDiscardBody(limits) { framing.closes = true }
        writer.finish(into: &output, framing, date: date)
        answered(connection, closes: framing.closes, inputIsEmpty: inputIsEmpty)
    }

    /// Moves the connection on after an answer.
    @inline(__always)
    func answered(_ connection: ClientConnection, closes: Bool, inputIsEmpty: Bool) {
        if connection.hasHandler {
            connection.hasHandler = false
            connection.deferredHead = []
            connection.heldCount = 0
            if let reader = connection.reader.take() { reader.fail(.connectionClosed) }
        }
        connection.state.answered(closes: closes, inputIsEmpty: inputIsEmpty, now: loop.now, limits)
    }

    func writeRefusal(_ rejected: RejectedRequest, _ connection: ClientConnection) {
        let reason = rejected.reason
        counters.count(reason)
        writer.reset()
        writer.status = reason.status
        application.respond(toRejected: rejected, &writer)
        // Only a request that was handed out is known to be a HEAD.
        let isHead = !connection.deferredHead.isEmpty && connection.framing.isHead
        connection.deferredHead = []
        connection.heldCount = 0
        if writer.status == .serviceUnavailable && !writer.hasRetryAfter { writer.header("Retry-After", "1") }
        if reason == .contentCodingNotSupported { writer.header("Accept-Encoding", "identity") }
        writer.finish(into: &output, ResponseFraming(isHead: isHead, closes: true), date: date)
    }

    // MARK: Deferred responses

    /// Starts the task; returns its response where it was made without waiting.
    func start(_ deferred: DeferredResponse, _ connection: ClientConnection) -> HTTPResponse? {
        counters.deferred.add()
        let token = connection.token
        startingToken = token
        let task = Task.immediate(executorPreference: loop) { [self] in
            let response = await deferred.operation()
            guard let stream = response.stream, hasBody(token, response, stream) else {
                return deferredFinished(token, response)
            }
            guard let body = beginStream(token, response) else { return }
            do {
                try await stream.produce(body)
                endStream(token, body, hasFailed: false)
            } catch {
                endStream(token, body, hasFailed: true)
            }
        }
        startingToken = nil
        if let response = immediateResponse.take() { return response }
        if connection.state.phase == .responding { connection.task = task }
        return nil
    }

    /// Whether the task of the connection is being started just now.
    func isStarting(_ token: ConnectionToken) -> Bool { startingToken == token }

    private func deferredFinished(_ token: ConnectionToken, _ response: HTTPResponse) {
        guard loop.isCurrent else {
            // The loop has stopped, or the operation left its executor: what is here belongs to the loop's thread.
            loop.execute { [self] in if loop.isCurrent { deferredFinished(token, response) } }
            return
        }
        if startingToken == token {
            immediateResponse = response
            return
        }
        guard let connection = connection(token), connection.state.phase == .responding else { return }
        connection.task = nil
        writer.write(response)
        finish(connection, inputIsEmpty: connection.inputCount == 0)
        resume(connection)
    }
}
