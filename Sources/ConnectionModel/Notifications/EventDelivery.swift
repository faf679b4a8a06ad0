// How the delivery of one event stands: its attempts, when it is tried again, and how it ended. Values that are stored with the event.

package import ProviderSDK

/// What came of one attempt to deliver an event.
package enum DeliveryOutcome: String, Sendable, CaseIterable {
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
    package var isSilence: Bool {
        switch self {
        case .timeout, .unreachable, .tls: true
        default: false
        }
    }
}

/// How the delivery of one event stands.
package struct EventDelivery: Sendable, Equatable {
    /// One attempt.
    package struct Attempt: Sendable, Equatable {
        package let at: Timestamp
        package let outcome: DeliveryOutcome
        /// The status of the answer; nil when there was none.
        package var status: Int?
        package let milliseconds: Int

        package init(at: Timestamp, outcome: DeliveryOutcome, status: Int? = nil, milliseconds: Int) {
            self.at = at
            self.outcome = outcome
            self.status = status
            self.milliseconds = milliseconds
        }
    }

    /// How it ended.
    package enum End: String, Sendable {
        case delivered, failed
    }

    /// The last attempts, oldest first.
    package private(set) var attempts: [Attempt] = []
    /// Attempts that failed since the event was queued.
    package private(set) var failures = 0
    /// The earliest moment for the next attempt; nil for at once.
    package private(set) var nextAttemptAt: Timestamp?
    /// Nil while it waits.
    package private(set) var end: End?

    /// Notes an attempt, and forgets the oldest ones.
    package mutating func note(_ attempt: Attempt) {
        attempts.append(attempt)
        if attempts.count > HostLimits.webhookAttemptsKept {
            attempts.removeFirst(attempts.count - HostLimits.webhookAttemptsKept)
        }
    }

    /// Counts a failure.
    ///
    /// - Returns: how many there were since the event was queued.
    package mutating func fail() -> Int {
        failures += 1
        return failures
    }

    /// It is not tried before `moment`.
    package mutating func postpone(until moment: Timestamp) { nextAttemptAt = moment }

    /// It is not tried any more.
    package mutating func end(_ end: End) {
        self.end = end
        nextAttemptAt = nil
    }

    /// Queues it again, as if it had never been tried.
    mutating func restart() {
        failures = 0
        nextAttemptAt = nil
        end = nil
    }
}

// MARK: Stored form

extension EventDelivery {
    /// Writes what differs from a delivery that was never tried, as members of the event.
    func writeMembers(to writer: inout JSONWriter) {
        if failures > 0 { writer.member("failures", failures) }
        if let nextAttemptAt { writer.moment("nextAttemptAt", nextAttemptAt) }
        if let end { writer.member("end", end.rawValue) }
        guard !attempts.isEmpty else { return }
        writer.key("attempts")
        writer.array(of: attempts) { attempt, writer in
            // One short array each, for the eye: when, what, status, milliseconds.
            writer.array { writer in
                writer.value(attempt.at)
                writer.value(attempt.outcome.rawValue)
                if let status = attempt.status { writer.value(status) } else { writer.null() }
                writer.value(attempt.milliseconds)
            }
        }
    }

    package init(decoding value: JSONValue) {
        failures = value.count("failures") ?? 0
        nextAttemptAt = value.moment("nextAttemptAt")
        end = value["end"]?.string.flatMap(End.init)
        for stored in value["attempts"]?.array ?? [] {
            guard let at = stored[0]?.moment, let outcome = stored[1]?.string.flatMap(DeliveryOutcome.init) else {
                continue
            }
            attempts.append(
                Attempt(
                    at: at, outcome: outcome, status: stored[2]?.integer.map(Int.init),
                    milliseconds: stored[3]?.integer.map(Int.init) ?? 0))
        }
    }
}
