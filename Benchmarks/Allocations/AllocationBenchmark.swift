// Heap allocations per request, compared with the figures of allocations.txt. Unlike times they hardly depend on the machine, so
// continuous integration fails where a change adds some.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport

enum AllocationBenchmark {
    /// What is counted.
    private struct Measure {
        let name: String
        /// What a request should cost in the release build one day.
        var wish: Double?
        /// How far two runs differ, as a part of the figure: writes share batches by chance.
        let tolerance: Double
        let generator: LoadGenerator
    }

    /// A committed figure: what a request may cost at most.
    private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "allocations.txt")

    #if DEBUG
        private static let build = "debug"
    #else
        private static let build = "release"
    #endif

    /// Prints a line for each measure.
    ///
    /// - Parameter arguments: `--commit` writes what was counted into allocations.txt.
    /// - Returns: whether no measure is above its committed figure.
    static func run(_ arguments: [String]) async throws -> Bool {
        let committed = try figures()
        var counted: [String: Double] = [:]
        var isWithin = true
        print("measure | peer | product | ratio | target | met")
        let counter = try AllocationCounter()
        let house = try await CountedHost(counter)
        for measure in try await measures(house) {
            let (calls, bytes) = try await count(measure, counter)
            counted[measure.name] = calls
            let known = committed["\(build) \(measure.name)"]
            let isMet = known.map { calls <= $0 * (1 + measure.tolerance) + 0.1 } ?? true
            isWithin = isWithin && isMet
            print(
                "allocations, \(measure.name) (\(build)) | \(known.map(text) ?? "–") | \(text(calls)) | "
                    + "\(known.map { text(calls / $0) } ?? "–") | ≤ \(known.map(text) ?? "–") | \(isMet ? "yes" : "NO")"
            )
            if build == "release", let wish = measure.wish {
                print(
                    "wished, \(measure.name) | – | \(text(calls)) | – | ≤ \(text(wish)) | \(calls <= wish ? "yes" : "no")"
                )
            }
            print("bytes, \(measure.name) | – | \(Int(bytes)) | – | – | –")
        }
        guard await house.process.terminate() == 0 else { throw HostProcessError(description: "the host did not stop") }
        if arguments.contains("--commit") { try commit(counted, into: committed) }
        return isWithin
    }

    /// The least of three rounds: work in the background adds some.
    private static func count(
        _ measure: Measure, _ counter: AllocationCounter
    ) async throws -> (calls: Double, bytes: Double) {
        // What is made once for all requests does not count.
        _ = try await onOwnThread { try measure.generator.run(clients: 1, seconds: 1) }
        var least = (calls: Double.infinity, bytes: Double.infinity)
        for _ in 0..<3 {
            let before = counter.read()
            let load = try await onOwnThread { try measure.generator.run(clients: 1, seconds: 1) }
            let after = counter.read()
            guard load.refusals == 0, load.answers > 50 else {
                throw HostProcessError(
                    description: "\(measure.name): \(load.answers) answers, \(load.refusals) refusals")
            }
            let calls = Double(after.calls - before.calls) / Double(load.answers)
            if calls < least.calls { least = (calls, Double(after.bytes - before.bytes) / Double(load.answers)) }
        }
        return least
    }

    private static func text(_ number: Double) -> String { String(format: "%.2f", number) }

    private static func measures(_ house: CountedHost) async throws -> [Measure] {
        [
            Measure(
                name: "status request", wish: 4, tolerance: 0.01, generator: house.get("/api/integrations/status")),
            Measure(
                name: "durable write", wish: 20, tolerance: 0.04,
                generator: house.generator(
                    (0..<100).map { number in
                        LoadGenerator.request(
                            "POST", "/api/userIntegration", token: house.superuser,
                            body: "{\"isconnected\":true,\"userId\":\"user-\(number)\",\"integrationId\":\"i\"}")
                    })),
            Measure(
                name: "explanation", tolerance: 0.02,
                generator: house.get("/api/integrations/connections/\(house.connection)/explain")),
        ]
    }

    // MARK: Committed figures

    /// The figures by build and measure.
    private static func figures() throws -> [String: Double] {
        var figures: [String: Double] = [:]
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") where !line.hasPrefix("#") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            if cells.count == 3, let figure = Double(cells[2]) { figures["\(cells[0]) \(cells[1])"] = figure }
        }
        return figures
    }

    private static func commit(_ counted: [String: Double], into committed: [String: Double]) throws {
        var figures = committed
        for (measure, figure) in counted { figures["\(build) \(measure)"] = figure }
        let lines = figures.sorted { $0.key < $1.key }.map { key, figure in
            let parts = key.split(separator: " ", maxSplits: 1)
            return "\(parts[0]) | \(parts[1]) | \(text(figure))"
        }
        let head = """
            # Heap allocations per request at most, by build. `scripts/bench alloc` fails above them; `--commit` writes what it counted.
            # A change that needs fewer commits its figures.

            """
        try (head + lines.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
    }
}

/// A host whose allocations are counted: a user with ten connections, and a superuser.
private struct CountedHost {
    let process: HostProcess
    let superuser: String
    let connection: String
    private let user: String
    private let directory: TemporaryDirectory

    init(_ counter: AllocationCounter) async throws {
        directory = try TemporaryDirectory()
        let configuration = try directory.write(
            "host.json",
            """
            {"listen":"127.0.0.1:0","dataDirectory":"\(directory.path)/data","logLevel":"warning","rateLimits":{"status":0,
            "connectionCreation":0,"write":0,"address":0},
            "providers":{"arc":{"accessToken":"a","endpoints":{"api":"http://127.0.0.1:1"}}}}
            """)
        process = try await HostProcess(["serve", "--config", configuration], environment: counter.environment)
        func token(_ user: String, _ more: [String] = []) async throws -> String {
            try await HostProcess.run(["token", "--config", configuration, "--user", user] + more).output
                .trimmingCharacters(in: .newlines)
        }
        superuser = try await token("root", ["--role", "superuser"])
        user = try await token("bench")
        let client = try TestClient(process.url, token: user)
        var connection = ""
        for number in 0..<10 {
            let body = "{\"service\":\"arc\",\"variant\":\"iidx\",\"accountId\":\"account-\(number)\"}"
            let created = try await client.post("/api/integrations/connections", body)
            connection = created.json["connectionId"]?.string ?? ""
            guard created.status == 200 else { throw HostProcessError(description: created.text) }
        }
        self.connection = connection
    }

    func generator(_ requests: [[UInt8]]) -> LoadGenerator {
        LoadGenerator(port: UInt16(process.url.split(separator: ":").last ?? "") ?? 0, requests: requests)
    }

    func get(_ path: String) -> LoadGenerator {
        generator([Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(user)\r\n\r\n".utf8)])
    }
}
