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
    /// Deletions that fail; the attempt before which they hang takes until the host stops.
    private final class Deletions: RecordDeleting {
        let attempts = Mutex(0)
        let hangsAt: Int?

        init(hangsAt: Int? = nil) { self.hangsAt = hangsAt }

        func delete(
            _ sourceIDs: [String], of dataType: String, _ connection: Connection, user: String
        ) async throws(ServiceError) -> RecordDeletion {
            let attempt = attempts.withLock { attempts in
                attempts += 1
                return attempts
            }
            // The stop cancels the sleep; the suite's time limit is its deadline.
            if attempt == hangsAt { try? await Task.sleep(for: .seconds(60)) }
            throw .unavailable("The store is busy.", retryAfterSeconds: 1)
        }
    }

    private struct NoChanges: ChangeNoting {
        func note(_ dataTypes: [String], of connection: Connection, user: String) async throws(ServiceError) -> Bool {
            false
        }
    }

    /// A processor with an inbox that has one event, about a deletion.
    private func begun(
        _ fixture: SyncFixture, _ deletions: Deletions, _ clock: ManualClock
    ) async throws -> (processor: EventProcessor, inbox: WebhookInbox) {
        _ = try await fixture.connect { $0.stored.accountID = "account" }
        let (log, time) = (Log(level: .error), clock.source)
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
        return (processor, inbox)
    }

    @Test("An event is tried as often as it may be, and dropped then")
    func attempts() async throws {
        let fixture = try SyncFixture(ScriptedProvider { _, _ in ScriptedProvider.page(1...1) })
        let (clock, deletions) = (ManualClock(), Deletions())
        let (processor, inbox) = try await begun(fixture, deletions, clock)
        func reached(_ count: Int) async throws {
            try await waitUntil("attempt \(count)", every: .milliseconds(1)) {
                if deletions.attempts.withLock({ $0 }) < count { _ = clock.advanceToNextSleeper() }
                return deletions.attempts.withLock { $0 } >= count
            }
        }
        try await reached(WebhookLimits.attemptsMax - 1)
        await clock.waitForSleepers()
        #expect(inbox.statistics.pending == 1)
        try await reached(WebhookLimits.attemptsMax)
        try await waitUntil("the end of the event", every: .milliseconds(1)) { inbox.statistics.pending == 0 }
        #expect(deletions.attempts.withLock { $0 } == WebhookLimits.attemptsMax)
        await processor.stop()
        await inbox.close()
        await fixture.stop()
    }

    @Test("An attempt that a stop interrupts does not count, and the event waits for the next start")
    func stop() async throws {
        let fixture = try SyncFixture(ScriptedProvider { _, _ in ScriptedProvider.page(1...1) })
        let (clock, deletions) = (ManualClock(), Deletions(hangsAt: WebhookLimits.attemptsMax))
        let (processor, inbox) = try await begun(fixture, deletions, clock)
        try await waitUntil("the last attempt", every: .milliseconds(1)) {
            _ = clock.advanceToNextSleeper()
            return deletions.attempts.withLock { $0 } == WebhookLimits.attemptsMax
        }
        #expect(inbox.statistics.pending == 1)
        await processor.stop()
        #expect(inbox.statistics.pending == 1)
        await inbox.close()
        await fixture.stop()
    }
}
