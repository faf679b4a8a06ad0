// A host that dies while ended deliveries move out of the user's document: each of them is listed once, and none is missing.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("A crash in a move to a history", .timeLimit(.minutes(5)))
struct HistoryCrashTests {
    private static let connections = "/api/integrations/connections"
    /// One event less than makes them move.
    private static let endedCount = 7

    private struct Prepared: Sendable {
        let id: String
        let events: [String]
    }

    @Test("Ended deliveries are listed once, wherever the host was killed", arguments: [false, true])
    func listedOnce(torn: Bool) async throws {
        let receiver = try TestReceiver()
        let sweep = CrashSweep(extra: RefreshCrashTests.noLimits, torn: torn)
        let kills = try await sweep.runOnCopies { installation in
            let client = try await installation.client(user: "user-1")
            let id = try await installation.connect("stripe", client)
            let changed = try await client.send(
                "PATCH", "\(Self.connections)/\(id)", body: "{\"settings\":{\"webhookUrl\":\"\(receiver.url)\"}}")
            #expect(changed.status == 200, "\(changed.text)")
            for _ in 0..<Self.endedCount { try await Self.test(id, client) }
            return Prepared(id: id, events: try await Self.settled(id, client))
        } act: { installation, prepared in
            let client = try await installation.client(user: "user-1")
            try await Self.test(prepared.id, client)
            _ = try await Self.settled(prepared.id, client)
            try await Self.moved(installation)
        } check: { installation, prepared, calls in
            let place: Comment = "killed at \(calls.count): \(calls.suffix(3)) \(installation.host.log)"
            let client = try await installation.client(user: "user-1")
            let events = try await Self.settled(prepared.id, client)
            #expect(Set(events).count == events.count && Set(events).isSuperset(of: prepared.events), place)
            #expect(events.count <= Self.endedCount + 1, place)
            if events.count > Self.endedCount { try await Self.moved(installation) }
            #expect(try await Self.settled(prepared.id, client) == events, place)
            #expect(try await client.send("DELETE", "\(Self.connections)/\(prepared.id)").status == 200, place)
            #expect(try await client.get("\(Self.connections)/\(prepared.id)/webhook-deliveries").status == 404, place)
        }
        #expect(kills > 8)
        await receiver.stop()
    }

    private static func test(_ id: String, _ client: TestClient) async throws {
        let answer = try await client.post("\(connections)/\(id)/webhook-deliveries/test", "{}")
        guard answer.status == 200 else { throw HostProcessError(description: answer.text) }
    }

    /// Waits until the user's document says that something has moved, in the journal or in its file.
    private static func moved(_ installation: TestInstallation) async throws {
        let mark = Data("\"hasHistory\":true".utf8)
        try await waitUntil("the move") {
            ["journal", "users"].contains { folder in
                let path = "\(installation.data)/\(folder)"
                let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
                return names.contains { name in
                    FileManager.default.contents(atPath: "\(path)/\(name)")?.range(of: mark) != nil
                }
            }
        }
    }

    /// The ids of the ended deliveries of a connection once none waits.
    private static func settled(_ id: String, _ client: TestClient) async throws -> [String] {
        try await waitFor("the end of all deliveries") {
            let page = try await client.get("\(connections)/\(id)/webhook-deliveries").json
            guard let deliveries = page["deliveries"]?.array else {
                throw HostProcessError(description: "no deliveries: \(page)")
            }
            return deliveries.contains { $0["status"] == "pending" }
                ? nil : deliveries.compactMap { $0["eventId"]?.string }
        }
    }
}
