// A token that has ended and that nothing can renew: the connection is expired for every reader, and the application is notified once.

import Primitives
import ProviderSDK
import TestSupport
import Testing

@testable import ConnectionModel
@testable import Connections
@testable import OAuth
@testable import Users

@Suite("Ended tokens", .timeLimit(.minutes(1)))
struct LapseTests {
    private let clock = ManualClock()

    private func connected(refreshToken: Bool) async throws -> (OAuthFixture, String) {
        let fixture = try OAuthFixture("http://127.0.0.1:1", time: clock.source)
        let id = try await fixture.connect(life: 100) { if !refreshToken { $0.stored.refreshToken = nil } }
        return (fixture, id)
    }

    @Test("From the moment a token ends that nothing can renew, every reader sees an expired connection")
    func readers() async throws {
        let (fixture, id) = try await connected(refreshToken: false)
        #expect(try await fixture.connection(id).isConnected)
        clock.advance(by: .seconds(100))
        let connection = try await fixture.connection(id)
        #expect(connection.status == .expired)
        #expect(!connection.isConnected)
        #expect(throws: ServiceError.self) { try connection.requireConnected() }
        let stored = try #require(try await fixture.users.stored("u"))
        #expect(StatusReport(stored.user, at: clock.source.now).expiredCount == 1)
        #expect(stored.user.connections[0].status == .connected, "nothing was written for it")
        fixture.stop()
    }

    @Test("The end is stored with the next change or reconciliation, with one event")
    func stored() async throws {
        let (fixture, id) = try await connected(refreshToken: false)
        clock.advance(by: .seconds(100))
        for _ in 0..<3 {
            let user = try #require(try await fixture.users.stored("u")).user
            await fixture.reconciler.reconcile(user, at: clock.source.now)
        }
        let stored = try #require(try await fixture.users.stored("u")).user
        #expect(stored.connection(id)?.status == .expired)
        #expect(stored.connection(id)?.outbox.map(\.kind) == [.expired])
        fixture.stop()
    }

    @Test("A token that can be renewed stays connected past its end")
    func renewable() async throws {
        let (fixture, id) = try await connected(refreshToken: true)
        clock.advance(by: .seconds(100_000))
        #expect(try await fixture.connection(id).status == .connected)
        let stored = try #require(try await fixture.users.stored("u"))
        #expect(StatusReport(stored.user, at: clock.source.now).expiredCount == 0)
        fixture.stop()
    }
}
