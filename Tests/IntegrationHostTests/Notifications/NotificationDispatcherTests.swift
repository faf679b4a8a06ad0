// The dispatcher over a real store, a real client and an endpoint on loopback: its writes, its limits, and the outcome of
// deliveries that cannot succeed.

import Audit
import Cryptography
import DocumentStore
import HTTPClient
import HostTesting
import Primitives
import ProviderSDK
import Storage
import Synchronization
import TestSupport
import Testing
import Users

@testable import Configuration
@testable import ConnectionModel
@testable import Credentials
@testable import Notifications
@testable import Observability

@Suite("Webhook dispatcher", .timeLimit(.minutes(1)))
struct NotificationDispatcherTests {
    /// Counts the changes of users.
    final class Writes: Sendable {
        let count = Mutex(0)
    }

    /// A host that only delivers notifications.
    struct Fixture: Sendable {
        let directory: TemporaryDirectory
        let data: DataDirectory
        let users: UserStore
        let vault: CredentialVault
        let trail: AuditTrail
        let sender: NotificationSender
        let dispatcher: NotificationDispatcher
        let client: HTTPClient
        let time: TimeSource
        let writes = Writes()

        init(
            pauses: [Duration] = [.seconds(3600)], addresses: AddressPolicy = .any, time: TimeSource = .system
        ) throws {
            self.time = time
            directory = try TemporaryDirectory()
            data = try DataDirectory(path: directory.path + "/data")
            users = UserStore(data.documents)
            let ring = try KeyRing.generate()
            vault = CredentialVault(try HostKeys(ring, path: ""))
            trail = AuditTrail(data.audit, time: time) { ring }
            var configuration = HTTPClient.Configuration()
            configuration.addressPolicy = addresses
            client = try HTTPClient(configuration)
            sender = NotificationSender(
                client: client, policy: NotificationURLPolicy(allowsPrivateAddresses: true), vault: vault, time: time)
            dispatcher = NotificationDispatcher(
                users: users, sender: sender, schedule: DeliverySchedule(pauses: pauses), time: time,
                log: Log(level: .error))
            users.changes.observe { [dispatcher] in dispatcher.userDidChange($0, at: time.now) }
        }

        var service: NotificationService {
            NotificationService(users: users, vault: vault, audit: trail, time: time)
        }

        /// A connection with queued events, stored in one write, which also starts their delivery.
        ///
        /// - Parameter changeDelivery: changes the state of each event's delivery.
        func connect(
            _ user: String = "u", url: String, events: Int = 1,
            _ changeDelivery: (inout EventDelivery) -> Void = { _ in }
        ) async throws -> String {
            let (random, now) = (try SecureRandom.base62(22), time.now)
            return try await users.update(user) { (user) throws(ServiceError) in
                let id = try user.add(
                    service: "acme", variant: nil, status: .connected, shard: UserStore.shard(of: user.id),
                    random: random, at: now)
                // Like a connection from before signing secrets existed.
                return try user.update(id) { (connection) throws(ServiceError) in
                    connection.stored.webhookURL = url
                    for _ in 0..<events { try connection.queue(.syncCompleted, at: now) }
                    var outbox = connection.stored.outbox
                    for index in outbox.indices { changeDelivery(&outbox[index].delivery) }
                    connection.stored.outbox = outbox
                    return id
                }
            }
        }

        /// Counts the writes from now on.
        func countWrites() {
            users.changes.observe { [writes] _ in writes.count.withLock { $0 += 1 } }
        }

        var writeCount: Int { writes.count.withLock { $0 } }

        /// The connection when `condition` is true.
        func connection(
            _ id: String, of user: String = "u", until condition: (Connection) -> Bool
        ) async throws -> Connection {
            try await waitFor("the connection") {
                guard let connection = try await users.user(user).connection(id), condition(connection) else {
                    return nil
                }
                return connection
            }
        }

        func stop() async {
            await dispatcher.stop()
            await client.shutdown()
            data.close()
        }
    }

    @Test("Queued events are delivered in order, with one write for sixteen of them")
    func batches() async throws {
        let receiver = try TestReceiver()
        let fixture = try Fixture()
        fixture.countWrites()
        let id = try await fixture.connect(url: receiver.url, events: 40)
        let connection = try await fixture.connection(id) { $0.outbox.isEmpty }
        #expect(receiver.deliveries.count == 40)
        #expect(connection.webhook.log.map(\.id) == Array(receiver.deliveries.suffix(20).map(\.id).reversed()))
        // One write each for the events and the secret, and three for outcomes; more only if sixteen deliveries take over a second.
        #expect(fixture.writeCount < 40)
        #expect(fixture.dispatcher.waitingCount == 0)
        await fixture.stop()
        await receiver.stop()
    }

    @Test("A dead endpoint costs one attempt and one write until the next attempt is due")
    func dead() async throws {
        let receiver = try TestReceiver()
        receiver.answer(then: .init(500))
        let fixture = try Fixture()
        let id = try await fixture.connect(url: receiver.url, events: 100)
        _ = try await fixture.connection(id) { $0.webhook.failingSince != nil }
        // A write in the turn after it: the one that was just read has been reported then.
        try await fixture.users.update("u") { (_) throws(ServiceError) in }
        fixture.countWrites()
        for _ in 0..<20 {
            await fixture.dispatcher.reconcile(try await fixture.users.user("u"), at: TimeSource.system.now)
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(receiver.deliveries.count == 1)
        #expect(fixture.writeCount == 0)
        #expect(fixture.dispatcher.waitingCount == 100)
        await fixture.stop()
        await receiver.stop()
    }

    @Test("A host gets no more than its share at once, and does not hold back another host")
    func hosts() async throws {
        let slow = try TestReceiver()
        slow.answer(then: .init(204, delay: .seconds(60)))
        let quick = try TestReceiver()
        let fixture = try Fixture()
        for number in 0..<20 { _ = try await fixture.connect("slow-\(number)", url: slow.url) }
        _ = try await slow.received(NotificationLimits.concurrentPerHostMax)
        let id = try await fixture.connect("quick", url: quick.url)
        _ = try await fixture.connection(id, of: "quick") { $0.outbox.isEmpty }
        #expect(slow.deliveries.count == NotificationLimits.concurrentPerHostMax)
        await fixture.stop()
        await slow.stop()
        await quick.stop()
    }

    @Test("A name that resolves to a private address is refused at connection")
    func addresses() async throws {
        let receiver = try TestReceiver()
        let port = receiver.url.split(separator: ":")[2].prefix { $0 != "/" }
        let fixture = try Fixture(addresses: .publicOnly)
        for (number, host) in ["localhost", "127.0.0.1", "foo.localhost", "[::1]"].enumerated() {
            let id = try await fixture.connect("u\(number)", url: "http://\(host):\(port)/")
            let connection = try await fixture.connection(id, of: "u\(number)") { $0.webhook.failingSince != nil }
            let outcome = connection.outbox[0].delivery.attempts[0].outcome
            // A resolver may not know names below localhost.
            #expect(outcome == .addressRefused || (host == "foo.localhost" && outcome == .unreachable), "\(host)")
        }
        #expect(receiver.deliveries.isEmpty)
        await fixture.stop()
        await receiver.stop()
    }

    @Test("Each failure has its outcome: no TLS, unreachable, an answer that is too large")
    func failures() async throws {
        let receiver = try TestReceiver(.init(200, bodyBytes: NotificationLimits.answerBytesMax + 1))
        let fixture = try Fixture()
        let port = receiver.url.split(separator: ":")[2].prefix { $0 != "/" }
        let gone = try TestReceiver()
        await gone.stop()
        for (user, url, wanted) in [
            ("large", receiver.url, DeliveryOutcome.invalidAnswer), ("plain", "https://127.0.0.1:\(port)/", .tls),
            ("gone", gone.url, .unreachable), ("odd", "http://127.1:\(port)/", .urlRefused),
        ] {
            let id = try await fixture.connect(user, url: url)
            let connection = try await fixture.connection(id, of: user) { $0.webhook.failingSince != nil }
            #expect(connection.outbox[0].delivery.attempts.map(\.outcome) == [wanted], "\(user)")
            #expect(connection.outbox[0].delivery.nextAttemptAt != nil)
        }
        #expect(receiver.deliveries.count == 1)
        await fixture.stop()
        await receiver.stop()
    }

    @Test("Events with an unreadable secret are kept, and a new secret delivers them")
    func unreadable() async throws {
        let receiver = try TestReceiver()
        let fixture = try Fixture()
        let id = try await fixture.connect(url: receiver.url, events: 0)
        try await fixture.users.update("u") { (user) throws(ServiceError) in
            try user.updateFirst { (connection) throws(ServiceError) in
                connection.stored.signingSecret = "v1:unknown:sealed"
                try connection.queue(.expired, at: TimeSource.system.now)
            }
        }
        let connection = try await fixture.connection(id) { $0.webhook.failingSince != nil }
        #expect(connection.outbox[0].delivery.attempts[0].outcome == .secretUnreadable)
        #expect(receiver.deliveries.isEmpty)
        let service = fixture.service
        let shown = try await service.rotateSecret(of: id, user: "u")
        #expect(shown.previousUntil == nil)
        _ = try await service.redeliver(connection.outbox[0].id, of: id, user: "u")
        let delivery = try #require(try await receiver.received(1).first)
        #expect(delivery.signatures == [try delivery.signature(shown.secret.value)])
        await fixture.stop()
        await receiver.stop()
    }

    @Test(
        "The audit log has who is shown a signing secret and who replaces it, with the user's hash and without the secret"
    )
    func recorded() async throws {
        let fixture = try Fixture()
        let id = try await fixture.connect(url: "https://hooks.example/a", events: 0)
        let shown = try await AuditActor.$current.withValue(AuditActor(.session, userID: "u")) {
            [
                try await fixture.service.secret(of: id, user: "u"),
                try await fixture.service.rotateSecret(of: id, user: "u"),
            ]
        }
        await #expect(throws: ServiceError.self) { try await fixture.service.secret(of: "conn-0", user: "u") }
        await #expect(throws: ServiceError.self) { try await fixture.service.rotateSecret(of: "conn-0", user: "u") }
        let lines = try await fixture.trail.page(after: 0, limit: 10, userID: "u").entries
        #expect(
            lines.map { "\($0["action"]?.string ?? "") \($0["result"]?.string ?? "")" } == [
                "webhook-secret.reveal done", "webhook-secret.rotate begun", "webhook-secret.rotate done",
            ])
        #expect(lines.allSatisfy { $0["connection"]?.string == id && $0.at("actor.kind")?.string == "session" })
        for secret in shown { #expect(!"\(lines)".contains(secret.secret.value.dropFirst(6))) }
        await fixture.stop()
    }

    @Test("A delivery that the host interrupts when it stops does not count as an attempt")
    func stops() async throws {
        let receiver = try TestReceiver(.init(204, delay: .seconds(30)))
        let fixture = try Fixture()
        let id = try await fixture.connect(url: receiver.url)
        _ = try await receiver.received(1)
        await fixture.dispatcher.stop()
        let connection = try #require(try await fixture.users.user("u").connection(id))
        #expect(connection.outbox.count == 1)
        #expect(connection.outbox[0].delivery == EventDelivery())
        await fixture.stop()
        await receiver.stop()
    }

    @Test("A replaced secret is erased after its overlap of a day")
    func retired() async throws {
        let fixture = try Fixture()
        let id = try await fixture.connect(url: "http://127.0.0.1:9/", events: 0)
        let (vault, now) = (fixture.vault, TimeSource.system.now)
        let before = NotificationLimits.secretOverlap + .seconds(1)
        try await fixture.users.update("u") { (user) throws(ServiceError) in
            try user.updateFirst { (connection) throws(ServiceError) in
                try connection.ensureSigningSecret(vault, user: "u")
                try connection.replaceSigningSecret(vault, user: "u", at: now.advanced(by: .zero - before))
            }
        }
        let rotated = try #require(try await fixture.users.user("u").connection(id))
        #expect(try vault.signingSecrets(of: rotated, user: "u", at: now).count == 1)
        #expect(rotated.webhook.retiring != nil)
        await fixture.dispatcher.reconcile(try await fixture.users.user("u"), at: now)
        #expect(try await fixture.users.user("u").connection(id)?.webhook.retiring == nil)
        await fixture.stop()
    }
}
