// Drives a connection's protocol state without a socket: bytes and times go in, what was asked of the outside is noted.

import Primitives

@testable import HTTPServer

/// One connection on paper, with a clock that the test moves.
struct ProtocolDriver {
    struct Request: Equatable {
        var method: HTTPMethod
        var target: String
        var fields: [String]
        var body: [UInt8]
    }

    enum Event: Equatable {
        case request(Request, isLast: Bool)
        case continueSent
        /// A body was refused after its head, and the answer was given.
        case headRefused(isLast: Bool)
        /// A handler that reads in pieces was started.
        case streamBegun
        case piece(String)
        case bodyEnded
        case refused(RequestRejection)
        case closed
    }

    private final class Buffer {
        var bytes = InputBuffer(capacity: 64)
    }

    private let buffer = Buffer()
    let limits: ConnectionRules
    var state: ConnectionState
    var now: Nanoseconds = 1_000_000_000_000
    var events: [Event] = []
    /// Requests are left without an answer until `answer()`.
    var defersAnswers = false
    var decision = Decision.buffer(bytesMax: nil)
    private var head = RequestHead()

    /// What is decided about bodies.
    enum Decision {
        case buffer(bytesMax: Int?)
        case refuse
        case stream(bytesMax: Int)
    }

    init(_ configure: (inout HTTPServerLimits) -> Void = { _ in }) {
        var limits = HTTPServerLimits()
        configure(&limits)
        self.limits = ConnectionRules(limits)
        state = ConnectionState(now: now, self.limits)
    }

    var requests: [Request] {
        events.compactMap { if case .request(let request, _) = $0 { request } else { nil } }
    }

    var refusals: [RequestRejection] {
        events.compactMap { if case .refused(let reason) = $0 { reason } else { nil } }
    }

    var unreadCount: Int { buffer.bytes.count }

    mutating func receive(_ text: String) { receive(Array(text.utf8)) }

    mutating func receive(_ bytes: [UInt8]) {
        buffer.bytes.append(bytes.span)
        state.received(bytes.count)
        // The head is shared by all connections of a loop: nothing may be expected to be left in it between events.
        head = RequestHead()
        head.target = 7..<9
        head.fields = [HeaderField(nameStart: 9, nameEnd: 1, valueStart: 9, valueEnd: 1)]
        proceed()
    }

    mutating func receive(byteByByte bytes: [UInt8]) {
        for byte in bytes { receive([byte]) }
    }

    mutating func answer() {
        state.answered(
            closes: state.isLastAnswer(limits), inputIsEmpty: buffer.bytes.isEmpty, now: now, limits)
        proceed()
    }

    mutating func pass(_ duration: Duration) {
        now += Nanoseconds(clamping: duration.nanoseconds)
        switch state.deadlineReached(now: now, delivered: nil, limits) {
        case .close: events.append(.closed)
        case .refuse(let reason): events.append(.refused(reason))
        case .notYet: break
        }
    }

    /// The handler that reads in pieces asks for more, or has no room.
    mutating func wantsBody(_ isWanted: Bool) {
        if state.bodyIsWanted(isWanted, now: now, limits) { events.append(.continueSent) }
        proceed()
    }

    private mutating func decide() throws(RequestRejection) {
        switch decision {
        case .buffer(let bytesMax):
            try state.buffer(
                head, bytesMax: bytesMax ?? limits.limits.bodyBytesMax, inputCount: buffer.bytes.count, now: now, limits
            )
        case .refuse:
            state.refuseBody(head, &buffer.bytes, now: now, limits)
            let isLast = state.isLastAnswer(limits) || !state.canDiscardBody(limits)
            events.append(.headRefused(isLast: isLast))
            state.answered(closes: isLast, inputIsEmpty: buffer.bytes.isEmpty, now: now, limits)
        case .stream(let bytesMax):
            try state.stream(head, &buffer.bytes, bytesMax: bytesMax, now: now, limits)
            events.append(.streamBegun)
            try deliver()
        }
    }

    private mutating func deliver() throws(RequestRejection) {
        var piece: [UInt8] = []
        try state.takeBody(&buffer.bytes, now: now, limits) { span in piece = (0..<span.count).map { span[$0] } }
        if !piece.isEmpty { events.append(.piece(String(decoding: piece, as: UTF8.self))) }
        if state.incoming == nil { events.append(.bodyEnded) }
    }

    private mutating func proceed() {
        while true {
            switch state.advance(&buffer.bytes, into: &head, now: now, limits) {
            case .needBytes, .stop: return
            case .sendContinue: events.append(.continueSent)
            case .refuse(let reason): events.append(.refused(reason))
            case .decide, .deliver:
                do throws(RequestRejection) {
                    if state.phase == .deciding { try decide() } else { try deliver() }
                    if state.phase == .responding { return }
                } catch {
                    state.refuse(error)
                    events.append(.refused(error))
                }
            case .respond:
                events.append(.request(request(), isLast: state.isLastAnswer(limits)))
                state.consumeRequest(&buffer.bytes)
                if defersAnswers { return }
                state.answered(
                    closes: state.isLastAnswer(limits), inputIsEmpty: buffer.bytes.isEmpty, now: now, limits)
            }
        }
    }

    private func request() -> Request {
        buffer.bytes.withBytes { bytes in
            func text(_ range: Range<Int>) -> String {
                String(decoding: range.map { bytes[$0] }, as: UTF8.self)
            }
            return Request(
                method: head.method, target: text(head.target),
                fields: head.fields.map { text($0.name) + ": " + text($0.value) },
                body: (state.headLength..<(state.headLength + state.bodyCount)).map { bytes[$0] })
        }
    }
}
