// The intake of deliveries over a real inbox: how many events one delivery may have.

import Cryptography
import DocumentStore
import Primitives
import ProviderSDK
import Storage
import TestSupport
import Testing
import Users

@testable import Background
@testable import Configuration
@testable import ConnectionModel
@testable import Observability
@testable import Providers
@testable import Webhooks

@Suite("Webhook intake", .timeLimit(.minutes(1)))
struct WebhookIntakeTests {
    /// A provider whose deliveries have as many events as the body says.
    private struct Sender: Provider {
        let manifest = ProviderManifest(id: "scripted", name: "Scripted")

        func outcome(of delivery: WebhookDelivery) throws(ProviderError) -> WebhookOutcome {
            var outcome = WebhookOutcome()
            outcome.events = (0..<(Int(String(decoding: delivery.body, as: UTF8.self)) ?? 0)).map {
                WebhookOutcome.Event(id: "e\($0)", accountID: "account", effect: .changed(dataTypes: ["things"]))
            }
            return outcome
        }
    }

    @Test("A delivery has events up to their number, and one with more is refused and stores none", arguments: [0, 1])
    func eventsOfDelivery(excess: Int) async throws {
        let fixture = try SyncFixture(nil)
        let (time, log) = (TimeSource.system, Log(level: .error))
        let registry = try ProviderRegistry(
            [LoadedPlugin(provider: Sender(), path: "")], configuration: Configuration())
        let inbox = WebhookInbox(fixture.data.documents, time: time, log: log)
        await inbox.open { _ in }
        let verifier = try #require(WebhookVerifier(IncomingVerifierTests.stripe, keys: ["key"]))
        let intake = WebhookIntake(
            registry, setup: { _ in .ready(verifier) }, inbox: inbox,
            accounts: AccountUsers(
                users: fixture.users, documents: fixture.data.documents, indexing: [], time: time, log: log),
            time: time, log: log)
        let count = WebhookLimits.eventsPerDeliveryMax + excess
        let (body, moment) = (Array(String(count).utf8), String(time.now.milliseconds / 1000))
        let code = HMACSHA256(key: Array("key".utf8)).code(for: Array("\(moment).".utf8) + body)
        let delivery = IncomingDelivery(
            provider: "scripted", variant: nil, headers: [NamedValue("Stripe-Signature", "t=\(moment),v1=\(code)")],
            body: body)
        do throws(ServiceError) {
            #expect(try await intake.receive(delivery).status == 200)
            #expect(excess == 0)
        } catch {
            #expect(error == .unavailable("The delivery has too many events.", retryAfterSeconds: 300))
            #expect(excess == 1)
        }
        #expect(inbox.statistics.pending == (excess == 0 ? count : 0))
        await inbox.close()
        await fixture.stop()
    }
}
