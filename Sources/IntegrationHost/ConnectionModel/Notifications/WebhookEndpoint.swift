// How the notifications of a connection stand: its signing secrets, whether its endpoint takes them, and the deliveries that ended.
// Values that are stored with the connection; what follows from them is WebhookQueue's.

import ProviderSDK

/// What came of one attempt to deliver an event.
enum DeliveryOutcome: String, Sendable, CaseIterable {
    /// 2xx: the application has it.
    case delivered
    /// 3xx: redirects are not followed.
    case redirected
    /// 410: the endpoint wants no more.
    case gone
    /// 429.
    case rateLimited
    /// Any other 4xx.
    case rejected
    /// 5xx, or a status that HTTP does not know.
    case serverError
    /// It did not answer in time.
    case timeout
    /// The name could not be resolved, the connection not be opened, or it was lost.
    case unreachable
    /// The certificate is not good, or TLS failed.
    case tls
    /// The name stands for an address that is not public.
    case addressRefused
    /// The URL is not one that is delivered to.
    case urlRefused
    /// The answer was too large or not HTTP.
    case invalidAnswer
    /// The signing secret could not be opened.
    case secretUnreadable

    /// Whether the host gave no answer at all: then it is likely to give none to others.
    var isSilence: Bool {
        switch self {
        case .timeout, .unreachable, .tls: true
        default: false
        }
    }
}

/// How the delivery of one event stands.
struct EventDelivery: Sendable, Equatable {
    /// One attempt.
    struct Attempt: Sendable, Equatable {
        let at: Timestamp
        let outcome: DeliveryOutcome
        /// The status of the answer; nil when there was none.
        var status: Int?
        let milliseconds: Int
    }

    /// How it ended.
    enum End: String, Sendable {
        case delivered, failed
    }

    /// The last attempts, oldest first.
    var attempts: [Attempt] = []
    /// Attempts that failed since the event was put in line.
    var failures = 0
    /// Before when it is not tried again; nil for at once.
    var nextAttemptAt: Timestamp?
    /// Nil while it waits.
    var end: End?

    /// Notes an attempt, and forgets the oldest ones.
    mutating func note(_ attempt: Attempt) {
        attempts.append(attempt)
        if attempts.count > HostLimits.webhookAttemptsKept {
            attempts.removeFirst(attempts.count - HostLimits.webhookAttemptsKept)
        }
    }

    /// Puts it in line again, as if it had never been tried.
    mutating func restart() {
        failures = 0
        nextAttemptAt = nil
        end = nil
    }
}

/// The application's end of a connection's notifications.
struct WebhookEndpoint: Sendable, Equatable {
    /// A secret that was replaced, and until when it still signs.
    struct RetiringSecret: Sendable, Equatable {
        let sealed: String
        let until: Timestamp
    }

    /// The sealed secret; nil before the first URL was set.
    var secret: String?
    /// The sealed secret before it.
    var retiring: RetiringSecret?
    /// When the endpoint said that it is gone; nil while it is called.
    var disabledAt: Timestamp?
    /// Since when no attempt succeeded; nil when the last one did.
    var failingSince: Timestamp?
    /// Before when the endpoint does not want to be called.
    var restsUntil: Timestamp?
    /// Events whose delivery has ended, the last one first.
    var log: [ConnectionEvent] = []
}
