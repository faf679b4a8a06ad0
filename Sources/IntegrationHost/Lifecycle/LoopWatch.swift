// Measures how long the event loops of the server take for a turn, for the metrics.

import Background
import HTTPServer
import Primitives
import Synchronization

/// The longest turn of an event loop of late.
final class LoopWatch: Sendable {
    /// The pause between two measurements.
    static let pause = Duration.seconds(1)
    /// The measurements that count.
    private static let measurementsMax = 15

    private let time: TimeSource
    private let turns = Mutex<[Duration]>([])

    init(time: TimeSource) { self.time = time }

    /// The longest of the last measurements.
    var longest: Duration { turns.withLock { $0.max() ?? .zero } }

    /// Measures one turn of all loops of `server`.
    func measure(_ server: HTTPServer) async {
        let begin = time.instant
        await server.turn()
        let turn = begin.duration(to: time.instant)
        turns.withLock { turns in
            turns.append(turn)
            if turns.count > Self.measurementsMax { turns.removeFirst() }
        }
    }
}
