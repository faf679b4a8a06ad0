// From a paged upstream over loopback to mapped, durable records, and back out over HTTP in pages.

import Foundation
import HTTPServer
import HostTesting
import ProviderSDK
import TestSupport

enum SyncBenchmark {
    static func run(records count: Int) async throws {
        let server = try HTTPServer(
            ServerConfiguration(address: SocketAddress("127.0.0.1:0"), loopCount: 1),
            application: Upstream(count: count))
        let upstream = "http://\(try server.start())"
        let directory = try TemporaryDirectory()
        let configuration = try directory.write(
            "host.json", configuration(directory: directory, upstream: upstream))
        let host = try await HostProcess(["serve", "--config", configuration])
        let idle = ProcessFigures.residentKiB(host.identifier)
        let token = try await HostProcess.run(["token", "--config", configuration, "--user", "bench"]).output.dropLast()
        let client = try TestClient(host.url, token: String(token))
        let id = try await connect(client)

        for round in ["first full sync", "second full sync, nothing changed"] {
            let before = ProcessFigures.processorSeconds(host.identifier)
            let (_, seconds) = try await Benchmark.timed {
                _ = try await client.post(
                    "/api/integrations/connections/\(id)/sync", #"{"syncType":"full","dataTypes":["payments"]}"#)
                while try await client.get("/api/integrations/connections/\(id)/sync").json.at("sync.status")
                    == "running"
                {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            let used = ProcessFigures.processorSeconds(host.identifier) - before
            let status = try await client.get("/api/integrations/connections/\(id)/sync").json["sync"] ?? .null
            print(
                "\(round): \(status["recordsSynced"]?.description ?? "?") records, \(status["status"]?.string ?? "?"),",
                "\(Int(Double(count) / seconds)) records/s, \(String(format: "%.1f", used / Double(count) * 1e6)) µs CPU each,",
                "RSS \(ProcessFigures.residentKiB(host.identifier) / 1024) MiB (idle before: \(idle / 1024) MiB)")
        }
        try await readBack(id, client, count: count)
        print("host stopped with \(await host.terminate())")
        await server.shutdown(grace: .seconds(1))
    }

    /// A host's configuration with `upstream` in the place of a provider of payments.
    static func configuration(directory: TemporaryDirectory, upstream: String) -> String {
        """
        {"listen":"127.0.0.1:0","dataDirectory":"\(directory.path)/data","allowPrivateAddresses":true,"logLevel":"warning",
        "providers":{"stripe":{"clientId":"ca","clientSecret":"sk","requestsPerSecond":"1000000","endpoints":{
        "authorize":"\(upstream)/authorize","token":"\(upstream)/token","api":"\(upstream)"}}}}
        """
    }

    /// Connects an account of ``Upstream`` and returns the id of the connection.
    static func connect(_ client: TestClient) async throws -> String {
        let created = try await client.post("/api/integrations/connections", #"{"service":"stripe"}"#).json
        guard let state = created["state"]?.string, let id = created["connectionId"]?.string else {
            throw HostProcessError(description: "not connected: \(created)")
        }
        _ = try await client.get("/api/integrations/oauth/stripe/callback?code=c&state=\(state)")
        return id
    }

    /// Reads all records in pages of 1000 and prints what the first and the last tenth of the pages cost.
    private static func readBack(_ id: String, _ client: TestClient, count: Int) async throws {
        var cursor = ""
        var read = 0
        var seconds: [Double] = []
        repeat {
            let (page, cost) = try await Benchmark.timed {
                try await client.get("/api/integrations/connections/\(id)/records?limit=1000&cursor=\(cursor)")
            }
            let json = page.json
            read += json["records"]?.count ?? 0
            seconds.append(cost)
            cursor = json["nextCursor"]?.string ?? ""
            if json["hasMore"] != true { break }
        } while true
        let tenth = max(1, seconds.count / 10)
        func mean(_ values: ArraySlice<Double>) -> String {
            String(format: "%.2f ms", values.reduce(0, +) / Double(values.count) * 1000)
        }
        print(
            "read back \(read) of \(count) in \(seconds.count) pages:",
            "first tenth \(mean(seconds.prefix(tenth))), last tenth \(mean(seconds.suffix(tenth))) a page")
    }
}
