// A rotation of the keys that dies: wherever it was cut short, every stored credential opens, and the next one goes through.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("A crash in a key rotation", .timeLimit(.minutes(5)))
struct KeyRotationCrashTests {
    @Test("All credentials open after the restart, wherever the host was killed", arguments: [false, true])
    func rotation(torn: Bool) async throws {
        let sweep = CrashSweep(extra: RefreshCrashTests.noLimits, torn: torn)
        let kills = try await sweep.runOnCopies { installation in
            var ids: [String] = []
            for user in 0..<2 {
                ids.append(
                    try await installation.connect("stripe", try await installation.client(user: "user-\(user)")))
            }
            return ids
        } act: { installation, _ in
            _ = try await HostProcess.run(["keys", "rotate", "--data", installation.data])
        } check: { installation, ids, calls in
            let place: Comment = "killed at \(calls.count): \(calls.suffix(3)) \(installation.host.log)"
            for (user, id) in ids.enumerated() {
                let client = try await installation.client(user: "user-\(user)")
                let found = try await client.get("/api/integrations/connections/\(id)/explain").json
                #expect(found.at("explanation.class") == "working", place)
            }
            // A key that was made has its line.
            let keys = try await HostProcess.run(["keys", "list", "--data", installation.data]).output
            if keys.split(separator: "\n").count > 1 {
                let lines = try await HostProcess.run(["audit", "list", "--data", installation.data]).output
                #expect(lines.contains("key-ring.rotate  begun  by operator"), "\(lines) \(place)")
            }
            let checked = try await HostProcess.run(["check", "--data", installation.data])
            #expect(checked.code == 0, "\(checked.output)\(checked.errors) \(place)")
            // What the rotation left behind can be pruned, and then the credentials are still good for a sync.
            try FileManager.default.setAttributes(
                [.modificationDate: Date().addingTimeInterval(-2 * 86_400)],
                ofItemAtPath: installation.data + "/keys/key-ring")
            let pruned = try await HostProcess.run(["keys", "prune", "--data", installation.data])
            #expect(pruned.code == 0, "\(pruned.errors) \(place)")
            for (user, id) in ids.enumerated() {
                let synced = try await installation.sync(
                    id, try await installation.client(user: "user-\(user)"),
                    body: #"{"syncType":"full","dataTypes":["customers"]}"#)
                #expect(synced["status"] == "completed", "\(synced) \(place)")
            }
        }
        #expect(kills > 8, "\(kills)")
    }
}
