// Status requests per second of processor time, beside nginx with a fixed body and a status route in Go: the same requests, in the
// same rounds. Compare figures of one run only.

import ConnectionModel
import Credentials
import Cryptography
import Foundation
import HostTesting
import ProviderSDK
import Sessions
import Storage
import TestSupport
import Users

enum ReadBenchmark {
    /// Something that answers status requests.
    struct Server: Sendable {
        let name: String
        let port: UInt16
        /// The processes whose time counts.
        let processes: [Int32]
        /// The file with a token for each user.
        let tokens: String
        let stop: @Sendable () async -> Void
    }

    static func run(users count: Int, rounds: Int, seconds: Int) async throws -> Bool {
        let directory = try TemporaryDirectory()
        let tokens = try await makeUsers(count, directory)
        let host = try await host(tokens, directory)
        var servers = [host]
        if let nginx = try await nginx(beside: host, directory) { servers.append(nginx) }
        if let go = try go(count, directory) { servers.append(go) }
        let script = try directory.write("load.lua", load)
        var found: [String: [Figures]] = [:]
        // The first round fills caches.
        for round in 0...rounds {
            for server in servers {
                let figures = try await measure(
                    server, ["wrk", "-t1", "-c64", "-s", script], seconds: round == 0 ? max(3, seconds) : seconds)
                if round > 0 { found[server.name, default: []].append(figures) }
            }
        }
        let memory = Double(ProcessFigures.residentKiB(host.processes[0])) / 1024
        for server in servers { await server.stop() }
        var table = BenchmarkTable()
        let ours = median(found[host.name, default: []].map(\.perProcessorSecond))
        for (peer, target) in [("nginx", 0.9), ("Go net/http", 2.4)] {
            guard let theirs = found[peer] else {
                print("\(peer) is not installed: no peer")
                continue
            }
            table.add(
                "status reads per CPU-second, \(count) users × 10 ÷ \(peer)",
                peer: median(theirs.map(\.perProcessorSecond)), product: ours, .atLeast(target))
        }
        table.add("resident MiB after reading all", product: memory, .atMost(60))
        try await addLatency(to: &table, tokens, directory, script, rounds: rounds, seconds: seconds)
        table.show()
        return table.isMet
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    // MARK: Load

    struct Figures {
        let perProcessorSecond: Double
        let p99: Double
    }

    /// One request for each user, in an order in which neighbours are far apart.
    private static let load = """
        local tokens = {}
        for line in io.lines(os.getenv("TOKENS")) do tokens[#tokens + 1] = line end
        local place = 0
        function request()
          place = (place + 7919) % #tokens
          return wrk.format("GET", "/api/integrations/status", {["Authorization"] = "Bearer " .. tokens[place + 1]})
        end
        function done(summary, latency, requests)
          local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
          io.write(string.format("figures %d %d %f\\n", summary.requests, failed, latency:percentile(99) / 1000))
        end
        """

    /// - Parameter load: the command of wrk, without its time and its address.
    static func measure(_ server: Server, _ load: [String], seconds: Int) async throws -> Figures {
        let before = server.processes.reduce(0) { $0 + ProcessFigures.processorSeconds($1) }
        let ending = try await onOwnThread {
            try ChildProcess.run(
                load + ["-d\(seconds)s", "http://127.0.0.1:\(server.port)/api/integrations/status"],
                environment: ProcessInfo.processInfo.environment.merging(["TOKENS": server.tokens]) { $1 })
        }
        let used = server.processes.reduce(0) { $0 + ProcessFigures.processorSeconds($1) } - before
        let words = ending.output.split(separator: "\n").first { $0.hasPrefix("figures ") }?.split(separator: " ") ?? []
        guard ending.code == 0, words.count == 4, let count = Double(words[1]), words[2] == "0",
            let p99 = Double(words[3])
        else { throw HostProcessError(description: "wrk on \(server.name): \(ending.output) \(ending.errors)") }
        return Figures(perProcessorSecond: count / used, p99: p99)
    }

    // MARK: Servers

    /// Makes users with ten connections each.
    ///
    /// - Returns: the file with a token for each.
    private static func makeUsers(_ count: Int, _ directory: TemporaryDirectory) async throws -> String {
        let configuration = try directory.write("host.json", IdleBenchmark.configuration(directory))
        // The first start makes the key ring.
        let first = try await HostProcess(["serve", "--config", configuration])
        _ = await first.terminate()
        let data = try DataDirectory(path: directory.path + "/data")
        let users = UserStore(data.documents)
        await withTaskGroup(of: Void.self) { group in
            for lane in 0..<64 {
                group.addTask {
                    for number in stride(from: lane, to: count, by: 64) { try? await fill(users, "user-\(number)") }
                }
            }
        }
        data.close()
        let ring = try KeyRing.load(path: directory.path + "/data/keys/key-ring")
        let sessions = HostSessions(try HostKeys(ring, path: ""))
        let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) ?? .epoch
        var tokens = ""
        for number in 0..<count {
            tokens += try sessions.issue(
                userID: "user-\(number)", roles: [], kind: .session, lifetime: HostSessions.lifetimeDefault, at: now)
            tokens += "\n"
        }
        return try directory.write("host-tokens", tokens)
    }

    /// A host over the users.
    ///
    /// - Parameter core: the one core that it may use; nil for all.
    static func host(_ tokens: String, _ directory: TemporaryDirectory, core: Int? = nil) async throws -> Server {
        let command = ["serve", "--config", directory.path + "/host.json"]
        let program = HostProcess.executable.path
        let host =
            if let core {
                try await HostProcess(["--cpu-list", "\(core)", program] + command, executable: "/usr/bin/taskset")
            } else { try await HostProcess(command) }
        return Server(
            name: "the host", port: UInt16(host.url.split(separator: ":").last ?? "") ?? 0,
            processes: [host.identifier], tokens: tokens
        ) { _ = await host.terminate() }
    }

    private static func fill(_ users: UserStore, _ userID: String) async throws {
        let start = Timestamp(milliseconds: 1_750_000_000_000) ?? .epoch
        try await users.update(userID) { (user) throws(ServiceError) in
            for place in 0..<10 {
                let id = try user.add(
                    service: "integration-\(place)", variant: nil, status: .connected,
                    shard: UserStore.shard(of: userID), random: String(format: "%022d", place), at: start)
                try user.update(id) { (connection) throws(ServiceError) in
                    try connection.linked(to: "account-\(userID)-\(place)", permissions: ["read", "write"], at: start)
                }
            }
        }
    }

    /// nginx with a fixed body of the size of the host's answers; nil where it is not installed.
    ///
    /// - Parameter core: the core of its one worker; nil for a worker on every core.
    static func nginx(
        beside host: Server, _ directory: TemporaryDirectory, core: Int? = nil
    ) async throws -> Server? {
        let program = "/usr/sbin/nginx"
        guard FileManager.default.isExecutableFile(atPath: program) else { return nil }
        let token = try String(contentsOfFile: host.tokens, encoding: .utf8).prefix { $0 != "\n" }
        let answer = try await TestClient("http://127.0.0.1:\(host.port)", token: String(token)).get(
            "/api/integrations/status")
        guard answer.status == 200 else { throw HostProcessError(description: "\(answer.text)") }
        let port: UInt16 = core == nil ? 18_099 : 18_098
        let count = core == nil ? 2 : 1
        let body = String(repeating: "x", count: answer.text.utf8.count)
        let configuration = try directory.write(
            "nginx.conf",
            """
            worker_processes \(count);
            daemon off;
            pid \(directory.path)/nginx.pid;
            error_log stderr error;
            events { worker_connections 1024; }
            http {
              access_log off;
              keepalive_requests 1000000000;
              client_body_temp_path \(directory.path)/body; proxy_temp_path \(directory.path)/proxy;
              fastcgi_temp_path \(directory.path)/fastcgi; uwsgi_temp_path \(directory.path)/uwsgi;
              scgi_temp_path \(directory.path)/scgi;
              server { listen 127.0.0.1:\(port) reuseport; default_type application/json;
                location / { return 200 "\(body)"; } }
            }
            """)
        let pin = core.map { ["taskset", "--cpu-list", "\($0)"] } ?? []
        let process = try ChildProcess(pin + [program, "-e", "stderr", "-c", configuration])
        var workers: [Int32] = []
        try await waitUntil("the workers of nginx") {
            let path = "/proc/\(process.identifier)/task/\(process.identifier)/children"
            workers = ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: " ").compactMap {
                Int32($0)
            }
            return workers.count == count
        }
        return Server(name: "nginx", port: port, processes: workers, tokens: host.tokens) {
            process.signal(SIGTERM)
            _ = try? await onOwnThread { try process.wait() }
        }
    }

    /// A status route in Go; nil where Go is not installed.
    private static func go(_ count: Int, _ directory: TemporaryDirectory) throws -> Server? {
        let program = directory.path + "/go-status"
        let environment = ProcessInfo.processInfo.environment.merging([
            "GO111MODULE": "off", "GOCACHE": directory.path + "/go-cache",
        ]) { $1 }
        guard
            let build = try? ChildProcess.run(
                ["go", "build", "-o", program, "Benchmarks/Peers/go-status/main.go"], environment: environment),
            build.code == 0
        else { return nil }
        let tokens = directory.path + "/go-tokens"
        let process = try ChildProcess([program, "\(count)", tokens])
        let words = (try process.output?.line() ?? "").split(separator: " ")
        guard words.count == 2, let port = UInt16(words[1]) else {
            throw HostProcessError(description: "the Go peer did not start")
        }
        return Server(name: "Go net/http", port: port, processes: [process.identifier], tokens: tokens) {
            process.kill()
        }
    }
}
