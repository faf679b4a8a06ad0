// Ending connections: the grant at the provider, the credentials in every file, and other connections of the same account.

import Foundation
import HostTesting
import Primitives
import ProviderSDK
import TestSupport
import Testing
import Users

@testable import Background
@testable import ConnectionModel
@testable import Connections
@testable import OAuth

@Suite("Endings", .timeLimit(.minutes(1)))
struct EndingTests {
    /// The files below the data directory that hold `text`.
    private static func files(of fixture: OAuthFixture, holding text: String) throws -> [String] {
        let root = fixture.directory.path + "/data"
        let wanted = Data(text.utf8)
        return try FileManager.default.subpathsOfDirectory(atPath: root).filter { path in
            guard let content = FileManager.default.contents(atPath: root + "/" + path) else { return false }
            return content.range(of: wanted) != nil
        }
    }

    @Test(
        "After a connection ends, no file contains its sealed credentials",
        arguments: [
            Disconnection.disconnect, .delete,
        ])
    func erased(_ ending: Disconnection) async throws {
        let server = try TokenServer { request in
            request.path == "/token" ? RefreshServiceTests.pair(request.index) : .json(200, "")
        }
        let fixture = try OAuthFixture(server.url) { $0.revocation = Revocation() }
        let signing = "v1:0:sealed-signing-secret"
        let id = try await fixture.connect { $0.stored.signingSecret = signing }
        var sealed: [String] = []
        for _ in 0..<3 {
            let credentials = try await fixture.connection(id).credentials
            sealed += [credentials.accessToken, credentials.refreshToken].compactMap(\.self)
            _ = try await fixture.refresh(id)
        }
        let last = try await fixture.connection(id).credentials
        sealed += [last.accessToken, last.refreshToken].compactMap(\.self)
        #expect(try !Self.files(of: fixture, holding: sealed[7]).isEmpty, "the search finds what is there")
        try await fixture.lifecycle.end(id, ending, of: "u")
        for text in sealed { #expect(try Self.files(of: fixture, holding: text).isEmpty) }
        #expect(server.requests("/revoke").map { $0.form["token"] } == ["r3"])
        let left = try await fixture.users.user("u").connection(id)
        #expect((left == nil) == (ending == .delete))
        // The signing secret belongs to the webhook URL, which a disconnected connection keeps.
        #expect(try Self.files(of: fixture, holding: signing).isEmpty == (ending == .delete))
        if let left {
            #expect(left.status == .disconnected)
            #expect(left.revocation == .revoked)
            #expect(left.outbox.map(\.kind) == [.revoked])
        }
        server.stop()
        fixture.stop()
    }

    @Test(
        "An interrupted disconnect or deletion is resumed by the next reconciliation", arguments: Disconnection.allCases
    )
    func resumed(_ ending: Disconnection) async throws {
        let server = try TokenServer { _ in .json(500, "") }
        let first = try OAuthFixture(server.url) { $0.revocation = Revocation() }
        let id = try await first.connect()
        try await first.users.update("u") { (user) throws(ServiceError) in
            try user.updateFirst { $0.stored.disconnection = ending }
        }
        first.stop()
        let second = try OAuthFixture(server.url, after: first) { $0.revocation = Revocation() }
        await second.lifecycle.reconcile(try await second.users.user("u"), at: second.time.now)
        try await waitUntil("the end of the disconnection", every: .milliseconds(1)) {
            try await second.users.user("u").connection(id)?.disconnection == nil
        }
        let left = try await second.users.user("u").connection(id)
        #expect((left == nil) == (ending == .delete))
        #expect(left?.revocation ?? .failed == .failed, "a provider that fails keeps nobody from it")
        #expect(left?.credentials.isEmpty ?? true)
        server.stop()
        second.stop()
    }

    @Test("When a revocation ends the whole account, only the last connection of all users requests it")
    func account() async throws {
        let server = try TokenServer { _ in .json(200, "{}") }
        let fixture = try OAuthFixture(server.url) { $0.revocation = Revocation { $0.reach = .account } }
        var ids: [(user: String, id: String)] = []
        for user in ["u", "u", "v", "w"] { ids.append((user, try await fixture.connect(user))) }
        let other = try await fixture.connect("v") { $0.stored.accountID = "another" }
        for (user, id) in ids {
            try await fixture.oauth.accounts.add(
                try await fixture.connection(id, of: user), accountID: "account", user: user)
        }
        for (user, id) in ids.dropLast() {
            try await fixture.lifecycle.end(id, .disconnect, of: user)
            #expect(try await fixture.connection(id, of: user).revocation == .sharedAccount)
        }
        #expect(server.requests("/revoke").isEmpty)
        try await fixture.lifecycle.end(ids[3].id, .disconnect, of: "w")
        #expect(try await fixture.connection(ids[3].id, of: "w").revocation == .revoked)
        #expect(server.requests("/revoke").count == 1)
        // A connection from before the list of accounts is found by reading all users.
        try await fixture.lifecycle.end(other, .disconnect, of: "v")
        #expect(server.requests("/revoke").count == 2)
        server.stop()
        fixture.stop()
    }

    @Test("Two users who end the last connections of an account at the same time end the grant")
    func together() async throws {
        let server = try TokenServer { _ in .json(200, "{}") }
        let fixture = try OAuthFixture(server.url) { $0.revocation = Revocation { $0.reach = .account } }
        let one = try await fixture.connect("v")
        let two = try await fixture.connect("w")
        async let first: Void = fixture.lifecycle.end(one, .disconnect, of: "v")
        async let second: Void = fixture.lifecycle.end(two, .delete, of: "w")
        _ = try await (first, second)
        #expect(!server.requests("/revoke").isEmpty)
        server.stop()
        fixture.stop()
    }

    // MARK: Stops

    /// A connection that is being disconnected, over a provider that needs `milliseconds` for its first revocation.
    private static func revoking(
        _ milliseconds: UInt32, time: TimeSource
    ) async throws -> (fixture: OAuthFixture, server: TokenServer, id: String) {
        let server = try TokenServer { request in
            request.path == "/revoke" && request.index == 0
                ? .late(milliseconds: milliseconds, .json(200, "")) : .json(200, "")
        }
        let fixture = try OAuthFixture(server.url, time: time) { $0.revocation = Revocation() }
        return (fixture, server, try await fixture.connect())
    }

    private static func begin(_ fixture: OAuthFixture, _ server: TokenServer) async throws {
        try await fixture.users.update("u") { (user) throws(ServiceError) in
            try user.updateFirst { $0.stored.disconnection = .disconnect }
        }
        await fixture.lifecycle.reconcile(try await fixture.users.user("u"), at: fixture.time.now)
        try await waitUntil("the revocation", every: .milliseconds(1)) { !server.requests("/revoke").isEmpty }
    }

    @Test("A stop waits for a revocation under way")
    func stopWaits() async throws {
        let (fixture, server, id) = try await Self.revoking(200, time: .system)
        try await Self.begin(fixture, server)
        await fixture.lifecycle.stop()
        #expect(try await fixture.connection(id).revocation == .revoked)
        #expect(try await fixture.connection(id).status == .disconnected)
        server.stop()
        fixture.stop()
    }

    @Test("A revocation that outlasts the stop is not stored as failed, and the next start repeats it")
    func stopInterrupts() async throws {
        let clock = ManualClock()
        let (first, server, id) = try await Self.revoking(2000, time: clock.source)
        try await Self.begin(first, server)
        let stop = Task { await first.lifecycle.stop() }
        await clock.waitForSleepers()
        clock.advance(by: ConnectionLifecycle.stopGrace)
        await stop.value
        let left = try await first.connection(id)
        #expect(left.revocation == nil)
        #expect(left.disconnection == .disconnect)
        #expect(!left.credentials.isEmpty)
        first.stop()
        let second = try OAuthFixture(server.url, after: first) { $0.revocation = Revocation() }
        await second.lifecycle.reconcile(try await second.users.user("u"), at: second.time.now)
        try await waitUntil("the end of the disconnection", every: .milliseconds(1)) {
            try await second.connection(id).disconnection == nil
        }
        #expect(try await second.connection(id).revocation == .revoked)
        server.stop()
        second.stop()
    }

    @Test("When the caller of a disconnect goes away, the host finishes the disconnect")
    func callerGone() async throws {
        let (fixture, server, id) = try await Self.revoking(2000, time: .system)
        let caller = Task { try await fixture.lifecycle.end(id, .disconnect, of: "u") }
        try await waitUntil("the revocation", every: .milliseconds(1)) { !server.requests("/revoke").isEmpty }
        caller.cancel()
        await #expect(throws: ServiceError.self) { try await caller.value }
        try await waitUntil("the end of the disconnection", every: .milliseconds(1)) {
            try await fixture.connection(id).disconnection == nil
        }
        #expect(try await fixture.connection(id).revocation == .revoked)
        #expect(server.requests("/revoke").count == 2)
        server.stop()
        fixture.stop()
    }
}
