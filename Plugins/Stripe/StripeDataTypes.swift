// The data types of Stripe: which lists they are read from, and which events report that they changed.

import ProviderSDK

enum StripeDataTypes {
    /// A data type in Stripe's words.
    private struct Kind {
        let name: String
        let mapping: FieldMapping
        let path: String
        /// The `object` member of its objects.
        let object: String
        var query: [NamedValue] = []
        /// What its event types begin with; nil when they begin with `object`.
        var event: String?

        /// What its event types begin with, up to the dot.
        var types: String { (event ?? object) + "." }
    }

    private static let kinds = [
        Kind(name: "payments", mapping: StripeMappings.payment, path: "/v1/payment_intents", object: "payment_intent"),
        Kind(name: "invoices", mapping: StripeMappings.invoice, path: "/v1/invoices", object: "invoice"),
        Kind(name: "customers", mapping: StripeMappings.customer, path: "/v1/customers", object: "customer"),
        Kind(
            name: "subscriptions", mapping: StripeMappings.subscription, path: "/v1/subscriptions",
            object: "subscription",
            // Without it, canceled subscriptions are left out.
            query: [NamedValue("status", "all")], event: "customer.subscription"),
        Kind(name: "charges", mapping: StripeMappings.charge, path: "/v1/charges", object: "charge"),
        Kind(name: "refunds", mapping: StripeMappings.refund, path: "/v1/refunds", object: "refund"),
    ]

    static let all = kinds.map(dataType)

    /// The names of the data types by the `object` member of their objects, for webhooks.
    static let names = Dictionary(uniqueKeysWithValues: kinds.map { ($0.object, $0.name) })

    /// Which data type changed, by what the type of an event begins with: the longest first.
    static let changesByType: [WebhookEvents.Rule] = kinds.sorted { $0.types.utf8.count > $1.types.utf8.count }.map {
        kind in
        .init(
            .all([.not(.isSet("body.data.object.object")), .hasPrefix("body.type", kind.types)]), .changed([kind.name]))
    }

    private static func dataType(_ kind: Kind) -> DataType {
        DataType(kind.name, mapping: kind.mapping) { dataType in
            dataType.scopes = ["read_only"]
            dataType.list = ListRequest(.get(kind.path, kind.query), items: "data", paging: paging) { list in
                list.pageSizeParameter = "limit"
            }
            dataType.changes = changes(of: kind.object, at: kind.path, event: kind.event ?? kind.object)
            // Events reach back 30 days; a day less leaves room for a slow walk.
            dataType.incremental = Incremental(reach: .seconds(29 * 86_400), overlap: .seconds(600))
        }
    }

    private static let paging = Paging.lastRecord(parameter: "starting_after", id: "id", hasMore: "has_more")

    /// The events about one kind of object, newest first, each with the object as it was then.
    ///
    /// `customer.*` matches subscription events too, so the object itself decides; the invoice of `invoice.upcoming` has no id,
    /// because there is none yet.
    private static func changes(of object: String, at path: String, event: String) -> ListRequest {
        ListRequest(.get("/v1/events", [NamedValue("type", "\(event).*")]), items: "data", paging: paging) {
            list in
            list.pageSizeParameter = "limit"
            list.since = MomentParameter(in: .query, name: "created[gte]", format: .epochSeconds)
            list.record = "data.object"
            list.where = .all([.equals("data.object.object", .string(object)), .isSet("data.object.id")])
            list.deletedWhen = .any([
                .equals("data.object.deleted", true),
                .isOneOf("type", ["customer.deleted", "invoice.deleted"]),
            ])
            list.changeLog = ChangeLog(recordID: "data.object.id", moment: "created", read: .get(path)) { log in
                log.createdWhen = .equals("type", .string("\(event).created"))
                log.goneWhen = .equals("deleted", true)
                log.goneCodes = ["resource_missing"]
            }
        }
    }
}
