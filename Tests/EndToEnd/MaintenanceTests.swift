// Check, backup and restore as an operator runs them on a stopped host.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Maintenance", .timeLimit(.minutes(5)))
struct MaintenanceTests {
    @Test("A backup of a stopped host restores to the same connections and records, and a damaged file is found")
    func roundTrip() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "keeper")
        let id = try await installation.connect("stripe", client)
        _ = try await installation.sync(id, client, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
        let records = try await installation.records(id, client)

        // Whoever holds the directory without answering is named.
        let busy = try await HostProcess.run(["restore", "/", "--data", installation.data])
        #expect(busy.code == 1)
        #expect(await installation.host.terminate() == 0)

        let sound = try await HostProcess.run(["check", "--data", installation.data])
        #expect(sound.code == 0, "\(sound.errors)")
        #expect(sound.output.contains("sound"))
        let backup = installation.directory.path + "/backup"
        #expect(try await HostProcess.run(["backup", backup, "--data", installation.data]).code == 0)

        // The disk is lost; keys were kept apart.
        let keys = installation.directory.path + "/keys"
        try FileManager.default.moveItem(atPath: installation.data + "/keys", toPath: keys)
        try FileManager.default.removeItem(atPath: installation.data)
        let restored = try await HostProcess.run(["restore", backup, "--data", installation.data])
        #expect(restored.code == 0, "\(restored.errors)")
        try FileManager.default.moveItem(atPath: keys, toPath: installation.data + "/keys")
        try await installation.restart()
        let later = try await installation.client(user: "keeper")
        #expect(try await installation.records(id, later) == records)
        let again = try await installation.sync(id, later, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
        #expect(again["status"] == "completed")
        #expect(await installation.host.terminate() == 0)

        let document = try #require(
            FileManager.default.enumerator(atPath: installation.data)?.compactMap { $0 as? String }
                .first { $0.hasPrefix("users/") && $0.hasSuffix(".json") })
        let path = installation.data + "/" + document
        let damaged = try String(contentsOfFile: path, encoding: .utf8).replacing(
            "\"connected\"", with: "\"disturbed\"")
        try Data(damaged.utf8).write(to: URL(fileURLWithPath: path))
        let found = try await HostProcess.run(["check", "--data", installation.data])
        #expect(found.code == 1)
        #expect(found.output.contains("damaged"))
    }

    @Test(
        "Check and backup of a folder that is no data directory fail, and make nothing", arguments: ["check", "backup"])
    func noDataDirectory(command: String) async throws {
        let directory = try TemporaryDirectory()
        for folder in [directory.path + "/none", directory.path] {
            let target = command == "backup" ? [directory.path + "/target"] : []
            let result = try await HostProcess.run([command] + target + ["--data", folder])
            #expect(result.code == 1)
            #expect(result.errors.contains("is no data directory of the host"), "\(result.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
        }
    }

    @Test("A flipped bit in the journal stops the host, and a repair names those who lost a change, and nobody else")
    func damagedJournal() async throws {
        let installation = try await TestInstallation()
        for user in ["before-1", "before-2"] {
            _ = try await installation.connect("stripe", try await installation.client(user: user))
        }
        let client = try await installation.client(user: "keeper")
        let id = try await installation.connect("stripe", client)
        for user in ["after-1", "after-2"] {
            _ = try await installation.connect("stripe", try await installation.client(user: user))
        }
        // A killed host leaves its last writes in the journal.
        installation.host.kill()
        let folder = installation.data + "/journal"
        let segment = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).sorted().last)
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(segment)")))
        // In a change of the user's document.
        let place = try #require(Data(bytes).range(of: Data("\"userId\":\"keeper\"".utf8)))
        bytes[place.upperBound + 8] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(segment)"))

        let refused = try await HostProcess.run(["serve", "--listen", "127.0.0.1:0", "--data", installation.data])
        #expect(refused.code == 1)
        #expect(refused.errors.contains("check --repair"), "\(refused.errors)")
        let repaired = try await HostProcess.run(["check", "--repair", "--data", installation.data])
        #expect(repaired.output.contains("was damaged; what could be read of it was kept"), "\(repaired)")
        #expect(repaired.output.contains("kept as quarantine/journal_"), "\(repaired)")
        #expect(repaired.output.contains("users: keeper"), "\(repaired)")
        #expect(!repaired.output.contains("before-") && !repaired.output.contains("after-"), "\(repaired)")
        try await installation.restart()
        let later = try await installation.client(user: "keeper")
        #expect([200, 404].contains(try await later.get("/api/integrations/connections/\(id)").status))
        for user in ["before-1", "before-2", "after-1", "after-2"] {
            let connections = try await installation.client(user: user).get("/api/integrations/connections").json
            #expect(connections.at("connections.0.status") == "connected", "\(user): \(connections)")
        }
        #expect(await installation.host.terminate() == 0)
    }
}
