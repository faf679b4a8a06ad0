// Room at the cap: the connection that has been idle for longest, of all loops, is closed for a new one. Every method runs on the loop's
// thread; loops ask each other by messages.

import Primitives
import Synchronization

/// What a loop says of its idle connections to the others.
final class IdleFigures: Sendable {
    /// Since when the longest idle connection was idle at the last look; the greatest number where there was none.
    let oldest = Atomic<Nanoseconds>(.max)
    /// When the loop looked last.
    let lookedAt = Atomic<Nanoseconds>(0)
}

extension LoopWorker {
    /// Idle connections that are noted at one look.
    private static let candidatesMax = 64
    /// The time for which what a loop has seen counts: looks at all connections serve many connections that come.
    private static let lookPause: Nanoseconds = 100_000_000

    /// Closes the connection that has been idle for longest and begins to serve `connection`, or refuses it where none has been for long
    /// enough.
    func makeRoom(for connection: ClientConnection) {
        let others = shared.workers.withLock { $0 }.filter { $0 !== self }
        makeRoom(for: connection, asking: others)
    }

    private func makeRoom(for connection: ClientConnection, asking others: [LoopWorker]) {
        // It is not served, and is not idle, until it is decided.
        connection.waitsForTurn = true
        look()
        // A loop that has not looked lately may have the longest idle one.
        func oldest(_ worker: LoopWorker) -> Nanoseconds {
            let figures = worker.idleFigures
            let isFresh = figures.lookedAt.load(ordering: .relaxed) &+ Self.lookPause > loop.now
            return isFresh ? figures.oldest.load(ordering: .relaxed) : 0
        }
        let best = others.min { oldest($0) < oldest($1) }
        let own = idleFigures.oldest.load(ordering: .relaxed)
        guard let best, oldest(best) < own else {
            connection.waitsForTurn = false
            guard evictLongestIdle() else { return refuse(connection, .tooManyConnections) }
            begin(connection)
            return watch(connection)
        }
        let token = connection.token
        watch(connection)
        best.loop.execute { [self] in
            guard best.loop.isCurrent else { return }
            best.look()
            let evicted = best.idleFigures.oldest.load(ordering: .relaxed) <= own && best.evictLongestIdle()
            loop.execute { [self] in
                guard loop.isCurrent, let connection = self.connection(token) else { return }
                guard evicted else { return makeRoom(for: connection, asking: others.filter { $0 !== best }) }
                connection.waitsForTurn = false
                begin(connection)
                watch(connection)
            }
        }
    }

    /// Closes the connection of this loop that has been idle for longest; false where none has been for long enough.
    private func evictLongestIdle() -> Bool {
        guard let longest = longestIdle() else { return false }
        idleCandidates.removeLast()
        end(longest, .evicted)
        publishIdle()
        return true
    }

    /// The connection that has been idle for longest, of those that the last look noted.
    private func longestIdle() -> ClientConnection? {
        while let candidate = idleCandidates.last {
            if let connection = connection(candidate.token), connection.isIdle,
                connection.state.idleSince(limits) == candidate.since
            {
                return connection
            }
            idleCandidates.removeLast()
        }
        return nil
    }

    /// Notes the longest idle connections, unless it is known which these are, or a look a moment ago found none.
    private func look() {
        defer { publishIdle() }
        guard longestIdle() == nil, loop.now >= nextLook else { return }
        let least = Nanoseconds(clamping: limits.limits.idleBeforeEvictionMin.nanoseconds)
        var idle: [(token: ConnectionToken, since: Nanoseconds)] = []
        for case let connection? in connections where connection.isIdle {
            let since = connection.state.idleSince(limits)
            if since &+ least <= loop.now { idle.append((connection.token, since)) }
        }
        idle.sort { $0.since > $1.since }
        idleCandidates = Array(idle.suffix(Self.candidatesMax))
        if idleCandidates.isEmpty { nextLook = loop.now &+ Self.lookPause }
    }

    private func publishIdle() {
        idleFigures.oldest.store(longestIdle() == nil ? .max : idleCandidates.last?.since ?? .max, ordering: .relaxed)
        idleFigures.lookedAt.store(loop.now, ordering: .relaxed)
    }
}
