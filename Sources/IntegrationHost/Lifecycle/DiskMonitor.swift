// Watches the disk under the data directory while the host runs: for the readiness route, the metrics and the log. Storage probes.

import Observability
import Primitives
import Storage
import Synchronization

/// What is known of the disk, and when the log says so.
///
/// No I/O and no clock.
struct DiskWatch {
    /// The pause between two log lines about a problem that lasts.
    static let linePause = Duration.seconds(60)

    /// What the log says after a probe.
    enum Line: Equatable {
        case problem(DiskProblem)
        case solved
    }

    private(set) var state = DiskState()
    private var lineAt: MonotonicInstant?

    /// Takes over what a probe found; returns the line that is due.
    mutating func note(_ found: DiskState, at now: MonotonicInstant) -> Line? {
        let had = state.problem != nil
        state = found
        guard let problem = found.problem else {
            lineAt = nil
            return had ? .solved : nil
        }
        if let lineAt, now < lineAt.advanced(by: Self.linePause) { return nil }
        lineAt = now
        return .problem(problem)
    }
}

/// Probes the disk.
final class DiskMonitor: Sendable {
    /// The pause between two probes.
    static let pause = Duration.seconds(1)

    private let probe: @Sendable (DiskState) async -> DiskState
    private let time: TimeSource
    private let log: Log
    private let watch = Mutex(DiskWatch())

    /// - Parameter probe: finds out how the disk is, given what was found last.
    init(time: TimeSource, log: Log, probe: @escaping @Sendable (DiskState) async -> DiskState) {
        self.probe = probe
        self.time = time
        self.log = log
    }

    /// What the last probe found.
    var state: DiskState { watch.withLock { $0.state } }

    /// Probes once, and logs what is due.
    func check() async {
        let found = await probe(state)
        let now = time.instant
        switch watch.withLock({ $0.note(found, at: now) }) {
        case .problem(let problem):
            log.error(
                problem == .full
                    ? "The disk or a quota of the data directory is full: writes are refused until space is freed."
                    : "The disk of the data directory refuses writes: check it.",
                ["reason": .text(problem.rawValue), "freeBytes": .integer(found.freeBytes)])
        case .solved:
            log.info("The data directory takes writes again.", ["freeBytes": .integer(found.freeBytes)])
        case nil: break
        }
    }
}
