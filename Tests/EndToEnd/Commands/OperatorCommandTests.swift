// What operators do beside a running host: look at connections, replace keys, check and back up; and the same without a host.

import Foundation
import HostTesting
import ProviderSDK
import Synchronization
import TestSupport
import Testing

@Suite("Operators' commands", .timeLimit(.minutes(5)))
struct OperatorCommandTests {
    private static func run(
        _ arguments: String..., on installation: TestInstallation
    ) async throws -> ChildProcess.Ending {
        try await HostProcess.run(arguments + ["--data", installation.data])
    }

    @Test("Connections are explained to an operator, as a table and as JSON, beside the host and without it")
    func connections() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "asked for")
        let id = try await installation.connect("slack", client)
        let route = try await client.get("/api/integrations/connections/\(id)/explain").json["explanation"]
        for isRunning in [true, false] {
            if !isRunning { await installation.host.terminate() }
            let table = try await HostProcess.run(installation.command("connections", "--user", "asked for"))
            #expect(table.code == 0, "\(table.errors)")
            let rows = table.output.split(separator: "\n")
            #expect(rows[0].hasPrefix("CONNECTION  "))
            #expect(rows[1].hasPrefix("\(id)  slack") && rows[1].contains("connected") && rows[1].contains("working"))
            let json = try await HostProcess.run(installation.command("connections", "--user", "asked for", "--json"))
            let value = try JSONValue.parse(Array(json.output.utf8.dropLast()))
            #expect(value.at("connections.0") == route, "\(json.output)")
            let nobody = try await HostProcess.run(installation.command("connections", "--user", "nobody"))
            #expect(nobody.output == "The user has no connections.\n")
        }
        #expect(try await Self.run("connections", on: installation).code == 2)
    }

    @Test("Keys are replaced under load without one request that fails, and a retired one goes when nothing needs it")
    func keys() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "user-1")
        let id = try await installation.connect("xero", client)
        // Begun before the rotations, completed after them.
        let created = try await client.post("/api/integrations/connections", #"{"service":"discord"}"#)
        let authorization = try #require(created.json["authUrl"]?.string)
        let isOver = Mutex(false)
        async let load = {
            var answers: [Int: Int] = [:]
            while !isOver.withLock({ $0 }) {
                let read = try await client.get("/api/integrations/connections/\(id)").status
                let refreshed = try await client.post(
                    "/api/integrations/oauth/xero/refresh", "{\"connectionId\":\"\(id)\"}"
                ).status
                for status in [read, refreshed] { answers[status, default: 0] += 1 }
            }
            return answers
        }()
        for _ in 0..<5 {
            let rotated = try await Self.run("keys", "rotate", on: installation)
            #expect(rotated.code == 0 && rotated.output.contains("sealed again"), "\(rotated)")
        }
        isOver.withLock { $0 = true }
        let answers = try await load
        #expect(answers.keys.elementsEqual([200]) && (answers[200] ?? 0) > 2, "\(answers)")

        let decided = try await client.with(token: nil).get(authorization + "&decision=allow")
        let completed = try await client.get(try #require(decided.header("location")))
        #expect(completed.status == 200, "a state of a retired key: \(completed.text)")
        // A session of a retired key, and one of the new key, are both good.
        let session = try await installation.client(user: "user-1")
        #expect(try await session.get("/api/integrations/connections/\(id)").status == 200)

        let early = try await Self.run("keys", "prune", on: installation)
        #expect(early.code == 1 && early.errors.contains("less than 24 hours"), "\(early)")
        try FileManager.default.setAttributes(
            [.modificationDate: Date().addingTimeInterval(-2 * 86_400)],
            ofItemAtPath: installation.data + "/keys/key-ring")
        #expect(try await Self.run("keys", "list", on: installation).output.split(separator: "\n").count == 6)
        let pruned = try await Self.run("keys", "prune", on: installation)
        #expect(pruned.code == 0 && pruned.output.hasPrefix("Removed "), "\(pruned)")
        let left = try await Self.run("keys", "list", on: installation).output
        #expect(left.split(separator: "\n").count == 1 && left.contains("primary"), "\(left)")
        let fresh = try await installation.client(user: "user-1")
        let refresh = try await fresh.post(
            "/api/integrations/oauth/xero/refresh", "{\"connectionId\":\"\(id)\"}")
        #expect(refresh.status == 200, "\(refresh.text)")
        // Sessions that the removed keys signed have ended.
        #expect(await installation.host.terminate() == 0)
        try await installation.restart()
        let later = try TestClient(installation.host.url, token: client.token)
        #expect(try await later.get("/api/integrations/connections").status == 401)
        // Without a host the command holds the directory itself.
        #expect(await installation.host.terminate() == 0)
        #expect(try await Self.run("keys", "rotate", on: installation).code == 0)
        try await installation.restart()
        let last = try await installation.client(user: "user-1").post(
            "/api/integrations/oauth/xero/refresh", "{\"connectionId\":\"\(id)\"}")
        #expect(last.status == 200, "\(last.text)")
    }

    @Test("A running host is checked and backed up while it syncs, and the backup restores")
    func onlineBackup() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "keeper")
        let id = try await installation.connect("stripe", client)
        _ = try await installation.sync(id, client, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
        let records = try await installation.records(id, client, query: "dataType=customers&limit=500")
        let started = try await client.post(
            "/api/integrations/connections/\(id)/sync", #"{"syncType":"full","dataTypes":["payments"]}"#)
        #expect(started.status == 200)
        let checked = try await Self.run("check", on: installation)
        #expect(checked.code == 0 && checked.output.contains("sound"), "\(checked)")
        let backup = installation.directory.path + "/backup"
        let copied = try await Self.run("backup", backup, on: installation)
        #expect(copied.code == 0, "\(copied)")
        let again = try await Self.run("backup", backup, on: installation)
        #expect(again.code == 1 && again.errors.contains("not empty"), "\(again)")
        #expect(try await installation.finishedSync(id, client)["status"] == "completed")

        let restored = installation.directory.path + "/restored"
        #expect(try await HostProcess.run(["restore", backup, "--data", restored]).code == 0)
        try FileManager.default.copyItem(atPath: installation.data + "/keys", toPath: restored + "/keys")
        let host = try await HostProcess(["serve", "--data", restored, "--listen", "127.0.0.1:0"])
        let reader = try TestClient(host.url, token: client.token)
        #expect(try await installation.records(id, reader, query: "dataType=customers&limit=500") == records)
        #expect(try await HostProcess.run(["check", "--data", restored]).code == 0)
    }
}
