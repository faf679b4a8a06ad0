// The log as an operator's tools meet it: a reader that stops reading must not stop the host.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Log", .timeLimit(.minutes(5)))
struct LogTests {
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
