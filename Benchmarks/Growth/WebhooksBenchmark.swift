// Deliveries of a provider that are verified, stored durably and answered, for each second. Every delivery is a new event.

import Cryptography
import Foundation
import HostTesting
import TestSupport

enum WebhooksBenchmark {
    private static let secret = "whsec_benchmark"

    static func run(rounds: Int, seconds: Int) async throws -> Bool {
        let directory = try TemporaryDirectory()
        let providers = #"{"stripe":{"clientId":"ca_1","clientSecret":"sk_1","webhookSecret":"\#(secret)"}}"#
        let configuration = try directory.write(
            "host.json", IdleBenchmark.configuration(directory, providers: providers))
        let host = try await HostProcess(["serve", "--config", configuration])
        let port = UInt16(host.url.split(separator: ":").last ?? "") ?? 0
        var (rates, times, costs): ([Double], [Double], [Double]) = ([], [], [])
        for round in 0..<rounds {
            let generator = LoadGenerator(port: port, requests: deliveries(round, 25_000 * seconds))
            let before = ProcessFigures.processorSeconds(host.identifier)
            let load = try await onOwnThread { try generator.run(clients: 64, seconds: Double(seconds)) }
            guard load.refusals == 0 else { throw HostProcessError(description: "\(load.refusals) were refused") }
            let used = ProcessFigures.processorSeconds(host.identifier) - before
            rates.append(load.perSecond)
            times.append(load.within(0.99))
            costs.append(used / Double(load.answers) * 1e6)
        }
        _ = await host.terminate()
        var table = BenchmarkTable()
        table.add("deliveries/s accepted durably, 64 clients", product: rates.sorted()[rounds / 2], .atLeast(6000))
        table.add("p99 ms", product: times.sorted()[rounds / 2], .atMost(50))
        table.add("µs CPU of a delivery", product: costs.sorted()[rounds / 2], .atMost(150))
        table.show()
        return table.isMet
    }

    /// Deliveries of different events, signed now.
    private static func deliveries(_ round: Int, _ count: Int) -> [[UInt8]] {
        let key = HMACSHA256(key: Array(secret.utf8))
        let now = Int(Date().timeIntervalSince1970)
        return (0..<count).map { number in
            let body = """
                {"id":"evt_\(round)_\(number)","object":"event","account":"acct_\(number % 1000)","livemode":false,\
                "created":\(now),"type":"customer.updated","data":{"object":{"id":"cus_\(number)","object":"customer"}}}
                """
            let code = key.code(for: Array("\(now).\(body)".utf8)).hex
            return Array(
                """
                POST /webhooks/stripe HTTP/1.1\r\nHost: 127.0.0.1\r\nStripe-Signature: t=\(now),v1=\(code)\r\n\
                Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)
                """.utf8)
        }
    }
}
