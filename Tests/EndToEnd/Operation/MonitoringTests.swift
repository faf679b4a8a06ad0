// The alerts and the dashboard under deploy/monitoring: tested by promtool where it is installed, and held to the metrics of a host.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Monitoring", .timeLimit(.minutes(3)))
struct MonitoringTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "../../../deploy/monitoring"
    ).standardizedFileURL

    private static let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test(
        "The alerts fire at their thresholds and not below (promtool)",
        .enabled(if: promtool != nil, "promtool is not installed"))
    func alerts() throws {
        let promtool = try #require(Self.promtool)
        for arguments in [["check", "rules", "rules.yaml"], ["test", "rules", "rules.test.yaml"]] {
            let command = ([promtool] + arguments).joined(separator: " ")
            let result = try ChildProcess.run(
                ["/bin/sh", "-c", "cd '\(Self.folder.path)' && \(command)"], within: .seconds(60))
            #expect(result.code == 0, "\(result.output)\(result.errors)")
        }
    }

    @Test("Every metric that an alert or the dashboard names is one that a host has, with a type and a help text")
    func names() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: nil)
        let page = try await client.get("/metrics").text
        let lines = page.split(separator: "\n")
        let known = Set(
            lines.filter { $0.hasPrefix("# TYPE ") }.compactMap { $0.split(separator: " ").dropFirst(2).first })
        let helped = Set(
            lines.filter { $0.hasPrefix("# HELP ") }.compactMap { $0.split(separator: " ").dropFirst(2).first })
        #expect(known == helped && known.count > 40)
        let name = /(?:integration_host|http|process)_[a-z_]+/
        for file in ["rules.yaml", "dashboard.json"] {
            let text = try String(contentsOf: Self.folder.appending(path: file), encoding: .utf8)
            let used = Set(text.matches(of: name).map { $0.output })
            #expect(used.count > 10)
            for metric in used {
                let base = metric.hasSuffix("_bucket") ? metric.dropLast("_bucket".count) : metric
                #expect(known.contains(base), "\(file): \(metric)")
            }
        }
    }

    @Test(
        "The page of metrics shows the process: memory, processor time, descriptors, start, version, turns of the loops"
    )
    func process() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: nil)
        func value(_ name: String) async throws -> Double {
            let page = try await client.get("/metrics").text
            let line = page.split(separator: "\n").first { $0.hasPrefix(name + " ") || $0.hasPrefix(name + "{") }
            return try #require(line?.split(separator: " ").last.flatMap { Double($0) })
        }
        #expect(try await value("process_resident_memory_bytes") > 5_000_000)
        #expect(try await value("process_cpu_seconds_total") > 0)
        let descriptors = try await value("process_open_fds")
        #expect(descriptors > 5 && descriptors < 500)
        #expect(try await value("process_max_fds") > descriptors)
        #expect(try await value("process_threads") >= 2)
        #expect(abs(try await value("process_start_time_seconds") - Date.now.timeIntervalSince1970) < 60)
        #expect(try await value("integration_host_build_info") == 1)
        try await waitUntil("a turn was measured") { try await value("integration_host_event_loop_lag_seconds") > 0 }
    }
}
