// Webhooks as providers send them: signed by the stand-ins, over a socket, to a host that is restarted and killed.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

/// A delivery of a stand-in, to be sent as it is or changed.
struct StandInDelivery: Sendable {
    var headers: [(name: String, value: String)]
    var body: String
}

extension TestInstallation {
    /// A delivery that the stand-in of a provider signs.
    func delivery(_ provider: String, _ event: String, _ members: String = "") async throws -> StandInDelivery {
        let answer = try await client(user: nil).post(
            sandbox.url + "/_sandbox/webhooks",
            "{\"provider\":\"\(provider)\",\"event\":\"\(event)\"\(members.isEmpty ? "" : "," + members)}")
        guard let body = answer.json["body"]?.string, let headers = answer.json["headers"]?.members else {
            throw HostProcessError(description: "no delivery: \(answer.text)")
        }
        return StandInDelivery(headers: headers.map { ($0.key, $0.value.string ?? "") }, body: body)
    }

    /// Sends a delivery as a provider does: without a session.
    func deliver(_ delivery: StandInDelivery, to provider: String) async throws -> TestResponse {
        try await client(user: nil).send(
            "POST", "/webhooks/\(provider)", body: delivery.body, headers: delivery.headers)
    }

    /// Makes an object at a stand-in.
    ///
    /// - Returns: its id.
    func create(_ provider: String, _ type: String) async throws -> String {
        let made = try await client(user: nil).post(
            sandbox.url + "/_sandbox/data", #"{"provider":"\#(provider)","type":"\#(type)","action":"create"}"#)
        guard let id = made.json.at("ids.0")?.string else { throw HostProcessError(description: made.text) }
        return id
    }

    /// The syncs of a connection that webhooks caused.
    func webhookSyncs(_ id: String, _ client: TestClient) async throws -> [JSONValue] {
        let syncs = try await client.get("/api/integrations/connections/\(id)/syncs?limit=20").json["syncs"]?.array
        return (syncs ?? []).filter { $0["trigger"] == "webhook" }
    }

    /// Waits until a webhook's sync has ended.
    func webhookSync(_ id: String, _ client: TestClient, count: Int = 1) async throws -> JSONValue {
        for _ in 0..<600 {
            let syncs = try await webhookSyncs(id, client)
            if syncs.count >= count, let sync = syncs.first, sync["status"] != "running" { return sync }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw HostProcessError(description: "no sync by webhook; \(host.log)")
    }

    /// A metric without labels, or with the labels that are part of `name`.
    func metric(_ name: String) async throws -> Int? {
        let page = try await client(user: nil).get("/metrics").text
        return page.split(separator: "\n").first { $0.hasPrefix("integration_host_\(name) ") }
            .flatMap { Int($0.split(separator: " ").last ?? "") }
    }

    /// Waits until nothing that came in is left to be carried out.
    func settled() async throws {
        for _ in 0..<400 {
            if try await metric("webhook_events_pending") == 0 { return }
            try await Task.sleep(for: .milliseconds(25))
        }
        throw HostProcessError(description: "events are left; \(host.log)")
    }
}

@Suite("Webhooks of providers", .timeLimit(.minutes(5)))
struct IncomingWebhookTests {
    private static let connections = "/api/integrations/connections"

    struct Source: Sendable, CustomTestStringConvertible {
        let provider: String
        /// The type of the stand-in, which is the data type of the host too.
        let type: String
        let rejection: Int
        let hasTimestamp: Bool
        var testDescription: String { provider }
    }

    static let sources = [
        Source(provider: "stripe", type: "customers", rejection: 400, hasTimestamp: true),
        Source(provider: "slack", type: "users", rejection: 401, hasTimestamp: true),
        Source(provider: "quickbooks", type: "customers", rejection: 401, hasTimestamp: false),
        Source(provider: "xero", type: "contacts", rejection: 401, hasTimestamp: false),
    ]

    @Test(
        "A signed webhook starts one sync; altered, old, unsigned and repeated ones start none, also after a restart",
        arguments: sources)
    func changes(_ source: Source) async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "owner")
        let id = try await installation.connect(source.provider, client)
        let types = "\"dataTypes\":[\"\(source.type)\"]"
        let first = try await installation.sync(id, client, body: "{\"syncType\":\"full\",\(types)}")
        #expect(first["status"] == "completed" && first["trigger"] == nil, "\(first)")
        let made = try await installation.create(source.provider, source.type)
        let delivery = try await installation.delivery(source.provider, "changed", "\"type\":\"\(source.type)\"")

        var altered = delivery
        altered.body = String(delivery.body.dropLast()) + " }"
        if delivery.body.hasSuffix("]") { altered.body = String(delivery.body.dropLast()) + " ]" }
        let refused = try await installation.deliver(altered, to: source.provider)
        #expect(refused.status == source.rejection && refused.body.isEmpty && refused.header("set-cookie") == nil)
        var unsigned = delivery
        unsigned.headers = []
        #expect(try await installation.deliver(unsigned, to: source.provider).status == source.rejection)
        if source.hasTimestamp {
            for seconds in [400, -400] {
                let old = try await installation.delivery(
                    source.provider, "changed", "\"type\":\"\(source.type)\",\"signedSecondsAgo\":\(seconds)")
                #expect(try await installation.deliver(old, to: source.provider).status == source.rejection)
            }
        }
        #expect(try await installation.metric("webhook_deliveries_total{outcome=\"forged\"}") == 1)
        #expect(try await installation.metric("webhook_deliveries_total{outcome=\"accepted\"}") == 0)

        #expect(try await installation.deliver(delivery, to: source.provider).status == 200)
        #expect(try await installation.deliver(delivery, to: source.provider).status == 200)
        let sync = try await installation.webhookSync(id, client)
        #expect(sync["status"] == "completed" && sync["syncType"] == "incremental", "\(sync)")
        #expect(sync["dataTypes"] == [.string(source.type)])
        let records = try await installation.records(id, client)
        #expect(records.contains { $0["sourceId"] == .string(made) }, "\(made)")
        #expect(try await installation.metric("webhook_deliveries_total{outcome=\"duplicate\"}") == 1)
        try await installation.settled()

        installation.host.kill()
        try await installation.restart()
        let later = try await installation.client(user: "owner")
        #expect(try await installation.deliver(delivery, to: source.provider).status == 200)
        // What is counted as a repeat starts nothing later either.
        #expect(try await installation.metric("webhook_deliveries_total{outcome=\"duplicate\"}") == 1)
        try await installation.settled()
        #expect(try await installation.webhookSyncs(id, later).count == 1)
        #expect(!installation.host.log.contains(delivery.body))
    }

    @Test("Many changes at once are one sync; one that comes while a sync runs is read by the next")
    func bursts() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "busy")
        let id = try await installation.connect("stripe", client)
        let initial = try await installation.sync(
            id, client, body: #"{"syncType":"full","dataTypes":["customers","invoices"]}"#)
        #expect(initial["status"] == "completed")
        let deliveries = try await (0..<40).asyncMap { number in
            try await installation.delivery(
                "stripe", "changed", "\"type\":\"\(number % 2 == 0 ? "customers" : "invoices")\"")
        }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for delivery in deliveries {
                group.addTask { try await installation.deliver(delivery, to: "stripe").status }
            }
            for try await status in group { #expect(status == 200) }
        }
        let burst = try await installation.webhookSync(id, client)
        #expect(burst["dataTypes"]?.count == 2)
        #expect(try await installation.webhookSyncs(id, client).count == 1)

        // The events are read, and then, before the sync has ended, something changes.
        let fault = try await client.with(token: nil).post(
            installation.sandbox.url + "/_sandbox/faults",
            #"{"provider":"stripe","match":"/api/v1/events","count":1,"after-processing":true,"delay-ms":3000}"#)
        #expect(200...299 ~= fault.status, "\(fault.text)")
        _ = try await client.post("\(Self.connections)/\(id)/sync", #"{"dataTypes":["customers"]}"#)
        try await waitUntil("the request for events") {
            try await client.get(installation.sandbox.url + "/_sandbox/state").json["faultsWaiting"] == 0
        }
        let made = try await installation.create("stripe", "customers")
        let change = try await installation.delivery("stripe", "changed", #""type":"customers""#)
        #expect(try await installation.deliver(change, to: "stripe").status == 200)
        _ = try await installation.webhookSync(id, client, count: 2)
        #expect(try await installation.records(id, client).contains { $0["sourceId"] == .string(made) })
    }

    @Test(
        "A grant ended at the provider leaves a revoked connection without credentials, and a notification")
    func revocation() async throws {
        for provider in ["stripe", "slack", "discord"] {
            let installation = try await TestInstallation()
            let client = try await installation.client(user: "leaver")
            let id = try await installation.connect(provider, client)
            let patched = try await client.send(
                "PATCH", "\(Self.connections)/\(id)", body: #"{"settings":{"webhookUrl":"http://127.0.0.1:9/"}}"#)
            #expect(patched.status == 200, "\(patched.text)")
            let delivery = try await installation.delivery(provider, "revoked")
            #expect(
                try await installation.deliver(delivery, to: provider).status == (provider == "discord" ? 204 : 200))
            try await installation.settled()
            let connection = try await client.get("\(Self.connections)/\(id)").json["connection"]
            #expect(connection?["status"] == "revoked", "\(provider): \(connection ?? .null)")
            let explained = try await client.get("\(Self.connections)/\(id)/explain").json["explanation"]
            #expect(explained?["class"] == "revoked")
            #expect(explained?.at("action.by") == "user")
            #expect((explained?["notificationsWaiting"]?.integer ?? 0) >= 1)
            #expect(await installation.host.terminate() == 0)
            let document = try Self.document(of: installation)
            #expect(document.contains("\"status\":\"revoked\""))
            #expect(document.contains("\"credentials\":{\"accessToken\":null,\"refreshToken\":null"))
            #expect(document.contains("connection.revoked"))
        }
    }

    /// The only document of a user in an installation.
    private static func document(of installation: TestInstallation) throws -> String {
        let folder = installation.data + "/users"
        for file in try FileManager.default.subpathsOfDirectory(atPath: folder) where file.hasSuffix(".json") {
            return try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
        }
        throw HostProcessError(description: "no user in \(folder)")
    }

    @Test(
        "A webhook about an older grant is ignored; one without a clear time counts only when the grant is dead"
    )
    func lateRevocation() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "returner")
        let id = try await installation.connect("stripe", client)
        func status() async throws -> JSONValue? {
            try await installation.settled()
            return try await client.get("\(Self.connections)/\(id)").json.at("connection.status")
        }
        let other = try await installation.delivery("stripe", "revoked", #""live":true"#)
        #expect(try await installation.deliver(other, to: "stripe").status == 200)
        #expect(try await status() == "connected", "an event about live data")
        for seconds in [86_400, 30] {
            let late = try await installation.delivery("stripe", "revoked", "\"occurredSecondsAgo\":\(seconds)")
            #expect(try await installation.deliver(late, to: "stripe").status == 200)
            #expect(try await status() == "connected", "\(seconds) s")
        }
        #expect(try await installation.sync(id, client, body: #"{"dataTypes":["customers"]}"#)["status"] == "completed")
        let ended = try await client.with(token: nil).post(
            installation.sandbox.url + "/_sandbox/tokens", #"{"action":"revoke","provider":"stripe"}"#)
        #expect(ended.status == 200)
        let late = try await installation.delivery("stripe", "revoked", "\"occurredSecondsAgo\":30")
        #expect(try await installation.deliver(late, to: "stripe").status == 200)
        #expect(try await status() == "revoked")
    }

    @Test("A webhook answered with success is processed after a kill")
    func kill() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "survivor")
        let id = try await installation.connect("stripe", client)
        _ = try await installation.sync(id, client, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
        let made = try await installation.create("stripe", "customers")
        let delivery = try await installation.delivery("stripe", "changed", #""type":"customers""#)
        #expect(try await installation.deliver(delivery, to: "stripe").status == 200)
        installation.host.kill()
        try await installation.restart()
        let later = try await installation.client(user: "survivor")
        _ = try await installation.webhookSync(id, later)
        #expect(try await installation.records(id, later).contains { $0["sourceId"] == .string(made) })
        #expect(try await HostProcess.run(["check", "--data", installation.data]).code == 0)
    }

    @Test("After a restore a webhook that was received before the backup does nothing")
    func restore() async throws {
        let installation = try await TestInstallation(
            extra: #""webhookQuietSeconds":0,"rateLimits":{"connectionCreation":0,"sync":0,"oauth":0,"status":0}"#)
        let client = try await installation.client(user: "restorer")
        let id = try await installation.connect("stripe", client)
        _ = try await installation.sync(id, client, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
        let delivery = try await installation.delivery("stripe", "changed", #""type":"customers""#)
        #expect(try await installation.deliver(delivery, to: "stripe").status == 200)
        _ = try await installation.webhookSync(id, client)
        try await installation.settled()
        let backup = installation.directory.path + "/backup"
        let saved = try await HostProcess.run(installation.command("backup", backup))
        #expect(saved.code == 0, "\(saved.errors)")
        #expect(await installation.host.terminate() == 0)
        let kept = installation.directory.path + "/kept"
        try FileManager.default.moveItem(atPath: installation.data, toPath: kept)
        let restored = try await HostProcess.run(["restore", backup, "--data", installation.data])
        #expect(restored.code == 0, "\(restored.errors)")
        try FileManager.default.moveItem(atPath: kept + "/keys", toPath: installation.data + "/keys")
        try await installation.restart()
        #expect(try await installation.deliver(delivery, to: "stripe").status == 503, "it is paused")
        #expect(try await HostProcess.run(installation.command("resume")).code == 0)
        try await waitUntil("the inbox") { try await installation.deliver(delivery, to: "stripe").status == 200 }
        #expect(try await installation.metric("webhook_deliveries_total{outcome=\"duplicate\"}") == 1)
        let later = try await installation.client(user: "restorer")
        #expect(try await installation.webhookSyncs(id, later).count == 1)
    }

    @Test(
        "Challenges, intents to receive and pings are answered as their providers want it, and only when they are signed"
    )
    func verification() async throws {
        let installation = try await TestInstallation()
        let slack = try await installation.delivery("slack", "verification", #""id":"the-challenge""#)
        let challenge = try await installation.deliver(slack, to: "slack")
        #expect(challenge.status == 200 && challenge.json["challenge"] == "the-challenge")
        for (provider, status) in [("xero", 200), ("discord", 204)] {
            var delivery = try await installation.delivery(provider, "verification")
            let answer = try await installation.deliver(delivery, to: provider)
            #expect(answer.status == status && answer.body.isEmpty)
            #expect(answer.header("set-cookie") == nil)
            if provider == "discord" { #expect(answer.header("content-type") == "application/json") }
            delivery.body += " "
            let refused = try await installation.deliver(delivery, to: provider)
            #expect(refused.status == 401 && refused.body.isEmpty)
        }
    }

    @Test("A message deleted at Slack is deleted here and stays deleted")
    func deletion() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "writer")
        let id = try await installation.connect(
            "slack", client, body: #"{"service":"slack","permissions":["channels:read","channels:history"]}"#)
        let sync = try await installation.sync(id, client, body: #"{"syncType":"full","dataTypes":["messages"]}"#)
        #expect(sync["status"] == "completed", "\(sync)")
        let message = try #require(
            try await installation.records(id, client).first { $0["change"] == "added" }?["sourceId"]?.string)
        let delivery = try await installation.delivery(
            "slack", "deleted", "\"type\":\"messages\",\"ids\":[\"\(message)\"]")
        #expect(try await installation.deliver(delivery, to: "slack").status == 200)
        try await installation.settled()
        let records = try await installation.records(id, client)
        #expect(records.last { $0["sourceId"] == .string(message) }?["change"] == "deleted")
    }

    @Test("A stand-in sends webhooks about changes and ended grants")
    func subscription() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "subscriber")
        let id = try await installation.connect("stripe", client)
        _ = try await installation.sync(id, client, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
        let open = client.with(token: nil)
        let subscribed = try await open.post(
            installation.sandbox.url + "/_sandbox/subscriptions",
            "{\"provider\":\"stripe\",\"url\":\"\(installation.host.url)/webhooks/stripe\"}")
        #expect(subscribed.status == 200, "\(subscribed.text)")
        let made = try await installation.create("stripe", "customers")
        _ = try await installation.webhookSync(id, client)
        #expect(try await installation.records(id, client).contains { $0["sourceId"] == .string(made) })
        let revoked = try await open.post(
            installation.sandbox.url + "/_sandbox/tokens", #"{"provider":"stripe","action":"revoke"}"#)
        #expect(revoked.status == 200)
        for _ in 0..<400 {
            if try await installation.metric("webhook_events_total{outcome=\"processed\"}") == 2 { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        let connection = try await client.get("\(Self.connections)/\(id)").json["connection"]
        #expect(connection?["status"] == "revoked")
        let state = try await open.get(installation.sandbox.url + "/_sandbox/state").json
        #expect(state.at("webhooks.delivered") == 2 && state.at("webhooks.failed") == 0)
    }

    @Test("Webhook requests are refused for unknown providers, other methods and large bodies")
    func refusals() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: nil)
        for path in ["/webhooks/nobody", "/webhooks/kai", "/webhooks/arc/iidx", "/webhooks/stripe/flo", "/webhooks/"] {
            #expect(try await client.post(path, "{}").status == 404, "\(path)")
        }
        let wrong = try await client.get("/webhooks/stripe")
        #expect(wrong.status == 405 && wrong.header("allow")?.contains("POST") == true)
        let large = String(repeating: " ", count: (1 << 20) + 1)
        #expect(try await client.post("/webhooks/stripe", large).status == 413)
        #expect(try await client.post("/webhooks/stripe", String(large.dropLast())).status == 400)
        // No session is looked at, and no page of a browser may read the answer.
        let delivery = try await installation.delivery("slack", "verification")
        let signedIn = try await client.with(token: "nonsense").send(
            "POST", "/webhooks/slack", body: delivery.body,
            headers: delivery.headers + [("Cookie", "integration-host-session=x"), ("Origin", "https://evil.example")])
        #expect(signedIn.status == 200)
        #expect(signedIn.header("access-control-allow-origin") == nil)
        let document = try await client.get("/openapi.json").json
        #expect(document["paths"]?["/webhooks/{provider}"]?["post"] != nil)
    }

    @Test("Without a webhook key the provider gets a retry answer; several keys work during a rotation")
    func keys() async throws {
        let installation = try await TestInstallation()
        let delivery = try await installation.delivery("slack", "verification")
        #expect(await installation.host.terminate() == 0)
        try await installation.restart(environment: [
            "INTEGRATION_HOST_PROVIDERS_SLACK_SIGNING_SECRET": "another,slack-sandbox-signing-secret"
        ])
        #expect(try await installation.deliver(delivery, to: "slack").status == 200)
        #expect(await installation.host.terminate() == 0)
        try await installation.restart(environment: ["INTEGRATION_HOST_PROVIDERS_DISCORD_PUBLIC_KEY": "no key"])
        let answer = try await installation.deliver(delivery, to: "discord")
        #expect(answer.status == 503 && answer.header("retry-after") != nil)
        try await waitUntil("the log's word on the key") { installation.host.log.contains("publicKey") }
    }
}

extension Sequence where Element: Sendable {
    fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async throws -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
