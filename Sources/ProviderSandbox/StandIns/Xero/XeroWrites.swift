// What Xero's stand-in carries out: contacts, invoices, payments. A known key gets the first answer for six minutes.

import HTTPServer
import ProviderSDK

struct XeroWrites: Sendable {
    static let keySeconds: Int64 = 360

    let core: StandInCore

    /// The resources that can be written: their scopes, the names of their ids, and what counts them.
    static let resources: [(name: String, id: String, scopes: [String], action: String)] = [
        ("Contacts", "ContactID", ["accounting.contacts"], "createContact"),
        ("Invoices", "InvoiceID", ["accounting.invoices", "accounting.transactions"], "createInvoice"),
        ("Payments", "PaymentID", ["accounting.payments", "accounting.transactions"], "createPayment"),
    ]

    /// Creates the objects of the body, or answers as before.
    func create(
        _ index: Int, tenant: Int, _ request: SandboxRequest
    ) throws(XeroFault) -> [UInt8] {
        let resource = Self.resources[index]
        guard let rows = (try? JSONValue.parse(request.body))?[resource.name]?.array, !rows.isEmpty,
            rows.allSatisfy({ index != 0 || $0["Name"]?.string?.isEmpty == false })
        else {
            throw .invalid(number: 10, type: "ValidationException", message: "A validation exception occurred")
        }
        let answer = core.writes.once(
            request.header("idempotency-key").map { "\(tenant) \($0)" }, fingerprint: request.body,
            windowSeconds: Self.keySeconds, at: core.environment.clock.seconds,
            mismatch: .json(
                400,
                [
                    "ErrorNumber": 10, "Type": "ValidationException",
                    "Message": "The idempotency key was used with another request.",
                ])
        ) { contents in
            contents.count(resource.action)
            var made: [JSONValue] = []
            for row in rows {
                var random = SeededRandom(
                    seed: core.seed, account: tenant, type: "written-\(resource.name)", number: contents.number())
                let id = random.uuid()
                var members: [(key: String, value: JSONValue)] = [(resource.id, .string(id))]
                switch index {
                case 0: members.append(("ContactStatus", "ACTIVE"))
                case 1:
                    members += [
                        ("InvoiceNumber", .string("INV-\(id.prefix(6))")),
                        ("Status", .string(row["Status"]?.string ?? "DRAFT")),
                    ]
                default: members.append(("Status", "AUTHORISED"))
                }
                let object = row.detached.replacing(members)
                contents["\(tenant) \(resource.name)", id] = object
                made.append(object)
            }
            return .json(200, .array(made))
        }
        guard answer.status == 200 else {
            throw .invalid(
                number: 10, type: "ValidationException", message: "The idempotency key was used with another request.")
        }
        return answer.body
    }
}
