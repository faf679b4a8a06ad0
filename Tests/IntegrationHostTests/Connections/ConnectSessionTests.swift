// Connect sessions over a real store: one browser opens one, it begins and completes authorizations, and it ends.

import Foundation
import Observability
import Primitives
import ProviderSDK
import Storage
import TestSupport
import Testing

@testable import ConnectionModel
@testable import Connections
@testable import Notifications
@testable import OAuth
@testable import Users

@Suite("Connect sessions", .timeLimit(.minutes(1)))
struct ConnectSessionServiceTests {
    private static let returnTo = "https://app.example.com/settings"

    private static func flow(_ fixture: OAuthFixture) -> ConnectFlow {
        let connections = ConnectionService(
            users: fixture.users, registry: fixture.registry, oauth: fixture.oauth, gateway: fixture.gateway,
            vault: fixture.vault, lifecycle: fixture.lifecycle,
            webhookURLs: NotificationURLPolicy(allowsPrivateAddresses: true), time: fixture.time)
        return ConnectFlow(
            sessions: ConnectSessions(
                fixture.data.documents, users: fixture.users, registry: fixture.registry, returnTo: [returnTo],
                time: fixture.time, log: .init(level: .error)),
            registry: fixture.registry, oauth: fixture.oauth, connections: connections)
    }

    private static func cookie(_ session: ConnectSession, _ secret: String) -> [String] {
        ["other=1; \(ConnectCookie.name(session.id))=\(secret)"]
    }

    /// A session that a browser has opened, with the browser's cookies.
    private static func opened(
        _ flow: ConnectFlow, _ change: (inout NewConnectSession) -> Void = { _ in }
    ) async throws -> (session: ConnectSession, cookies: [String]) {
        var new = NewConnectSession(userID: "u", returnTo: returnTo)
        change(&new)
        let (_, token) = try await flow.sessions.create(new)
        guard case .opened(let session, let secret?) = try await flow.sessions.open(token.text, cookies: []) else {
            throw HostUnavailable()
        }
        return (session, cookie(session, secret))
    }

    private struct HostUnavailable: Error {}

    /// The state in the address of an authorization.
    private static func query(_ url: String, code: String? = "c") -> [NamedValue] {
        let state = url.split(separator: "state=")[1].split(separator: "&")[0]
        return [NamedValue("state", String(state))] + (code.map { [NamedValue("code", $0)] } ?? [])
    }

    @Test("The first browser opens a session; a second one, and one after the end, is refused")
    func browsers() async throws {
        let server = try CallbackTests.server()
        let clock = ManualClock(millisecondsSince1970: TimeSource.system.now.milliseconds)
        let fixture = try OAuthFixture(server.url, time: clock.source)
        let flow = Self.flow(fixture)
        let (_, token) = try await flow.sessions.create(NewConnectSession(userID: "u", returnTo: Self.returnTo))
        let openings = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    guard case .opened? = try? await flow.sessions.open(token.text, cookies: []) else { return false }
                    return true
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(openings == 1)
        guard case .refused(.otherBrowser, _) = try await flow.sessions.open(token.text, cookies: ["a=b"]) else {
            throw HostUnavailable()
        }
        let (session, cookies) = try await Self.opened(flow)
        #expect(try await flow.sessions.session(session.id, cookies: cookies) != nil)
        #expect(try await flow.sessions.session(session.id, cookies: Self.cookie(session, "x")) == nil)
        #expect(try await flow.sessions.session(session.id, cookies: []) == nil)
        clock.advance(by: .seconds(1801))
        let (_, other) = try await flow.sessions.create(NewConnectSession(userID: "u", returnTo: Self.returnTo))
        try await flow.sessions.revoke(other.id)
        for text in [token.text, other.text, "ihc_none", String(token.text.dropLast()) + "A"] {
            guard case .refused(.sessionExpired, _) = try await flow.sessions.open(text, cookies: []) else {
                throw HostUnavailable()
            }
        }
        server.stop()
        fixture.stop()
    }

    @Test("The browser of a session completes what the session began; another browser, or a revoked session, does not")
    func callbacks() async throws {
        let server = try CallbackTests.server()
        let fixture = try OAuthFixture(server.url)
        let flow = Self.flow(fixture)
        let (session, cookies) = try await Self.opened(flow)
        let provider = fixture.provider
        let query = Self.query(try await flow.begin(provider, variant: nil, in: session))
        #expect(try await flow.session(ofCallback: query, service: "plain", cookies: []) == nil)
        let found = try #require(try await flow.session(ofCallback: query, service: "plain", cookies: cookies))
        #expect(found.id == session.id && found.acceptsCallback(at: fixture.time.now))
        let completion = try await flow.complete(service: "plain", query: query, for: found.principal)
        #expect(try await fixture.connection(completion.connectionID).isConnected)
        let again = try await flow.complete(service: "plain", query: query, for: found.principal)
        #expect(again.connectionID == completion.connectionID)
        await flow.sessions.ended(
            .init(
                service: "plain", connectionID: completion.connectionID, status: 200, reference: "r",
                at: fixture.time.now), for: found.principal)
        let ended = try #require(try await flow.sessions.session(session.id))
        #expect(ended.state(at: fixture.time.now) == .connected)
        try await flow.sessions.revoke(session.id)
        let revoked = try #require(try await flow.session(ofCallback: query, service: "plain", cookies: cookies))
        #expect(!revoked.acceptsCallback(at: fixture.time.now))
        server.stop()
        fixture.stop()
    }

    @Test("A callback without a state belongs to the newest authorization of the browser's session")
    func withoutState() async throws {
        let server = try CallbackTests.server()
        let fixture = try OAuthFixture(server.url) { $0.returnsState = false }
        let flow = Self.flow(fixture)
        let (session, cookies) = try await Self.opened(flow)
        _ = try await flow.begin(fixture.provider, variant: nil, in: session)
        let query = [NamedValue("code", "c")]
        let found = try #require(try await flow.session(ofCallback: query, service: "plain", cookies: cookies))
        let denial = await #expect(throws: CallbackFailure.self) {
            try await flow.complete(
                service: "plain", query: [NamedValue("error", "access_denied")], for: found.principal)
        }
        #expect(denial?.reason == .denied)
        let completion = try await flow.complete(service: "plain", query: query, for: found.principal)
        #expect(try await fixture.connection(completion.connectionID).isConnected)
        // A session of the host that began nothing in a browser needs a state, as before.
        let refused = await #expect(throws: CallbackFailure.self) {
            try await flow.complete(service: "plain", query: query, for: OAuthFixture.principal)
        }
        #expect(refused?.reason == .stateInvalid)
        server.stop()
        fixture.stop()
    }

    @Test("Connecting again with another account is refused, its grant is ended, and a repeat says the same")
    func wrongAccount() async throws {
        let server = try CallbackTests.server(me: { request in
            .json(200, request.index == 0 ? #"{"id":"first","name":"First"}"# : #"{"id":"other","name":"Other"}"#)
        })
        let fixture = try OAuthFixture(server.url) { $0.revocation = Revocation() }
        let flow = Self.flow(fixture)
        let (session, _) = try await Self.opened(flow)
        let first = Self.query(try await flow.begin(fixture.provider, variant: nil, in: session))
        let id = try await flow.complete(service: "plain", query: first, for: session.principal).connectionID
        let (again, _) = try await Self.opened(flow) { $0.reconnects = id }
        #expect(again.services == ["plain"])
        let second = Self.query(try await flow.begin(fixture.provider, variant: nil, in: again))
        for _ in 0..<2 {
            let failure = await #expect(throws: CallbackFailure.self) {
                try await flow.complete(service: "plain", query: second, for: again.principal)
            }
            guard case .conflict(let message)? = failure?.error else { throw HostUnavailable() }
            #expect(failure?.reason == .wrongAccount && message.contains("“Other”"))
        }
        #expect(server.requests("/revoke").count >= 1)
        #expect(try await fixture.users.user("u").connections.filter(\.isConnected).map(\.id) == [id])

        // Then the person may connect it as well: this begins again, and another connection is its result.
        #expect(!again.offersOther)
        await flow.sessions.ended(
            .init(service: "plain", reason: .wrongAccount, status: 409, reference: "r", at: fixture.time.now),
            for: again.principal)
        let offering = try #require(try await flow.sessions.session(again.id))
        #expect(offering.offersOther)
        let third = Self.query(
            try await flow.begin(fixture.provider, variant: nil, takesOther: true, in: offering))
        let other = try await flow.complete(service: "plain", query: third, for: offering.principal).connectionID
        #expect(other != id)
        #expect(Set(try await fixture.users.user("u").connections.filter(\.isConnected).map(\.id)) == [id, other])
        server.stop()
        fixture.stop()
    }

    @Test("Sessions survive a restart, are swept a day after their end, and go with their user")
    func ends() async throws {
        let server = try CallbackTests.server()
        let clock = ManualClock(millisecondsSince1970: TimeSource.system.now.milliseconds)
        let first = try OAuthFixture(server.url, time: clock.source) { _ in
        } manifest: { manifest in
            manifest.scopes = ScopeTable([Scope("p")])
        }
        let (session, cookies) = try await Self.opened(Self.flow(first)) {
            $0.services = ["plain"]
            $0.permissions = ["p"]
        }
        first.stop()
        let second = try OAuthFixture(server.url, after: first)
        let flow = Self.flow(second)
        let read = try #require(try await flow.sessions.session(session.id, cookies: cookies))
        #expect(read.services == ["plain"] && read.permissions == ["p"] && read.returnTo == Self.returnTo)
        #expect(read.expiresAt == session.expiresAt)
        #expect(try await flow.sessions.removeForgotten() == 0)
        clock.advance(by: .seconds(1801 + 86_400))
        #expect(try await flow.sessions.removeForgotten() == 1)
        #expect(try await flow.sessions.session(session.id) == nil)
        let (other, _) = try await Self.opened(flow)
        try await flow.sessions.erase(user: "u")
        #expect(try await flow.sessions.session(other.id) == nil)
        server.stop()
        second.stop()
    }

    @Test("A user's sessions are bounded: those that no browser opened make room, and opened ones do not")
    func bounds() async throws {
        let server = try CallbackTests.server()
        let fixture = try OAuthFixture(server.url)
        let flow = Self.flow(fixture)
        let (unopened, _) = try await flow.sessions.create(NewConnectSession(userID: "u", returnTo: Self.returnTo))
        for _ in 0..<ConnectSessionLimits.perUserMax { _ = try await Self.opened(flow) }
        #expect(try await flow.sessions.session(unopened.id) == nil)
        await #expect(throws: ServiceError.self) { try await Self.opened(flow) }
        server.stop()
        fixture.stop()
    }

    @Test("Of very many cookies of sessions the newest are looked at, as many as the limit says")
    func cookies() async throws {
        let server = try CallbackTests.server()
        let fixture = try OAuthFixture(server.url)
        let flow = Self.flow(fixture)
        let (session, cookies) = try await Self.opened(flow)
        for others in [ConnectSessionLimits.cookiesMax - 1, ConnectSessionLimits.cookiesMax] {
            let newer = try (0..<others).map { _ in
                "\(ConnectCookie.name(try ConnectToken(userID: "other").id))=secret"
            }
            let found = try await flow.sessions.sessions(cookies: cookies + newer) { _ in true }
            #expect(found.map(\.id) == (others < ConnectSessionLimits.cookiesMax ? [session.id] : []))
        }
        server.stop()
        fixture.stop()
    }
}
