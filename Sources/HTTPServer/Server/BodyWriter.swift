// The body of an answer as its handler writes it: pieces in, framed bytes out, with a bound on what waits between. It
// knows no socket; the loop's worker takes what it holds and learns of it through `announce`.

import Synchronization

/// How the end of a streamed answer is marked.
enum AnswerCoding: Equatable, Sendable {
    case length(Int)
    case chunked
    /// The end of the connection is the end of the body: for HTTP/1.0.
    case untilClose
}

/// Writes the body of one answer piece by piece.
///
/// While the peer does not read, at most about twice `HTTPServerLimits.streamBufferBytesMax` wait; then `write` waits.
/// It may be called from any task and any thread.
public final class BodyWriter: Sendable {
    private enum Step {
        case wrote(Int, announces: Bool)
        case full
        case failed(BodyError)
    }

    private struct State: ~Copyable {
        var framed = ByteBuffer(capacity: 64)
        /// Bytes of the body that may still be written, with a length.
        var remaining: Int
        var failure: BodyError?
        var waiters: [CheckedContinuation<Void, Never>] = []
        /// The worker knows that there is something to take.
        var isAnnounced = false
        var takenFromBudget = 0
        /// Nil once the server shuts down.
        var endingActions: [@Sendable () -> Void]? = []
    }

    /// Less is copied to the output, so that a stream of small events keeps no large buffer.
    private static let smallBytesMax = 16 * 1024

    private let state: Mutex<State>
    private let coding: AnswerCoding
    private let budget: MemoryBudget
    private let bufferBytesMax: Int
    /// Has the worker take what was written.
    private let announce: @Sendable () -> Void

    init(
        _ coding: AnswerCoding, budget: MemoryBudget, bufferBytesMax: Int, announce: @escaping @Sendable () -> Void
    ) {
        self.coding = coding
        self.budget = budget
        self.bufferBytesMax = bufferBytesMax
        self.announce = announce
        let remaining = if case .length(let count) = coding { count } else { Int.max }
        state = Mutex(State(remaining: remaining))
    }

    deinit { budget.giveBack(state.withLock { $0.takenFromBudget }) }

    // MARK: The server's end

    /// Whether the server shuts down.
    public var isEnding: Bool { state.withLock { $0.endingActions == nil } }

    /// Calls `action` once when the server begins to shut down, or now where it does already.
    ///
    /// An answer that would go on for ever ends then, before the server's grace is over and its connection is closed in the middle.
    /// Ending it closes the connection at once. The action runs on the connection's loop and has to be short.
    public func onEnding(_ action: @escaping @Sendable () -> Void) {
        let runsNow = state.withLock { state in
            state.endingActions?.append(action)
            return state.endingActions == nil
        }
        if runsNow { action() }
    }

    /// The server shuts down.
    func serverEnds() {
        let actions = state.withLock { state in
            let actions = state.endingActions
            state.endingActions = nil
            return actions ?? []
        }
        for action in actions { action() }
    }

    // MARK: Writing

    /// Writes `bytes`; waits while the peer does not take what was written before.
    public func write(_ bytes: [UInt8]) async throws(BodyError) {
        var start = 0
        while start < bytes.count {
            switch append(bytes, from: start, countMax: bufferBytesMax) {
            case .wrote(let count, let announces):
                start += count
                if announces { announce() }
            case .full: await waitForRoom()
            case .failed(let error): throw error
            }
        }
    }

    /// Writes all of `bytes` without waiting, or nothing; false where there is no room now or the answer has ended.
    ///
    /// For a sender with many readers, which drops the slow ones.
    public func offer(_ bytes: [UInt8]) -> Bool {
        guard case .wrote(_, let announces) = append(bytes, from: 0, countMax: bytes.count) else { return false }
        if announces { announce() }
        return true
    }

    private func append(_ bytes: [UInt8], from start: Int, countMax: Int) -> Step {
        state.withLock { state in
            if let failure = state.failure { return .failed(failure) }
            if state.framed.count >= bufferBytesMax { return .full }
            let count = min(bytes.count - start, countMax)
            if count == 0 { return .wrote(0, announces: false) }
            guard count <= state.remaining else { return .failed(.lengthExceeded) }
            guard budget.take(count + 32) else { return .failed(.memoryExhausted) }
            state.takenFromBudget += count + 32
            state.remaining -= count
            if coding == .chunked {
                state.framed.append(hexadecimal: count)
                state.framed.append("\r\n")
            }
            state.framed.append(bytes.span.extracting(start..<(start + count)))
            if coding == .chunked { state.framed.append("\r\n") }
            defer { state.isAnnounced = true }
            return .wrote(count, announces: !state.isAnnounced)
        }
    }

    private func waitForRoom() async {
        await withCheckedContinuation { continuation in
            let hasRoom = state.withLock { state in
                if state.failure != nil || state.framed.count < bufferBytesMax { return true }
                state.waiters.append(continuation)
                return false
            }
            if hasRoom { continuation.resume() }
        }
    }

    // MARK: Taking

    /// Moves what was written to the end of `output` and lets writers continue.
    func take(into output: inout ByteBuffer) {
        let waiters = state.withLock { state in
            state.isAnnounced = false
            budget.giveBack(state.takenFromBudget)
            state.takenFromBudget = 0
            if output.isEmpty && state.framed.count >= Self.smallBytesMax {
                swap(&output, &state.framed)
                state.framed.removeAll(keepingAtMost: bufferBytesMax * 2)
            } else {
                output.append(state.framed)
                state.framed.removeAll(keepingAtMost: Self.smallBytesMax)
            }
            let waiters = state.waiters
            state.waiters = []
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Ends the body: what is left goes to `output`, with the last chunk.
    ///
    /// - Returns: nil, or why the body is not what its framing announced.
    func finish(into output: inout ByteBuffer) -> BodyError? {
        let failure = state.withLock { state -> BodyError? in
            if case .length = coding, state.remaining > 0, state.failure == nil { state.failure = .lengthNotReached }
            defer { if state.failure == nil { state.failure = .connectionClosed } }
            if state.endingActions != nil { state.endingActions = [] }
            return state.failure
        }
        take(into: &output)
        if failure == nil && coding == .chunked { output.append("0\r\n\r\n") }
        return failure
    }

    /// Nothing more is sent: writers get `error`.
    func fail(_ error: BodyError) {
        let waiters = state.withLock { state in
            if state.failure == nil { state.failure = error }
            if state.endingActions != nil { state.endingActions = [] }
            let waiters = state.waiters
            state.waiters = []
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Whether a failure of this answer would look like its end to the peer.
    var endsWithConnection: Bool { coding == .untilClose }
}

extension ByteBuffer {
    /// Appends `number`, which is not negative, in hexadecimal digits.
    mutating func append(hexadecimal number: Int) {
        var shift = 60
        while shift > 0 && number >> shift == 0 { shift -= 4 }
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: number >> shift & 15)
            append(digit < 10 ? 48 + digit : 87 + digit)
            shift -= 4
        }
    }
}
