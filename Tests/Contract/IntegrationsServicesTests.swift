// The services that the integrations document lists, with their scopes and data types, and its two examples of mapping.

import HostTesting
import ProviderSDK
import Testing

@Suite("Services of the integrations document", .timeLimit(.minutes(5)))
struct IntegrationsServicesTests {
    private static let base = "/api/integrations"

    /// A service as the document lists it.
    struct Service: Sendable, CustomTestStringConvertible {
        let id: String
        let scopes: [String]
        let dataTypes: [String]

        var testDescription: String { id }
    }

    static let services = [
        Service(
            id: "stripe", scopes: ["read:payments", "write:invoices", "read:customers", "write:subscriptions"],
            dataTypes: ["payments", "invoices", "customers", "subscriptions"]),
        Service(
            id: "slack", scopes: ["chat:write", "channels:read", "users:read"],
            dataTypes: ["messages", "channels", "users"]),
        Service(
            id: "quickbooks", scopes: ["accounting", "payments", "invoicing"],
            dataTypes: ["invoices", "expenses", "customers", "vendors"]),
        Service(
            id: "xero", scopes: ["accounting.transactions", "accounting.contacts", "accounting.settings"],
            dataTypes: ["invoices", "expenses", "contacts", "bank_transactions"]),
    ]

    @Test(
        "Each takes the scopes that the document lists, keeps them as permissions, and syncs every data type",
        arguments: services)
    func supported(_ service: Service) async throws {
        let callers = try await Callers()
        let begun = try await Case(
            "GET",
            "\(Self.base)/oauth/\(service.id)/authorize?redirectUri=https://app.example.com/callback&scopes=\(service.scopes.joined(separator: ","))",
            200
        ).run(callers.user).json
        let allowed = try await callers.nobody.get((begun["authUrl"]?.string ?? "") + "&decision=allow")
        let query = (allowed.header("location") ?? "").split(separator: "?", maxSplits: 1).last ?? ""
        let done = try await Case("GET", "\(Self.base)/oauth/\(service.id)/callback?\(query)", 200).run(callers.user)
        let id = done.json["connectionId"]?.string ?? ""
        let connection = try await callers.user.get("\(Self.base)/connections/\(id)").json["connection"] ?? .null
        #expect(connection["permissions"] == .array(service.scopes.map { .string($0) }))
        let types = service.dataTypes.map { "\"\($0)\"" }.joined(separator: ",")
        let sync = try await callers.installation.sync(
            id, callers.user, body: #"{"syncType":"full","dataTypes":[\#(types)]}"#)
        #expect(sync["status"] == "completed", "\(sync)")
        #expect(sync["dataTypes"] == .array(service.dataTypes.map { .string($0) }))
        for type in service.dataTypes {
            let page = try await Case("GET", "\(Self.base)/connections/\(id)/records?limit=1000&dataType=\(type)", 200)
                .run(callers.user).json
            #expect(page["records"]?.array?.allSatisfy { $0["dataType"]?.string == type } == true)
        }
    }

    /// The record that a new thing at the stand-in becomes.
    private func record(_ service: String, _ type: String, _ set: String) async throws -> JSONValue {
        let callers = try await Callers()
        let made = try await callers.nobody.post(
            "\(callers.installation.sandbox.url)/_sandbox/data",
            #"{"provider":"\#(service)","type":"\#(type)","action":"create","count":1,"set":\#(set)}"#)
        let source = made.json["ids"]?[0]?.string ?? "none"
        let id = try await callers.installation.connect(service, callers.user)
        _ = try await callers.installation.sync(
            id, callers.user, body: #"{"syncType":"full","dataTypes":["\#(type)"]}"#)
        let records = try await callers.installation.records(id, callers.user, query: "limit=1000&dataType=\(type)")
        let found = records.first { $0["sourceId"]?.string == source } ?? .null
        #expect(found.at("data.sourceId")?.string == source)
        let name = String(source.drop { $0 != "_" }.dropFirst())
        #expect(found["id"] == found.at("data.id"))
        #expect(found["id"]?.string?.hasSuffix(name.isEmpty ? source : name) == true)
        return found["data"] ?? .null
    }

    @Test("Stripe Payment Mapping: 1000 cents that succeeded are 10.00 USD, completed")
    func payment() async throws {
        let payment = try await record(
            "stripe", "payments", #"{"amount":1000,"currency":"usd","status":"succeeded"}"#)
        #expect(payment["id"]?.string?.hasPrefix("payment-") == true)
        #expect(payment["amount"]?.description == "10.00")
        #expect(payment["currency"] == "USD")
        #expect(payment["status"] == "completed")
    }

    @Test("QuickBooks Invoice Mapping: total, balance and date")
    func invoice() async throws {
        let invoice = try await record("quickbooks", "invoices", #"{"amount":100000,"status":"paid"}"#)
        #expect(invoice["id"]?.string?.hasPrefix("invoice-") == true)
        #expect(invoice["amount"] == 1000)
        #expect(invoice["balance"] == 0)
        let date = invoice["date"]?.string ?? ""
        #expect(date.utf8.count == "2024-01-01T00:00:00Z".utf8.count && date.hasSuffix("T00:00:00Z"), "\(date)")
    }
}
