// Application keys over a real store: their life, their scopes, rotation with an overlap, and the note of their last use.

import DocumentStore
import Foundation
import Primitives
import ProviderSDK
import Storage
import StoreFiles
import Testing
import Users

@testable import ConnectionModel
@testable import HostControl
@testable import Sessions

@Suite("Application keys", .timeLimit(.minutes(2)))
struct ApplicationKeyTests {
    private static let start = Timestamp(iso8601: "2026-01-01T00:00:00Z") ?? TimeSource.system.now

    private func made(
        _ fixture: AuthenticatorFixture, scopes: Set<ApplicationScope>? = nil, days: Int? = nil
    ) async throws -> IssuedKey {
        let new = try NewApplicationKey(name: "back end", scopes: scopes, lifetimeDays: days, at: TimeSource.system.now)
        return try await fixture.applicationKeys.create(new).key
    }

    @Test("A key is the application itself from its creation to its revocation, and only as Bearer")
    func life() async throws {
        let fixture = try AuthenticatorFixture()
        let key = try await made(fixture)
        #expect(key.text.hasPrefix("ihs_"))
        let (cached, found) = await fixture.principals("Bearer \(key.text)")
        #expect(cached?.principal == found?.principal && found?.place == .header)
        let principal = try #require(found?.principal)
        #expect(principal.kind == .application && !principal.isUser && !principal.isSuperuser)
        #expect(principal.scopes == ApplicationScope.defaults)
        #expect(await fixture.user(nil, ["integration-host-session=\(key.text)"]) == nil)
        #expect(try await fixture.applicationKeys.revoke(key.id))
        #expect(await fixture.user("Bearer \(key.text)") == nil)
        #expect(try await !fixture.applicationKeys.revoke(key.id))
    }

    @Test("The default scopes leave out the credentials and the superuser's power")
    func defaults() {
        #expect(
            ApplicationScope.defaults.map(\.rawValue).sorted()
                == ["actions", "connections", "proxy", "records", "users"])
    }

    @Test("Only a key with the scope admin is a superuser", arguments: ApplicationScope.allCases)
    func power(scope: ApplicationScope) async throws {
        let fixture = try AuthenticatorFixture()
        let key = try await made(fixture, scopes: [scope])
        let found = try #require(await fixture.principals("Bearer \(key.text)").1?.principal)
        #expect(found.isSuperuser == (scope == .admin))
        #expect(found.acting(for: "u").isSuperuser == (scope == .admin))
        #expect(found.acting(for: "u").isUser && found.acting(for: "u").userID == "u")
    }

    @Test("A key is stored as a hash only")
    func stored() async throws {
        let fixture = try AuthenticatorFixture()
        let key = try await made(fixture)
        let document = try await fixture.data.documents.load(
            DocumentKey(collection: "app-keys", id: Array(key.id.utf8)))
        let text = String(decoding: try #require(document).bytes, as: UTF8.self)
        #expect(!text.contains(key.text.suffix(43)) && text.contains("sha256"))
    }

    @Test("A key ends at its end, to the millisecond")
    func end() throws {
        let key = try IssuedKey(.application)
        let new = try NewApplicationKey(name: "n", lifetimeDays: 1, at: Self.start)
        let stored = try ApplicationKey(document: ApplicationKey(key, new, createdAt: Self.start).document)
        let end = Self.start.advanced(by: .seconds(86_400))
        #expect(stored.expiresAt == end)
        #expect(stored.principal(of: key, at: end.advanced(by: .milliseconds(-1))) != nil)
        #expect(stored.principal(of: key, at: end) == nil)
    }

    @Test("A replaced secret stays good for the overlap, and no longer")
    func rotation() throws {
        let old = try IssuedKey(.application)
        let new = try IssuedKey(.application, id: old.id)
        var stored = ApplicationKey(
            old, try NewApplicationKey(name: "n", at: Self.start), createdAt: Self.start)
        let end = Self.start.advanced(by: .seconds(3600))
        stored.rotate(to: new, overlapEnd: end)
        stored = try ApplicationKey(document: stored.document)
        let before = end.advanced(by: .milliseconds(-1))
        #expect(stored.principal(of: new, at: before) != nil && stored.principal(of: old, at: before) != nil)
        #expect(stored.principal(of: new, at: end) != nil && stored.principal(of: old, at: end) == nil)
        stored.noteUse(at: end)
        #expect(stored.replacedSecretEndsAt == nil && stored.lastUsedAt == end)
        #expect(stored.principal(of: new, at: end) != nil)
    }

    @Test("A use is noted once a minute, also when the clock goes back")
    func notes() throws {
        let key = try IssuedKey(.application)
        let new = try NewApplicationKey(name: "n", at: Self.start)
        let cached = CachedApplicationKey(ApplicationKey(key, new, createdAt: Self.start))
        func claims(_ seconds: Int) -> Bool { cached.claimsNote(at: Self.start.advanced(by: .seconds(seconds))) }
        #expect([claims(0), claims(0), claims(59), claims(60), claims(61)] == [true, false, false, true, false])
        #expect([claims(-3600), claims(-3599), claims(-3540)] == [true, false, true])
    }

    @Test("The last use reaches the store")
    func lastUse() async throws {
        let fixture = try AuthenticatorFixture()
        let key = try await made(fixture)
        #expect(try await fixture.applicationKeys.list().map(\.lastUsedAt) == [nil])
        _ = await fixture.principals("Bearer \(key.text)")
        let deadline = ContinuousClock.now + .seconds(20)
        while try await fixture.applicationKeys.list().first?.lastUsedAt == nil, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(try await fixture.applicationKeys.list().first?.lastUsedAt != nil)
    }

    @Test(
        "A name, scopes or a life that no key may have are refused",
        arguments: [
            ("", nil, nil), ("a\u{1B}[2J", nil, nil), ("n", [] as Set<ApplicationScope>?, nil), ("n", nil, 0),
            ("n", nil, 3651), (String(repeating: "n", count: 101), nil, nil),
        ] as [(String, Set<ApplicationScope>?, Int?)])
    func refused(name: String, scopes: Set<ApplicationScope>?, days: Int?) {
        #expect(throws: ServiceError.self) {
            try NewApplicationKey(name: name, scopes: scopes, lifetimeDays: days, at: Self.start)
        }
    }

    @Test("A stored key that is damaged opens nothing, and an end that cannot be read does not make it endless")
    func damaged() throws {
        let key = try IssuedKey(.application)
        let new = try NewApplicationKey(name: "n", lifetimeDays: 1, at: Self.start)
        let text = String(decoding: ApplicationKey(key, new, createdAt: Self.start).document, as: UTF8.self)
        let end = try #require(new.expiresAt).description
        for (part, other) in [(end, "soon"), ("sha256", "sha512"), (key.id, "short"), ("scopes", "scope")] {
            let changed = text.replacingOccurrences(of: part, with: other)
            #expect(changed != text)
            #expect(throws: ServiceError.self, "\(part)") { try ApplicationKey(document: Array(changed.utf8)) }
        }
    }

    @Test(
        "An order survives the way over the control socket",
        arguments: [
            .create(name: "ü", scopes: ["records"], lifetimeDays: 3), .create(name: "n", scopes: [], lifetimeDays: nil),
            .list(asJSON: true), .revoke(id: "i"), .rotate(id: "i", overlapHours: 0),
        ] as [ApplicationKeyOrder])
    func order(order: ApplicationKeyOrder) {
        #expect(ControlCommand(decoding: ControlCommand.applicationKeys(order).encoded) == .applicationKeys(order))
    }
}
