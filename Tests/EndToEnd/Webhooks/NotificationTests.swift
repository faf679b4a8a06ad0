// Notifications as an application sees them: an endpoint on loopback that takes, refuses, redirects or is gone, and a host that is
// stopped, killed and restarted in between.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Notifications", .serialized, .timeLimit(.minutes(5)))
struct NotificationTests {
    private static let connections = "/api/integrations/connections"
    private static let unlimited =
        "\"rateLimits\":{\"connectionCreation\":0,\"sync\":0,\"oauth\":0,\"status\":0},\"webhookRetrySeconds\":[1,1]"

    /// A host, one of its users, and a connection of that user whose notifications go to `receiver`.
    private struct Bench {
        let installation: TestInstallation
        let user: String
        let id: String
        let receiver: TestReceiver
        let secret: String
        var path: String { "\(NotificationTests.connections)/\(id)" }

        init(_ user: String, _ receiver: TestReceiver, service: String = "stripe") async throws {
            installation = try await TestInstallation(extra: NotificationTests.unlimited, logLevel: "debug")
            self.user = user
            self.receiver = receiver
            let client = try await installation.client(user: user)
            id = try await installation.connect(service, client)
            let path = "\(NotificationTests.connections)/\(id)"
            let changed = try await client.send(
                "PATCH", path, body: "{\"settings\":{\"webhookUrl\":\"\(receiver.url)\"}}")
            #expect(changed.status == 200, "\(changed.text)")
            secret = try #require(try await client.get(path + "/webhook-secret").json["secret"]?.string)
        }

        func client() async throws -> TestClient { try await installation.client(user: user) }

        /// Puts a test event in line.
        func test() async throws -> String {
            let answer = try await client().post(path + "/webhook-deliveries/test", "{}")
            #expect(answer.status == 200, "\(answer.text)")
            return try #require(answer.json.at("delivery.eventId")?.string)
        }

        /// The log, once `condition` holds for an event of it.
        func delivery(_ eventID: String, until condition: (JSONValue) -> Bool) async throws -> JSONValue {
            let client = try await client()
            for _ in 0..<1000 {
                let page = try await client.get(path + "/webhook-deliveries").json
                if let found = page["deliveries"]?.array?.first(where: { $0["eventId"]?.string == eventID }),
                    condition(found)
                {
                    return found
                }
                try await Task.sleep(for: .milliseconds(20))
            }
            throw HostProcessError(
                description: "\(try await client.get(path + "/webhook-deliveries").text) \(installation.host.log)")
        }

        /// The files of the host that hold `text`.
        func files(holding text: String) throws -> [String] {
            try FileManager.default.subpathsOfDirectory(atPath: installation.data).filter { file in
                let content = FileManager.default.contents(atPath: installation.data + "/" + file)
                return content?.range(of: Data(text.utf8)) != nil
            }
        }

        /// The signing secret as it is stored.
        func sealedSecret() throws -> String {
            for file in try files(holding: "\"webhook\"") {
                let content = FileManager.default.contents(atPath: installation.data + "/" + file) ?? Data()
                // A document, or the newest of those in the journal.
                let text = String(decoding: content, as: UTF8.self)
                guard let start = text.range(of: "\"webhook\":{\"secret\":\"", options: .backwards)?.upperBound,
                    let end = text[start...].firstIndex(of: "\"")
                else { continue }
                return String(text[start..<end])
            }
            throw HostProcessError(description: "no secret is stored")
        }

        func outcomes(_ delivery: JSONValue) -> [String] {
            delivery["attempts"]?.array?.compactMap { $0["outcome"]?.string } ?? []
        }
    }

    @Test("A finished sync sends one signed notification; its secret and the URL's query appear nowhere else")
    func signed() async throws {
        let receiver = try TestReceiver()
        let bench = try await Bench("listener", receiver)
        let client = try await bench.client()
        let sync = try await bench.installation.sync(
            bench.id, client, body: #"{"syncType":"full","dataTypes":["payments"]}"#)
        let delivery = try #require(try await receiver.received(1).first)
        #expect(delivery.id.hasPrefix("evt-"))
        #expect(delivery.headers["content-type"] == "application/json")
        #expect(delivery.headers["user-agent"]?.hasPrefix("integration-host/") == true)
        #expect(delivery.signatures == [try delivery.signature(bench.secret)])
        #expect(delivery.json.members?.map(\.key) == ["type", "timestamp", "data"])
        #expect(delivery.json["type"] == "sync.completed")
        #expect(delivery.json.at("data.connectionId")?.string == bench.id)
        #expect(delivery.json.at("data.provider") == "stripe")
        #expect(delivery.json.at("data.userId") == "listener")
        #expect(delivery.json.at("data.syncId") == sync["id"])
        #expect(delivery.json.at("data.recordsSynced") == sync["recordsSynced"])
        let logged = try await bench.delivery(delivery.id) { $0["status"] == "delivered" }
        #expect(logged["type"] == "sync.completed")
        #expect(logged["nextAttemptAt"]?.isNull == true)
        #expect(logged.at("attempts.0.httpStatus") == 204)
        #expect(bench.outcomes(logged) == ["delivered"])

        let shown = try await client.get(bench.path + "/webhook-secret")
        #expect(shown.header("Cache-Control")?.contains("no-store") == true)
        #expect(shown.json["previousSecretExpiresAt"]?.isNull == true)
        var seen = [bench.installation.host.log, try await client.get("/metrics").text]
        for path in ["", "/explain", "/webhook-deliveries"] {
            seen.append(try await client.get(bench.path + path).text)
        }
        seen.append(try await client.get(Self.connections).text)
        for text in seen {
            #expect(!text.contains(bench.secret) && !text.contains("whsec_"))
        }
        for text in [seen[0], seen[1], seen[4]] { #expect(!text.contains("s3cr3tOfTheQuery")) }
        #expect(seen[1].contains("integration_host_notifications_total{outcome=\"succeeded\"} 1"))
        #expect(seen[1].contains("integration_host_notification_attempts_total{outcome=\"delivered\"} 1"))
        #expect(seen[1].contains("integration_host_notifications_waiting 0"))
        #expect(await bench.installation.host.terminate() == 0)
        #expect(receiver.deliveries.count == 1)
        await receiver.stop()
        #expect(try bench.files(holding: String(bench.secret.dropFirst(6))).isEmpty)
    }

    @Test(
        "A grant without a refresh token that the provider ended sends two notifications: sync failed, connection expired"
    )
    func expired() async throws {
        let receiver = try TestReceiver()
        let bench = try await Bench("expelled", receiver, service: "slack")
        let client = try await bench.client()
        let revoked = try await client.with(token: nil).post(
            bench.installation.sandbox.url + "/_sandbox/tokens", #"{"provider":"slack","action":"revoke"}"#)
        #expect(revoked.status < 300)
        let sync = try await bench.installation.sync(bench.id, client, body: #"{"dataTypes":["users"]}"#)
        #expect(sync["status"] == "failed")
        let told = try await receiver.received(2)
        #expect(Set(told.compactMap { $0.json["type"]?.string }) == ["sync.failed", "connection.expired"])
        let stored = try await client.get(bench.path + "/webhook-deliveries").json["deliveries"]?.array ?? []
        #expect(stored.compactMap { $0["eventId"]?.string } == told.map(\.id).reversed())
        for delivery in told {
            #expect(delivery.signatures == [try delivery.signature(bench.secret)])
            #expect(delivery.json.at("data.reason")?.string ?? delivery.json.at("data.message")?.string != nil)
        }
        await receiver.stop()
    }

    @Test("A refused refresh expires the connection, and the application is not notified before the last attempt")
    func doubted() async throws {
        let receiver = try TestReceiver()
        let bench = try await Bench("doubted", receiver, service: "quickbooks")
        let client = try await bench.client()
        let revoked = try await client.with(token: nil).post(
            bench.installation.sandbox.url + "/_sandbox/tokens", #"{"provider":"quickbooks","action":"revoke"}"#)
        #expect(revoked.status < 300)
        let sync = try await bench.installation.sync(bench.id, client, body: #"{"dataTypes":["customers"]}"#)
        #expect(sync["status"] == "failed")
        #expect(try await client.get(bench.path).json.at("connection.status") == "expired")
        #expect(try await receiver.received(1).map { $0.json["type"] } == ["sync.failed"])
        let explanation = try await client.get(bench.path + "/explain").json["explanation"] ?? .null
        #expect(explanation["class"] == "revoked")
        #expect(explanation.at("nextRetry.automatic") == true)
        await receiver.stop()
    }

    @Test("After a rotation both secrets sign, and an event is delivered again with its id")
    func rotation() async throws {
        let receiver = try TestReceiver()
        let bench = try await Bench("rotator", receiver)
        let client = try await bench.client()
        let rotated = try await client.post(bench.path + "/webhook-secret/rotate", "{}").json
        let secret = try #require(rotated["secret"]?.string)
        #expect(secret != bench.secret)
        #expect(rotated["previousSecretExpiresAt"]?.string != nil)
        #expect(try await client.get(bench.path + "/webhook-secret").json["secret"]?.string == secret)
        let id = try await bench.test()
        let delivery = try #require(try await receiver.received(1).first)
        #expect(delivery.id == id)
        #expect(delivery.json["type"] == "webhook.test")
        #expect(delivery.signatures == [try delivery.signature(secret), try delivery.signature(bench.secret)])
        _ = try await bench.delivery(id) { $0["status"] == "delivered" }
        // The keys of the host may be replaced meanwhile.
        #expect(try await HostProcess.run(bench.installation.command("keys", "rotate")).code == 0)
        #expect(try await client.post(bench.path + "/webhook-deliveries/\(id)/redeliver", "{}").status == 200)
        let again = try await receiver.received(2)[1]
        #expect(again.id == id)
        #expect(again.body == delivery.body)
        #expect(again.signatures == [try again.signature(secret), try again.signature(bench.secret)])
        #expect(try await client.post(bench.path + "/webhook-deliveries/evt-unknown/redeliver", "{}").status == 404)

        let other = try await bench.installation.client(user: "somebody-else")
        let missing = "\(Self.connections)/\(String(bench.id.dropLast(4)))0000"
        for (method, path) in [
            ("GET", "/webhook-secret"), ("POST", "/webhook-secret/rotate"), ("GET", "/webhook-deliveries"),
            ("POST", "/webhook-deliveries/test"), ("POST", "/webhook-deliveries/\(id)/redeliver"),
        ] {
            let foreign = try await other.send(method, bench.path + path)
            let none = try await other.send(method, missing + path)
            #expect(foreign.status == 404, "\(method) \(path)")
            #expect(foreign.body == none.body, "\(method) \(path)")
        }
        await receiver.stop()
    }

    @Test(
        "A refused notification is retried with the same id, redirects are not followed, and a failed one can be resent"
    )
    func retries() async throws {
        let elsewhere = try TestReceiver()
        let receiver = try TestReceiver(.init(500), .init(307, headers: [("Location", elsewhere.url)]))
        let bench = try await Bench("retrier", receiver)
        let id = try await bench.test()
        let waiting = try await bench.delivery(id) { $0["attempts"]?.count == 1 }
        #expect(waiting["status"] == "pending")
        #expect(waiting["nextAttemptAt"]?.string != nil)
        let delivered = try await bench.delivery(id) { $0["status"] != "pending" }
        #expect(delivered["status"] == "delivered")
        #expect(bench.outcomes(delivered) == ["serverError", "redirected", "delivered"])
        #expect(Set(receiver.deliveries.map(\.id)) == [id])
        #expect(elsewhere.deliveries.isEmpty)

        receiver.answer(then: .init(404))
        let lost = try await bench.test()
        let failed = try await bench.delivery(lost) { $0["status"] != "pending" }
        #expect(failed["status"] == "failed")
        #expect(bench.outcomes(failed) == ["rejected", "rejected", "rejected"])
        let client = try await bench.client()
        #expect(
            try await client.get(bench.path + "/webhook-deliveries").json.at("endpoint.state") == "failing")
        receiver.answer()
        #expect(try await client.post(bench.path + "/webhook-deliveries/\(lost)/redeliver", "{}").status == 200)
        #expect(try await bench.delivery(lost) { $0["status"] == "delivered" }["attempts"]?.count == 4)
        #expect(try await client.get(bench.path + "/webhook-deliveries").json.at("endpoint.state") == "active")
        let page = try await client.get(bench.path + "/webhook-deliveries?limit=1&page=2").json
        #expect(page["deliveries"]?.count == 1)
        #expect(page.at("deliveries.0.eventId")?.string == id)
        #expect((page["total"], page["dropped"]) == (2, 0))
        await receiver.stop()
        await elsewhere.stop()
    }

    @Test("An endpoint that answers 410 is not called again until its URL is set, also after a restart")
    func gone() async throws {
        let receiver = try TestReceiver(.init(410))
        let bench = try await Bench("leaver", receiver)
        let id = try await bench.test()
        _ = try await bench.delivery(id) { $0["attempts"]?.count == 1 }
        let client = try await bench.client()
        #expect(try await client.post(bench.path + "/webhook-deliveries/test", "{}").status == 409)
        #expect(try await client.post(bench.path + "/webhook-deliveries/\(id)/redeliver", "{}").status == 409)
        let log = try await client.get(bench.path + "/webhook-deliveries").json
        #expect(log.at("endpoint.state") == "disabled")
        #expect(log.at("endpoint.disabledAt")?.string != nil)
        let explained = try await client.get(bench.path + "/explain").json
        #expect(explained.at("explanation.class") == "notificationsFailing")
        #expect(explained.at("explanation.action.by") == "user")
        #expect(await bench.installation.host.terminate() == 0)
        try await bench.installation.restart()
        let later = try await bench.client()
        #expect(try await later.get(bench.path + "/explain").json.at("explanation.notificationsWaiting") == 1)
        #expect(receiver.deliveries.count == 1)
        let set = "{\"settings\":{\"webhookUrl\":\"\(receiver.url)\"}}"
        #expect(try await later.send("PATCH", bench.path, body: set).status == 200)
        #expect(try await receiver.received(2)[1].id == id)
        _ = try await bench.delivery(id) { $0["status"] == "delivered" }
        #expect(try await later.get(bench.path + "/explain").json.at("explanation.class") == "working")
        await receiver.stop()
    }

    @Test("A host that is killed while it delivers, or before, delivers after the restart, with the same id")
    func killed() async throws {
        let receiver = try TestReceiver(.init(204, delay: .seconds(60)), .init(503))
        let bench = try await Bench("survivor", receiver)
        let id = try await bench.test()
        _ = try await receiver.received(1)
        bench.installation.host.kill()
        try await bench.installation.restart()
        #expect(try await receiver.received(2)[1].id == id)
        _ = try await bench.delivery(id) { $0["attempts"]?.count == 1 }
        bench.installation.host.kill()
        try await bench.installation.restart()
        #expect(try await receiver.received(3)[2].id == id)
        let delivered = try await bench.delivery(id) { $0["status"] == "delivered" }
        #expect(bench.outcomes(delivered) == ["serverError", "delivered"])
        bench.installation.host.kill()
        try await bench.installation.restart()
        _ = try await bench.test()
        #expect(try await receiver.received(4).count(where: { $0.id == id }) == 3, "what was taken is not sent again")
        await receiver.stop()
    }

    @Test("A slow endpoint delays no other, and the host stops without waiting for it")
    func slow() async throws {
        let slow = try TestReceiver()
        slow.answer(then: .init(204, delay: .seconds(60)))
        let bench = try await Bench("sluggard", slow)
        let receiver = try TestReceiver()
        let other = try await bench.installation.client(user: "other")
        let id = try await bench.installation.connect("stripe", other)
        _ = try await other.send(
            "PATCH", "\(Self.connections)/\(id)", body: "{\"settings\":{\"webhookUrl\":\"\(receiver.url)\"}}")
        for _ in 0..<3 { _ = try await bench.test() }
        _ = try await slow.received(1)
        #expect(try await other.post("\(Self.connections)/\(id)/webhook-deliveries/test", "{}").status == 200)
        _ = try await receiver.received(1)
        #expect(slow.deliveries.count == 1)
        #expect(await bench.installation.host.terminate() == 0)
        await receiver.stop()
        await slow.stop()
    }

    @Test("Deleting a connection notifies first; a disconnected one keeps its signing secret")
    func ended() async throws {
        let receiver = try TestReceiver()
        let bench = try await Bench("quitter", receiver)
        let client = try await bench.client()
        let found = try await client.get("/api/integrations/status").json.at("data.integrations.0")
        let account = try #require(found?["accountId"]?.string)
        let path = "/api/integrations/disconnect/stripe/\(account)"
        #expect(try await client.send("DELETE", path).status == 200)
        let disconnected = try #require(try await receiver.received(1).first)
        #expect(disconnected.json["type"] == "connection.revoked")
        #expect(disconnected.json.at("data.reason") == "disconnected")
        #expect(disconnected.signatures == [try disconnected.signature(bench.secret)])
        #expect(try await bench.installation.connect("stripe", client) == bench.id)
        #expect(try await receiver.received(2)[1].json["type"] == "connection.connected")
        let sealed = try bench.sealedSecret()
        #expect(try !bench.files(holding: sealed).isEmpty, "the search finds what is there")
        #expect(
            try await client.send("PATCH", bench.path, body: #"{"settings":{"webhookUrl":null}}"#).status == 200)
        #expect(try bench.files(holding: sealed).isEmpty)
        #expect(try await client.get(bench.path + "/webhook-secret").status == 409)
        let set = "{\"settings\":{\"webhookUrl\":\"\(receiver.url)\"}}"
        #expect(try await client.send("PATCH", bench.path, body: set).status == 200)
        let secret = try #require(try await client.get(bench.path + "/webhook-secret").json["secret"]?.string)
        #expect(secret != bench.secret)
        let last = try bench.sealedSecret()
        #expect(try await client.send("DELETE", bench.path).status == 200)
        let told = receiver.deliveries
        #expect(told.last?.json.at("data.reason") == "deleted")
        #expect(told.last?.signatures == [try told[told.count - 1].signature(secret)])
        #expect(try await client.get(bench.path + "/webhook-secret").status == 404)
        #expect(try bench.files(holding: last).isEmpty)
        await receiver.stop()
    }

    @Test("A private URL accepted earlier gets no notification once private addresses are not allowed")
    func addresses() async throws {
        let receiver = try TestReceiver(.init(500))
        let bench = try await Bench("insider", receiver)
        let id = try await bench.test()
        _ = try await receiver.received(1)
        bench.installation.host.kill()
        try await bench.installation.restart(environment: ["INTEGRATION_HOST_ALLOW_PRIVATE_ADDRESSES": "false"])
        let failed = try await bench.delivery(id) { $0["status"] == "failed" }
        #expect(bench.outcomes(failed).suffix(2) == ["urlRefused", "urlRefused"])
        #expect(receiver.deliveries.count == 1)
        let client = try await bench.client()
        let refused = try await client.send(
            "PATCH", bench.path, body: #"{"settings":{"webhookUrl":"https://169.254.169.254/latest"}}"#)
        #expect(refused.status == 400)
        #expect(refused.json.at("details.field") == "settings.webhookUrl")
        await receiver.stop()
    }
}
