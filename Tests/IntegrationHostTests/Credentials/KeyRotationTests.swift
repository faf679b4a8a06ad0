// Key rotation over a real store and a real key ring file: sealed secrets stay readable at every moment, and no key is removed that
// a secret needs.

import Audit
import Cryptography
import DocumentStore
import Foundation
import HostTesting
import Primitives
import ProviderSDK
import Storage
import TestSupport
import Testing
import Users

@testable import ConnectionModel
@testable import Credentials
@testable import Notifications
@testable import OAuth
@testable import Observability
@testable import Sessions
@testable import Sync

@Suite("Key rotation", .timeLimit(.minutes(2)))
struct KeyRotationTests {
    /// A store with users and a key ring beside it.
    struct Fixture {
        let directory: TemporaryDirectory
        let data: DataDirectory
        let users: UserStore
        let keys: HostKeys
        let rotation: KeyRotation
        var vault: CredentialVault { CredentialVault(keys) }

        init() throws {
            directory = try TemporaryDirectory()
            let path = directory.path + "/key-ring"
            data = try DataDirectory(path: directory.path + "/data")
            users = UserStore(data.documents)
            keys = try HostKeys(try KeyRing.create(path: path), path: path)
            rotation = KeyRotation(
                users: users, keys: keys, letters: SealedLetters(records: data.records, vault: CredentialVault(keys)),
                audit: AuditTrail(data.audit, time: .system) { [keys] in keys.ring }, time: .system,
                log: Log(level: .error))
        }

        /// A connected user.
        func connect(_ user: String) async throws -> String {
            let (vault, random) = (vault, try SecureRandom.base62(22))
            return try await users.update(user) { (user) throws(ServiceError) in
                let id = try user.add(
                    service: "acme", variant: nil, status: .connected, shard: UserStore.shard(of: user.id),
                    random: random, at: TimeSource.system.now)
                let userID = user.id
                func sealed(_ field: String) throws(ServiceError) -> String {
                    try vault.seal(Secret("\(field) of \(id)"), user: userID, connection: id, field: field)
                }
                try user.update(id) { (connection) throws(ServiceError) in
                    connection.stored.accessToken = try sealed("accessToken")
                    connection.stored.refreshToken = try sealed("refreshToken")
                }
                return id
            }
        }

        /// Whether both tokens of a connection open to their original values.
        func opens(_ id: String, of user: String) async throws -> Bool {
            guard let connection = try await users.user(user).connection(id) else { return false }
            return try vault.accessToken(of: connection, user: user)?.value == "accessToken of \(id)"
                && vault.refreshToken(of: connection, user: user)?.value == "refreshToken of \(id)"
        }

        /// Makes the file old enough for keys to be removed.
        func age() throws {
            try FileManager.default.setAttributes(
                [.modificationDate: Date().addingTimeInterval(-3 * 86_400)], ofItemAtPath: keys.path)
        }
    }

    @Test("A rotation reseals every secret and keeps both keys in the file")
    func rotates() async throws {
        let fixture = try Fixture()
        defer { fixture.data.close() }
        let ids = [try await fixture.connect("a"), try await fixture.connect("b")]
        let old = fixture.keys.ring.primaryID
        let (new, outcome) = try await fixture.rotation.rotate()
        #expect(outcome == ResealOutcome(resealed: 4))
        #expect(try KeyRing.load(path: fixture.keys.path).ids == [new, old])
        #expect(try await fixture.opens(ids[0], of: "a"))
        #expect(try await fixture.opens(ids[1], of: "b"))
        let states = try await fixture.rotation.states()
        #expect(states == [.init(id: new, isPrimary: true, secrets: 4), .init(id: old, isPrimary: false, secrets: 0)])
        // Sealing again changes nothing, so no write follows.
        #expect(try await fixture.rotation.reseal() == ResealOutcome())
    }

    @Test("A rotation also reseals signing secrets, including the replaced one")
    func signingSecrets() async throws {
        let fixture = try Fixture()
        defer { fixture.data.close() }
        let id = try await fixture.connect("a")
        let vault = fixture.vault
        try await fixture.users.update("a") { (user) throws(ServiceError) in
            try user.updateFirst { (connection) throws(ServiceError) in
                connection.stored.webhookURL = "https://app.example.com/"
                try connection.ensureSigningSecret(vault, user: "a")
                try connection.replaceSigningSecret(vault, user: "a", at: TimeSource.system.now)
            }
        }
        func secrets() async throws -> [Secret] {
            let connection = try #require(try await fixture.users.user("a").connection(id))
            return try vault.signingSecrets(of: connection, user: "a", at: TimeSource.system.now).map(\.text)
        }
        let before = try await secrets()
        #expect(Set(before.map(\.value)).count == 2)
        let old = fixture.keys.ring.primaryID
        #expect(try await fixture.rotation.rotate().outcome == ResealOutcome(resealed: 4))
        #expect(try await fixture.rotation.states().first { $0.id == old }?.secrets == 0)
        #expect(try await secrets() == before)
    }

    @Test("Reads succeed during repeated rotations")
    func underLoad() async throws {
        let fixture = try Fixture()
        defer { fixture.data.close() }
        let users = (0..<8).map { "user-\($0)" }
        var ids: [String: String] = [:]
        for user in users { ids[user] = try await fixture.connect(user) }
        let connections = ids
        let failed = try await withThrowingTaskGroup(of: Int.self) { group in
            for user in users {
                group.addTask {
                    var failed = 0
                    for _ in 0..<300 where try await !fixture.opens(connections[user] ?? "", of: user) { failed += 1 }
                    return failed
                }
            }
            group.addTask {
                for _ in 0..<10 { _ = try await fixture.rotation.rotate() }
                return 0
            }
            return try await group.reduce(0, +)
        }
        #expect(failed == 0)
        #expect(fixture.keys.ring.ids.count == 11)
    }

    @Test("A missing key affects only the secrets it sealed, which are kept")
    func missingKey() async throws {
        let fixture = try Fixture()
        defer { fixture.data.close() }
        let lost = try await fixture.connect("a")
        let other = try HostKeys(try KeyRing.generate(), path: fixture.keys.path + "-other")
        try other.ring.save(path: other.path)
        let rotation = KeyRotation(
            users: fixture.users, keys: other,
            letters: SealedLetters(records: fixture.data.records, vault: CredentialVault(other)),
            audit: AuditTrail(fixture.data.audit, time: .system) { other.ring }, time: .system,
            log: Log(level: .error))
        let outcome = try await rotation.rotate().outcome
        #expect(outcome == ResealOutcome(resealed: 0, unreadable: [lost]))
        let connection = try #require(try await fixture.users.user("a").connection(lost))
        #expect(CredentialVault(other).state(of: connection, user: "a") == .keyMissing(id: fixture.keys.ring.primaryID))
        #expect(fixture.vault.state(of: connection, user: "a") == .good)
        #expect(try await fixture.opens(lost, of: "a"))
    }

    @Test("A retired key is removed when it is old and no secret needs it")
    func prunes() async throws {
        let fixture = try Fixture()
        defer { fixture.data.close() }
        let id = try await fixture.connect("a")
        let first = fixture.keys.ring.primaryID
        // An authorization in progress: its verifier is not resealed, because its state is signed over it.
        let vault = fixture.vault
        try await fixture.users.update("a") { (user) throws(ServiceError) in
            let verifier = try vault.seal(Secret("verifier"), user: "a", connection: id, field: "verifier")
            try user.update(id) { (connection) throws(ServiceError) in
                connection.stored.authorizations = [
                    PendingAuthorization(
                        nonce: "n", redirectURI: "u", verifier: verifier, callerState: nil, sessionBinding: "s",
                        requestedScopes: [], expiresAt: TimeSource.system.now.advanced(by: .seconds(600)))
                ]
            }
        }
        _ = try await fixture.rotation.rotate()
        await #expect(throws: KeyChangeError.self) { try await fixture.rotation.prune() }
        try fixture.age()
        let kept = try await fixture.rotation.prune()
        #expect(kept == .init(removed: [], kept: [.init(id: first, isPrimary: false, secrets: 1)]))
        try await fixture.users.update("a") { (user) throws(ServiceError) in
            try user.update(id) { (connection) throws(ServiceError) in connection.stored.authorizations = [] }
        }
        #expect(try await fixture.rotation.prune() == .init(removed: [first], kept: []))
        #expect(try KeyRing.load(path: fixture.keys.path).ids == [fixture.keys.ring.primaryID])
        #expect(try await fixture.opens(id, of: "a"))
    }

    @Test("A key ring file that another process changed is not overwritten")
    func changedByHand() throws {
        let fixture = try Fixture()
        defer { fixture.data.close() }
        try KeyRing.load(path: fixture.keys.path).rotated().save(path: fixture.keys.path)
        let before = fixture.keys.ring.ids
        #expect(throws: KeyChangeError.self) { try fixture.keys.rotate() }
        #expect(fixture.keys.ring.ids == before)
    }

    @Test("A signature of a retired key is valid until it expires, for states and sessions")
    func signatures() throws {
        let fixture = try Fixture()
        defer { fixture.data.close() }
        let now = TimeSource.system.now
        let binding = OAuthStateBinding(
            userID: "a", sessionBinding: "s", service: "acme", variant: nil, connectionID: "conn-1", redirectURI: "u",
            verifier: nil, callerState: nil, nonce: "n", expiresAt: now.advanced(by: .seconds(600)))
        let state = try OAuthState.signed(binding, with: fixture.keys.ring)
        let sessions = HostSessions(fixture.keys)
        let token = try sessions.issue(userID: "a", roles: [], kind: .session, lifetime: .seconds(60), at: now)
        for _ in 0..<3 {
            _ = try fixture.keys.rotate()
            #expect(state.isValid(for: binding, with: fixture.keys.ring))
            #expect(sessions.isGood(token, at: now))
            #expect(!sessions.isGood(token, at: now.advanced(by: .seconds(61))))
        }
    }

    @Test("A sealed secret opens only at its own place")
    func swapMatrix() throws {
        let fixture = try Fixture()
        defer { fixture.data.close() }
        typealias Place = (user: String, connection: String, field: String)
        var places: [Place] = []
        for user in ["a", "b", "a|b"] {
            for connection in ["conn-1", "conn-2"] {
                for field in ["accessToken", "refreshToken"] { places.append((user, connection, field)) }
                places.append((user, connection, "verifier"))
                places.append((user, connection, DeadLetterOrigin.field("letter-1")))
            }
        }
        let vault = fixture.vault
        let sealed = try places.map {
            try vault.seal(Secret("secret"), user: $0.user, connection: $0.connection, field: $0.field)
        }
        var opened = 0
        for (from, text) in sealed.enumerated() {
            for (to, place) in places.enumerated() {
                let problem = vault.problem(
                    of: text, user: place.user, connection: place.connection, field: place.field)
                #expect((problem == nil) == (from == to), "\(places[from]) → \(place)")
                if problem == nil { opened += 1 }
            }
        }
        #expect(opened == places.count)
    }
}

extension HostSessions {
    fileprivate func isGood(_ token: String, at now: Timestamp) -> Bool { session(of: token, at: now) != nil }
}
