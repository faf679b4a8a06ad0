// Durable writes against PostgreSQL and against a Go server over it, in the same rounds; what a write to a user with many connections
// costs; and how soon a host stops and writes again after a kill. Compare figures of one run only.

import ConnectionModel
import Foundation
import HostTesting
import ProviderSDK
import Storage
import TestSupport
import Users

enum WriteBenchmark {
    /// The least and the wished ratio to PostgreSQL at each number of clients, and to Go.
    private static let targets: [(clients: Int, postgres: Double, go: Double)] = [
        (1, 1.0, 1.3), (8, 1.3, 2), (32, 2.0, 3), (64, 2.5, 4),
    ]

    /// - Parameter onlyGrowth: whether only the cost of a write to users of different sizes is measured.
    static func run(rounds: Int, seconds: Int, onlyGrowth: Bool) async throws {
        print("measure | peer | product | ratio | target | met")
        if onlyGrowth { return try await growth(rounds: rounds, seconds: seconds) }
        try await throughput(rounds: rounds, seconds: seconds)
        try await growth(rounds: rounds, seconds: seconds)
        try await stopAndRestart()
    }

    // MARK: The table

    private static func row(_ measure: String, _ peer: Double?, _ product: Double, atLeast target: Double) {
        let ratio = peer.map { product / $0 } ?? product
        print(line(measure, peer, product, ratio, "≥ \(target)", ratio >= target))
    }

    private static func row(_ measure: String, _ peer: Double?, _ product: Double, atMost target: Double) {
        let ratio = peer.map { product / $0 } ?? product
        print(line(measure, peer, product, ratio, "≤ \(target)", ratio <= target))
    }

    private static func line(
        _ measure: String, _ peer: Double?, _ product: Double, _ ratio: Double, _ target: String, _ isMet: Bool
    ) -> String {
        func text(_ value: Double) -> String { String(format: value < 100 ? "%.2f" : "%.0f", value) }
        return [
            measure, peer.map(text) ?? "–", text(product), peer == nil ? "–" : text(ratio), target,
            isMet ? "yes" : "no",
        ].joined(separator: " | ")
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    // MARK: Throughput

    private static func throughput(rounds: Int, seconds: Int) async throws {
        let postgres = try PostgreSQLPeer()
        defer { postgres?.stop() }
        if postgres == nil { print("PostgreSQL is not installed: no peer") }
        let directory = try TemporaryDirectory()
        let go = try postgres.flatMap { try GoPeer(database: $0.url, directory) }
        defer { go?.stop() }
        if go == nil { print("Go or its driver pgx is not installed: no peer") }
        for (clients, least, leastOfGo) in targets {
            let host = try await WriteHost()
            let generator = host.creating(users: 10_000)
            // Users have documents before anything is measured.
            _ = try await load(generator, clients: 64, seconds: 2)
            var found: (postgres: [Load], go: [Load], host: [Load]) = ([], [], [])
            for _ in 0..<rounds {
                if let postgres { found.postgres.append(try postgres.inserts(clients: clients, seconds: seconds)) }
                if let go {
                    let generator = LoadGenerator(port: go.port, requests: host.bodies(users: 10_000, token: go.token))
                    found.go.append(try await load(generator, clients: clients, seconds: Double(seconds)))
                }
                found.host.append(try await load(generator, clients: clients, seconds: Double(seconds)))
            }
            let ours = median(found.host.map(\.perSecond))
            if !found.postgres.isEmpty {
                row(
                    "writes/s, \(clients) clients ÷ PostgreSQL", median(found.postgres.map(\.perSecond)), ours,
                    atLeast: least)
                if clients == 1 || clients == 64 {
                    row(
                        "p99 ms, \(clients) clients ÷ PostgreSQL", median(found.postgres.map { $0.within(0.99) }),
                        median(found.host.map { $0.within(0.99) }), atMost: clients == 1 ? 2 : 0.8)
                }
            }
            if !found.go.isEmpty {
                row(
                    "writes/s, \(clients) clients ÷ Go + pgx", median(found.go.map(\.perSecond)), ours,
                    atLeast: leastOfGo)
            }
            if postgres == nil { print("writes/s, \(clients) clients | – | \(Int(ours)) | – | – | –") }
            await host.process.terminate()
        }
    }

    private static func load(_ generator: LoadGenerator, clients: Int, seconds: Double) async throws -> Load {
        let load = try await onOwnThread { try generator.run(clients: clients, seconds: seconds) }
        guard load.refusals == 0 else { throw HostProcessError(description: "\(load.refusals) requests were refused") }
        return load
    }

    // MARK: Growth

    /// One write to a user with many connections, each with 20 syncs behind it: hosts with users of different sizes take turns.
    private static func growth(rounds: Int, seconds: Int) async throws {
        let counts = [1, 10, 100]
        var hosts: [(host: WriteHost, generator: LoadGenerator)] = []
        for count in counts {
            let host = try await WriteHost { store in
                let users = UserStore(store.documents)
                try await fill(users, connections: count)
            }
            let client = try TestClient(host.process.url, token: host.token)
            let page = try await client.get("/api/userIntegration?userId=grown&page=1&limit=200").json
            guard let id = page["data"]?.array?.last?["id"]?.string else {
                throw HostProcessError(description: "\(page)")
            }
            let path = "/api/admin/userIntegration/\(id)"
            let requests = [true, false].map {
                LoadGenerator.request("PATCH", path, token: host.token, body: "{\"isconnected\":\($0)}")
            }
            hosts.append((host, LoadGenerator(port: host.port, requests: requests)))
        }
        var costs = counts.map { _ in [(processor: Double, bytes: Double)]() }
        for round in 0...max(rounds, 3) {
            for (place, (host, generator)) in hosts.enumerated() {
                let process = host.process.identifier
                let before = (ProcessFigures.processorSeconds(process), writtenBytes(process))
                let found = try await load(generator, clients: 1, seconds: Double(seconds))
                let processor = (ProcessFigures.processorSeconds(process) - before.0) / Double(found.answers) * 1e6
                let bytes = Double(writtenBytes(process) - before.1) / Double(found.answers)
                // The first round brings old documents to what the host writes.
                if round > 0 { costs[place].append((processor, bytes)) }
            }
        }
        for (host, _) in hosts { await host.process.terminate() }
        let least = median(costs[0].map(\.processor))
        for (count, cost) in zip(counts, costs) {
            if count > 1 {
                row(
                    "µs CPU of a write, \(count) connections ÷ 1", least, median(cost.map(\.processor)), atMost: 1.5)
            }
            row("bytes of a write, \(count) connections", nil, median(cost.map(\.bytes)), atMost: 8192)
        }
    }

    private static func fill(_ users: UserStore, connections count: Int) async throws {
        let start = Timestamp(milliseconds: 1_750_000_000_000) ?? .epoch
        try await users.update("grown") { (user) throws(ServiceError) in
            for number in 0..<count {
                let id = try user.add(
                    service: "integration-\(number)", variant: nil, status: .connected,
                    shard: UserStore.shard(of: "grown"), random: String(format: "%022d", number), at: start)
                for round in 0..<20 {
                    let at = start.advanced(by: .seconds(3600 * round))
                    let run = SyncRun(
                        id: "sync-\(number)-\(round)", type: .incremental, dataTypes: ["payments", "customers"],
                        startedAt: at)
                    try user.update(id) { (connection) throws(ServiceError) in
                        connection.syncBegan(run)
                        try connection.syncEnded(
                            run.id, SyncOutcome(status: .completed, failures: []), counts: (100, 100, 0), read: [],
                            grant: nil, at: at.advanced(by: .seconds(20)))
                    }
                }
            }
        }
    }

    /// The bytes that a process has handed to files so far.
    private static func writtenBytes(_ process: Int32) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(process)/io", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("wchar: ") }
        return line.flatMap { Int($0.dropFirst(7)) } ?? 0
    }

    // MARK: Stop and restart

    private static func stopAndRestart() async throws {
        let host = try await WriteHost()
        let generator = host.creating(users: 10_000)
        _ = try await load(generator, clients: 64, seconds: 3)
        let (_, stop) = await Benchmark.timed { await host.process.terminate() }
        row("s to stop after 3 s of writes", nil, stop, atMost: 1)
        let again = try await host.restarted()
        let running = Task { try? await load(again.creating(users: 10_000), clients: 64, seconds: 3) }
        try await Task.sleep(for: .seconds(2))
        again.process.kill()
        _ = await running.value
        let last = try await again.restarted()
        let (_, write) = try await Benchmark.timed {
            try await load(last.creating(users: 10_000), clients: 1, seconds: 0.001)
        }
        row("s for the first write after SIGKILL under load", nil, write, atMost: 0.1)
        await last.process.terminate()
    }
}

/// A host in a new folder, with a session of a superuser.
private struct WriteHost: Sendable {
    let process: HostProcess
    let token: String
    private let directory: TemporaryDirectory
    private let configuration: String

    var port: UInt16 { UInt16(process.url.split(separator: ":").last ?? "") ?? 0 }

    init(_ prepare: (DataDirectory) async throws -> Void = { _ in }) async throws {
        let directory = try TemporaryDirectory()
        let configuration = try directory.write(
            "host.json",
            """
            {"listen":"127.0.0.1:0","dataDirectory":"\(directory.path)/data","logLevel":"warning",
            "rateLimits":{"status":0,"connectionCreation":0,"write":0}}
            """)
        let store = try DataDirectory(path: directory.path + "/data")
        try await prepare(store)
        store.close()
        try await self.init(directory, configuration)
    }

    private init(_ directory: TemporaryDirectory, _ configuration: String) async throws {
        self.directory = directory
        self.configuration = configuration
        process = try await HostProcess(["serve", "--config", configuration])
        token = try await HostProcess.run([
            "token", "--config", configuration, "--user", "root", "--role", "superuser",
        ]).output.trimmingCharacters(in: .newlines)
    }

    /// The same host, started again.
    func restarted() async throws -> WriteHost { try await WriteHost(directory, configuration) }

    /// Requests that each add an integration to one of many users.
    func creating(users: Int) -> LoadGenerator {
        LoadGenerator(port: port, requests: bodies(users: users, token: token))
    }

    func bodies(users: Int, token: String) -> [[UInt8]] {
        // A fixed order in which neighbours are far apart.
        (0..<users).map { index in
            let user = index * 7919 % users
            return LoadGenerator.request(
                "POST", "/api/userIntegration", token: token,
                body: "{\"isconnected\":true,\"userId\":\"user-\(user)\",\"integrationId\":\"integration-\(user % 7)\"}"
            )
        }
    }
}
