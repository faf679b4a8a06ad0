// What QuickBooks' notifications mean, in the older form and as CloudEvents: which data types of which company changed. They
// hold no values; what was deleted is found by the next sync.

import ProviderSDK

enum QuickBooksWebhook {
    /// The data types that change with an entity, by its name in lower case.
    ///
    /// Payments and credits change what an invoice still owes.
    private static let dataTypes = [
        "invoice": "invoices", "payment": "invoices", "creditmemo": "invoices", "purchase": "expenses",
        "customer": "customers", "vendor": "vendors",
    ]

    /// What is signed but no notification is acknowledged: Intuit would only send it again.
    static func outcome(of delivery: WebhookDelivery) -> WebhookOutcome {
        var outcome = WebhookOutcome()
        let body = try? JSONValue.parse(delivery.body)
        if let notifications = body?["eventNotifications"]?.array {
            outcome.events = notifications.compactMap(event(notification:))
        } else if let events = body?.array {
            outcome.events = events.compactMap(event(cloudEvent:))
        } else if let body, body["specversion"] != nil {
            outcome.events = [body].compactMap(event(cloudEvent:))
        }
        return outcome
    }

    /// The changes of one company in the older form.
    private static func event(notification: JSONValue) -> WebhookOutcome.Event? {
        guard let company = notification["realmId"]?.scalarText else { return nil }
        let entities = notification.at("dataChangeEvent.entities")?.array ?? []
        let changed = Set(entities.compactMap { dataTypes[$0["name"]?.string?.lowercased() ?? ""] })
        guard !changed.isEmpty else { return nil }
        let moments = entities.compactMap { $0["lastUpdated"]?.string.flatMap(Timestamp.init(iso8601:)) }
        return .init(
            id: nil, accountID: company, effect: .changed(dataTypes: changed.sorted()), occurredAt: moments.max())
    }

    /// One change as a CloudEvent, its type being `qbo.<entity>.<what happened>.v1`.
    private static func event(cloudEvent: JSONValue) -> WebhookOutcome.Event? {
        let type = cloudEvent["type"]?.string?.split(separator: ".") ?? []
        guard type.count >= 3, type[0] == "qbo", let company = cloudEvent["intuitaccountid"]?.scalarText,
            let changed = dataTypes[type[1].lowercased()]
        else { return nil }
        return .init(
            id: cloudEvent["id"]?.string, accountID: company, effect: .changed(dataTypes: [changed]),
            occurredAt: cloudEvent["time"]?.string.flatMap(Timestamp.init(iso8601:)))
    }
}
