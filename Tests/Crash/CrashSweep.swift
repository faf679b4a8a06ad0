// Kills a host at every one of its calls in turn while it does one thing, and lets the test look at what is left. A sweep runs in
// lanes side by side, because a host that is killed and started again mostly waits.

import HostTesting
import Synchronization
import TestSupport
import Testing

/// A sweep over all calls that a host makes while it does one thing.
struct CrashSweep: Sendable {
    /// Kill points of one sweep: one that needs more has gone wrong.
    static let killsMax = 2000
    /// Installations that are killed side by side.
    static let lanes = 4

    /// Members of the hosts' configuration.
    let extra: String
    /// Whether a write that the host dies in leaves half of its bytes.
    var torn = false

    /// One installation and what its host is killed by.
    private struct Lane {
        let installation: TestInstallation
        let points: CrashPoints

        /// Starts the host, with nothing armed.
        func start() async throws {
            points.disarm()
            try await installation.restart(environment: try points.environment())
        }
    }

    /// What came of one kill point.
    private enum Outcome: Equatable {
        case killed
        /// The act made fewer calls.
        case survived
    }

    /// Runs `act` with a kill before its first call, before its second and so on, until it comes through alive.
    ///
    /// A host that was started again after a kill is the one that the next act is prepared on.
    ///
    /// - Parameters:
    ///   - prepare: makes what the act needs; its result goes to `act` and `check`.
    ///   - act: what the host is killed in; what it throws when the host dies does not matter.
    ///   - check: looks at the host that was started again; `calls` are those that were made, the last one cut short.
    /// - Returns: how often a host was killed.
    func run<Prepared: Sendable>(
        prepare: @escaping @Sendable (TestInstallation) async throws -> Prepared,
        act: @escaping @Sendable (TestInstallation, Prepared) async throws -> Void,
        check: @escaping @Sendable (TestInstallation, Prepared, _ calls: [String]) async throws -> Void
    ) async throws -> Int {
        try await inLanes {
            let lane = Lane(
                installation: try await TestInstallation(extra: extra, startsHost: false), points: try CrashPoints())
            try await lane.start()
            return lane
        } point: { lane, killAt in
            let prepared = try await prepare(lane.installation)
            return try await outcome(of: killAt, in: lane, prepared, act, check)
        }
    }

    /// Runs `act` as ``run(prepare:act:check:)`` does, every time with a copy of the data that `prepare` left.
    ///
    /// The stand-ins are shared by all of them: for acts that change nothing there.
    func runOnCopies<Prepared: Sendable>(
        prepare: @escaping @Sendable (TestInstallation) async throws -> Prepared,
        act: @escaping @Sendable (TestInstallation, Prepared) async throws -> Void,
        check: @escaping @Sendable (TestInstallation, Prepared, _ calls: [String]) async throws -> Void
    ) async throws -> Int {
        let original = try await TestInstallation(extra: extra)
        let prepared = try await prepare(original)
        await original.host.terminate()
        return try await inLanes {
            Lane(installation: try await TestInstallation(extra: extra, beside: original), points: try CrashPoints())
        } point: { lane, killAt in
            try await lane.installation.replaceData(by: original)
            try await lane.start()
            return try await outcome(of: killAt, in: lane, prepared, act, check)
        }
    }

    /// Kills the host of a lane at one point of `act`, starts it again and checks it.
    private func outcome<Prepared: Sendable>(
        of killAt: Int, in lane: Lane, _ prepared: Prepared,
        _ act: (TestInstallation, Prepared) async throws -> Void,
        _ check: (TestInstallation, Prepared, _ calls: [String]) async throws -> Void
    ) async throws -> Outcome {
        lane.points.arm(killAt: killAt, torn: torn)
        try? await act(lane.installation, prepared)
        lane.points.disarm()
        let calls = lane.points.calls
        let outcome: Outcome = calls.count >= killAt ? .killed : .survived
        if outcome == .killed {
            lane.installation.host.kill()
            try await lane.start()
        }
        try await check(lane.installation, prepared, calls)
        return outcome
    }

    /// Shares the kill points out: lane 0 takes the first, lane 1 the second and so on, each up to one that is survived.
    private func inLanes(
        _ open: @escaping @Sendable () async throws -> Lane,
        point: @escaping @Sendable (Lane, _ killAt: Int) async throws -> Outcome
    ) async throws -> Int {
        let kills = try await withThrowingTaskGroup(of: Int.self) { group in
            for first in 1...Self.lanes {
                group.addTask {
                    let lane = try await open()
                    defer { lane.installation.host.kill() }
                    var kills = 0
                    for killAt in stride(from: first, through: Self.killsMax, by: Self.lanes) {
                        if try await point(lane, killAt) == .survived { return kills }
                        kills += 1
                    }
                    throw HostProcessError(description: "The sweep does not end.")
                }
            }
            return try await group.reduce(0, +)
        }
        print("\(Test.current?.name ?? "A sweep")\(torn ? ", torn" : ""): killed at \(kills) points")
        return kills
    }
}
