// One connection's protocol, without I/O: bytes and times go in, what to do next comes out. It owns framing, order,
// persistence and deadlines. It knows no socket, no thread and no application.

import Primitives

/// Nanoseconds of the monotonic clock.
typealias Nanoseconds = UInt64

/// The times and rates of `HTTPServerLimits` as the numbers the connection computes with.
struct ConnectionRules: Sendable {
    let limits: HTTPServerLimits
    let parser: RequestParser
    let header: Nanoseconds
    let body: Nanoseconds
    let bodyGrace: Nanoseconds
    let streamWindow: Nanoseconds
    let discard: Nanoseconds
    let firstByte: Nanoseconds
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
        streamWindow = Nanoseconds(clamping: limits.streamRateWindow.nanoseconds)
        discard = Nanoseconds(clamping: limits.discardTimeout.nanoseconds)
        firstByte = Nanoseconds(clamping: limits.firstByteTimeout.nanoseconds)
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
        /// A head that announces a body is complete: `head` is filled. Call `buffer`, `refuseBody` or `stream`.
        case decide
        /// Bytes of a body that is read in pieces are here: call `takeBody`.
        case deliver
        /// A request is complete: `head` is filled, the body lies behind it. Answer, then call `consumeRequest` and `answered`.
        case respond
        /// Answer with this refusal as the last response.
        case refuse(RequestRejection)
        /// Nothing more will be answered.
        case stop
    }

    enum Phase: Equatable, Sendable {
        case idle, head
        /// A head was handed out, and what happens to its body is not decided yet.
        case deciding
        case body, chunkedBody
        /// A request was handed out and is not answered yet.
        case responding
        /// The answer was given before its request's body had come; the rest of it is dropped.
        case discarding
        /// The last answer was given; it is being sent.
        case closing
        /// Our side is shut; what the peer still sends is dropped.
        case draining
    }

    enum Deadline: Equatable, Sendable {
        /// Close without a word.
        case close(ConnectionEnd)
        /// Answer with this refusal.
        case refuse(RequestRejection)
        /// The deadline was moved meanwhile.
        case notYet
    }

    private(set) var phase = Phase.idle
    /// When `deadlineReached` has to be called.
    var deadline: Nanoseconds { outputDeadline == 0 ? phaseDeadline : outputDeadline }
    private var phaseDeadline: Nanoseconds
    /// The end of the time in which waiting output must move; 0 while none waits.
    private var outputDeadline: Nanoseconds = 0
    private(set) var answeredCount = 0
    /// Bytes of the current message's body, decoded, behind `headLength`.
    private(set) var bodyCount = 0
    private(set) var headLength = 0
    /// Set from outside when the server shuts down: the next answer is the last.
    var isLast = false
    /// Whether anything the peer sent is left unread when the last answer goes out, so that it has to be drained.
    private(set) var leavesInputUnread = false

    private var progress = HeadProgress()
    private var chunked = ChunkedBody(headLength: 0, bodyBytesMax: 0)
    /// The part of a body that is still to come and is not collected; nil without such a body.
    var incoming: IncomingBody?
    /// Times and bytes of an answer or a body that goes in pieces.
    var streaming = StreamTimes()
    /// The client waits for "100 Continue".
    private var continueIsDue = false
    /// `head` still holds what was handed out with `decide`.
    private var headIsCurrent = false
    private var consumedCount = 0
    private var bodyStarted: Nanoseconds = 0
    private var bodyReceived = 0
    private var keepsAlive = true
    private var drained = 0
    /// What the peer had taken when output began to wait, or when that was last looked at.
    private var outputMark = 0
    private var wasRefused = false
    /// The last answer was given while its request's body was still coming.
    private var hasUnreadBody = false

    init(now: Nanoseconds, _ limits: ConnectionRules) {
        phaseDeadline = now &+ limits.firstByte
    }

    // MARK: Reading

    /// What to do with the bytes received so far; call again after every action but `needBytes` and `stop`.
    @inline(__always)
    mutating func advance(
        _ input: inout InputBuffer, into head: inout RequestHead, now: Nanoseconds, _ limits: ConnectionRules
    ) -> Action {
        do throws(RequestRejection) {
            switch phase {
            case .idle, .head: return try advanceHead(&input, into: &head, now: now, limits)
            case .body, .chunkedBody: return try advanceBody(&input, into: &head, now: now, limits)
            case .responding: return incoming != nil && streaming.wantsBody && !input.isEmpty ? .deliver : .needBytes
            case .discarding: return try discard(&input, into: &head, now: now, limits)
            case .deciding: preconditionFailure("nothing was decided about a body")
            case .closing, .draining: return .stop
            }
        } catch {
            return refuse(error)
        }
    }

    private mutating func advanceHead(
        _ input: inout InputBuffer, into head: inout RequestHead, now: Nanoseconds, _ limits: ConnectionRules
    ) throws(RequestRejection) -> Action {
        if input.isEmpty { return .needBytes }
        let isComplete = try input.withBytes { bytes throws(RequestRejection) in
            try limits.parser.parse(bytes, &progress, into: &head)
        }
        guard isComplete else {
            if phase == .idle {
                phase = .head
                phaseDeadline = now &+ limits.header
            }
            return .needBytes
        }
        headLength = head.length
        keepsAlive = head.keepsAlive
        bodyCount = 0
        if head.framing == .none {
            consumedCount = headLength
            return handOut(now: now, limits)
        }
        phase = .deciding
        return .decide
    }

    /// Decides to collect the body, whose head was just handed out.
    mutating func buffer(
        _ head: borrowing RequestHead, bytesMax: Int, inputCount: Int, now: Nanoseconds, _ limits: ConnectionRules
    ) throws(RequestRejection) {
        precondition(phase == .deciding, "there is no body to decide about")
        if head.hasContentCoding { throw .contentCodingNotSupported }
        if case .length(let count) = head.framing {
            if count > bytesMax { throw .bodyTooLarge }
            bodyCount = count
            phase = .body
        } else {
            chunked = ChunkedBody(headLength: headLength, bodyBytesMax: bytesMax)
            phase = .chunkedBody
        }
        bodyStarted = now
        bodyReceived = inputCount - headLength
        headIsCurrent = true
        continueIsDue = head.expectsContinue && inputCount == headLength
        setBodyDeadline(limits)
    }

    private mutating func advanceBody(
        _ input: inout InputBuffer, into head: inout RequestHead, now: Nanoseconds, _ limits: ConnectionRules
    ) throws(RequestRejection) -> Action {
        if continueIsDue {
            continueIsDue = false
            return .sendContinue
        }
        let headIsCurrent = headIsCurrent
        self.headIsCurrent = false
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

    private mutating func handOut(now: Nanoseconds, _ limits: ConnectionRules) -> Action {
        beginResponding(now: now, limits)
        return .respond
    }

    private mutating func beginResponding(now: Nanoseconds, _ limits: ConnectionRules) {
        phase = .responding
        streaming.handlerSince = now
        streaming.answerHasBegun = false
        phaseDeadline = now &+ limits.handler
        progress = HeadProgress()
    }

    /// Says that `count` bytes were received, for the least rate of a body.
    mutating func received(_ count: Int) { bodyReceived &+= count }

    // MARK: Bodies that are not collected

    /// Decides not to read the body: `input` begins behind its head afterwards, and the answer has to follow.
    mutating func refuseBody(
        _ head: borrowing RequestHead, _ input: inout InputBuffer, now: Nanoseconds, _ limits: ConnectionRules
    ) {
        beginIncoming(head, &input, bytesMax: limits.limits.discardBytesMax, now: now, limits)
        streaming.wantsBody = false
        // What cannot be read cannot be dropped either: then the connection ends after the answer.
        try? takeBody(&input, now: now, limits) { _ in }
    }

    /// Decides that a handler reads the body in pieces: `input` begins behind its head afterwards.
    mutating func stream(
        _ head: borrowing RequestHead, _ input: inout InputBuffer, bytesMax: Int, now: Nanoseconds,
        _ limits: ConnectionRules
    ) throws(RequestRejection) {
        if case .length(let count) = head.framing, count > bytesMax { throw .bodyTooLarge }
        beginIncoming(head, &input, bytesMax: bytesMax, now: now, limits)
        streaming.wantsBody = !streaming.continueIsDue
    }

    private mutating func beginIncoming(
        _ head: borrowing RequestHead, _ input: inout InputBuffer, bytesMax: Int, now: Nanoseconds,
        _ limits: ConnectionRules
    ) {
        precondition(phase == .deciding, "there is no body to decide about")
        incoming = IncomingBody(head.framing, bytesMax: bytesMax)
        beginResponding(now: now, limits)
        streaming = StreamTimes(now: now, received: bodyReceived)
        streaming.continueIsDue = head.expectsContinue && input.count == headLength
        input.consume(headLength)
    }

    /// Takes what has come of the body that the request handed out has.
    mutating func takeBody(
        _ input: inout InputBuffer, now: Nanoseconds, _ limits: ConnectionRules, _ deliver: (Span<UInt8>) -> Void
    ) throws(RequestRejection) {
        if !input.isEmpty { streaming.continueIsDue = false }
        try incoming?.take(&input, limits.limits, deliver)
        if incoming?.isComplete == true { incoming = nil }
        streaming.handlerSince = now
        setRespondingDeadline(limits)
    }

    /// The handler asks for the body, or has room for no more of it.
    ///
    /// - Returns: whether the client waits for "100 Continue".
    mutating func bodyIsWanted(_ isWanted: Bool, now: Nanoseconds, _ limits: ConnectionRules) -> Bool {
        guard phase == .responding, incoming != nil else { return false }
        if isWanted && !streaming.wantsBody { streaming.beginWindow(now: now, received: bodyReceived) }
        streaming.wantsBody = isWanted
        streaming.handlerSince = now
        setRespondingDeadline(limits)
        guard isWanted, streaming.continueIsDue, !streaming.answerHasBegun else { return false }
        streaming.continueIsDue = false
        return true
    }

    /// The head of an answer that goes in pieces was given.
    mutating func answerBegins(now: Nanoseconds, _ limits: ConnectionRules) {
        streaming.answerHasBegun = true
        setRespondingDeadline(limits)
    }

    private mutating func setRespondingDeadline(_ limits: ConnectionRules) {
        phaseDeadline = streaming.answerHasBegun ? .max : streaming.handlerSince &+ limits.handler
        if incoming != nil && streaming.wantsBody {
            phaseDeadline = min(phaseDeadline, streaming.windowStart &+ limits.streamWindow)
        }
    }

    /// Whether the next request can be read after this answer even though its body has not been read.
    ///
    /// Where it cannot, the connection must end: what is left of the body would be read as a request.
    func canDiscardBody(_ limits: ConnectionRules) -> Bool {
        guard let incoming else { return true }
        // A client that waits for "100 Continue" may send the body or not: both would be right.
        guard !streaming.continueIsDue, let remaining = incoming.remainingCount else { return false }
        return remaining <= limits.limits.discardBytesMax
    }

    private mutating func discard(
        _ input: inout InputBuffer, into head: inout RequestHead, now: Nanoseconds, _ limits: ConnectionRules
    ) throws(RequestRejection) -> Action {
        try incoming?.take(&input, limits.limits) { _ in }
        guard incoming?.isComplete == true else { return .needBytes }
        incoming = nil
        phase = .idle
        phaseDeadline = now &+ limits.idle
        return try advanceHead(&input, into: &head, now: now, limits)
    }

    private mutating func setBodyDeadline(_ limits: ConnectionRules) {
        phaseDeadline = bodyStarted &+ limits.body
        let rate = limits.limits.bodyBytesPerSecondMin
        guard rate > 0 else { return }
        let (seconds, rest) = max(0, bodyReceived).quotientAndRemainder(dividingBy: rate)
        let paidFor = UInt64(seconds) &* 1_000_000_000 &+ UInt64(rest) &* 1_000_000_000 / UInt64(rate)
        phaseDeadline = min(phaseDeadline, bodyStarted &+ limits.bodyGrace &+ paidFor)
    }

    // MARK: Answering

    /// Whether the answer to the request handed out is the last on this connection.
    func isLastAnswer(_ limits: ConnectionRules) -> Bool {
        !keepsAlive || isLast || answeredCount + 1 >= limits.limits.requestsPerConnectionMax
    }

    /// The bytes of the request handed out are not needed any more.
    mutating func consumeRequest(_ input: inout InputBuffer) {
        precondition(phase == .responding, "no request was handed out")
        input.consume(consumedCount)
    }

    /// The request handed out has been answered; `closes` ends the connection.
    mutating func answered(closes: Bool, inputIsEmpty: Bool, now: Nanoseconds, _ limits: ConnectionRules) {
        precondition(phase == .responding, "an answer without a request")
        answeredCount += 1
        phaseDeadline = now &+ limits.idle
        guard closes else {
            phase = .idle
            if incoming != nil {
                phase = .discarding
                phaseDeadline = now &+ limits.discard
            }
            return
        }
        phase = .closing
        // A client that did not ask for the end may have sent more, which would reset the connection under the answer.
        leavesInputUnread = !inputIsEmpty || keepsAlive || incoming != nil
        hasUnreadBody = incoming != nil
    }

    /// Ends reading for good because of `reason`, with an answer that says so.
    @discardableResult
    mutating func refuse(_ reason: RequestRejection) -> Action {
        phase = .closing
        incoming = nil
        leavesInputUnread = true
        wasRefused = true
        return .refuse(reason)
    }

    // MARK: Ending

    /// The last answer has been sent and our side is shut: drop what still comes, within bounds.
    mutating func beginDraining(now: Nanoseconds, _ limits: ConnectionRules) {
        phase = .draining
        phaseDeadline = now &+ (wasRefused || hasUnreadBody ? limits.drain : limits.linger)
    }

    /// `count` bytes were read and dropped; false when it has been enough.
    mutating func dropped(_ count: Int, _ limits: ConnectionRules) -> Bool {
        drained += count
        return drained <= limits.limits.drainBytesMax
    }

    /// Output waits for the peer; `delivered` counts the bytes that the peer has taken, from any start.
    mutating func outputWaits(delivered: Int, now: Nanoseconds, _ limits: ConnectionRules) {
        outputMark = delivered
        outputDeadline = now &+ limits.writeStall
    }

    /// All output was taken: the time that counts now is that of the phase.
    mutating func outputSent(now: Nanoseconds, _ limits: ConnectionRules) {
        outputDeadline = 0
        switch phase {
        case .idle, .closing: phaseDeadline = now &+ limits.idle
        case .head: phaseDeadline = now &+ limits.header
        case .body, .chunkedBody: setBodyDeadline(limits)
        case .responding:
            streaming.handlerSince = now
            streaming.beginWindow(now: now, received: bodyReceived)
            setRespondingDeadline(limits)
        case .discarding: phaseDeadline = now &+ limits.discard
        case .deciding, .draining: break
        }
    }

    /// What the passing of time means; `delivered` is nil while no output waits, else what the peer has taken so far.
    mutating func deadlineReached(now: Nanoseconds, delivered: Int?, _ limits: ConnectionRules) -> Deadline {
        if now < deadline { return .notYet }
        if let delivered {
            let least = max(1, Double(limits.limits.outputBytesPerSecondMin) * Double(limits.writeStall) / 1e9)
            guard Double(delivered &- outputMark) >= least else { return .close(.slowReader) }
            outputWaits(delivered: delivered, now: now, limits)
            return .notYet
        }
        switch phase {
        case .idle: return .close(answeredCount == 0 ? .firstByte : .idle)
        case .deciding, .closing, .draining: return .close(.drain)
        case .discarding: return .close(.discard)
        case .head: return refused(.headerTimeout)
        case .body, .chunkedBody: return refused(.bodyTimeout)
        case .responding: return respondingDeadlineReached(now: now, limits)
        }
    }

    private mutating func respondingDeadlineReached(now: Nanoseconds, _ limits: ConnectionRules) -> Deadline {
        if !streaming.answerHasBegun, now >= streaming.handlerSince &+ limits.handler {
            return refused(.handlerTimeout)
        }
        guard incoming != nil, streaming.wantsBody, now >= streaming.windowStart &+ limits.streamWindow else {
            setRespondingDeadline(limits)
            return .notYet
        }
        let rate = limits.limits.bodyBytesPerSecondMin
        let least = Double(rate) * Double(now &- streaming.windowStart) / 1e9
        if rate > 0 && Double(bodyReceived &- streaming.receivedAtStart) < least {
            return streaming.answerHasBegun ? .close(.slowSender) : refused(.bodyTimeout)
        }
        streaming.beginWindow(now: now, received: bodyReceived)
        setRespondingDeadline(limits)
        return .notYet
    }

    private mutating func refused(_ reason: RequestRejection) -> Deadline {
        refuse(reason)
        return .refuse(reason)
    }

    /// Since when the connection waits for a request; meaningful while it is idle.
    func idleSince(_ limits: ConnectionRules) -> Nanoseconds {
        phaseDeadline &- (answeredCount == 0 ? limits.firstByte : limits.idle)
    }

    /// Brings the deadline of a connection that waits for a request forward to `limit`, at shutdown.
    mutating func hurry(to limit: Nanoseconds) { phaseDeadline = min(phaseDeadline, limit) }
}
