// A host that dies while it takes in an event and delivers it: what was acknowledged reaches the application, with the same id at
// every attempt, and then nothing waits any more.

import HostTesting
import ProviderSDK
import Synchronization
import TestSupport
import Testing

@Suite("A crash in a delivery", .timeLimit(.minutes(5)))
struct NotificationCrashTests {
    private static let connections = "/api/integrations/connections"

    private final class Prepared: Sendable {
        let id: String
        /// The id of the event, once the host has acknowledged it.
        let acknowledged = Mutex<String?>(nil)

        init(id: String) { self.id = id }
    }

    @Test("An acknowledged event is delivered, wherever the host was killed")
    func delivered() async throws {
        let receiver = try TestReceiver()
        let sweep = CrashSweep(extra: RefreshCrashTests.noLimits)
        let kills = try await sweep.run { installation in
            let client = try await installation.client(user: "user-1")
            let id = try await installation.connect("stripe", client)
            let changed = try await client.send(
                "PATCH", "\(Self.connections)/\(id)", body: "{\"settings\":{\"webhookUrl\":\"\(receiver.url)\"}}")
            #expect(changed.status == 200, "\(changed.text)")
            return Prepared(id: id)
        } act: { installation, prepared in
            let client = try await installation.client(user: "user-1")
            let answer = try await client.post("\(Self.connections)/\(prepared.id)/webhook-deliveries/test", "{}")
            let event = answer.json.at("delivery.eventId")?.string
            prepared.acknowledged.withLock { $0 = event }
            _ = try await Self.settled(prepared.id, client)
        } check: { installation, prepared, calls in
            let place: Comment = "killed at \(calls.count): \(calls.suffix(3)) \(installation.host.log)"
            let client = try await installation.client(user: "user-1")
            let deliveries = try await Self.settled(prepared.id, client)
            let stored = deliveries.compactMap { $0["eventId"]?.string }
            #expect(stored.count <= 1, place)
            for event in Set(stored + [prepared.acknowledged.withLock { $0 }].compactMap(\.self)) {
                #expect(stored.contains(event), place)
                #expect(receiver.deliveries.contains { $0.id == event }, place)
            }
            #expect(try await client.send("DELETE", "\(Self.connections)/\(prepared.id)").status == 200, place)
        }
        #expect(kills > 5)
        await receiver.stop()
    }

    /// The deliveries of a connection once none waits.
    private static func settled(_ id: String, _ client: TestClient) async throws -> [JSONValue] {
        try await waitFor("the end of all deliveries") {
            let page = try await client.get("\(connections)/\(id)/webhook-deliveries").json
            guard let deliveries = page["deliveries"]?.array else {
                throw HostProcessError(description: "no deliveries: \(page)")
            }
            return deliveries.contains { $0["status"] == "pending" } ? nil : deliveries
        }
    }
}
