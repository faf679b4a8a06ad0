// The log as an operator's tools meet it: a reader that stops reading must not stop the host.

import Foundation
import HostTesting
import ProviderSDK
import Testing

@Suite("Log")
struct LogTests {
    @Test(
        "a host whose standard error nobody reads goes on answering and ends when told to, and counts what it did not log"
    )
    func unreadPipe() async throws {
        let directory = try TemporaryDirectory()
        let errors = Pipe()
        let host = try HostProcess(
            ["serve", "--listen", "127.0.0.1:0", "--data", directory.path], standardError: errors.fileHandleForWriting)
        let token = try HostProcess.run(["token", "--user", "u", "--data", directory.path]).output.dropLast()
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
        #expect(host.terminate() == 0)
        try errors.fileHandleForWriting.close()
        let lines = (try errors.fileHandleForReading.readToEnd() ?? Data()).split(separator: UInt8(ascii: "\n"))
        #expect(lines.count > 100)
        #expect(try JSONValue.parse(Array(lines[0])).kind == .object)
    }

    @Test("a host whose standard error is closed goes on answering and counts what it did not log")
    func closedPipe() async throws {
        let directory = try TemporaryDirectory()
        let errors = Pipe()
        let host = try HostProcess(
            ["serve", "--listen", "127.0.0.1:0", "--data", directory.path], standardError: errors.fileHandleForWriting)
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
        #expect(host.terminate() == 0)
    }
}
