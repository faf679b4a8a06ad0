// The times of one request whose body or answer goes in pieces, and why connections end without a word. Plain values; the
// connection's state decides with them.

/// What a connection notes while a body or an answer goes in pieces.
struct StreamTimes: Equatable, Sendable {
    /// Since when the handler has had its turn: its start, or when bytes last moved.
    var handlerSince: Nanoseconds = 0
    /// The head of the answer was given.
    var answerHasBegun = false
    /// The handler has room for more of the body.
    var wantsBody = true
    /// The client waits for "100 Continue".
    var continueIsDue = false
    /// When the present window of the least rate began.
    var windowStart: Nanoseconds = 0
    /// The bytes received by then.
    var receivedAtStart = 0

    init() {}

    init(now: Nanoseconds, received: Int) {
        handlerSince = now
        beginWindow(now: now, received: received)
    }

    mutating func beginWindow(now: Nanoseconds, received: Int) {
        windowStart = now
        receivedAtStart = received
    }
}

/// Why a server ended a connection without an answer that says so.
public enum ConnectionEnd: String, Sendable, CaseIterable {
    /// Its first request did not begin within `HTTPServerLimits.firstByteTimeout`.
    case firstByte
    /// It waited for its next request longer than `HTTPServerLimits.idleTimeout`.
    case idle
    /// It was the longest idle when others needed the room.
    case evicted
    /// Its peer took output more slowly than `HTTPServerLimits.outputBytesPerSecondMin`.
    case slowReader
    /// Its peer sent a body more slowly than `HTTPServerLimits.bodyBytesPerSecondMin` while the answer was being sent.
    case slowSender
    /// The rest of a body that was not read did not come within `HTTPServerLimits.discardTimeout`.
    case discard
    /// The peer sent too long or too much after the last answer.
    case drain
    /// `MemoryBudget` had no room for its output or its body.
    case memory
    /// The handler did not write its answer to the end.
    case failedAnswer

    /// The case's name, for metrics.
    public var name: String { rawValue }

    var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
