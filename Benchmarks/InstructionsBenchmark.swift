// Instructions per status request, durable write, synced record and mapped record, counted by callgrind. Unlike times they repeat on a busy
// machine. Each figure is the difference of two runs of different length, so what a start costs does not count.

import Foundation
import HTTPServer
import HostTesting
import ProviderSDK
import TestSupport

enum InstructionsBenchmark {
    /// What is measured.
    private enum Measure: String, CaseIterable {
        case status = "status request"
        case write = "durable write"
        case sync = "synced record"
        case mapping = "mapped record"

        /// The lengths of the two runs: requests, writes, records, records.
        var lengths: (short: Int, long: Int) {
            switch self {
            case .status: (1000, 6000)
            case .write: (500, 2500)
            case .sync: (2000, 12_000)
            case .mapping: (5000, 25_000)
            }
        }

        func instructions(host: String, length: Int) async throws -> Int {
            switch self {
            case .status: try await InstructionsBenchmark.status(host, requests: length)
            case .write: try await InstructionsBenchmark.write(host, count: length)
            case .sync: try await InstructionsBenchmark.sync(host, records: length)
            case .mapping: try InstructionsBenchmark.mapping(host, records: length)
            }
        }
    }

    /// Prints a line for each measure, with its ratio to a baseline where there is one.
    ///
    /// - Parameter arguments: `--host PATH`, the executable to measure, the one beside this program by default; `--baseline FILE`,
    ///   the output of an earlier run; `--only MEASURE`, such as `"durable write"`.
    /// - Returns: whether no measure is more than 2 % above the baseline.
    static func run(_ arguments: [String]) async throws -> Bool {
        let host = value("--host", arguments) ?? HostProcess.executable.path
        let baseline = try value("--baseline", arguments).map(figures) ?? [:]
        print("measure | instructions | baseline | ratio")
        var isWithin = true
        let only = value("--only", arguments)
        for measure in Measure.allCases where only == nil || only == measure.rawValue {
            let (short, long) = measure.lengths
            let first = try await measure.instructions(host: host, length: short)
            let second = try await measure.instructions(host: host, length: long)
            let figure = Double(second - first) / Double(long - short)
            var line = "\(measure.rawValue) | \(Int(figure.rounded()))"
            if let before = baseline[measure.rawValue] {
                line += " | \(Int(before)) | \(String(format: "%.3f", figure / before))"
                isWithin = isWithin && figure <= before * 1.02
            }
            print(line)
        }
        return isWithin
    }

    private static func value(_ flag: String, _ arguments: [String]) -> String? {
        arguments.firstIndex(of: flag).flatMap { arguments.dropFirst($0 + 1).first }
    }

    /// The figures that an earlier run printed.
    private static func figures(_ file: String) throws -> [String: Double] {
        var figures: [String: Double] = [:]
        for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            if cells.count > 1, let figure = Double(cells[1]) { figures[cells[0]] = figure }
        }
        return figures
    }

    /// Requests of the status of a user with ten connections, each with a session to be checked.
    private static func status(_ host: String, requests: Int) async throws -> Int {
        let directory = try TemporaryDirectory()
        let configuration = try directory.write(
            "host.json",
            """
            {"listen":"127.0.0.1:0","dataDirectory":"\(directory.path)/data","logLevel":"warning","rateLimits":{"status":0,
            "connectionCreation":0},"providers":{"arc":{"accessToken":"a","endpoints":{"api":"http://127.0.0.1:1"}}}}
            """)
        let counted = try CountedHost(host, configuration: configuration, directory: directory)
        let client = try TestClient(counted.url, token: counted.token("bench"))
        for number in 0..<10 {
            let body = "{\"service\":\"arc\",\"variant\":\"iidx\",\"accountId\":\"account-\(number)\"}"
            let created = try await client.post("/api/integrations/connections", body)
            guard created.status == 200 else { throw HostProcessError(description: created.text) }
        }
        let answer = try await client.get("/api/integrations/status").json
        guard answer.at("data.integrations")?.count == 10 else { throw HostProcessError(description: "\(answer)") }
        for _ in 0..<requests { _ = try await client.get("/api/integrations/status") }
        return try counted.stop()
    }

    /// Writes of one connection each to one of a hundred users, every one durable before its answer.
    private static func write(_ host: String, count: Int) async throws -> Int {
        let directory = try TemporaryDirectory()
        let configuration = try directory.write(
            "host.json",
            """
            {"listen":"127.0.0.1:0","dataDirectory":"\(directory.path)/data","logLevel":"warning","rateLimits":{"status":0,
            "connectionCreation":0,"write":0}}
            """)
        let counted = try CountedHost(host, configuration: configuration, directory: directory)
        let client = try TestClient(counted.url, token: counted.token("root", role: "superuser"))
        for number in 0..<count {
            let body = "{\"isconnected\":true,\"userId\":\"user-\(number % 100)\",\"integrationId\":\"i\"}"
            let answer = try await client.post("/api/userIntegration", body)
            guard 200..<300 ~= answer.status else { throw HostProcessError(description: answer.text) }
        }
        return try counted.stop()
    }

    /// A full sync of payments from an upstream of this process.
    ///
    /// The notification of its end tells when it is done: asking for its state would count.
    private static func sync(_ host: String, records: Int) async throws -> Int {
        let upstream = try HTTPServer(
            ServerConfiguration(address: SocketAddress("127.0.0.1:0"), loopCount: 1),
            application: Upstream(count: records))
        let origin = "http://\(try upstream.start())"
        let receiver = try TestReceiver()
        let directory = try TemporaryDirectory()
        let configuration = try directory.write(
            "host.json", SyncBenchmark.configuration(directory: directory, upstream: origin))
        let counted = try CountedHost(host, configuration: configuration, directory: directory)
        let client = try TestClient(counted.url, token: counted.token("bench"))
        let id = try await SyncBenchmark.connect(client)
        let path = "/api/integrations/connections/\(id)"
        _ = try await client.send("PATCH", path, body: "{\"settings\":{\"webhookUrl\":\"\(receiver.url)\"}}")
        _ = try await client.post(path + "/sync", #"{"syncType":"full","dataTypes":["payments"]}"#)
        while receiver.deliveries.isEmpty { try await Task.sleep(for: .milliseconds(50)) }
        guard receiver.deliveries.first?.json.at("data.recordsSynced")?.integer == Int64(records) else {
            throw HostProcessError(description: "\(receiver.deliveries.map(\.json))")
        }
        let count = try counted.stop()
        await receiver.stop()
        await upstream.shutdown(grace: .zero)
        return count
    }

    /// The mapping of parsed payments by the plugin and the SDK that lie beside `host`.
    private static func mapping(_ host: String, records: Int) throws -> Int {
        let folder = URL(fileURLWithPath: host).resolvingSymlinksInPath().deletingLastPathComponent().path
        let directory = try TemporaryDirectory()
        let program = Callgrind(
            [CommandLine.arguments[0], "map", folder + "/libStripe.so", "\(records)"], directory,
            environment: ["LD_LIBRARY_PATH": folder])
        _ = try program.start()
        return try program.instructions()
    }
}

/// A host whose instructions are counted.
private final class CountedHost {
    private let program: Callgrind
    private let executable: String
    private let configuration: String
    let url: String

    init(_ executable: String, configuration: String, directory: TemporaryDirectory) throws {
        self.executable = executable
        self.configuration = configuration
        program = Callgrind([executable, "serve", "--config", configuration], directory)
        url = String(try program.start().dropFirst("listening on ".count))
    }

    /// A session token of `user`.
    func token(_ user: String, role: String? = nil) throws -> String {
        let roles = role.map { ["--role", $0] } ?? []
        return try Callgrind.output([executable, "token", "--config", configuration, "--user", user] + roles)
    }

    /// Stops it and returns the instructions of its whole life.
    func stop() throws -> Int { try program.instructions(stopping: true) }
}

/// A program under valgrind.
private final class Callgrind {
    private let process = Process()
    private let output = Pipe()
    private let file: String

    init(_ command: [String], _ directory: TemporaryDirectory, environment: [String: String] = [:]) {
        file = directory.path + "/callgrind.out"
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["valgrind", "--quiet", "--tool=callgrind", "--callgrind-out-file=\(file)", "--compress-pos=no"] + command
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
    }

    /// Starts it and returns the first line that it prints.
    func start() throws -> String {
        try process.run()
        var line: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// Waits for its end and returns how many instructions it has run.
    func instructions(stopping: Bool = false) throws -> Int {
        if stopping { process.terminate() }
        process.waitUntilExit()
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        guard let total = lines.last(where: { $0.hasPrefix("totals: ") || $0.hasPrefix("summary: ") }),
            let count = total.split(separator: " ").last.flatMap({ Int($0) })
        else { throw HostProcessError(description: "callgrind counted nothing; is valgrind installed?") }
        return count
    }

    /// What a command prints, without counting.
    static func output(_ command: [String]) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardOutput = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .newlines)
    }
}
