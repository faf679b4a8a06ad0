// The body of a request as its handler reads it: pieces in, one at a time out, with a bound on what waits between. It
// knows no socket; the loop's worker fills it and is asked for more through `ask`.

import Synchronization

/// Reads the body of one request piece by piece.
///
/// While the handler does not read, at most `HTTPServerLimits.streamBufferBytesMax` and what the last receive brought
/// wait here; then the server stops receiving. One caller reads at a time.
public final class BodyReader: Sendable {
    private enum End: Sendable {
        case complete
        case failed(BodyError)
    }

    private enum Step {
        case piece([UInt8], asks: Bool)
        case end(End)
        case wait(asks: Bool)
    }

    private typealias Waiter = CheckedContinuation<Result<[UInt8]?, BodyError>, Never>

    private struct State {
        var waiting: [UInt8] = []
        var end: End?
        var waiter: Waiter?
        /// The server has stopped receiving until it is asked.
        var isPaused: Bool
    }

    private let state: Mutex<State>
    private let budget: MemoryBudget
    private let bufferBytesMax: Int
    /// The bytes that the head announces; nil for a chunked body.
    public let announcedBytes: Int?
    /// Has the server continue to receive.
    private let ask: @Sendable () -> Void

    init(
        budget: MemoryBudget, bufferBytesMax: Int, announcedBytes: Int?, isPaused: Bool,
        ask: @escaping @Sendable () -> Void
    ) {
        self.budget = budget
        self.bufferBytesMax = bufferBytesMax
        self.announcedBytes = announcedBytes
        self.ask = ask
        state = Mutex(State(isPaused: isPaused))
    }

    deinit { budget.giveBack(state.withLock { $0.waiting.count }) }

    // MARK: Reading

    /// The next bytes; nil after the last.
    public func next() async throws(BodyError) -> [UInt8]? {
        switch step() {
        case .piece(let bytes, let asks):
            budget.giveBack(bytes.count)
            if asks { ask() }
            return bytes
        case .end(.complete): return nil
        case .end(.failed(let error)): throw error
        case .wait(let asks):
            if asks { ask() }
            return try await wait().get()
        }
    }

    /// The rest of the body as a whole; throws where it is longer than `bytesMax`.
    public func collect(bytesMax: Int) async throws(BodyError) -> [UInt8] {
        if let announcedBytes, announcedBytes > bytesMax { throw .tooLarge(bytesMax: bytesMax) }
        var whole: [UInt8] = []
        while let piece = try await next() {
            if whole.count + piece.count > bytesMax { throw .tooLarge(bytesMax: bytesMax) }
            if whole.isEmpty { whole = piece } else { whole += piece }
        }
        return whole
    }

    private func step() -> Step {
        state.withLock { state in
            let asks = state.isPaused
            state.isPaused = false
            if !state.waiting.isEmpty {
                var bytes: [UInt8] = []
                swap(&bytes, &state.waiting)
                return .piece(bytes, asks: asks && state.end == nil)
            }
            if let end = state.end { return .end(end) }
            return .wait(asks: asks)
        }
    }

    private func wait() async -> Result<[UInt8]?, BodyError> {
        await withCheckedContinuation { (continuation: Waiter) in
            let ready: Result<[UInt8]?, BodyError>? = state.withLock { state in
                precondition(state.waiter == nil, "a body is read by one caller at a time")
                if !state.waiting.isEmpty {
                    var bytes: [UInt8] = []
                    swap(&bytes, &state.waiting)
                    return .success(bytes)
                }
                switch state.end {
                case .complete: return .success(nil)
                case .failed(let error): return .failure(error)
                case nil:
                    state.waiter = continuation
                    return nil
                }
            }
            guard let ready else { return }
            if case .success(let bytes?) = ready { budget.giveBack(bytes.count) }
            continuation.resume(returning: ready)
        }
    }

    // MARK: Filling

    /// Brings bytes of the body; false where `MemoryBudget` has no room for them.
    func append(_ bytes: Span<UInt8>) -> Bool {
        let piece = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
        let (waiter, fits) = state.withLock { state -> (Waiter?, Bool) in
            if let waiter = state.waiter.take() { return (waiter, true) }
            guard budget.take(piece.count) else { return (nil, false) }
            if state.waiting.isEmpty { state.waiting = piece } else { state.waiting += piece }
            return (nil, true)
        }
        waiter?.resume(returning: .success(piece))
        return fits
    }

    /// Whether more should be received now; where not, `ask` is called when the handler has read.
    func wantsMore() -> Bool {
        state.withLock { state in
            if state.waiting.count >= bufferBytesMax { state.isPaused = true }
            return !state.isPaused
        }
    }

    /// The body has come to its end.
    func finish() { end(.complete) }

    /// No more of the body will come.
    func fail(_ error: BodyError) { end(.failed(error)) }

    private func end(_ end: End) {
        let waiter = state.withLock { state in
            if state.end == nil { state.end = end }
            return state.waiter.take()
        }
        switch end {
        case .complete: waiter?.resume(returning: .success(nil))
        case .failed(let error): waiter?.resume(returning: .failure(error))
        }
    }
}
