// Which live events a change of a user is: the same that the application is notified of, without a webhook URL.

import ConnectionModel
import ProviderSDK
import Testing

@testable import ConnectionModel
@testable import Events
@testable import Users

@Suite("Live events of connections", .timeLimit(.minutes(1)))
struct ConnectionEventTests {
    private static let later = Timestamp.epoch.advanced(by: .seconds(60))

    /// Changes a user step by step, and returns the types of the events of each step.
    private final class Story {
        var user = User(id: "ann")
        var id = ""

        init(_ status: ConnectionStatus = .pending) throws {
            id = try user.add(
                service: "acme", variant: nil, status: status, shard: "000", random: "abcdefghijklmnopqrstuv",
                at: .epoch)
        }

        func step(_ change: (inout User) throws -> Void) throws -> [String] {
            let before = user
            try change(&user)
            return ConnectionEvents.events(UserChange(before: before, user: user, summary: nil)).map(\.kind.rawValue)
        }

        func change(_ change: (inout Connection) throws(ServiceError) -> Void) throws -> [String] {
            let id = id
            return try step { try $0.update(id, change) }
        }
    }

    @Test("Connecting, connecting again, disconnecting, a revocation and a deletion are one event each")
    func life() throws {
        let story = try Story()
        #expect(
            try story.change { (it) throws(ServiceError) in try it.linked(to: "a", at: .epoch) } == [
                "connection.connected"
            ])
        #expect(try story.change { (it) throws(ServiceError) in it.refreshBegan(at: Self.later) } == [])
        #expect(
            try story.change { (it) throws(ServiceError) in try it.linked(to: "a", at: Self.later) }
                == ["connection.connected"])
        #expect(
            try story.change { (it) throws(ServiceError) in _ = try it.endRequested(.disconnect, at: Self.later) } == []
        )
        #expect(
            try story.change { (it) throws(ServiceError) in _ = try it.disconnected(.revoked, at: Self.later) }
                == ["connection.revoked"])
        #expect(
            try story.change { (it) throws(ServiceError) in try it.linked(to: "a", at: .epoch) } == [
                "connection.connected"
            ])
        #expect(
            try story.change { (it) throws(ServiceError) in _ = try it.revokedAtProvider(at: Self.later) }
                == ["connection.revoked"])
        #expect(
            try story.change { (it) throws(ServiceError) in _ = try it.endRequested(.delete, at: Self.later) }
                == ["connection.revoked"])
        let id = story.id
        #expect(try story.step { _ = try $0.remove(id, at: Self.later) } == [])
    }

    @Test("A connection that was never completed comes and goes without an event")
    func pending() throws {
        let story = try Story()
        let id = story.id
        #expect(try story.step { _ = try $0.remove(id, at: Self.later) } == [])
    }

    @Test("A doubt about a grant is no event; its confirmation is, and so is the return of one that expired")
    func doubts() throws {
        let story = try Story()
        _ = try story.change { (it) throws(ServiceError) in try it.linked(to: "a", at: .epoch) }
        let refused = RefreshFailure(.revoked, ProviderError(.authRevoked, "no more"))
        var events: [[String]] = []
        for day in 1...3 {
            let moment = Self.later.advanced(by: .seconds(day * 86_400))
            events.append(try story.change { (it) throws(ServiceError) in try it.refreshFailed(refused, at: moment) })
        }
        #expect(events == [[], [], ["connection.expired"]])
        let tokens = SealedTokens(accessToken: "sealed", refreshToken: nil, expiresAt: nil, scopes: nil)
        #expect(
            try story.change { (it) throws(ServiceError) in try it.refreshed(tokens, at: Self.later) }
                == ["connection.connected"])
    }
}
