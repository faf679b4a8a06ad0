// What Stripe's stand-in carries out: customers, invoices, refunds, the end of subscriptions. Each knows a key again, as Stripe does.

import HTTPServer
import ProviderSDK

struct StripeWrites: Sendable {
    static let keySeconds: Int64 = 86_400

    let core: StandInCore

    private typealias Caller = StripeStandIn.Caller
    private typealias Handler =
        @Sendable (StripeStandIn.Caller, SandboxRequest, inout WrittenObjects.Contents) -> Answer

    /// The writes by method and path.
    var all: [(method: HTTPMethod, path: String, handler: @Sendable (StripeStandIn.Caller, SandboxRequest) -> Answer)] {
        let entries: [(HTTPMethod, String, Handler)] = [
            (.post, "/v1/customers", customer), (.post, "/v1/invoices", invoice), (.post, "/v1/invoiceitems", item),
            (.post, "/v1/invoices/{id}/finalize", { change($1, &$2, "finalizeInvoice", from: "draft", to: "open") }),
            (.post, "/v1/invoices/{id}/void", { change($1, &$2, "voidInvoice", from: "open", to: "void") }),
            (.post, "/v1/refunds", refund), (.delete, "/v1/subscriptions/{id}", cancel),
        ]
        return entries.map { method, path, handler in
            (method, path, { caller, request in keyed(caller, request, handler) })
        }
    }

    /// Carries a request out once for each key.
    private func keyed(_ caller: Caller, _ request: SandboxRequest, _ handler: Handler) -> Answer {
        let key = request.method == .post ? request.header("idempotency-key") : nil
        let mismatch = StripeFault(
            status: 400, type: "idempotency_error",
            message: "Keys for idempotent requests can only be used with the same parameters they were first used with."
        )
        return core.writes.once(
            key.map { "\(caller.account ?? -1) \($0)" }, fingerprint: Array(request.path.utf8) + request.body,
            windowSeconds: Self.keySeconds, at: core.environment.clock.seconds, mismatch: mismatch.answer
        ) { handler(caller, request, &$0) }
    }

    private func made(
        _ kind: String, _ prefix: String, _ action: String, _ contents: inout WrittenObjects.Contents,
        _ members: [(key: String, value: JSONValue)]
    ) -> Answer {
        let number = contents.number()
        var random = SeededRandom(seed: core.seed, account: 0, type: "written-\(kind)", number: number)
        let id = prefix + random.base62(18)
        let object = JSONValue.object([("id", .string(id)), ("object", .string(kind))] + members)
        contents[kind, id] = object
        contents.count(action)
        return .json(200, object)
    }

    @Sendable private func customer(
        _ caller: Caller, _ request: SandboxRequest, _ contents: inout WrittenObjects.Contents
    ) -> Answer {
        made(
            "customer", "cus_", "createCustomer", &contents,
            [("email", .text(request.form["email"])), ("name", .text(request.form["name"])), ("livemode", false)])
    }

    @Sendable private func invoice(
        _ caller: Caller, _ request: SandboxRequest, _ contents: inout WrittenObjects.Contents
    ) -> Answer {
        guard let customer = request.form["customer"], isCustomer(customer, caller, contents) else {
            return StripeFault.missing("customer", request.form["customer"] ?? "", parameter: "customer", status: 400)
                .answer
        }
        guard request.form["collection_method"] != "send_invoice" || request.form["days_until_due"] != nil else {
            return StripeFault.invalid("days_until_due", "An invoice that is sent needs days_until_due.").answer
        }
        return made(
            "invoice", "in_1", "createInvoice", &contents,
            [
                ("customer", .string(customer)), ("currency", .text(request.form["currency"])), ("status", "draft"),
                ("number", .null), ("hosted_invoice_url", .null), ("total", 0),
            ])
    }

    @Sendable private func item(
        _ caller: Caller, _ request: SandboxRequest, _ contents: inout WrittenObjects.Contents
    ) -> Answer {
        let id = request.form["invoice"] ?? ""
        guard let invoice = contents["invoice", id], invoice["status"]?.string == "draft" else {
            return StripeFault.missing("invoice", id, parameter: "invoice", status: 400).answer
        }
        guard let amount = request.form["amount"].flatMap({ Int64($0) }) else {
            return StripeFault.invalid("amount", "Invalid integer").answer
        }
        let total = (invoice["total"]?.integer ?? 0) + amount
        contents["invoice", id] = invoice.replacing([("total", .number(JSONNumber(total)))])
        return made(
            "invoiceitem", "ii_1", "addInvoiceItem", &contents,
            [("invoice", .string(id)), ("amount", .number(JSONNumber(amount)))])
    }

    private func change(
        _ request: SandboxRequest, _ contents: inout WrittenObjects.Contents, _ action: String, from: String, to: String
    ) -> Answer {
        let id = request.capture("id")
        guard let invoice = contents["invoice", id] else { return StripeFault.missing("invoice", id).answer }
        guard invoice["status"]?.string == from else {
            return StripeFault.invalid("invoice", "The invoice is not \(from).", code: "invoice_not_editable").answer
        }
        let changed = invoice.replacing([
            ("status", .string(to)), ("number", .string("SANDBOX-\(contents.number())")),
            ("hosted_invoice_url", .string("https://invoice.stripe.example/\(id)")),
        ])
        contents["invoice", id] = changed
        contents.count(action)
        return .json(200, changed)
    }

    @Sendable private func refund(
        _ caller: Caller, _ request: SandboxRequest, _ contents: inout WrittenObjects.Contents
    ) -> Answer {
        let id = request.form["payment_intent"] ?? ""
        let amount: Int? = core.dataset.withTable(caller.account ?? 0, StripeObjects.payments) { table, _, _ in
            table[id].flatMap { $0.status == "succeeded" ? $0.amount : nil }
        }
        guard let amount else {
            return StripeFault.missing("payment_intent", id, parameter: "payment_intent", status: 400).answer
        }
        let wanted = request.form["amount"].flatMap { Int($0) } ?? amount
        let before = contents.all("refund").filter { $0["payment_intent"]?.string == id }
            .reduce(0) { $0 + Int($1["amount"]?.integer ?? 0) }
        guard wanted > 0, before + wanted <= amount else {
            return StripeFault.invalid(
                "amount", "The refund is larger than what is left.", code: "charge_already_refunded"
            ).answer
        }
        return made(
            "refund", "re_3", "refundPayment", &contents,
            [("payment_intent", .string(id)), ("amount", .integer(wanted)), ("status", "succeeded")])
    }

    @Sendable private func cancel(
        _ caller: Caller, _ request: SandboxRequest, _ contents: inout WrittenObjects.Contents
    ) -> Answer {
        let id = request.capture("id")
        let isLive: Bool = core.dataset.withTable(caller.account ?? 0, StripeObjects.subscriptions) { table, _, _ in
            table[id].map { $0.status != "canceled" } ?? false
        }
        guard isLive, contents["canceled", id] == nil else { return StripeFault.missing("subscription", id).answer }
        let object: JSONValue = ["id": .string(id), "object": "subscription", "status": "canceled"]
        contents["canceled", id] = object
        contents.count("cancelSubscription")
        return .json(200, object)
    }

    private func isCustomer(_ id: String, _ caller: Caller, _ contents: WrittenObjects.Contents) -> Bool {
        contents["customer", id] != nil
            || core.dataset.withTable(caller.account ?? 0, StripeObjects.customers) { table, _, _ in table[id] != nil }
    }
}

extension JSONValue {
    /// The object with these members in place of those of the same names.
    func replacing(_ members: [(key: String, value: JSONValue)]) -> JSONValue {
        let names = members.map(\.key)
        return .object((self.members ?? []).filter { !names.contains($0.key) } + members)
    }
}
