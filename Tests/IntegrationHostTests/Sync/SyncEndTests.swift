// What else follows when a sync begins by schedule or ends: the event for the application, and the connection's grant.

import HostTesting
import Primitives
import ProviderSDK
import TestSupport
import Testing
import Users

@testable import ConnectionModel
@testable import Sync

@Suite("Scheduled syncs and ends of syncs", .timeLimit(.minutes(2)))
struct SyncEndTests {
    @Test("A due sync begins once, and not again before its time")
    func schedule() async throws {
        let provider = ScriptedProvider { (_, _) in ScriptedProvider.page(0..<1) }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect { connection in
            connection.stored.connectedAt = TimeSource.system.now.advanced(by: .seconds(-100_000))
            connection.stored.syncFrequency = .hourly
        }
        let manual = try await fixture.connect()
        let user = try await fixture.users.user("u")
        await withTaskGroup { group in
            for _ in 0..<10 { group.addTask { await fixture.reconciler.reconcile(user, at: TimeSource.system.now) } }
        }
        let run = try #require(try await fixture.ended(id))
        #expect((run.status, run.trigger, run.type) == (.completed, .schedule, .incremental))
        // The schedule is done, also for a caller with an earlier copy of the user.
        await fixture.reconciler.reconcile(user, at: TimeSource.system.now)
        #expect(try await fixture.connection(id)?.syncs.count == 1)
        #expect(try await fixture.connection(manual)?.syncs.isEmpty == true)
        await fixture.stop()
    }

    @Test("The end of a sync and its event are stored in the same change")
    func events() async throws {
        let provider = ScriptedProvider(dataTypes: ["things", "others"]) { (request, call) throws(ProviderError) in
            if call >= 2 { throw ProviderError(.authRevoked, "Dead.") }
            return ScriptedProvider.page(0..<2)
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect { $0.stored.webhookURL = "https://app.example.com/hook" }
        _ = try await fixture.sync(id)
        _ = try await fixture.sync(id)
        let connection = try #require(try await fixture.connection(id))
        #expect(connection.outbox.map(\.kind) == [.syncCompleted, .syncFailed, .expired])
        #expect(connection.outbox[0].data["recordsSynced"] == 4)
        #expect(connection.outbox[0].data["syncId"]?.string == connection.syncs[1].id)
        #expect(connection.status == .expired)
        await fixture.stop()
    }

    @Test("A revoked earlier grant does not end the connection's new grant")
    func lateFailure() async throws {
        let door = Door()
        let provider = ScriptedProvider { (_, _) throws(ProviderError) in
            await door.pass()
            throw ProviderError(.authRevoked, "Dead.")
        }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        _ = try await fixture.start(id)
        try await waitUntil("the request to the provider", every: .milliseconds(1)) { !provider.requests.isEmpty }
        try await fixture.users.update("u") { (user) throws(ServiceError) in
            try user.update(id) { (connection) throws(ServiceError) in connection.stored.grantNumber += 1 }
        }
        door.open()
        #expect(try await fixture.ended(id)?.status == .failed)
        let connection = try #require(try await fixture.connection(id))
        #expect((connection.status, connection.failure) == (.connected, nil))
        await fixture.stop()
    }
}
