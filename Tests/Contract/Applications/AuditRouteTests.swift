// The audit log of a running host: who did what, through the route and the command, and that an erasure leaves the chain whole.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("The audit log of a host", .timeLimit(.minutes(3)))
struct AuditRouteTests {
    private func application(_ callers: Callers, _ scopes: [String]) async throws -> (client: TestClient, id: String) {
        let names = scopes.map { "\"\($0)\"" }.joined(separator: ",")
        let answer = try await callers.superuser.send(
            "POST", "/api/app-keys", body: #"{"name":"back end","scopes":[\#(names)]}"#)
        let id = try #require(answer.json.at("key.id")?.string)
        return (callers.nobody.with(token: try #require(answer.json["secret"]?.string)), id)
    }

    /// The lines of the log without their moments and hashes, as the route shows them.
    private func lines(_ client: TestClient, _ query: String = "") async throws -> [String] {
        let answer = try await client.get("/api/audit" + query)
        #expect(answer.status == 200, "\(answer.text)")
        return (answer.json["entries"]?.array ?? []).map { line in
            let actor = [line.at("actor.kind"), line.at("actor.key")].compactMap { $0?.string }
            let rest = [line["action"], line["result"], line["connection"], line["service"], line["key"]]
            return (actor + rest.compactMap { $0?.string }).joined(separator: " ")
        }
    }

    @Test("Connecting, disconnecting, application keys, an erasure and a rotation are recorded with who did them")
    func acts() async throws {
        let callers = try await Callers()
        let (admin, adminID) = try await application(callers, ["admin"])
        let connection = try await callers.installation.connect("stripe", callers.user)
        let onBehalf = admin.with(field: "X-User-Id", "1")
        #expect(try await onBehalf.send("DELETE", "/api/integrations/connections/\(connection)").status == 200)
        let again = try await callers.installation.connect("stripe", callers.user)
        #expect(try await admin.send("DELETE", "/api/users/1").status == 200)
        let rotated = try await HostProcess.run(callers.installation.command("keys", "rotate"))
        #expect(rotated.code == 0, "\(rotated.errors)")
        let made = try await HostProcess.run(callers.installation.command("app-key", "create", "other"))
        let id = String(made.output.dropFirst(4).prefix { $0 != "_" })
        #expect(try await admin.send("DELETE", "/api/app-keys/\(id)").status == 200)
        #expect(try await admin.send("DELETE", "/api/app-keys/\(id)").status == 404)

        let found = try await lines(admin)
        let expected = [
            "session application-key.create begun \(adminID)", "session application-key.create done \(adminID)",
            "session connection.connect done \(connection) stripe",
            "application \(adminID) connection.delete begun \(connection) stripe",
            "application \(adminID) connection.delete done \(connection) stripe",
            "session connection.connect done \(again) stripe", "application \(adminID) user.erase begun",
            "application \(adminID) connection.delete begun \(again) stripe",
            "application \(adminID) connection.delete done \(again) stripe",
            "application \(adminID) user.erase done", "operator key-ring.rotate begun",
        ]
        #expect(Array(found.prefix(expected.count)) == expected, "\(found)")
        #expect(found.dropFirst(expected.count).first?.hasPrefix("operator key-ring.rotate done ") == true)
        #expect(
            Array(found.dropFirst(expected.count + 1)) == [
                "operator application-key.create begun \(id)", "operator application-key.create done \(id)",
                "application \(adminID) application-key.revoke begun \(id)",
                "application \(adminID) application-key.revoke done \(id)",
            ])
        // The keys were rotated meanwhile; the lines of the erased user are found all the same.
        #expect(try await lines(admin, "?userId=1").count == 8)
        #expect(try await lines(admin, "?userId=2").isEmpty)
        let check = try await HostProcess.run(callers.installation.command("check"))
        #expect(check.code == 0 && check.output.contains("audit log: \(found.count) lines"), "\(check.output)")
    }

    @Test("API keys of users, and secrets of notifications that a caller is shown, are recorded without what they are")
    func secrets() async throws {
        let callers = try await Callers()
        let connection = try await callers.installation.connect("stripe", callers.user)
        let path = "/api/integrations/connections/\(connection)"
        let settings = #"{"settings":{"webhookUrl":"https://hooks.example.com/a"}}"#
        #expect(try await callers.user.send("PATCH", path, body: settings).status == 200)
        let shown = try await callers.user.get(path + "/webhook-secret")
        let rotated = try await callers.user.send("POST", path + "/webhook-secret/rotate", body: "{}")
        let made = try await HostProcess.run(callers.installation.command("api-key", "create", "--user", "1"))
        let key = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let id = String(key.dropFirst(4).prefix { $0 != "_" })
        for _ in 0..<2 { _ = try await HostProcess.run(callers.installation.command("api-key", "revoke", id)) }
        let found = try await lines(callers.superuser)
        #expect(
            found == [
                "session connection.connect done \(connection) stripe",
                "session webhook-secret.reveal done \(connection) stripe",
                "session webhook-secret.rotate begun \(connection) stripe",
                "session webhook-secret.rotate done \(connection) stripe", "operator api-key.create begun \(id)",
                "operator api-key.create done \(id)", "operator api-key.revoke begun \(id)",
                "operator api-key.revoke done \(id)",
            ])
        let log = try await callers.superuser.get("/api/audit").text
        for secret in [shown.json["secret"]?.string, rotated.json["secret"]?.string, key] {
            #expect(try !log.contains(#require(secret).suffix(30)))
        }
    }

    @Test("Only superusers and keys with the scope admin read the log, page by page")
    func reading() async throws {
        let callers = try await Callers()
        let (admin, _) = try await application(callers, ["admin"])
        let (plain, _) = try await application(callers, ["connections", "users", "records"])
        for client in [plain, callers.user, callers.bot, callers.service, plain.with(field: "X-User-Id", "1")] {
            #expect(try await client.get("/api/audit").status == 403)
        }
        #expect(try await callers.nobody.get("/api/audit").status == 401)
        let all = try await lines(callers.superuser)
        #expect(all.count == 4)
        var (pages, cursor): ([String], String?) = ([], "0")
        while let place = cursor {
            let page = try await admin.get("/api/audit?limit=3&cursor=\(place)")
            pages += try await lines(admin, "?limit=3&cursor=\(place)")
            cursor = page.json["nextCursor"]?.string
        }
        #expect(pages == all)
        for wrong in ["?cursor=x", "?cursor=-1", "?limit=0", "?limit=1001"] {
            #expect(try await admin.get("/api/audit\(wrong)").status == 400)
        }
    }

    @Test("The command lists the same lines with a running host and without, and says when the log was changed")
    func command() async throws {
        let callers = try await Callers()
        _ = try await application(callers, ["admin"])
        _ = try await callers.installation.connect("stripe", callers.user)
        var outputs: [String] = []
        for isRunning in [true, false] {
            if !isRunning { await callers.installation.host.terminate() }
            let list = try await HostProcess.run(callers.installation.command("audit", "list"))
            #expect(list.code == 0 && list.output.split(separator: "\n").count == 3, "\(list.errors)")
            let json = try await HostProcess.run(
                callers.installation.command("audit", "list", "--json", "--cursor", "2"))
            let entries = try JSONValue.parse(Array(json.output.utf8))["entries"]?.array ?? []
            #expect(entries.compactMap { $0["seq"]?.integer } == [3])
            let ofUser = try await HostProcess.run(callers.installation.command("audit", "list", "--user", "1"))
            #expect(ofUser.output.contains("connection.connect  done  by session"), "\(ofUser.output)")
            outputs.append(list.output)
        }
        #expect(outputs[0] == outputs[1])
        for wrong in [["audit"], ["audit", "show"], ["audit", "list", "x"], ["audit", "list", "--cursor", "a"]] {
            #expect(try await HostProcess.run(wrong + callers.installation.command()).code == 2, "\(wrong)")
        }
        let file = callers.installation.data + "/audit/0000000000000001.log"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try Data(text.replacingOccurrences(of: "stripe", with: "str1pe").utf8).write(to: URL(fileURLWithPath: file))
        let check = try await HostProcess.run(callers.installation.command("check", "--repair"))
        #expect(check.code == 1 && check.output.contains("line 3 of audit/0000000000000001.log"), "\(check.output)")
        try await callers.installation.restart()
        #expect(callers.installation.host.log.contains("The audit log breaks"))
        // The log goes on, and the break stays.
        _ = try await callers.installation.connect("xero", try await callers.installation.client(user: "2"))
        let later = try await HostProcess.run(callers.installation.command("check"))
        #expect(later.code == 1 && later.output.contains("audit log: 4 lines"), "\(later.output)")
    }
}
