// How long a status request takes while 64 connections ask: a server on one core, with one loop or one worker, and the load on the
// other core. Beside each other on both cores, the load and the servers take turns, and the figure would be about that.

import Foundation
import TestSupport

extension ReadBenchmark {
    /// Threads of the load on its core: one asks as fast as it can, of two each waits for the other.
    private static let loadThreads = [1, 2]

    /// Adds the rows of latency; none on a machine with one core or without nginx.
    static func addLatency(
        to table: inout BenchmarkTable, _ tokens: String, _ directory: TemporaryDirectory, _ script: String,
        rounds: Int, seconds: Int
    ) async throws {
        guard ProcessInfo.processInfo.processorCount > 1,
            FileManager.default.isExecutableFile(atPath: "/usr/bin/taskset")
        else { return print("one core or no taskset: latency is not measured") }
        let host = try await host(tokens, directory, core: 0)
        guard let nginx = try await nginx(beside: host, directory, core: 0) else { return await host.stop() }
        var found: [String: [Double]] = [:]
        // The first round fills caches.
        for round in 0...rounds {
            for threads in loadThreads {
                for server in [host, nginx] {
                    let load = ["taskset", "--cpu-list", "1", "wrk", "-t\(threads)", "-c64", "-s", script]
                    let figures = try await measure(server, load, seconds: max(2, seconds))
                    if round > 0 { found["\(server.name) \(threads)", default: []].append(figures.p99) }
                }
            }
        }
        await host.stop()
        await nginx.stop()
        for threads in loadThreads {
            table.add(
                "p99 ms, 64 connections, one loop on one core, wrk -t\(threads) on the other ÷ nginx",
                peer: median(found["nginx \(threads)", default: [0]]),
                product: median(found["\(host.name) \(threads)", default: [0]]), .atMost(0.5))
        }
    }
}
