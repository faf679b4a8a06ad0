// A host that dies while it takes in an event and delivers it: what was acknowledged reaches the application, with the same id at
// every attempt, and then nothing waits any more.

import HostTesting
import ProviderSDK
import Synchronization
import Testing

@Suite("A crash in a delivery", .serialized)
struct NotificationCrashTests {
    private static let connections = "/api/integrations/connections"

    @Test("an event that was acknowledged is delivered, wherever the host was killed")
    func delivered() async throws {
        let receiver = try TestReceiver()
        let acknowledged = Mutex<String?>(nil)
        let sweep = try CrashSweep(extra: RefreshCrashTests.noLimits)
        let kills = try await sweep.run { installation in
            acknowledged.withLock { $0 = nil }
            let client = try installation.client(user: "user-1")
            let id = try await installation.connect("stripe", client)
            let changed = try await client.send(
                "PATCH", "\(Self.connections)/\(id)", body: "{\"settings\":{\"webhookUrl\":\"\(receiver.url)\"}}")
            #expect(changed.status == 200, "\(changed.text)")
            return id
        } act: { installation, id in
            let client = try installation.client(user: "user-1")
            let answer = try await client.post("\(Self.connections)/\(id)/webhook-deliveries/test", "{}")
            let event = answer.json.at("delivery.eventId")?.string
            acknowledged.withLock { $0 = event }
            _ = try await Self.settled(id, client)
        } check: { installation, id, calls in
            let place: Comment = "killed at \(calls.count): \(calls.suffix(3)) \(installation.host.log)"
            let client = try installation.client(user: "user-1")
            let deliveries = try await Self.settled(id, client)
            let stored = deliveries.compactMap { $0["eventId"]?.string }
            #expect(stored.count <= 1, place)
            for event in Set(stored + [acknowledged.withLock { $0 }].compactMap(\.self)) {
                #expect(stored.contains(event), place)
                #expect(receiver.deliveries.contains { $0.id == event }, place)
            }
            #expect(try await client.send("DELETE", "\(Self.connections)/\(id)").status == 200, place)
        }
        #expect(kills > 5)
        await receiver.stop()
    }

    /// The deliveries of a connection once none waits.
    private static func settled(_ id: String, _ client: TestClient) async throws -> [JSONValue] {
        for _ in 0..<1000 {
            let page = try await client.get("\(connections)/\(id)/webhook-deliveries").json
            guard let deliveries = page["deliveries"]?.array else {
                throw HostProcessError(description: "no deliveries: \(page)")
            }
            if !deliveries.contains(where: { $0["status"] == "pending" }) { return deliveries }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw HostProcessError(description: "a delivery waits")
    }
}
