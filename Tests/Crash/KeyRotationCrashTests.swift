// A rotation of the keys that dies: wherever it was cut short, every stored credential opens, and the next one goes through.

import Foundation
import HostTesting
import ProviderSDK
import Testing

@Suite("A crash in a key rotation", .serialized)
struct KeyRotationCrashTests {
    @Test("all credentials open after the restart, wherever the host was killed", arguments: [false, true])
    func rotation(torn: Bool) async throws {
        let sweep = try CrashSweep(extra: RefreshCrashTests.noLimits)
        var ids: [String] = []
        for _ in 0..<2 { ids.append("") }
        for user in ids.indices {
            ids[user] = try await sweep.installation.connect(
                "stripe", try sweep.installation.client(user: "user-\(user)"))
        }
        let connections = ids
        let kills = try await sweep.run(torn: torn) { _ in
        } act: { installation, _ in
            _ = try HostProcess.run(["keys", "rotate", "--data", installation.data])
        } check: { installation, _, calls in
            let place: Comment = "killed at \(calls.count): \(calls.suffix(3)) \(installation.host.log)"
            for (user, id) in connections.enumerated() {
                let client = try installation.client(user: "user-\(user)")
                let found = try await client.get("/api/integrations/connections/\(id)/explain").json
                #expect(found.at("explanation.class") == "working", place)
            }
            // Room for the next round: the ring holds a bounded number of keys.
            try FileManager.default.setAttributes(
                [.modificationDate: Date().addingTimeInterval(-2 * 86_400)],
                ofItemAtPath: installation.data + "/keys/key-ring")
            let pruned = try HostProcess.run(["keys", "prune", "--data", installation.data])
            #expect(pruned.code == 0, "\(pruned.errors) \(place)")
        }
        #expect(kills > 8, "\(kills)")
        for (user, id) in connections.enumerated() {
            let client = try sweep.installation.client(user: "user-\(user)")
            let synced = try await sweep.installation.sync(
                id, client, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
            #expect(synced["status"] == "completed", "\(synced)")
        }
    }
}
