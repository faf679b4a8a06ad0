// What QuickBooks' notifications mean, in the older form and as CloudEvents. What was deleted is found by the next sync.

import ProviderSDK

enum QuickBooksWebhook {
    static let events = [
        WebhookEvents(
            each: ["body.eventNotifications", "dataChangeEvent.entities"], id: [], account: ["parent.realmId"],
            at: ["item.lastUpdated"], effects: .changes(at: "item.name", dataTypes)),
        .cloudEvents(account: "intuitaccountid", prefix: "qbo.", dataTypes),
    ]

    /// Payments and credits change what an invoice still owes.
    private static let dataTypes = [
        "Invoice": "invoices", "Payment": "invoices", "CreditMemo": "invoices", "Purchase": "expenses",
        "Customer": "customers", "Vendor": "vendors",
    ]
}
