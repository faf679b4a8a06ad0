// What QuickBooks' stand-in carries out: customers, invoices, payments. A known requestid gets the first answer.

import HTTPServer
import ProviderSDK

struct QuickBooksWrites: Sendable {
    let core: StandInCore

    /// Creates an entity, or answers as before.
    func create(
        _ account: Int, _ request: SandboxRequest, _ entity: String, _ action: String
    ) throws(QuickBooksFault) -> [UInt8] {
        guard let body = try? JSONValue.parse(request.body), body.kind == .object else {
            throw .invalid("The body is no JSON object.")
        }
        switch entity {
        case "Customer":
            guard body["DisplayName"]?.string?.isEmpty == false else { throw .invalid("DisplayName is missing.") }
        default:
            guard body["CustomerRef"]?["value"]?.string?.isEmpty == false else {
                throw .invalid("CustomerRef is missing.")
            }
        }
        return once(account, request) { contents in
            contents.count(action)
            let id = String(900_000 + contents.number())
            var object = body.detached.replacing([("Id", .string(id)), ("SyncToken", "0"), ("domain", "QBO")])
            if entity == "Invoice" {
                let total = (body["Line"]?.array ?? []).compactMap { $0["Amount"]?.number?.decimal }
                    .reduce(ExactDecimal(coefficient: 0, places: 2)) { sum, amount in sum.flatMap { $0.adding(amount) }
                    }
                object = object.replacing([
                    ("DocNumber", .string(id)), ("EmailStatus", "NotSet"),
                    ("TotalAmt", (total?.description).flatMap { JSONNumber($0) }.map { .number($0) } ?? .null),
                ])
            }
            contents["\(account) \(entity)", id] = object
            return [
                (entity, object),
                ("time", .string(Timestamp(seconds: core.environment.clock.seconds)?.description ?? "")),
            ]
        }
    }

    func send(_ account: Int, _ request: SandboxRequest) throws(QuickBooksFault) -> [UInt8] {
        let id = request.capture("id")
        let isKnown = core.writes.with { $0["\(account) Invoice", id] != nil }
        guard isKnown else { throw .notFound("There is no invoice \(id).") }
        return once(account, request) { contents in
            contents.count("sendInvoice")
            let object = (contents["\(account) Invoice", id] ?? .object([])).replacing([("EmailStatus", "EmailSent")])
            contents["\(account) Invoice", id] = object
            return [("Invoice", object)]
        }
    }

    private func once(
        _ account: Int, _ request: SandboxRequest,
        _ carryOut: (inout WrittenObjects.Contents) -> [(key: String, value: JSONValue)]
    ) -> [UInt8] {
        core.writes.once(
            request.query["requestid"].map { "\(account) \($0)" }, fingerprint: [], windowSeconds: 86_400,
            at: core.environment.clock.seconds
        ) { contents in .json(200, .object(carryOut(&contents))) }.body
    }
}
