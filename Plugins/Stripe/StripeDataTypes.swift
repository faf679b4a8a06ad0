// The data types of Stripe: which lists they are read from, and which events report that they changed.

import ProviderSDK

enum StripeDataTypes {
    static let all: [DataType] = [
        dataType("payments", StripeMappings.payment, path: "/v1/payment_intents", object: "payment_intent"),
        dataType("invoices", StripeMappings.invoice, path: "/v1/invoices", object: "invoice"),
        dataType("customers", StripeMappings.customer, path: "/v1/customers", object: "customer"),
        dataType(
            "subscriptions", StripeMappings.subscription, path: "/v1/subscriptions", object: "subscription",
            // Without it, canceled subscriptions are left out.
            query: [NamedValue("status", "all")], event: "customer.subscription"),
    ]

    private static func dataType(
        _ name: String, _ mapping: FieldMapping, path: String, object: String, query: [NamedValue] = [],
        event: String? = nil
    ) -> DataType {
        DataType(name, mapping: mapping) { dataType in
            dataType.scopes = ["read_only"]
            dataType.list = ListRequest(.get(path, query), items: "data", paging: paging) { list in
                list.pageSizeParameter = "limit"
            }
            dataType.changes = changes(of: object, at: path, event: event ?? object)
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
