// What Xero's webhooks mean: which data types of which organisation changed. They hold no values; an archived contact comes as an
// update. Bank transactions have no webhook.

import ProviderSDK

enum XeroWebhook {
    private static let dataTypes = ["CONTACT": "contacts", "INVOICE": "invoices"]

    /// An intent to receive has no events, or null in their place; Xero wants to see nothing but 200 for what is signed.
    static func outcome(of delivery: WebhookDelivery) -> WebhookOutcome {
        var outcome = WebhookOutcome()
        guard let body = try? JSONValue.parse(delivery.body), let events = body["events"] else { return outcome }
        let sequence = sequence(of: body)
        for event in events.array ?? [] {
            guard let tenant = event["tenantId"]?.string,
                let dataType = dataTypes[event["eventCategory"]?.string ?? ""]
            else { continue }
            let moment = event["eventDateUtc"]?.string.flatMap(Timestamp.init(iso8601:))
            add(dataType, of: tenant, at: moment, sequence, to: &outcome.events)
        }
        return outcome
    }

    /// What a delivery and its repeats have in common: their text differs, their events are counted once.
    private static func sequence(of body: JSONValue) -> String? {
        guard let first = body["firstEventSequence"]?.integer, let last = body["lastEventSequence"]?.integer, last > 0
        else { return nil }
        return "\(first)-\(last)"
    }

    /// Adds a change to the event of its tenant, so that each tenant is told once.
    private static func add(
        _ dataType: String, of tenant: String, at moment: Timestamp?, _ sequence: String?,
        to events: inout [WebhookOutcome.Event]
    ) {
        guard let index = events.firstIndex(where: { $0.accountID.utf8.elementsEqual(tenant.utf8) }) else {
            events.append(
                .init(
                    id: sequence.map { "\(tenant)-\($0)" }, accountID: tenant,
                    effect: .changed(dataTypes: [dataType]), occurredAt: moment))
            return
        }
        if case .changed(let known) = events[index].effect, !known.contains(dataType) {
            events[index].effect = .changed(dataTypes: known + [dataType])
        }
        events[index].occurredAt = [events[index].occurredAt, moment].compactMap(\.self).max()
    }
}
