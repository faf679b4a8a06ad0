// The delivery state of one event: its attempts, the next retry, and the result. These values are stored with the event.

package import ProviderSDK
package import StoredValues

/// The outcome of one attempt to deliver an event.
package enum DeliveryOutcome: String, Sendable, CaseIterable {
    /// 2xx: the application accepted the event.
    case delivered
    /// 3xx: redirects are not followed.
    case redirected
    /// 410: the endpoint wants no further events.
    case gone
    /// 429: too many requests.
    case rateLimited
    /// Any other 4xx.
    case rejected
    /// 5xx, or a status that HTTP does not know.
    case serverError
    /// The endpoint did not answer in time.
    case timeout
    /// The name could not be resolved, or the connection failed or was lost.
    case unreachable
    /// The certificate is invalid, or TLS failed.
    case tls
    /// The host name resolves to an address that is not public.
    case addressRefused
    /// The URL is not allowed for deliveries.
    case urlRefused
    /// The response was too large or not HTTP.
    case invalidAnswer
    /// The signing secret could not be opened.
    case secretUnreadable

    /// The outcome as users see it.
    ///
    /// A name that does not exist, one that stands for a private address and one that refuses look alike. Who sets a webhook URL
    /// must not learn which names the operator's network has.
    package var shown: DeliveryOutcome { self == .addressRefused ? .unreachable : self }

    /// Whether the host did not answer at all.
    ///
    /// Other deliveries to the host will probably fail too.
    package var isSilence: Bool {
        switch self {
        case .timeout, .unreachable, .addressRefused, .tls: true
        default: false
        }
    }
}

/// The delivery state of one event.
package struct EventDelivery: Sendable, Equatable {
    /// One attempt.
    package struct Attempt: Sendable, Equatable {
        @Moment package private(set) var at: Timestamp
        package let outcome: DeliveryOutcome
        /// The status of the response; nil when there was no response.
        package var status: Int?
        package let milliseconds: Int

        /// The duration as users see it: zero without a connection, because the time to find that out also distinguishes names.
        package var shownMilliseconds: Int { outcome.shown == .unreachable ? 0 : milliseconds }

        package init(at: Timestamp, outcome: DeliveryOutcome, status: Int? = nil, milliseconds: Int) {
            self.at = at
            self.outcome = outcome
            self.status = status
            self.milliseconds = milliseconds
        }
    }

    /// The final result of the delivery.
    package enum End: String, Sendable, CaseIterable {
        case delivered, failed
    }

    /// The last attempts, oldest first.
    package private(set) var attempts: [Attempt] = []
    /// The number of failed attempts since the event was queued.
    package private(set) var failures = 0
    /// The earliest moment for the next attempt; nil for immediately.
    @OptionalMoment package private(set) var nextAttemptAt: Timestamp?
    /// The final result; nil while the event waits.
    package private(set) var end: End?

    /// Records an attempt, and drops the oldest ones.
    package mutating func note(_ attempt: Attempt) {
        attempts.append(attempt)
        if attempts.count > ConnectionLimits.webhookAttemptsKept {
            attempts.removeFirst(attempts.count - ConnectionLimits.webhookAttemptsKept)
        }
    }

    /// Counts a failure.
    ///
    /// - Returns: the number of failures since the event was queued.
    package mutating func fail() -> Int {
        failures += 1
        return failures
    }

    /// Delays the next attempt until `moment`.
    package mutating func postpone(until moment: Timestamp) { nextAttemptAt = moment }

    /// Ends the delivery; there are no further attempts.
    package mutating func end(_ end: End) {
        self.end = end
        nextAttemptAt = nil
    }

    /// Queues the event again, with no attempts recorded.
    mutating func restart() {
        failures = 0
        nextAttemptAt = nil
        end = nil
    }
}

// MARK: Stored form

extension EventDelivery {
    /// Writes the differences from a delivery without attempts, as members of the event.
    func writeMembers(to writer: inout JSONWriter) {
        if failures > 0 { writer.member("failures", failures) }
        if let nextAttemptAt { writer.moment("nextAttemptAt", nextAttemptAt) }
        if let end { writer.member("end", end.rawValue) }
        guard !attempts.isEmpty else { return }
        writer.key("attempts")
        writer.array(of: attempts) { attempt, writer in
            // One short array each, easy to read: when, what, status, milliseconds.
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
