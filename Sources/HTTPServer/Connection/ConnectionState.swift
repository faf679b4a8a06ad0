// One connection's protocol, without I/O: bytes and times go in, what to do next comes out. It owns framing, order,
// persistence and deadlines. It knows no socket, no thread and no application.

import Primitives

/// Nanoseconds of the monotonic clock.
typealias Nanoseconds = UInt64

/// The times and rates of `HTTPServerLimits` as the numbers the connection computes with.
struct ConnectionLimits: Sendable {
    let limits: HTTPServerLimits
    let parser: RequestParser
    let header: Nanoseconds
    let body: Nanoseconds
    let bodyGrace: Nanoseconds
    let idle: Nanoseconds
    let handler: Nanoseconds
    let writeStall: Nanoseconds
    let drain: Nanoseconds
    let linger: Nanoseconds

    init(_ limits: HTTPServerLimits) {
        self.limits = limits
        parser = RequestParser(limits)
        header = Nanoseconds(clamping: limits.headerTimeout.nanoseconds)
        body = Nanoseconds(clamping: limits.bodyTimeout.nanoseconds)
        bodyGrace = Nanoseconds(clamping: limits.bodyRateGrace.nanoseconds)
        idle = Nanoseconds(clamping: limits.idleTimeout.nanoseconds)
        handler = Nanoseconds(clamping: limits.handlerTimeout.nanoseconds)
        writeStall = Nanoseconds(clamping: limits.writeStallTimeout.nanoseconds)
        drain = Nanoseconds(clamping: limits.drainTimeout.nanoseconds)
        linger = Nanoseconds(clamping: limits.lingerTimeout.nanoseconds)
    }
}

struct ConnectionState: Sendable {
    enum Action: Equatable, Sendable {
        /// Nothing can be done until more bytes come.
        case needBytes
        /// Send "100 Continue", then ask again.
        case sendContinue
        /// A request is complete: `head` is filled, the body lies behind it. Answer, then call `consumeRequest` and `answered`.
        case respond
        /// Answer with this refusal as the last response.
        case refuse(RequestRejection)
        /// Nothing more will be answered.
        case stop
    }

    enum Phase: Equatable, Sendable {
        case idle, head, body, chunkedBody
        /// A request was handed out and is not answered yet.
        case responding
        /// The last answer was given; it is being sent.
        case closing
        /// Our side is shut; what the peer still sends is dropped.
        case draining
    }

    enum Deadline: Equatable, Sendable {
        /// Close without a word.
        case close
        /// Answer with this refusal.
        case refuse(RequestRejection)
        /// The deadline was moved meanwhile.
        case notYet
    }

    private(set) var phase = Phase.idle
    /// When `deadlineReached` has to be called.
    private(set) var deadline: Nanoseconds
    private(set) var answeredCount = 0
    /// Bytes of the current message's body, decoded, behind `headLength`.
    private(set) var bodyCount = 0
    private(set) var headLength = 0
    /// Set from outside when the server shuts down: the next answer is the last.
    var isLast = false
    /// Whether anything the peer sent is left unread when the last answer goes out, so that it has to be drained.
    private(set) var leavesInputUnread = false

    private var progress = HeadProgress()
    private var chunked = ChunkedBody(headLength: 0)
    private var consumedCount = 0
    private var bodyStarted: Nanoseconds = 0
    private var bodyReceived = 0
    private var keepsAlive = true
    private var drained = 0
    private var wasRefused = false

    init(now: Nanoseconds, _ limits: ConnectionLimits) {
        deadline = now &+ limits.idle
    }

    // MARK: Reading

    /// What to do with the bytes received so far; call again after every action but `needBytes` and `stop`.
    mutating func advance(
        _ input: inout InputBuffer, into head: inout RequestHead, now: Nanoseconds, _ limits: ConnectionLimits
    ) -> Action {
        do throws(RequestRejection) {
            switch phase {
            case .idle, .head: return try advanceHead(&input, into: &head, now: now, limits)
            case .body, .chunkedBody: return try advanceBody(&input, into: &head, now: now, limits)
            case .responding: return .needBytes
            case .closing, .draining: return .stop
            }
        } catch {
            return refuse(error)
        }
    }

    private mutating func advanceHead(
        _ input: inout InputBuffer, into head: inout RequestHead, now: Nanoseconds, _ limits: ConnectionLimits
    ) throws(RequestRejection) -> Action {
        if input.isEmpty { return .needBytes }
        let isComplete = try input.withBytes { bytes throws(RequestRejection) in
            try limits.parser.parse(bytes, &progress, into: &head)
        }
        guard isComplete else {
            if phase == .idle {
                phase = .head
                deadline = now &+ limits.header
            }
            return .needBytes
        }
        headLength = head.length
        keepsAlive = head.keepsAlive
        bodyCount = 0
        switch head.framing {
        case .none:
            consumedCount = headLength
            return handOut(now: now, limits)
        case .length(let count):
            if count > limits.limits.bodyBytesMax { throw .bodyTooLarge }
            bodyCount = count
            phase = .body
        case .chunked:
            chunked = ChunkedBody(headLength: headLength)
            phase = .chunkedBody
        }
        bodyStarted = now
        bodyReceived = input.count - headLength
        setBodyDeadline(limits)
        if head.expectsContinue && input.count == headLength { return .sendContinue }
        return try advanceBody(&input, headIsCurrent: true, into: &head, now: now, limits)
    }

    private mutating func advanceBody(
        _ input: inout InputBuffer, headIsCurrent: Bool = false, into head: inout RequestHead, now: Nanoseconds,
        _ limits: ConnectionLimits
    ) throws(RequestRejection) -> Action {
        if phase == .body {
            guard input.count - headLength >= bodyCount else {
                setBodyDeadline(limits)
                return .needBytes
            }
            consumedCount = headLength + bodyCount
        } else {
            guard try chunked.decode(&input, limits.limits) else {
                chunked.compact(&input)
                setBodyDeadline(limits)
                return .needBytes
            }
            bodyCount = chunked.count
            consumedCount = chunked.rawOffset
        }
        if !headIsCurrent {
            // Other connections of the loop have used `head` since; the bytes are still here and known to be good.
            var whole = HeadProgress()
            _ = try input.withBytes { bytes throws(RequestRejection) in
                try limits.parser.parse(bytes, &whole, into: &head)
            }
        }
        return handOut(now: now, limits)
    }

    private mutating func handOut(now: Nanoseconds, _ limits: ConnectionLimits) -> Action {
        phase = .responding
        deadline = now &+ limits.handler
        progress = HeadProgress()
        return .respond
    }

    /// Says that `count` bytes were received, for the least rate of a body.
    mutating func received(_ count: Int) { bodyReceived += count }

    private mutating func setBodyDeadline(_ limits: ConnectionLimits) {
        deadline = bodyStarted &+ limits.body
        let rate = limits.limits.bodyBytesPerSecondMin
        guard rate > 0 else { return }
        let (seconds, rest) = max(0, bodyReceived).quotientAndRemainder(dividingBy: rate)
        let paidFor = UInt64(seconds) &* 1_000_000_000 &+ UInt64(rest) &* 1_000_000_000 / UInt64(rate)
        deadline = min(deadline, bodyStarted &+ limits.bodyGrace &+ paidFor)
    }

    // MARK: Answering

    /// Whether the answer to the request handed out is the last on this connection.
    func isLastAnswer(_ limits: ConnectionLimits) -> Bool {
        !keepsAlive || isLast || answeredCount + 1 >= limits.limits.requestsPerConnectionMax
    }

    /// The bytes of the request handed out are not needed any more.
    mutating func consumeRequest(_ input: inout InputBuffer) {
        precondition(phase == .responding, "no request was handed out")
        input.consume(consumedCount)
    }

    /// The request handed out has been answered; `closes` ends the connection.
    mutating func answered(closes: Bool, inputIsEmpty: Bool, now: Nanoseconds, _ limits: ConnectionLimits) {
        precondition(phase == .responding, "an answer without a request")
        answeredCount += 1
        deadline = now &+ limits.idle
        guard closes else {
            phase = .idle
            return
        }
        phase = .closing
        // A client that did not ask for the end may have sent more, which would reset the connection under the answer.
        leavesInputUnread = !inputIsEmpty || keepsAlive
    }

    /// Refuses the connection before anything was read from it.
    mutating func refuseConnection() { _ = refuse(.tooManyConnections) }

    /// Ends reading for good because of `reason`.
    private mutating func refuse(_ reason: RequestRejection) -> Action {
        phase = .closing
        leavesInputUnread = true
        wasRefused = true
        return .refuse(reason)
    }

    // MARK: Ending

    /// The last answer has been sent and our side is shut: drop what still comes, within bounds.
    mutating func beginDraining(now: Nanoseconds, _ limits: ConnectionLimits) {
        phase = .draining
        deadline = now &+ (wasRefused ? limits.drain : limits.linger)
    }

    /// `count` bytes were read and dropped; false when it has been enough.
    mutating func dropped(_ count: Int, _ limits: ConnectionLimits) -> Bool {
        drained += count
        return drained <= limits.limits.drainBytesMax
    }

    /// Output waits for the peer, or has just moved: it has so long to take more.
    mutating func outputWaits(now: Nanoseconds, _ limits: ConnectionLimits) {
        deadline = now &+ limits.writeStall
    }

    /// All output was taken: the time that counts now is that of the phase.
    mutating func outputSent(now: Nanoseconds, _ limits: ConnectionLimits) {
        switch phase {
        case .idle, .closing: deadline = now &+ limits.idle
        case .head: deadline = now &+ limits.header
        case .body, .chunkedBody: setBodyDeadline(limits)
        case .responding: deadline = now &+ limits.handler
        case .draining: break
        }
    }

    /// What the passing of time means; `outputIsWaiting` while bytes could not be sent.
    mutating func deadlineReached(now: Nanoseconds, outputIsWaiting: Bool) -> Deadline {
        if now < deadline { return .notYet }
        if outputIsWaiting { return .close }
        switch phase {
        case .idle, .closing, .draining: return .close
        case .head:
            _ = refuse(.headerTimeout)
            return .refuse(.headerTimeout)
        case .body, .chunkedBody:
            _ = refuse(.bodyTimeout)
            return .refuse(.bodyTimeout)
        case .responding:
            _ = refuse(.handlerTimeout)
            return .refuse(.handlerTimeout)
        }
    }

    /// Brings the deadline of a connection that waits for a request forward to `limit`, at shutdown.
    mutating func hurry(to limit: Nanoseconds) { deadline = min(deadline, limit) }
}
