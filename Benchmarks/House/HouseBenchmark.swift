// A full house: ten thousand connections and a hundred accounts at their worst against one host, and honest clients beside them. Attackers
// and providers are processes of their own on one core. Measured are the host's memory, and what the honest clients wait.

import Foundation
import HTTPServer
import HostTesting
import ProviderSDK
import Synchronization
import TestSupport

enum HouseBenchmark {
    /// The bars.
    private static let residentMiBMax = 256
    private static let latencyMax = Duration.milliseconds(50)
    private static let restRatioMax = 1.5
    private static let restTime = Duration.seconds(60)

    private static let honestUsers = 20

    /// Fills the house, empties it, and prints a line for each measure.
    ///
    /// - Parameter arguments: `--connections N`, 10,000 by default; `--accounts N`, 100 by default; `--seconds S`, how long the attack
    ///   lasts, 90 by default; `--only ATTACK`, an attack in place of all.
    /// - Returns: whether all bars are met.
    static func run(_ arguments: [String]) async throws -> Bool {
        func number(_ flag: String, _ other: Int) -> Int {
            arguments.firstIndex(of: flag).flatMap { arguments.dropFirst($0 + 1).first }.flatMap { Int($0) } ?? other
        }
        let connections = number("--connections", 10_000)
        let only = arguments.firstIndex(of: "--only").flatMap { arguments.dropFirst($0 + 1).first }
        let providers = try pinned(["house-providers"])
        let upstream = try await onOwnThread { try providers.output?.line() ?? "" }
        let house = try await House(
            upstream: upstream, users: honestUsers, accounts: number("--accounts", 100))

        let honest = HonestClients(house)
        try await honest.measure(for: .seconds(5))
        let idleKiB = ProcessFigures.residentKiB(house.host.identifier)
        let alone = honest.takeLatencies()

        let port = house.host.url.split(separator: ":").last ?? ""
        let attackers = try pinned(
            ["house-attackers", String(port), String(connections), house.recordsPath, house.tokensFile]
                + (only.map { [$0] } ?? []))
        async let syncs: Void = house.syncAll()
        try await honest.measure(for: .seconds(number("--seconds", 90)))
        let full = honest.takeLatencies()
        let open = try await house.figure("http_connections_open")
        attackers.kill()
        providers.kill()
        let ended = ContinuousClock.now
        try await syncs
        let peakKiB = ProcessFigures.peakKiB(house.host.identifier)
        var restKiB = ProcessFigures.residentKiB(house.host.identifier)
        while Double(restKiB) > Double(idleKiB) * restRatioMax, ContinuousClock.now - ended < restTime {
            try await Task.sleep(for: .milliseconds(500))
            restKiB = ProcessFigures.residentKiB(house.host.identifier)
        }
        let rested = ContinuousClock.now - ended

        print("measure | figure | bar | met")
        var isMet = true
        func line(_ measure: String, _ figure: String, _ bar: String = "", _ met: Bool? = nil) {
            print("\(measure) | \(figure) | \(bar) | \(met.map { $0 ? "yes" : "NO" } ?? "")")
            isMet = isMet && met ?? true
        }
        line("connections open at the end", "\(open)")
        line("peak RSS", "\(peakKiB >> 10) MiB", "≤ \(residentMiBMax) MiB", peakKiB >> 10 <= residentMiBMax)
        line("honest requests alone: p50, p99", alone.text)
        line("honest requests: p50, p99", full.text, "p99 ≤ \(latencyMax)", full.p99 <= latencyMax)
        line("honest requests that failed", "\(full.failures) of \(full.count)", "0", full.failures == 0)
        let ratio = Double(restKiB) / Double(idleKiB)
        line(
            "RSS after the last close / idle",
            String(format: "%d MiB / %d MiB = %.2f", restKiB >> 10, idleKiB >> 10, ratio),
            "≤ \(restRatioMax) within \(restTime)", ratio <= restRatioMax)
        line("seconds until then", String(format: "%.1f", rested / .seconds(1)))
        line("host stopped with", "\(await house.host.terminate())", "0")
        return isMet
    }

    /// Runs the attackers until the process is ended.
    ///
    /// - Parameter arguments: the host's port, the number of connections, a path with a large answer, a file of session tokens, and the
    ///   only attack where there is one.
    static func attack(_ arguments: [String]) throws {
        guard arguments.count >= 4, let port = UInt16(arguments[0]), let count = Int(arguments[1]) else { exit(2) }
        let tokens = try String(contentsOfFile: arguments[3], encoding: .utf8).split(separator: "\n").map(String.init)
        let attacks = Attack.allCases.filter { arguments.count == 4 || arguments[4] == "\($0)" }
        guard !attacks.isEmpty else { exit(2) }
        var attackers = Attackers(
            attacks, port: port, count: count, tokens: tokens, recordsPath: arguments[2])
        attackers.run()
    }

    /// Runs the providers until the process is ended; prints their address.
    static func provide() async throws {
        var configuration = ServerConfiguration(address: try SocketAddress("127.0.0.1:0"), loopCount: 1)
        configuration.memory = MemoryBudget(bytesMax: 4 << 30)
        let server = try HTTPServer(configuration, application: WorstUpstream())
        try FileHandle.standardOutput.write(contentsOf: Data("http://\(try server.start())\n".utf8))
        while true { try await Task.sleep(for: .seconds(3600)) }
    }

    /// Starts a part of this program on the last core that this process may use.
    private static func pinned(_ arguments: [String]) throws -> ChildProcess {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let cores = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
        let last = cores?.split { !$0.isNumber }.last.map(String.init) ?? "0"
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
        return try ChildProcess(["taskset", "-c", last, program] + arguments, errors: .descriptor(2))
    }
}

/// The host with its users: honest ones, one with many records, and one for each bad account.
private final class House: Sendable {
    let host: HostProcess
    let honest: [TestClient]
    let recordsPath: String
    let tokensFile: String
    private let directory: TemporaryDirectory
    private let bad: [(client: TestClient, connection: String)]

    init(upstream: String, users: Int, accounts: Int) async throws {
        directory = try TemporaryDirectory()
        let configuration = try directory.write(
            "host.json",
            """
            {"listen":"127.0.0.1:0","dataDirectory":"\(directory.path)/data","allowPrivateAddresses":true,"logLevel":"error",
            "rateLimits":{"connectionCreation":0,"write":600,"address":6000},
            "providers":{"arc":{"accessToken":"a","endpoints":{"api":"http://127.0.0.1:1"}},"stripe":{"clientId":"ca",
            "clientSecret":"sk_client","requestsPerSecond":"1000000","endpoints":{"authorize":"\(upstream)/authorize",
            "token":"\(upstream)/token","api":"\(upstream)"}}}}
            """)
        let host = try await HostProcess(["serve", "--config", configuration])
        func client(_ user: String) async throws -> TestClient {
            let token = try await HostProcess.run(["token", "--config", configuration, "--user", user]).output
            return try TestClient(host.url, token: String(token.dropLast()))
        }
        var honest: [TestClient] = []
        for number in 0..<users {
            let user = try await client("honest-\(number)")
            for account in 0..<10 {
                _ = try await user.post(
                    "/api/integrations/connections",
                    "{\"service\":\"arc\",\"variant\":\"iidx\",\"accountId\":\"account-\(number)-\(account)\"}")
            }
            honest.append(user)
        }
        let reader = try await client("reader")
        let id = try await Self.connect(reader, code: "good")
        try await Self.sync(reader, id, until: .seconds(60))
        recordsPath = "/api/integrations/connections/\(id)/records?limit=1000"
        tokensFile = try directory.write("tokens", reader.token ?? "")
        var bad: [(client: TestClient, connection: String)] = []
        for number in 0..<accounts {
            let user = try await client("bad-\(number)")
            bad.append((user, try await Self.connect(user, code: String(number))))
        }
        self.host = host
        self.honest = honest
        self.bad = bad
    }

    private static func connect(_ client: TestClient, code: String) async throws -> String {
        let created = try await client.post("/api/integrations/connections", #"{"service":"stripe"}"#).json
        guard let state = created["state"]?.string, let id = created["connectionId"]?.string else {
            throw HostProcessError(description: "not connected: \(created)")
        }
        _ = try await client.get("/api/integrations/oauth/stripe/callback?code=\(code)&state=\(state)")
        return id
    }

    private static func sync(_ client: TestClient, _ id: String, until limit: Duration) async throws {
        let path = "/api/integrations/connections/\(id)/sync"
        _ = try await client.post(path, #"{"syncType":"full","dataTypes":["payments"]}"#)
        let deadline = ContinuousClock.now + limit
        while try await client.get(path).json.at("sync.status") == "running" {
            guard ContinuousClock.now < deadline else { throw HostProcessError(description: "The sync has not ended.") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Starts a sync of every bad account; some end by themselves, some never do.
    func syncAll() async throws {
        for (client, id) in bad {
            _ = try? await client.post(
                "/api/integrations/connections/\(id)/sync", #"{"syncType":"full","dataTypes":["payments"]}"#)
        }
    }

    /// A figure of the host's metrics.
    func figure(_ name: String) async throws -> Int {
        let lines = try await TestClient(host.url).get("/metrics").text.split(separator: "\n")
        let line = lines.first { $0.contains(name + " ") && !$0.hasPrefix("#") }
        return line?.split(separator: " ").last.flatMap { Double($0) }.map { Int($0) } ?? -1
    }
}

/// What requests took.
private struct Latencies {
    var values: [Duration] = []
    var failures = 0

    var count: Int { values.count + failures }
    var p99: Duration { quantile(0.99) }
    var text: String { "\(milliseconds(quantile(0.5))), \(milliseconds(p99)) ms of \(values.count)" }

    private func quantile(_ part: Double) -> Duration {
        let sorted = values.sorted()
        return sorted.isEmpty ? .zero : sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
    }

    private func milliseconds(_ time: Duration) -> String { String(format: "%.2f", time / .milliseconds(1)) }
}

/// Users that ask for their status once a second each.
private final class HonestClients: Sendable {
    private let clients: [TestClient]
    private let latencies = Mutex(Latencies())

    init(_ house: House) { clients = house.honest }

    /// Asks for `time`.
    func measure(for time: Duration) async throws {
        let deadline = ContinuousClock.now + time
        await withTaskGroup { group in
            for (number, client) in clients.enumerated() {
                group.addTask { [self] in
                    try? await Task.sleep(for: .milliseconds(1100 * number / clients.count))
                    while ContinuousClock.now < deadline {
                        let start = ContinuousClock.now
                        let answer = try? await client.get("/api/integrations/status")
                        let taken = ContinuousClock.now - start
                        latencies.withLock { latencies in
                            if answer?.status == 200 { latencies.values.append(taken) } else { latencies.failures += 1 }
                        }
                        try? await Task.sleep(for: .milliseconds(1100))
                    }
                }
            }
        }
    }

    func takeLatencies() -> Latencies {
        latencies.withLock { latencies in
            defer { latencies = Latencies() }
            return latencies
        }
    }
}
