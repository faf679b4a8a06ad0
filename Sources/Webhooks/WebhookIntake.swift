// The steps before a delivery is answered: verify it, let the plugin parse it, store its events durably. Processes no
// event. Never answers success for events that could still be lost. Knows neither routes nor providers.

package import Background
package import ConnectionModel
import Cryptography
package import Observability
package import Primitives
package import ProviderSDK
package import Providers
import Synchronization
import Users

/// A delivery as it arrived.
package struct IncomingDelivery: Sendable {
    package let provider: String
    /// The variant in the path; nil when the path has none.
    package let variant: String?
    package let headers: [NamedValue]
    package let body: [UInt8]

    package init(provider: String, variant: String?, headers: [NamedValue], body: [UInt8]) {
        self.provider = provider
        self.variant = variant
        self.headers = headers
        self.body = body
    }

    /// The delivery with the variant as connections have it.
    fileprivate func with(variant: String?) -> IncomingDelivery {
        IncomingDelivery(provider: provider, variant: variant, headers: headers, body: body)
    }
}

/// The answer to a delivery.
package struct IncomingAnswer: Sendable {
    package var status: Int
    package var headers: [NamedValue] = []
    package var reply: JSONValue?
}

/// Accepts deliveries.
package struct WebhookIntake: Sendable {
    private let registry: ProviderRegistry
    /// Makes the verifier of a provider as it is configured now.
    private let setup: @Sendable (ConfiguredProvider) -> WebhookSetup
    private let inbox: WebhookInbox
    private let accounts: AccountUsers
    private let notices: NoticeLog
    private let time: TimeSource

    package init(
        _ registry: ProviderRegistry, setup: @escaping @Sendable (ConfiguredProvider) -> WebhookSetup,
        inbox: WebhookInbox, accounts: AccountUsers,
        time: TimeSource, log: Log
    ) {
        self.registry = registry
        self.setup = setup
        self.inbox = inbox
        self.accounts = accounts
        notices = NoticeLog(log, time)
        self.time = time
    }

    /// Accepts a delivery; its events are durable when this returns a success.
    ///
    /// - Throws: ``ServiceError/notFound`` when there is no such provider or variant, or it sends no webhooks.
    ///   ``ServiceError/unavailable(_:retryAfterSeconds:)`` when the provider should send the delivery again later.
    package func receive(_ delivery: IncomingDelivery) async throws(ServiceError) -> IncomingAnswer {
        guard let provider = registry[delivery.provider],
            provider.hasVariant(delivery.variant)
        else { throw .notFound }
        let delivery = delivery.with(variant: provider.stored(delivery.variant))
        let verifier: WebhookVerifier
        switch setup(provider) {
        case .none: throw .notFound
        case .unconfigured(let setting):
            WebhookCounters.count(.unconfigured)
            notices.note(provider.id, "Cannot verify webhooks; configure the provider's “\(setting)”.")
            throw .unavailable("Webhooks of this provider are not configured.", retryAfterSeconds: 300)
        case .ready(let ready): verifier = ready
        }
        let now = time.now
        let sentAt: Timestamp?
        switch verifier.verdict(headers: delivery.headers, body: delivery.body, at: now) {
        case .genuine(let moment): sentAt = moment
        case .unsigned: return reject(provider, verifier, .unsigned, "Rejected a webhook without a signature.")
        case .forged: return reject(provider, verifier, .forged, "Rejected a webhook with a wrong signature.")
        case .untimely:
            return reject(
                provider, verifier, .untimely, "Rejected a webhook for its timestamp; check the clock of this host.")
        }
        let outcome: WebhookOutcome
        do {
            outcome = try provider.provider.outcome(
                of: WebhookDelivery(headers: delivery.headers, body: delivery.body, receivedAt: now))
        } catch {
            WebhookCounters.count(.unprocessable)
            notices.note(
                provider.id, "The plugin could not parse a webhook: \(error.message)",
                digest: SHA256.digest(delivery.body).hex)
            return IncomingAnswer(status: error.status ?? 400)
        }
        for (reason, count) in outcome.ignored {
            ignore(provider, WebhookCounters.IgnoredReason(rawValue: reason.rawValue) ?? .noMeaning, count)
        }
        try await take(events(of: outcome, delivery, provider, sentAt: sentAt, at: now), provider)
        return IncomingAnswer(status: outcome.status, headers: outcome.headers, reply: outcome.reply)
    }

    /// Counts and logs events of a verified delivery that have no effect.
    private func ignore(_ provider: ConfiguredProvider, _ reason: WebhookCounters.IgnoredReason, _ count: Int = 1) {
        WebhookCounters.ignore(reason, count)
        notices.note(provider.id, "Ignored a webhook event: \(reason.rawValue).")
    }

    private func reject(
        _ provider: ConfiguredProvider, _ verifier: WebhookVerifier, _ reason: WebhookCounters.Delivery,
        _ problem: String
    ) -> IncomingAnswer {
        WebhookCounters.count(reason)
        notices.note(provider.id, problem)
        return IncomingAnswer(status: verifier.scheme.rejectionStatus)
    }

    /// Returns the events of a delivery that are about an account that some user has connected.
    private func events(
        of outcome: WebhookOutcome, _ delivery: IncomingDelivery, _ provider: ConfiguredProvider, sentAt: Timestamp?,
        at now: Timestamp
    ) -> [InboxEvent] {
        var events: [InboxEvent] = []
        let isComplete = accounts.isComplete
        for (number, event) in outcome.events.enumerated() {
            guard let effect = InboxEvent.Effect(event.effect) else {
                ignore(provider, .noMeaning)
                continue
            }
            let key = AccountKey(service: delivery.provider, variant: delivery.variant, accountID: event.accountID)
            if isComplete, accounts.users(of: key).isEmpty {
                ignore(provider, .noConnection)
                continue
            }
            let digest =
                event.id.map { EventDigest(provider: delivery.provider, eventID: $0) }
                ?? EventDigest(provider: delivery.provider, body: delivery.body, index: number)
            events.append(
                InboxEvent(
                    digest: digest, provider: delivery.provider, variant: delivery.variant, accountID: event.accountID,
                    mode: event.mode, effect: effect,
                    occurredAt: InboxEvent.moment(event.occurredAt, sentAt: sentAt, receivedAt: now), receivedAt: now))
        }
        return events
    }

    private func take(_ events: [InboxEvent], _ provider: ConfiguredProvider) async throws(ServiceError) {
        guard !events.isEmpty else { return WebhookCounters.count(.accepted) }
        guard events.count <= WebhookLimits.eventsPerDeliveryMax else {
            WebhookCounters.count(.full)
            notices.note(provider.id, "Refused a webhook that has too many events.")
            throw .unavailable("The delivery has too many events.", retryAfterSeconds: 300)
        }
        do {
            let count = try await inbox.accept(events)
            WebhookCounters.count(count == 0 ? .duplicate : .accepted)
            WebhookCounters.count(.duplicate, events.count - count)
        } catch {
            WebhookCounters.count(error == .full ? .full : .unavailable)
            notices.note(
                provider.id,
                error == .full
                    ? "Webhooks are refused for now: too many events are pending."
                    : "Webhooks are refused for now: the inbox is not ready.")
            throw .unavailable("Webhooks cannot be accepted for now.", retryAfterSeconds: 5)
        }
    }
}

/// Logs each problem of a provider at most once per pause, because any caller can send unsigned deliveries.
private final class NoticeLog: Sendable {
    private struct Notice {
        var loggedAt: MonotonicInstant
        var count = 0
    }

    private let log: Log
    private let time: TimeSource
    private let notices = Mutex<[String: Notice]>([:])
    private static let countMax = 256

    init(_ log: Log, _ time: TimeSource) {
        self.log = log
        self.time = time
    }

    func note(_ provider: String, _ problem: String, digest: String? = nil) {
        let now = time.instant
        let key = "\(provider)/\(problem)"
        let count = notices.withLock { notices -> Int? in
            if let notice = notices[key], now - notice.loggedAt < WebhookLimits.logPause {
                notices[key]?.count += 1
                return nil
            }
            if notices.count >= Self.countMax { notices = [:] }
            let count = notices[key]?.count ?? 0
            notices[key] = Notice(loggedAt: now)
            return count
        }
        guard let count else { return }
        log.warning(
            problem, ["provider": .text(provider), "suppressed": .integer(count), "bodySHA256": .text(digest)])
    }
}
