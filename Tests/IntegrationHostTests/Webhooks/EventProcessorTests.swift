// The processing of accepted events when the host stops: what is left stays in the inbox.

import HTTPClient
import Primitives
import ProviderSDK
import Storage
import Synchronization
import TestSupport
import Testing
import Users

@testable import Background
@testable import ConnectionModel
@testable import Credentials
@testable import Cryptography
@testable import OAuth
@testable import Observability
@testable import Providers
@testable import Webhooks

@Suite("Event processor", .timeLimit(.minutes(1)))
struct EventProcessorTests {
    /// Deletions that fail until the last attempt, which takes until the host stops.
    private final class Deletions: RecordDeleting {
        let attempts = Mutex(0)

        func delete(
            _ sourceIDs: [String], of dataType: String, _ connection: Connection, user: String
        ) async throws(ServiceError) -> RecordDeletion {
            let attempt = attempts.withLock { attempts in
                attempts += 1
                return attempts
            }
            // The stop cancels the sleep; the suite's time limit is its deadline.
            if attempt == WebhookLimits.attemptsMax { try? await Task.sleep(for: .seconds(60)) }
            throw .unavailable("The store is busy.", retryAfterSeconds: 1)
        }
    }

    private struct NoChanges: ChangeNoting {
        func note(_ dataTypes: [String], of connection: Connection, user: String) async throws(ServiceError) -> Bool {
            false
        }
    }

    @Test("An attempt that a stop interrupts does not count, and the event waits for the next start")
    func stop() async throws {
        let fixture = try SyncFixture(ScriptedProvider { _, _ in ScriptedProvider.page(1...1) })
        _ = try await fixture.connect { $0.stored.accountID = "account" }
        let (clock, log, deletions) = (ManualClock(), Log(level: .error), Deletions())
        let time = clock.source
        let inbox = WebhookInbox(fixture.data.documents, time: time, log: log)
        let accounts = AccountUsers(
            users: fixture.users, documents: fixture.data.documents, indexing: ["scripted"], time: time, log: log)
        let gateway = ProviderGateway(
            client: try HTTPClient(), limiter: ProviderRateLimiter(time: time), time: time, log: log)
        let vault = CredentialVault(try HostKeys(try KeyRing.generate(), path: ""))
        let processor = EventProcessor(
            users: fixture.users, registry: fixture.registry, accounts: accounts, inbox: inbox, noting: NoChanges(),
            grants: GrantEvents(
                users: fixture.users,
                credentials: RefreshService(
                    users: fixture.users, gateway: gateway, vault: vault, time: time, log: log),
                gateway: gateway, time: time, log: log),
            deletions: deletions, time: time, log: log)
        await inbox.open { processor.take($0) }
        await accounts.read()
        processor.start()
        let event = InboxEvent(
            digest: EventDigest(provider: "scripted", eventID: "e"), provider: "scripted", variant: nil,
            accountID: "account", effect: .deleted(dataType: "things", sourceIDs: ["t1"]), occurredAt: nil,
            receivedAt: time.now)
        #expect(try await inbox.accept([event]) == 1)
        try await waitUntil("the last attempt", every: .milliseconds(1)) {
            clock.advance(by: .seconds(1))
            return deletions.attempts.withLock { $0 } == WebhookLimits.attemptsMax
        }
        #expect(inbox.statistics.pending == 1)
        await processor.stop()
        #expect(inbox.statistics.pending == 1)
        await inbox.close()
        await fixture.stop()
    }
}
