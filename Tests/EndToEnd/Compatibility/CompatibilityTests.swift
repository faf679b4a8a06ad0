// What earlier versions wrote is read by this one: each folder of Tests/Fixtures holds a released version's data directory, backup,
// answers, SDK interface and plugins. Knows no format: it compares answers.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Compatibility with released versions", .serialized, .timeLimit(.minutes(5)))
struct CompatibilityTests {
    @Test("The fixtures are found")
    func fixtures() { #expect(Release.all.contains { $0.testDescription == "v0.1.0" }) }

    @Test("A released version's data directory gives the same answers", arguments: Release.all)
    func data(release: Release) async throws {
        let directory = try TemporaryDirectory()
        let data = directory.path + "/data"
        try release.copyData(to: data)
        try await expectAnswers(of: release, from: data, in: directory)
    }

    @Test("A released version's backup is restored and gives the same answers", arguments: Release.all)
    func backup(release: Release) async throws {
        let directory = try TemporaryDirectory()
        let data = directory.path + "/data"
        let restored = try await HostProcess.run(["restore", release.folder + "/backup", "--data", data])
        #expect(restored.code == 0, "\(restored.errors)")
        // Keys are in no backup: the operator puts them back.
        try? FileManager.default.removeItem(atPath: data + "/keys")
        try Release.copyPrivately(release.folder + "/data/keys", to: data + "/keys")
        let resumed = try await HostProcess.run(["resume", "--data", data])
        #expect(resumed.code == 0, "\(resumed.errors)")
        try await expectAnswers(of: release, from: data, in: directory)
    }

    @Test("An export in a released version's format is restored and gives the same answers", arguments: Release.all)
    func export(release: Release) async throws {
        let directory = try TemporaryDirectory()
        let (data, export) = (directory.path + "/data", directory.path + "/export")
        try release.copyData(to: data)
        let version = release.testDescription.dropFirst().split(separator: ".").prefix(2).joined(separator: ".")
        let refused = try await HostProcess.run(["data", "export", export, "--format", "9.9", "--data", data])
        #expect(refused.code == 2 && refused.errors.contains(version), "\(refused.errors)")
        let exported = try await HostProcess.run(["data", "export", export, "--format", version, "--data", data])
        #expect(exported.code == 0, "\(exported.errors)")
        let again = directory.path + "/again"
        let restored = try await HostProcess.run(["restore", export, "--data", again])
        #expect(restored.code == 0, "\(restored.errors)")
        try? FileManager.default.removeItem(atPath: again + "/keys")
        try Release.copyPrivately(release.folder + "/data/keys", to: again + "/keys")
        #expect(try await HostProcess.run(["resume", "--data", again]).code == 0)
        try await expectAnswers(of: release, from: again, in: directory)
    }

    /// Starts the host over `data` with all providers out of reach, and compares what it says with what the release said.
    private func expectAnswers(of release: Release, from data: String, in directory: TemporaryDirectory) async throws {
        let expected = try release.expected()
        let configuration = try directory.write(
            "host.json", release.configuration(data: data, providers: try #require(expected["providers"])))
        let checked = try await HostProcess.run(["check", "--config", configuration])
        #expect(checked.code == 0, "\(checked.output) \(checked.errors)")
        let host = try await HostProcess(["serve", "--config", configuration])
        let sessions = ReleaseSessions(host: host, configuration: configuration)

        let waiting = Set((expected["waiting"]?.array ?? []).compactMap(\.string))
        for answer in expected["answers"]?.array ?? [] {
            let (user, path) = (try answer.text("user"), try answer.text("path"))
            let flags = answer["flags"]?.array?.compactMap(\.string) ?? []
            let found = try await sessions.client(user, flags: flags).get(path)
            #expect(Int64(found.status) == answer["status"]?.integer, "\(user) \(path)")
            if let problem = ReleaseAnswer.difference(answer["body"] ?? .null, found.json, waiting: waiting) {
                Issue.record("\(user) \(path): \(problem)")
            }
            #expect(found.json.at("explanation.class") != "credentialUnreadable", "\(user) \(path)")
        }
        try await expectCredentials(expected, host)
        try await expectContinuity(expected, sessions)
        #expect(await host.terminate() == 0)
    }

    /// API keys are known as they were.
    private func expectCredentials(_ expected: JSONValue, _ host: HostProcess) async throws {
        let keys = expected["apiKey"] ?? .null
        let path = "/api/integrations/connections"
        #expect(try await TestClient(host.url, token: try keys.text("key")).get(path).status == 200)
        #expect(try await TestClient(host.url, token: try keys.text("revoked")).get(path).status == 401)
    }

    /// A cursor goes on where it was, and an idempotency key still names its sync.
    private func expectContinuity(_ expected: JSONValue, _ sessions: ReleaseSessions) async throws {
        let cursor = expected["cursor"] ?? .null
        let client = try await sessions.client(try cursor.text("user"))
        let path = try cursor.text("path")
        let all = try await client.get(path).json["records"]?.array ?? []
        let rest = try await client.get(path + "&cursor=" + (try cursor.text("value"))).json["records"]?.array
        #expect(rest == Array(all.dropFirst(Int(cursor["skipped"]?.integer ?? 0))))

        let idempotent = expected["idempotent"] ?? .null
        let repeated = try await sessions.client(try idempotent.text("user")).send(
            "POST", try idempotent.text("path"), body: "\(idempotent["body"] ?? .null)",
            headers: [("Idempotency-Key", try idempotent.text("key"))])
        #expect(repeated.json["syncId"] == idempotent["sync"], "\(repeated.text)")
    }
}
