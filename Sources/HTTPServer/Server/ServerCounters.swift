// The counters of a server: one set per loop, which only the loop's thread writes. Knows no metrics format.

import Synchronization

/// A number that one thread raises and any thread reads.
final class Counter: Sendable {
    private let value = Atomic<UInt64>(0)

    /// Adds without a locked instruction: there is one writer.
    @inline(__always)
    func add(_ amount: Int = 1) {
        value.store(value.load(ordering: .relaxed) &+ UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
    }

    var total: UInt64 { value.load(ordering: .relaxed) }
}

/// One loop's counters.
final class LoopCounters: Sendable {
    let connectionsAccepted = Counter()
    let connectionsClosed = Counter()
    let requests = Counter()
    let deferred = Counter()
    let headRefusals = Counter()
    let streamedAnswers = Counter()
    let bytesReceived = Counter()
    let bytesSent = Counter()
    let rejections = RequestRejection.allCases.map { _ in Counter() }
    let ends = ConnectionEnd.allCases.map { _ in Counter() }

    func count(_ reason: RequestRejection) { rejections[reason.index].add() }
}

/// The counts of a server since its start.
public struct ServerCounters: Sendable {
    /// Connections accepted, those answered 503 for want of room included.
    public var connectionsAccepted: UInt64 = 0
    /// Connections open now.
    public var connectionsOpen: UInt64 = 0
    /// Requests given to the application.
    public var requests: UInt64 = 0
    /// Requests that the application answered with a `DeferredResponse`.
    public var deferredResponses: UInt64 = 0
    /// Requests that the application refused when it had seen their heads.
    public var headRefusals: UInt64 = 0
    /// Answers sent in pieces.
    public var streamedAnswers: UInt64 = 0
    /// Bytes read from connections.
    public var bytesReceived: UInt64 = 0
    /// Bytes written to connections.
    public var bytesSent: UInt64 = 0
    /// Requests refused, by reason; every reason is there.
    public var rejections: [(reason: RequestRejection, count: UInt64)] = []

    /// Connections that the server ended without an answer that says so, by reason; every reason is there.
    public var connectionEnds: [(reason: ConnectionEnd, count: UInt64)] = []

    init(_ loops: [LoopCounters]) {
        connectionEnds = ConnectionEnd.allCases.map { reason in
            (reason, loops.reduce(0) { $0 + $1.ends[reason.index].total })
        }
        rejections = RequestRejection.allCases.map { reason in
            (reason, loops.reduce(0) { $0 + $1.rejections[reason.index].total })
        }
        for loop in loops {
            // Read before `accepted`, so that a connection that comes meanwhile cannot make the difference negative.
            let closed = loop.connectionsClosed.total
            let accepted = loop.connectionsAccepted.total
            connectionsAccepted += accepted
            connectionsOpen += accepted >= closed ? accepted - closed : 0
            requests += loop.requests.total
            deferredResponses += loop.deferred.total
            headRefusals += loop.headRefusals.total
            streamedAnswers += loop.streamedAnswers.total
            bytesReceived += loop.bytesReceived.total
            bytesSent += loop.bytesSent.total
        }
    }
}
