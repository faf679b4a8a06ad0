// Reads and writes the notifications of a connection as members of the user's document.

import ProviderSDK

extension ConnectionEvent {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", id)
            writer.member("type", kind.rawValue)
            writer.moment("at", at)
            writer.member("data", data)
            delivery.write(to: &writer)
        }
    }

    init?(decoding value: JSONValue) {
        guard let id = value["id"]?.string, let kind = value["type"]?.string.flatMap(Kind.init),
            let at = value.moment("at")
        else { return nil }
        self.init(id: id, kind: kind, at: at, data: value["data"] ?? [:])
        delivery = EventDelivery(decoding: value)
    }
}

extension EventDelivery {
    /// Writes what differs from a delivery that was never tried.
    fileprivate func write(to writer: inout JSONWriter) {
        if failures > 0 { writer.member("failures", failures) }
        if let nextAttemptAt { writer.moment("nextAttemptAt", nextAttemptAt) }
        if let end { writer.member("end", end.rawValue) }
        guard !attempts.isEmpty else { return }
        writer.key("attempts")
        writer.array { writer in
            for attempt in attempts {
                // One line of a person's attention each: when, what, status, milliseconds.
                writer.array { writer in
                    writer.value(attempt.at.text(withMilliseconds: true))
                    writer.value(attempt.outcome.rawValue)
                    if let status = attempt.status { writer.value(status) } else { writer.null() }
                    writer.value(attempt.milliseconds)
                }
            }
        }
    }

    fileprivate init(decoding value: JSONValue) {
        failures = value["failures"]?.integer.map(Int.init) ?? 0
        nextAttemptAt = value.moment("nextAttemptAt")
        end = value["end"]?.string.flatMap(End.init)
        for stored in value["attempts"]?.array ?? [] {
            guard let at = stored[0]?.string.flatMap(Timestamp.init(iso8601:)),
                let outcome = stored[1]?.string.flatMap(DeliveryOutcome.init)
            else { continue }
            attempts.append(
                Attempt(
                    at: at, outcome: outcome, status: stored[2]?.integer.map(Int.init),
                    milliseconds: stored[3]?.integer.map(Int.init) ?? 0))
        }
    }
}

extension WebhookEndpoint {
    func write(to writer: inout JSONWriter) {
        writer.key("webhook")
        writer.object { writer in
            writer.member("secret", secret)
            if let retiring {
                writer.key("retiring")
                writer.object { writer in
                    writer.member("secret", retiring.sealed)
                    writer.moment("until", retiring.until)
                }
            }
            if let disabledAt { writer.moment("disabledAt", disabledAt) }
            if let failingSince { writer.moment("failingSince", failingSince) }
            if let restsUntil { writer.moment("restsUntil", restsUntil) }
            writer.key("deliveries")
            writer.array { writer in for event in log { event.write(to: &writer) } }
        }
    }

    init(decoding value: JSONValue) {
        secret = value["secret"]?.string
        if let sealed = value.at("retiring.secret")?.string, let until = value["retiring"]?.moment("until") {
            retiring = RetiringSecret(sealed: sealed, until: until)
        }
        disabledAt = value.moment("disabledAt")
        failingSince = value.moment("failingSince")
        restsUntil = value.moment("restsUntil")
        log = (value["deliveries"]?.array ?? []).compactMap(ConnectionEvent.init(decoding:))
    }
}
