// When connections are synced by schedule: computed from their documents, spread over the period, missed syncs made up for once,
// and failures repeated after growing pauses.

import ProviderSDK
import Testing

@testable import ConnectionModel
@testable import Sync
@testable import Users

@Suite("Sync schedule", .timeLimit(.minutes(2)))
struct SyncScheduleTests {
    static let connectedAt = Timestamp(iso8601: "2024-06-01T12:00:00Z") ?? .epoch
    /// A moment after all others.
    static let later = connectedAt.advanced(by: .seconds(100 * 86_400))

    static func connection(
        _ frequency: SyncFrequency, id: String = "conn-000abc", _ change: (inout Connection) -> Void = { _ in }
    ) -> Connection {
        var connection = Connection(id: id, number: 1, service: "x", status: .connected, at: connectedAt)
        connection.stored.connectedAt = connectedAt
        connection.stored.syncFrequency = frequency
        change(&connection)
        return connection
    }

    static func run(
        _ status: SyncRunStatus, _ trigger: SyncTrigger = .schedule, at moment: Timestamp
    ) -> SyncRun {
        SyncRun(
            id: "sync-x", type: .incremental, dataTypes: ["a"], status: status, startedAt: moment,
            completedAt: status == .running ? nil : moment.advanced(by: .seconds(10)), trigger: trigger)
    }

    @Test("Each frequency has its period, and manual has none", arguments: SyncFrequency.allCases)
    func periods(frequency: SyncFrequency) throws {
        var connection = Self.connection(frequency)
        guard let period = frequency.period else {
            #expect(SyncSchedule.nextDue(connection, at: Self.later) == nil)
            return
        }
        let first = try #require(SyncSchedule.nextDue(connection, at: Self.later))
        #expect(first > Self.connectedAt && first <= Self.connectedAt.advanced(by: period))
        connection.stored.scheduledSyncAt = first.advanced(by: .seconds(30))
        #expect(SyncSchedule.nextDue(connection, at: Self.later) == first.advanced(by: period))
        #expect(!SyncSchedule.isDue(connection, at: first.advanced(by: period - .milliseconds(1))))
        #expect(SyncSchedule.isDue(connection, at: first.advanced(by: period)))
    }

    @Test("Connections are spread over the period, each at a fixed place")
    func spread() {
        var tenths = [Int](repeating: 0, count: 10)
        for index in 0..<1000 {
            let id = "conn-0a1\(index)aBcDeF"
            #expect(SyncSchedule.fraction(id) == SyncSchedule.fraction(id))
            tenths[Int(SyncSchedule.fraction(id) * 10)] += 1
        }
        #expect(tenths.allSatisfy { 60...140 ~= $0 }, "\(tenths)")
    }

    @Test("After downtime, one sync replaces all missed ones")
    func downtime() throws {
        var connection = Self.connection(.hourly) { $0.stored.scheduledSyncAt = Self.connectedAt }
        let back = Self.connectedAt.advanced(by: .seconds(10 * 86_400))
        #expect(SyncSchedule.isDue(connection, at: back))
        connection.stored.scheduledSyncAt = back
        #expect(
            !SyncSchedule.isDue(connection, at: back.advanced(by: .seconds(1)))
                || SyncSchedule.nextDue(connection, at: Self.later) == back.advanced(by: .seconds(1)))
        let next = try #require(SyncSchedule.nextDue(connection, at: Self.later))
        #expect(next > back && next <= back.advanced(by: .seconds(3600)))
    }

    @Test(
        "A connection that is not connected, or that is syncing, is not due",
        arguments: ConnectionStatus.allCases.filter { $0 != .connected })
    func dead(status: ConnectionStatus) {
        let late = Self.connectedAt.advanced(by: .seconds(86_400 * 30))
        #expect(SyncSchedule.nextDue(Self.connection(.hourly) { $0.stored.status = status }, at: Self.later) == nil)
        let busy = Self.connection(.hourly) { $0.stored.syncs = [Self.run(.running, .manual, at: Self.connectedAt)] }
        #expect(!SyncSchedule.isDue(busy, at: late))
        #expect(SyncSchedule.isDue(Self.connection(.hourly), at: late))
    }

    @Test("Failed scheduled syncs are repeated after growing pauses, up to once a day", arguments: [1, 2, 3, 7, 12])
    func backsOff(failures: Int) throws {
        let connection = Self.connection(.hourly) { connection in
            connection.stored.scheduledSyncAt = Self.connectedAt.advanced(by: .seconds(100))
            connection.stored.syncs = (0..<failures).map {
                Self.run(.failed, at: Self.connectedAt.advanced(by: .seconds(Int64(100 - $0))))
            }
            connection.stored.syncs.append(Self.run(.completed, at: Self.connectedAt.advanced(by: .seconds(1))))
        }
        let due = try #require(SyncSchedule.nextDue(connection, at: Self.later))
        let pause = min(86_400, 900 << (failures - 1))
        let ended = Self.connectedAt.advanced(by: .seconds(110))
        #expect(due >= ended.advanced(by: .seconds(Int64(pause))))
        #expect(due <= ended.advanced(by: .seconds(Int64(pause) * 5 / 4)))
    }

    @Test("A failed daily sync is repeated within the hour, and a success restores the daily moment")
    func recovers() throws {
        var connection = Self.connection(.daily) { connection in
            connection.stored.scheduledSyncAt = Self.connectedAt.advanced(by: .seconds(100))
            connection.stored.syncs = [Self.run(.failed, at: Self.connectedAt.advanced(by: .seconds(100)))]
        }
        let repeated = try #require(SyncSchedule.nextDue(connection, at: Self.later))
        #expect(repeated < Self.connectedAt.advanced(by: .seconds(3600)))
        connection.stored.syncs.insert(Self.run(.completed, .manual, at: repeated), at: 0)
        let fresh = Self.connection(.daily) { $0.stored.scheduledSyncAt = connection.sync.scheduledSyncAt }
        #expect(SyncSchedule.nextDue(connection, at: Self.later) == SyncSchedule.nextDue(fresh, at: Self.later))
    }

    @Test(
        "A moment in the future from a wrong clock delays a sync for at most a period",
        arguments: [1, 10, 4000])
    func wrongClock(days: Int64) throws {
        let wrong = Self.connectedAt.advanced(by: .seconds(days * 86_400))
        var connection = Self.connection(.hourly) { $0.stored.scheduledSyncAt = wrong }
        let right = Self.connectedAt.advanced(by: .seconds(7200))
        #expect(SyncSchedule.isDue(connection, at: right))
        // After the run, the schedule is normal.
        connection.stored.scheduledSyncAt = right
        let next = try #require(SyncSchedule.nextDue(connection, at: right))
        #expect(next > right && next <= right.advanced(by: .seconds(3600)))
        // The moments of failures and of the connecting may be wrong too.
        let failed = Self.connection(.hourly) { $0.stored.syncs = [Self.run(.failed, at: wrong)] }
        #expect(SyncSchedule.isDue(failed, at: right))
        var new = Self.connection(.hourly) { $0.stored.connectedAt = wrong }
        #expect(SyncSchedule.isDue(new, at: right))
        new.stored.scheduledSyncAt = right
        #expect(!SyncSchedule.isDue(new, at: right))
    }

    @Test("Reconnecting a connection ends the pause for earlier failures")
    func reconnected() throws {
        let connection = Self.connection(.hourly) { connection in
            connection.stored.syncs = (0..<8).map { _ in
                Self.run(.failed, at: Self.connectedAt.advanced(by: .seconds(-60)))
            }
        }
        #expect(
            try #require(SyncSchedule.nextDue(connection, at: Self.later))
                <= Self.connectedAt.advanced(by: .seconds(3600)))
    }

    @Test("Schedule, trigger and idempotency are unchanged after encoding and decoding")
    func coding() throws {
        let user = try User(
            id: "u",
            [
                Self.connection(.hourly) { connection in
                    connection.stored.scheduledSyncAt = Self.connectedAt
                    var run = SyncRun(
                        id: "sync-x", type: .incremental, dataTypes: ["a"], status: .completed,
                        startedAt: Self.connectedAt, completedAt: Self.connectedAt, trigger: .schedule,
                        idempotency: SyncRequest(type: .full, dataTypes: ["a"], idempotencyKey: "key").idempotency)
                    for key in ["join", "key", "join"] {
                        SyncRequest(type: .full, idempotencyKey: key).idempotency.map { run.remember($0) }
                    }
                    connection.stored.syncs = [run]
                }
            ])
        let back = try User(decoding: user.encoded)
        #expect(back.connections[0].sync.scheduledSyncAt == Self.connectedAt)
        #expect(back.connections[0].syncs == user.connections[0].syncs)
        #expect(back.connections[0].syncs[0].joined.count == 1)
        #expect(!String(decoding: user.encoded, as: UTF8.self).contains("\"key\""))
    }
}
