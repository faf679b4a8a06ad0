// Stripe's events: what happened to objects in the last 30 days, newest first, with the object as it was then.

import HTTPServer
import ProviderSDK

struct StripeEvents: Sendable {
    private static let historySeconds: Int64 = 30 * 86_400
    private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    private let dataset: Dataset
    private let clock: SandboxClock

    init(_ dataset: Dataset, _ clock: SandboxClock) {
        self.dataset = dataset
        self.clock = clock
    }

    func list(_ caller: StripeStandIn.Caller, _ request: SandboxRequest) throws(StripeFault) -> [UInt8] {
        let query = request.query
        let known = Set(
            StripePage.names + StripeRange.names("created") + ["type", "types", "types[]", "delivery_success"])
        for at in 0..<query.count {
            let name = query.parameter(at: at).name
            guard known.contains(name) || name.hasPrefix("types[") else { throw .unknownParameter(name) }
        }
        let page = try StripePage(query)
        let created = try StripeRange("created", query)
        let types = Self.types(query)
        guard let account = caller.account else { return StripeLists.envelope("/v1/events", [], hasMore: false) }
        let oldest = clock.seconds - Self.historySeconds
        let (changes, context) = dataset.withAccount(account) { ($0.changes(), $0.context) }
        let matching = changes.lazy.filter { change in
            change.time / 1000 >= oldest && created?.contains(change.time / 1000) ?? true
                && Self.matches(Self.type(of: change), types)
        }
        var found: [ObjectChange]
        var hasMore = false
        if let id = page.endingBefore {
            let number = try Self.number(of: id, context, changes.count, "ending_before")
            let newer = Array(matching.filter { $0.number > number }.prefix(page.limit + 1))
            hasMore = newer.count > page.limit
            found = newer.prefix(page.limit).reversed()
        } else {
            var below = Int.max
            if let id = page.startingAfter {
                below = try Self.number(of: id, context, changes.count, "starting_after")
            }
            found = []
            for change in changes.reversed() where change.number < below {
                guard change.time / 1000 >= oldest else { break }
                guard created?.contains(change.time / 1000) ?? true, Self.matches(Self.type(of: change), types) else {
                    continue
                }
                if found.count == page.limit {
                    hasMore = true
                    break
                }
                found.append(change)
            }
        }
        return StripeLists.envelope("/v1/events", found.map { Self.written($0, context) }, hasMore: hasMore)
    }

    func one(_ caller: StripeStandIn.Caller, _ request: SandboxRequest) throws(StripeFault) -> [UInt8] {
        let id = request.capture("id")
        guard let account = caller.account else { throw .missing("event", id) }
        let (changes, context) = dataset.withAccount(account) { ($0.changes(), $0.context) }
        let number = try Self.number(of: id, context, changes.count, "id")
        return Self.written(changes[number], context)
    }

    private static func types(_ query: QueryParameters) -> [String] {
        (0..<query.count).map(query.parameter(at:)).filter { $0.name == "type" || $0.name.hasPrefix("types") }
            .map(\.value)
    }

    /// Whether a type is one of those asked for; `*` matches any end.
    private static func matches(_ type: String, _ wanted: [String]) -> Bool {
        wanted.isEmpty
            || wanted.contains { $0.hasSuffix("*") ? type.hasPrefix(String($0.dropLast())) : type == $0 }
    }

    /// The event's id: its number is in it, so that it is found again without an index.
    private static func id(_ number: Int, _ context: DataContext) -> String {
        var rest = number
        var text: [UInt8] = []
        for _ in 0..<5 {
            text.append(digits[rest % 62])
            rest /= 62
        }
        var random = context.draw("events", number)
        return "evt_1" + String(decoding: text.reversed(), as: UTF8.self) + random.base62(18)
    }

    private static func number(
        of id: String, _ context: DataContext, _ count: Int, _ parameter: String
    ) throws(StripeFault) -> Int {
        var number = 0
        for byte in id.utf8.dropFirst(5).prefix(5) { number = number * 62 + (digits.firstIndex(of: byte) ?? 0) }
        guard number < count, self.id(number, context) == id else {
            throw .missing("event", id, parameter: parameter, status: parameter == "id" ? 404 : 400)
        }
        return number
    }

    private static func type(of change: ObjectChange) -> String {
        let kind = change.kind.rawValue
        switch change.type {
        case StripeObjects.payments where change.kind == .updated: return paymentType(change.object.status)
        case StripeObjects.payments: return "payment_intent.\(kind)"
        case StripeObjects.invoices where change.kind == .updated: return invoiceType(change.object.status)
        case StripeObjects.invoices: return "invoice.\(kind)"
        case StripeObjects.customers: return "customer.\(kind)"
        case StripeObjects.subscriptions:
            let isOver = change.kind == .updated && change.object.status == "canceled"
            return "customer.subscription.\(isOver ? "deleted" : kind)"
        case StripeObjects.charges:
            return change.kind == .updated ? "charge.updated" : "charge.\(change.object.status)"
        case StripeObjects.refunds: return "refund.\(kind)"
        default: preconditionFailure("Stripe's stand-in has no type at \(change.type)")
        }
    }

    private static func paymentType(_ status: String) -> String {
        switch status {
        case "succeeded": "payment_intent.succeeded"
        case "canceled": "payment_intent.canceled"
        case "processing": "payment_intent.processing"
        case "requires_capture": "payment_intent.amount_capturable_updated"
        case "requires_payment_method": "payment_intent.payment_failed"
        default: "payment_intent.requires_action"
        }
    }

    private static func invoiceType(_ status: String) -> String {
        switch status {
        case "paid": "invoice.paid"
        case "void": "invoice.voided"
        case "uncollectible": "invoice.marked_uncollectible"
        default: "invoice.updated"
        }
    }

    private static let template = JSONTemplate(
        #"""
        {"id": "$id", "object": "event", "api_version": "2026-07-29.dahlia", "created": "$created",
         "data": {"object": "$object"}, "livemode": false, "pending_webhooks": 0,
         "request": {"id": null, "idempotency_key": null}, "type": "$type"}
        """#)

    private static func written(_ change: ObjectChange, _ context: DataContext) -> [UInt8] {
        let bytes = StripeObjects.written(change.type, context, change.object, replacing: [:])
        return template.render([
            "id": .string(id(change.number, context)), "created": .integer(change.time / 1000),
            "object": (try? JSONValue.parse(bytes)) ?? .null, "type": .string(type(of: change)),
        ])
    }
}
