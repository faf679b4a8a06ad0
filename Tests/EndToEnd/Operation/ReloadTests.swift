// A host that reads its configuration again, by a signal and by a command.

import Foundation
import HostTesting
import TestSupport
import Testing

@Suite("Reload", .timeLimit(.minutes(2)))
struct ReloadTests {
    @Test("SIGHUP takes over what can be, names what waits, changes nothing for a broken file, and never ends the host")
    func hangup() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(
            "host.json",
            #"{"providers": {"xero": {"clientId": "first", "clientSecret": "one"}}, "rateLimits": {"status": 60}}"#)
        let host = try await HostProcess(
            ["serve", "--config", path, "--data", directory.path + "/data", "--listen", "127.0.0.1:0"])
        let client = try TestClient(host.url)
        func allows(_ origin: String) async throws -> Bool {
            let answer = try await client.send("GET", "/api/integrations", headers: [("Origin", origin)])
            return answer.header("Access-Control-Allow-Origin") == origin
        }
        func logged(_ text: String) async throws -> String {
            try await waitUntil("the log has “\(text)”") { host.log.contains(text) }
            return host.log
        }
        #expect(try await !allows("https://app.example"))

        try
            #"{"allowedOrigins": ["https://app.example"], "drainSeconds": 1, "logLevel": "debug", "providers": {"xero": {"clientId": "second", "clientSecret": "two"}}, "rateLimits": {"status": 61}}"#
            .write(toFile: path, atomically: true, encoding: .utf8)
        host.signal(SIGHUP)
        let first = try await logged("Changes wait for a restart.")
        #expect(
            first.contains(#""takenOver":"allowedOrigins, rateLimits.status, logLevel, providers.xero""#), "\(first)")
        #expect(first.contains(#""needsRestart":"drainSeconds""#), "\(first)")
        #expect(try await allows("https://app.example"))

        try #"{"allowedOrigins": ["https://other.example"], "rateLimits": {"status": "many"}}"#
            .write(toFile: path, atomically: true, encoding: .utf8)
        host.signal(SIGHUP)
        let broken = try await logged("was not taken over")
        #expect(broken.contains("“status” must be an integer"), "\(broken)")
        #expect(try await allows("https://app.example"))
        #expect(try await !allows("https://other.example"))
        let refused = try await HostProcess.run(["plugins", "reload", "--data", directory.path + "/data"])
        #expect(refused.code == 1 && refused.errors.contains("“status” must be an integer"), "\(refused)")

        try "{}".write(toFile: path, atomically: true, encoding: .utf8)
        let reloaded = try await HostProcess.run(["plugins", "reload", "--data", directory.path + "/data"])
        #expect(reloaded.code == 0 && reloaded.output.contains("taken over: allowedOrigins"), "\(reloaded)")
        #expect(reloaded.output.contains("providers.xero"), "\(reloaded)")
        #expect(try await !allows("https://app.example"))
        let again = try await HostProcess.run(["plugins", "reload", "--data", directory.path + "/data"])
        #expect(again.output == "nothing has changed\n", "\(again)")
        #expect(await host.terminate() == 0)
        let alone = try await HostProcess.run(["plugins", "reload", "--data", directory.path + "/data"])
        #expect(alone.code == 1 && alone.errors.contains("no host runs"), "\(alone)")
    }
}
