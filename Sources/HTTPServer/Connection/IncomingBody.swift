// A request body that leaves the buffer as it arrives, for a handler that reads it in pieces or to be dropped. It decides
// where the body ends, and knows no handler and no socket.

/// The rest of a body that is not kept whole.
struct IncomingBody: Sendable {
    private enum Framing: Sendable {
        case length(remaining: Int)
        case chunked(ChunkedBody)
        case complete
    }

    private var framing: Framing

    /// - Parameter bytesMax: more is refused; without effect on a length, which was checked before.
    init(_ framing: BodyFraming, bytesMax: Int) {
        switch framing {
        case .none: self.framing = .complete
        case .length(let count): self.framing = .length(remaining: count)
        case .chunked: self.framing = .chunked(ChunkedBody(headLength: 0, bodyBytesMax: bytesMax))
        }
    }

    var isComplete: Bool {
        if case .complete = framing { true } else { false }
    }

    /// The bytes still to come; nil where no length says so.
    var remainingCount: Int? {
        switch framing {
        case .length(let remaining): remaining
        case .chunked: nil
        case .complete: 0
        }
    }

    /// Takes what `input`, which begins with the rest of the body, holds of it; the bytes after the body stay.
    ///
    /// - Parameter deliver: called at most once, with decoded bytes.
    mutating func take(
        _ input: inout InputBuffer, _ limits: HTTPServerLimits, _ deliver: (Span<UInt8>) -> Void
    ) throws(RequestRejection) {
        switch framing {
        case .complete: return
        case .length(let remaining):
            let count = min(remaining, input.count)
            guard count > 0 else { return }
            input.withBytes { deliver($0.extracting(first: count)) }
            input.consume(count)
            framing = count == remaining ? .complete : .length(remaining: remaining - count)
        case .chunked(var chunked):
            let isComplete = try chunked.decode(&input, limits)
            if chunked.count > 0 { input.withBytes { deliver($0.extracting(first: chunked.count)) } }
            input.consume(chunked.rawOffset)
            chunked.taken()
            framing = isComplete ? .complete : .chunked(chunked)
        }
    }
}
