// Actions of a running host against the stand-ins: each ready-made one, keys, faults, and who may run them.

import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Actions of a host", .timeLimit(.minutes(3)))
struct ActionTests {
    private static let noLimits = "\"rateLimits\":{\"connectionCreation\":0,\"sync\":0,\"oauth\":0,\"status\":0}"

    /// A host with one connection.
    private struct Host {
        let harness: ActionHarness
        let id: String
        let service: String
        /// The name of the stand-in.
        let standIn: String

        init(
            _ service: String, _ permissions: String, standIn: String? = nil, extra: String = noLimits,
            environment: [String: String] = [:]
        ) async throws {
            let installation = try await TestInstallation(extra: extra, environment: environment)
            let client = try await installation.client(user: "user-1")
            id = try await installation.connect(
                service, client, body: "{\"service\":\"\(service)\",\"permissions\":\(permissions)}")
            harness = try await ActionHarness(installation)
            self.service = service
            self.standIn = standIn ?? service
        }

        func executions(_ action: String) async throws -> Int { try await harness.executions(standIn, action) }

        /// Runs an action that succeeds, with its name as the key.
        func output(_ action: String, _ inputs: JSONValue) async throws -> JSONValue {
            let before = try await executions(action)
            let answer = try await harness.run(action, inputs, key: action, connection: id)
            #expect(answer.status == 200 && answer.json.at("run.status") == "succeeded", "\(action): \(answer.text)")
            #expect(try await executions(action) == before + 1, "\(action)")
            return answer.json["run"]?["output"] ?? .null
        }

        func ids(_ type: String) async throws -> [JSONValue] {
            let data = try await TestClient(harness.installation.sandbox.url).get(
                "/_sandbox/data/\(standIn)/\(type)?ids=true")
            return data.json["ids"]?.array ?? []
        }
    }

    private static func stripeHost(extra: String = noLimits) async throws -> Host {
        try await Host("stripe", #"["read:payments","write:invoices"]"#, extra: extra)
    }

    private static func slackHost() async throws -> Host {
        try await Host("slack", #"["chat:write","channels:read","users:read","channels:history"]"#)
    }

    @Test("Stripe: a customer, an invoice through its life, and the end of a subscription")
    func stripe() async throws {
        let host = try await Self.stripeHost()
        let customer = try await host.output("createCustomer", ["email": "ada@example.com"])["customerId"] ?? .null
        let invoice =
            try await host.output(
                "createInvoice", ["customerId": customer, "currency": "eur", "daysUntilDue": 14])["invoiceId"] ?? .null
        _ = try await host.output(
            "addInvoiceItem",
            ["customerId": customer, "invoiceId": invoice, "currency": "eur", "amount": "19.99", "description": "May"])
        let open = try await host.output("finalizeInvoice", ["invoiceId": invoice])
        #expect(open["status"] == "open" && open["number"]?.string != nil)
        #expect(try await host.output("voidInvoice", ["invoiceId": invoice])["status"] == "void")
        let subscriptions = try await host.ids("subscriptions")
        var canceled = 0
        for (index, id) in subscriptions.prefix(30).enumerated() where canceled == 0 {
            let run = try await host.harness.run(
                "cancelSubscription", ["subscriptionId": id], key: "end-\(index)", connection: host.id)
            if run.json.at("run.status") == "succeeded" { canceled += 1 }
        }
        #expect(canceled == 1)
        var refunded = 0
        for (index, id) in try await host.ids("payments").prefix(30).enumerated() where refunded == 0 {
            let run = try await host.harness.run(
                "refundPayment", ["paymentId": id], key: "r-\(index)", connection: host.id)
            if run.json.at("run.status") == "succeeded" { refunded += 1 }
        }
        #expect(refunded == 1)
    }

    @Test("Slack: a message is sent, answered, changed and deleted, and members are listed")
    func slack() async throws {
        let host = try await Self.slackHost()
        let channel = try #require(try await host.ids("channels").first)
        let message = try await host.output(
            "sendMessage", ["channelId": channel, "text": "Green *build*\n{accountId}"])
        let thread = message["messageId"] ?? .null
        _ = try await host.output("replyToMessage", ["channelId": channel, "threadId": thread, "text": "Thanks"])
        _ = try await host.output("updateMessage", ["channelId": channel, "messageId": thread, "text": "Red"])
        _ = try await host.output("deleteMessage", ["channelId": channel, "messageId": thread])
        let members = try await host.harness.run("listMembers", ["channelId": channel], key: "m", connection: host.id)
        #expect(members.json.at("run.output.members")?.array?.isEmpty == false, "\(members.text)")
    }

    @Test("QuickBooks: a customer, an invoice that is sent, and a payment")
    func quickBooks() async throws {
        let host = try await Host("quickbooks", #"["accounting"]"#)
        let customer = try await host.output("createCustomer", ["displayName": "Ada"])["customerId"] ?? .null
        let invoice = try await host.output(
            "createInvoice",
            [
                "customerId": customer,
                "lines": [["amount": "19.99", "itemId": "1"], ["amount": "0.01", "itemId": "2"]],
            ])
        #expect(
            invoice["total"]?.number?.decimal.map { $0.isSameAmount(as: ExactDecimal("20")!) } == true, "\(invoice)")
        let id = invoice["invoiceId"] ?? .null
        #expect(try await host.output("sendInvoice", ["invoiceId": id])["emailStatus"] == "EmailSent")
        _ = try await host.output("recordPayment", ["customerId": customer, "amount": "20.00", "invoiceId": id])
    }

    @Test("Xero: a contact, an invoice and a payment")
    func xero() async throws {
        let host = try await Host(
            "xero", #"["accounting.invoices","accounting.payments"]"#,
            environment: ["INTEGRATION_HOST_PROVIDERS_XERO_SCOPE": "accounting.contacts"])
        let contact = try await host.output("createContact", ["name": "Ada"])["contactId"] ?? .null
        let invoice = try await host.output(
            "createInvoice",
            ["contactId": contact, "dueDate": "2026-12-31", "lines": [["description": "May", "amount": "19.99"]]])
        #expect(invoice["status"] == "DRAFT")
        _ = try await host.output(
            "createPayment",
            ["invoiceId": invoice["invoiceId"] ?? .null, "accountCode": "090", "amount": "19.99", "date": "2026-12-01"])
    }

    @Test("Discord: the operator's bot sends a message and changes roles, for applications only")
    func discord() async throws {
        let host = try await Host(
            "discord", #"["identify"]"#, extra: Self.noLimits + ",\"actions\":{\"forSessions\":true}")
        _ = try await host.output("sendMessage", ["channelId": "1180000000000000200", "text": "Welcome"])
        let member = try #require(try await host.ids("members").first)
        let role = try await Self.role(of: host)
        _ = try await host.output("addRole", ["userId": member, "roleId": role])
        _ = try await host.output("removeRole", ["userId": member, "roleId": role])
        let session = try await host.harness.installation.client(user: "user-1")
        let refused = try await session.send(
            "POST", "/api/integrations/connections/\(host.id)/actions/addRole",
            body: "{\"userId\":\"1\",\"roleId\":\"1\"}", headers: [("Idempotency-Key", "a")])
        #expect(refused.status == 403, "\(refused.text)")
        let listed = try await session.get("/api/integrations/connections/\(host.id)/actions")
        #expect(listed.status == 200 && listed.json["actions"]?.array?.isEmpty == true)
    }

    /// The role that the host's configuration names.
    private static func role(of host: Host) async throws -> JSONValue {
        let providers = try await TestClient(host.harness.installation.sandbox.url).get("/_sandbox/providers").json
        return try #require(providers.at("discord.settings.unverifiedRoleId"), "\(providers)")
    }

    @Test("A key never runs an action twice, and belongs to one request")
    func keys() async throws {
        let host = try await Self.stripeHost()
        let inputs: JSONValue = ["email": "ada@example.com", "name": "Ada"]
        let first = try await host.harness.run("createCustomer", inputs, key: "k", connection: host.id)
        let again = try await host.harness.run(
            "createCustomer", ["name": "Ada", "email": "ada@example.com"], key: "k", connection: host.id)
        #expect(first.json["run"] == again.json["run"] && first.status == 200, "\(again.text)")
        let other = try await host.harness.run(
            "createCustomer", ["email": "b@example.com"], key: "k", connection: host.id)
        #expect(other.status == 409, "\(other.text)")
        let missing = try await host.harness.run("createCustomer", inputs, key: nil, connection: host.id)
        #expect(missing.status == 400 && missing.text.contains("Idempotency-Key"))
        let answers = try await withThrowingTaskGroup(of: JSONValue?.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    try await host.harness.run("createCustomer", inputs, key: "many", connection: host.id).json["run"]
                }
            }
            return try await group.reduce(into: [JSONValue?]()) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0 == answers[0] && $0?["status"] == "succeeded" })
        #expect(try await host.executions("createCustomer") == 2)
        let id = try #require(first.json.at("run.id")?.string)
        let read = try await host.harness.client.get("/api/integrations/connections/\(host.id)/actions/runs/\(id)")
        #expect(read.json["run"] == first.json["run"])
        #expect(try await host.harness.runs(host.id).count == 2)
    }

    @Test("Only who may runs an action: a session, a missing permission, an unknown action and input are refused")
    func refusals() async throws {
        let host = try await Host("stripe", #"["read:payments"]"#)
        let session = try await host.harness.installation.client(user: "user-1")
        let path = "/api/integrations/connections/\(host.id)/actions"
        #expect(try await session.get(path).status == 403)
        let narrow = try await host.harness.run(
            "createCustomer", ["email": "a@example.com"], key: "a", connection: host.id)
        #expect(narrow.status == 403 && narrow.text.contains("read_write"), "\(narrow.text)")
        #expect(try await host.harness.run("nothing", [:], key: "a", connection: host.id).status == 404)
        let invalid = try await host.harness.run("createCustomer", ["email": ""], key: "a", connection: host.id)
        #expect(invalid.status == 400 && invalid.text.contains("email"), "\(invalid.text)")
        let stranger = try await ActionHarness(host.harness.installation, user: "user-2")
        #expect(
            try await stranger.run("createCustomer", ["email": "a@example.com"], key: "a", connection: host.id).status
                == 404)
        let listed = try await host.harness.client.get(path)
        let action = listed.json["actions"]?.array?.first { $0["name"] == "createCustomer" }
        #expect(
            action?["available"] == false && action?.at("input.properties.email.type") == "string", "\(listed.text)")
        #expect(try await host.executions("createCustomer") == 0)
    }

    @Test(
        "An answer that is lost or broken is settled by the key, and the action is carried out once",
        arguments: [
            #""drop-after-processing":true"#, #""truncate":true"#, #""garbage":true,"after-processing":true"#,
            #""status":409"#, #""status":503"#,
        ])
    func lostAnswers(fault: String) async throws {
        let host = try await Self.stripeHost()
        try await host.harness.fault("{\"provider\":\"stripe\",\"match\":\"/api/v1/customers\",\(fault)}")
        let run = try await host.harness.run(
            "createCustomer", ["email": "a@example.com"], key: "k", connection: host.id)
        #expect(run.json.at("run.status") == "unknown" && run.json.at("run.settling") == true, "\(run.text)")
        let settled = try await host.harness.settled(host.id)
        #expect(settled.first?["status"] == "succeeded", "\(settled)")
        #expect(try await host.executions("createCustomer") == 1)
    }

    @Test("A request that the provider puts off is sent again; a refusal ends the run")
    func refusedByProvider() async throws {
        let host = try await Self.stripeHost()
        try await host.harness.fault(
            #"{"provider":"stripe","match":"/api/v1/customers","status":429,"headers":{"Retry-After":"1"}}"#)
        _ = try await host.output("createCustomer", ["email": "a@example.com"])
        let refused = try await host.harness.run("voidInvoice", ["invoiceId": "in_none"], key: "v", connection: host.id)
        #expect(refused.json.at("run.status") == "failed" && refused.json.at("run.error.reason") == "refused")
        #expect(refused.json.at("run.error.code") == "resource_missing", "\(refused.text)")
    }

    @Test("Slack: a message whose answer was lost is found in its channel, and is sent once")
    func lookUp() async throws {
        let host = try await Self.slackHost()
        let channel = try #require(try await host.ids("channels").first)
        try await host.harness.fault(
            #"{"provider":"slack","match":"/api/chat.postMessage","drop-after-processing":true}"#)
        let run = try await host.harness.run(
            "sendMessage", ["channelId": channel, "text": "Once"], key: "k", connection: host.id)
        #expect(run.json.at("run.status") == "unknown", "\(run.text)")
        let settled = try await host.harness.settled(host.id)
        #expect(
            settled.first?["status"] == "succeeded" && settled.first?.at("output.messageId")?.string != nil,
            "\(settled)")
        #expect(try await host.executions("sendMessage") == 1)
    }
}
