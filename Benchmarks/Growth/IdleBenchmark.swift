// What a host with many users costs while nothing is to do: processor time and memory, after a start that fills the schedule of
// background work. The users are made through the host itself.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport

enum IdleBenchmark {
    /// Makes `count` users, starts the host anew, and prints what it costs for `seconds`.
    static func run(users count: Int, seconds: Int) async throws -> Bool {
        let directory = try TemporaryDirectory()
        let configuration = try directory.write("host.json", configuration(directory))
        try await makeUsers(count, configuration)
        let host = try await HostProcess(["serve", "--config", configuration])
        let started = ContinuousClock.now
        // The heads of all documents are read once.
        var last = -1.0
        while true {
            let used = ProcessFigures.processorSeconds(host.identifier)
            if used - last < 0.02 { break }
            last = used
            try await Task.sleep(for: .seconds(1))
        }
        let filled = ProcessFigures.processorSeconds(host.identifier)
        print(
            "\(count) users; filled after \(Int((ContinuousClock.now - started) / .seconds(1))) s",
            "with \(String(format: "%.2f", filled)) s of processor time")
        let memory = ProcessFigures.residentKiB(host.identifier)
        try await Task.sleep(for: .seconds(seconds))
        let share = (ProcessFigures.processorSeconds(host.identifier) - filled) / Double(seconds) * 100
        let growth = ProcessFigures.residentKiB(host.identifier) - memory
        var table = BenchmarkTable()
        table.add("idle processor, % of a core, \(count) users", product: share, .atMost(count > 100_000 ? 1 : 0.5))
        table.add("idle memory, MiB, \(count) users", product: Double(memory) / 1024, .atMost(60))
        table.add("growth in \(seconds) s, MiB", product: Double(growth) / 1024, .atMost(1))
        _ = await host.terminate()
        table.show()
        return table.isMet
    }

    static func configuration(_ directory: TemporaryDirectory, providers: String = "{}") -> String {
        """
        {"listen":"127.0.0.1:0","dataDirectory":"\(directory.path)/data","allowPrivateAddresses":true,"logLevel":"warning",
        "rateLimits":{"connectionCreation":0,"sync":0,"oauth":0,"status":0,"write":0,"address":0},"providers":\(providers)}
        """
    }

    /// Makes users with one integration each.
    static func makeUsers(_ count: Int, _ configuration: String) async throws {
        let host = try await HostProcess(["serve", "--config", configuration])
        let token = try await HostProcess.run(
            ["token", "--config", configuration, "--user", "operator", "--role", "superuser"]
        ).output.dropLast()
        try await inLanes(64, count) { lane, number in
            let client = try lane ?? TestClient(host.url, token: String(token))
            let answer = try await client.post(
                "/api/userIntegration",
                #"{"isconnected":true,"userId":"user-\#(number)","integrationId":"integration-\#(number % 7)"}"#)
            guard answer.status == 200 else { throw HostProcessError(description: "not made: \(answer.status)") }
            return client
        }
        guard await host.terminate() == 0 else { throw HostProcessError(description: "the host did not stop") }
    }

    /// Runs `body` for every number below `count`, in several lanes with a client each.
    static func inLanes(
        _ lanes: Int, _ count: Int, _ body: @escaping @Sendable (TestClient?, Int) async throws -> TestClient
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    var client: TestClient?
                    for number in stride(from: lane, to: count, by: lanes) { client = try await body(client, number) }
                }
            }
            try await group.waitForAll()
        }
    }
}
