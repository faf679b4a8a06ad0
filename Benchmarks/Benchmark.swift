// The benchmarks. They run the real executable against a stand-in upstream on loopback; nothing is stubbed.

import Foundation
import HostTesting
import ProviderSDK

@main
enum Benchmark {
    static func main() async throws {
        switch CommandLine.arguments.dropFirst().first {
        case "mapping": try MappingBenchmark.run()
        case "sync":
            let records = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 100_000
            try await SyncBenchmark.run(records: records)
        case "write":
            let numbers = CommandLine.arguments.dropFirst(2).compactMap { Int($0) }
            try await WriteBenchmark.run(
                rounds: max(1, numbers.first ?? 3), seconds: max(1, numbers.dropFirst().first ?? 3),
                onlyGrowth: CommandLine.arguments.contains("growth"))
        case "idle":
            let numbers = CommandLine.arguments.dropFirst(2).compactMap { Int($0) }
            guard try await IdleBenchmark.run(users: numbers.first ?? 100_000, seconds: numbers.dropFirst().first ?? 30)
            else { exit(1) }
        case "read":
            let numbers = CommandLine.arguments.dropFirst(2).compactMap { Int($0) }
            guard
                try await ReadBenchmark.run(
                    users: numbers.first ?? 10_000, rounds: numbers.dropFirst().first ?? 3,
                    seconds: numbers.dropFirst(2).first ?? 3)
            else { exit(1) }
        case "refresh":
            let numbers = CommandLine.arguments.dropFirst(2).compactMap { Int($0) }
            guard
                try await RefreshBenchmark.run(
                    connections: numbers.first ?? 3000, milliseconds: numbers.dropFirst().first ?? 100)
            else { exit(1) }
        case "webhooks":
            let numbers = CommandLine.arguments.dropFirst(2).compactMap { Int($0) }
            guard
                try await WebhooksBenchmark.run(
                    rounds: max(1, numbers.first ?? 3), seconds: max(1, numbers.dropFirst().first ?? 3))
            else { exit(1) }
        case "cache":
            guard try await CacheBenchmark.run() else { exit(1) }
        case "scale":
            let numbers = CommandLine.arguments.dropFirst(2).compactMap { Int($0) }
            guard try await ScaleBenchmark.run(users: numbers.first ?? 100_000) else { exit(1) }
        case "instructions":
            guard try await InstructionsBenchmark.run(Array(CommandLine.arguments.dropFirst(2))) else { exit(1) }
        case "alloc":
            guard try await AllocationBenchmark.run(Array(CommandLine.arguments.dropFirst(2))) else { exit(1) }
        case "streaming":
            let gigabytes = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 10
            try await StreamingBenchmark.run(gigabytes: gigabytes)
        case "house":
            guard try await HouseBenchmark.run(Array(CommandLine.arguments.dropFirst(2))) else { exit(1) }
        // The other side of `house`: a process of its own, on a core of its own.
        case "house-attackers": try HouseBenchmark.attack(Array(CommandLine.arguments.dropFirst(2)))
        case "house-providers": try await HouseBenchmark.provide()
        // One run of what `instructions` counts.
        case "map":
            let arguments = CommandLine.arguments
            guard arguments.count == 4, let records = Int(arguments[3]) else { exit(2) }
            try MappingBenchmark.map(arguments[2], records: records)
        default:
            print(
                """
                usage: integration-host-bench mapping | sync [RECORDS] | write [growth] [ROUNDS] [SECONDS] | streaming [GIGABYTES] |
                       house [--connections N] [--accounts N] [--seconds S] | idle [USERS] [SECONDS] |
                       read [USERS] [ROUNDS] [SECONDS] | scale [USERS] | webhooks [ROUNDS] [SECONDS] | refresh [CONNECTIONS] [MILLISECONDS] |
                       cache |
                       instructions [--host PATH] [--baseline FILE] | alloc [--commit]
                """
            )
            exit(2)
        }
    }

    /// Runs `body` and returns its result and the seconds it took.
    static func timed<Value>(_ body: () async throws -> Value) async rethrows -> (value: Value, seconds: Double) {
        let start = ContinuousClock.now
        let value = try await body()
        return (value, (ContinuousClock.now - start) / .seconds(1))
    }
}
