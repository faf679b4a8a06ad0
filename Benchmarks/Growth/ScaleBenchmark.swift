// What an operator does with many users: lists all of them, lists and rotates the keys, checks, starts. The users are made through
// the host itself.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport

enum ScaleBenchmark {
    private static let limit = 500

    static func run(users count: Int) async throws -> Bool {
        let directory = try TemporaryDirectory()
        let configuration = try directory.write("host.json", IdleBenchmark.configuration(directory))
        try await IdleBenchmark.makeUsers(count, configuration)
        var table = BenchmarkTable()
        // The targets are those of 100,000 users.
        let scale = max(1, Double(count) / 100_000)
        for command in [["keys", "list"], ["keys", "rotate"], ["check"]] {
            let (ending, seconds) = try await Benchmark.timed {
                try await HostProcess.run(command + ["--config", configuration])
            }
            guard ending.code == 0 else { throw HostProcessError(description: "\(command): \(ending.errors)") }
            let name = command.joined(separator: " ")
            table.add("s for \(name), \(count) users", product: seconds, .atMost((name == "check" ? 10 : 6) * scale))
        }
        let (host, start) = try await Benchmark.timed { try await HostProcess(["serve", "--config", configuration]) }
        table.add("s to start, \(count) users", product: start, .atMost(1))
        let token = try await HostProcess.run(
            ["token", "--config", configuration, "--user", "operator", "--role", "superuser"]
        ).output.dropLast()
        // The heads of all documents are read once after a start, and documents of before the rotation too.
        var last = -1.0
        while case let used = ProcessFigures.processorSeconds(host.identifier), used - last >= 0.02 {
            last = used
            try await Task.sleep(for: .seconds(1))
        }
        let client = try TestClient(host.url, token: String(token))
        let pages = try await list(client, count) { "page=\($0)&limit=\(limit)" }
        table.add("ms for the slowest page of \(limit) of all users", product: pages.slowest, .atMost(20))
        table.add("ms for a page of \(limit), median", product: pages.median, .atMost(20))
        let cursors = try await list(client, count) { _, cursor in
            "page=1&limit=\(limit)" + (cursor.map { "&cursor=\($0)" } ?? "")
        }
        table.add("ms for the slowest page by cursor", product: cursors.slowest, .atMost(20))
        table.add("ms for a page by cursor, median", product: cursors.median, .atMost(20))
        _ = await host.terminate()
        table.show()
        return table.isMet
    }

    private static func list(
        _ client: TestClient, _ count: Int, _ query: (Int) -> String
    ) async throws -> (slowest: Double, median: Double) {
        try await list(client, count) { page, _ in query(page) }
    }

    /// Reads the whole list, and checks that it has everything once.
    private static func list(
        _ client: TestClient, _ count: Int, _ query: (_ page: Int, _ cursor: String?) -> String
    ) async throws -> (slowest: Double, median: Double) {
        var (times, cursor, ids): ([Double], String?, Set<String>) = ([], nil, [])
        for page in 1... {
            let path = "/api/userIntegration?" + query(page, cursor)
            let (answer, seconds) = try await Benchmark.timed { try await client.get(path) }
            guard answer.status == 200, let data = answer.json["data"]?.array else {
                throw HostProcessError(description: answer.text)
            }
            if data.isEmpty { break }
            times.append(seconds * 1000)
            for pair in data { if let id = pair["id"]?.string { ids.insert(id) } }
            cursor = answer.json["nextCursor"]?.string
            if data.count < limit { break }
        }
        guard ids.count == count else { throw HostProcessError(description: "\(ids.count) of \(count) were listed") }
        times.sort()
        return (times.last ?? 0, times[times.count / 2])
    }
}
