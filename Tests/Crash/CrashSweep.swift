// Kills a host at every one of its calls in turn while it does one thing, and lets the test look at what is left.

import HostTesting

/// An installation whose host is killed again and again.
final class CrashSweep: @unchecked Sendable {
    /// Kill points of one sweep: one that needs more has gone wrong.
    static let killsMax = 2000

    private(set) var installation: TestInstallation
    let points: CrashPoints
    private let extra: String
    private let isRenewed: Bool

    /// - Parameter isRenewed: whether every kill has stand-ins and data of its own, for acts whose work would grow from kill to kill.
    init(extra: String, isRenewed: Bool = false) throws {
        self.extra = extra
        self.isRenewed = isRenewed
        installation = try TestInstallation(extra: extra)
        points = try CrashPoints()
    }

    /// Runs `act` with a kill before its first call, then before its second, until it comes through alive.
    ///
    /// - Parameters:
    ///   - prepare: makes what the act needs; its result goes to `act` and `check`.
    ///   - act: what the host is killed in; what it throws when the host dies does not matter.
    ///   - check: looks at the host that was started again; `calls` are those that were made, the last one cut short.
    /// - Returns: how often the host was killed.
    func run<Prepared: Sendable>(
        torn: Bool = false, step: Int = 1,
        prepare: (TestInstallation) async throws -> Prepared,
        act: (TestInstallation, Prepared) async throws -> Void,
        check: (TestInstallation, Prepared, _ calls: [String]) async throws -> Void
    ) async throws -> Int {
        var kills = 0
        var killAt = 1
        while kills < Self.killsMax {
            installation.host.kill()
            points.disarm()
            if isRenewed {
                installation = try TestInstallation(extra: extra)
                installation.host.kill()
            }
            try installation.restart(environment: try points.environment())
            let prepared = try await prepare(installation)
            points.arm(killAt: killAt, torn: torn)
            try? await act(installation, prepared)
            points.disarm()
            let calls = points.calls
            guard calls.count >= killAt else {
                // It came through: nothing is left to be cut.
                try await check(installation, prepared, calls)
                return kills
            }
            kills += 1
            killAt += step
            installation.host.kill()
            try installation.restart()
            try await check(installation, prepared, calls)
        }
        throw HostProcessError(description: "The sweep does not end.")
    }
}
