// The log as an operator's tools meet it: a reader that stops reading must not stop the host.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Log", .timeLimit(.minutes(5)))
struct LogTests {
    @Test("The log says what starts and stops, what the last run left, and which connections are made, lost and ended")
    func lines() async throws {
        let installation = try await TestInstallation(
            extra: "\"rateLimits\":{\"connectionCreation\":0}", logLevel: "info")
        let client = try await installation.client(user: "ada")
        let id = try await installation.connect("stripe", client)
        #expect(try await client.send("DELETE", "/api/integrations/connections/\(id)").status == 200)
        let first = installation.host
        #expect(await first.terminate() == 0)
        func facts(_ host: HostProcess, _ message: String) -> JSONValue {
            host.log.split(separator: "\n").compactMap { try? JSONValue.parse(Array($0.utf8)) }
                .first { $0["msg"]?.string == message } ?? .null
        }
        let started = facts(first, "The host has started.")
        #expect(started["address"]?.string == first.url && started["version"]?.string?.isEmpty == false)
        #expect(started["providers"]?.integer == 10 && started["lastRunEnded"] == "in order")
        #expect(facts(first, "The host stops.") != .null && facts(first, "The host has stopped.") != .null)
        let made = facts(first, "A connection was made.")
        #expect(made["connectionId"]?.string == id && made["from"] == "pending" && made["to"] == "connected")
        #expect(facts(first, "A connection was removed.")["connectionId"]?.string == id)
        for line in first.log.split(separator: "\n") where line.contains("A connection was") {
            #expect(!line.contains("ada"))
        }
        try await installation.restart()
        installation.host.kill()
        try await installation.restart()
        #expect(await installation.host.terminate() == 0)
        #expect(facts(installation.host, "The host has started.")["lastRunEnded"] == "without a stop")
    }

    @Test(
        "A host whose standard error is not read keeps serving, stops on a signal and counts dropped lines"
    )
    func unreadPipe() async throws {
        let directory = try TemporaryDirectory()
        let errors = Pipe()
        let host = try await HostProcess(
            ["serve", "--listen", "127.0.0.1:0", "--data", directory.path],
            standardError: errors.fileHandleForWriting.fileDescriptor)
        let token = try await HostProcess.run(["token", "--user", "u", "--data", directory.path]).output.dropLast()
        let client = try TestClient(host.url, token: String(token))
        // Far more than a pipe holds, and over several of the intervals in which lines are written.
        for round in 0..<6 {
            for _ in 0..<80 { #expect(try await client.get("/healthz").status == 200) }
            let body = #"{"isconnected":true,"userId":"u","integrationId":"integration-\#(round)"}"#
            #expect(try await client.post("/api/userIntegration", body).status == 200)
            try await Task.sleep(for: .milliseconds(120))
        }
        let metrics = try await client.get("/metrics").text
        #expect(metrics.contains("integration_host_log_lines_dropped_total 0\n"), "\(metrics)")
        #expect(await host.terminate() == 0)
        try errors.fileHandleForWriting.close()
        let lines = (try errors.fileHandleForReading.readToEnd() ?? Data()).split(separator: UInt8(ascii: "\n"))
        #expect(lines.count > 100)
        #expect(try JSONValue.parse(Array(lines[0])).kind == .object)
    }

    @Test("A host whose standard error is closed keeps serving and counts dropped lines")
    func closedPipe() async throws {
        let directory = try TemporaryDirectory()
        let errors = Pipe()
        let host = try await HostProcess(
            ["serve", "--listen", "127.0.0.1:0", "--data", directory.path],
            standardError: errors.fileHandleForWriting.fileDescriptor)
        try errors.fileHandleForReading.close()
        let client = try TestClient(host.url)
        for _ in 0..<20 { #expect(try await client.get("/healthz").status == 200) }
        var dropped = 0
        for _ in 0..<200 where dropped < 20 {
            let line = try await client.get("/metrics").text.split(separator: "\n").first {
                $0.hasPrefix("integration_host_log_lines_dropped_total ")
            }
            dropped = line.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
            try await Task.sleep(for: .milliseconds(25))
        }
        #expect(dropped >= 20)
        #expect(await host.terminate() == 0)
    }
}
