// Ending connections: the grant at the provider, the credentials in every file, and other connections of the same account.

import Cryptography
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
@testable import Credentials
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
        let server = try TokenServer { _ in .json(400, "") }
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
        async let first = fixture.lifecycle.end(one, .disconnect, of: "v")
        async let second = fixture.lifecycle.end(two, .delete, of: "w")
        _ = try await (first, second)
        #expect(!server.requests("/revoke").isEmpty)
        server.stop()
        fixture.stop()
    }

    // MARK: Once, and not too late

    @Test(
        "Many callers who end one connection run one revocation, and one of them succeeds",
        arguments: Disconnection.allCases)
    func once(_ ending: Disconnection) async throws {
        let server = try TokenServer { _ in .late(milliseconds: 100, .json(200, "")) }
        let fixture = try OAuthFixture(server.url) { $0.revocation = Revocation() }
        let id = try await fixture.connect()
        let succeeded = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<12 {
                group.addTask {
                    do throws(ServiceError) {
                        try await fixture.lifecycle.end(id, ending, of: "u")
                        return true
                    } catch {
                        #expect(error == .notFound)
                        return false
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(succeeded == 1)
        #expect(server.requests("/revoke").count == 1)
        server.stop()
        fixture.stop()
    }

    @Test("A deletion behind a disconnect removes the connection, and the provider is asked once")
    func deletionBehindDisconnect() async throws {
        let server = try TokenServer { _ in .late(milliseconds: 100, .json(200, "")) }
        let fixture = try OAuthFixture(server.url) { $0.revocation = Revocation() }
        let id = try await fixture.connect()
        let first = Task { try await fixture.lifecycle.end(id, .disconnect, of: "u") }
        try await waitUntil("the revocation", every: .milliseconds(1)) { !server.requests("/revoke").isEmpty }
        try await fixture.lifecycle.end(id, .delete, of: "u")
        _ = try await first.value
        #expect(try await fixture.users.user("u").connections.isEmpty)
        #expect(server.requests("/revoke").count == 1)
        server.stop()
        fixture.stop()
    }

    /// Ends a connection at a provider that does not answer the first `silent` revocations.
    private static func owed(
        _ ending: Disconnection, clock: ManualClock, silent: Int = 1, _ change: (inout OAuth2) -> Void = { _ in }
    ) async throws -> (fixture: OAuthFixture, server: TokenServer, id: String) {
        let server = try TokenServer { request in
            if request.path == "/token" { return RefreshServiceTests.pair(request.index) }
            return request.index < silent ? .late(milliseconds: 30_000, .drop) : .json(200, "")
        }
        let fixture = try OAuthFixture(server.url, time: clock.source) {
            $0.revocation = Revocation()
            change(&$0)
        }
        let id = try await fixture.connect()
        let ended = Task { try await fixture.lifecycle.end(id, ending, of: "u") }
        try await waitUntil("the revocation", every: .milliseconds(1)) { !server.requests("/revoke").isEmpty }
        await clock.waitForSleepers()
        clock.advance(by: ConnectionLifecycle.revocationWaitMax)
        _ = try await ended.value
        return (fixture, server, id)
    }

    private static func retry(_ fixture: OAuthFixture) async throws {
        await fixture.revocations.reconcile(try await fixture.users.user("u"), at: fixture.time.now)
    }

    @Test(
        "A caller waits 5 seconds for a silent provider; then a ticket ends the grant",
        arguments: Disconnection.allCases)
    func ticket(_ ending: Disconnection) async throws {
        let clock = ManualClock()
        let (fixture, server, id) = try await Self.owed(ending, clock: clock)
        let user = try await fixture.users.user("u")
        #expect(user.connection(id)?.credentials.isEmpty ?? true)
        #expect(user.connection(id)?.revocation == (ending == .delete ? nil : .pending))
        let ticket = try #require(user.revocations.first)
        #expect(user.revocations.count == 1)
        // A rotation seals it again, and its old key is not needed any more.
        let rotated = CredentialVault(try HostKeys(try fixture.keys.ring.rotated(), path: ""))
        var resealed = user
        #expect(resealed.reseal(with: rotated).resealed > 0)
        let text = try #require(resealed.revocations.first?.remnant.credentials.refreshToken)
        #expect(text != ticket.remnant.credentials.refreshToken)
        #expect(!rotated.needsResealing(text))
        try await Self.retry(fixture)
        #expect(server.requests("/revoke").count == 1, "not before its time")
        clock.advance(by: .seconds(60))
        try await Self.retry(fixture)
        try await waitUntil("the revocation", every: .milliseconds(1)) {
            try await fixture.users.user("u").revocations.isEmpty
        }
        #expect(server.requests("/revoke").map { $0.form["token"] } == ["r0", "r0"])
        #expect(try await fixture.users.user("u").connection(id)?.revocation == (ending == .delete ? nil : .revoked))
        server.stop()
        fixture.stop()
    }

    @Test("A ticket with an access token that has ended gets a new one first")
    func ticketRenewed() async throws {
        let clock = ManualClock()
        let (fixture, server, _) = try await Self.owed(.delete, clock: clock) { $0.revocation?.token = .accessToken }
        clock.advance(by: .seconds(7200))
        try await Self.retry(fixture)
        try await waitUntil("the revocation", every: .milliseconds(1)) {
            try await fixture.users.user("u").revocations.isEmpty
        }
        #expect(server.requests("/token").map { $0.form["refresh_token"] } == ["r0"])
        #expect(server.requests("/revoke").map { $0.form["token"] } == ["a0", "a1"])
        server.stop()
        fixture.stop()
    }

    @Test("A ticket is dropped after three days")
    func ticketOver() async throws {
        let clock = ManualClock()
        let (fixture, server, id) = try await Self.owed(.disconnect, clock: clock, silent: .max)
        clock.advance(by: RevocationTicket.lifetime)
        try await Self.retry(fixture)
        try await waitUntil("the end", every: .milliseconds(1)) {
            try await fixture.users.user("u").revocations.isEmpty
        }
        #expect(try await fixture.connection(id).revocation == .failed)
        #expect(server.requests("/revoke").count == 1)
        server.stop()
        fixture.stop()
    }

    @Test("A ticket that would end all grants of an account does not end a newer one", arguments: [true, false])
    func newerGrant(_ isSameConnection: Bool) async throws {
        let clock = ManualClock()
        let (fixture, server, id) = try await Self.owed(.disconnect, clock: clock) { $0.revocation?.reach = .account }
        if isSameConnection {
            try await fixture.users.update("u") { (user) throws(ServiceError) in
                try user.update(id) { (connection) throws(ServiceError) in
                    connection.stored.status = .connected
                    connection.stored.grantNumber += 1
                    connection.stored.accessToken = try fixture.vault.seal(
                        Secret("new"), user: "u", connection: id, field: "accessToken")
                }
            }
        } else {
            _ = try await fixture.connect()
        }
        clock.advance(by: .seconds(60))
        try await Self.retry(fixture)
        try await waitUntil("the decision", every: .milliseconds(1)) {
            try await fixture.users.user("u").revocations.isEmpty
        }
        #expect(server.requests("/revoke").count == 1, "the new grant is not ended")
        server.stop()
        fixture.stop()
    }

    @Test("A provider that fails for the moment is asked again, and the pause that it asks for is kept")
    func providerDown() async throws {
        let clock = ManualClock()
        let server = try TokenServer { request in
            request.index == 0
                ? .raw("HTTP/1.1 503 X\r\nRetry-After: 7200\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                : request.index == 1
                    ? .raw("HTTP/1.1 429 X\r\nRetry-After: 7200\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                    : .json(200, "")
        }
        let fixture = try OAuthFixture(server.url, time: clock.source) { $0.revocation = Revocation() }
        let id = try await fixture.connect(life: nil)
        try await fixture.lifecycle.end(id, .delete, of: "u")
        for (seconds, requests) in [(60, 2), (3600, 2), (3700, 3)] as [(Int64, Int)] {
            clock.advance(by: .seconds(seconds))
            try await Self.retry(fixture)
            try await waitUntil("request \(requests)", every: .milliseconds(1)) {
                server.requests("/revoke").count == requests
            }
            try await waitUntil("the outcome", every: .milliseconds(1)) {
                try await fixture.users.user("u").revocations.first.map { $0.attempts == requests } ?? (requests == 3)
            }
        }
        #expect(try await fixture.users.user("u").revocations.isEmpty)
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
