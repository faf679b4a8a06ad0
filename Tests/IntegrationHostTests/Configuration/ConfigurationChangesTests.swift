// What a running host takes over of a changed configuration, and what waits for a restart.

import ConnectionModel
import Observability
import Testing

@testable import Configuration

@Suite("Configuration changes", .timeLimit(.minutes(1)))
struct ConfigurationChangesTests {
    private static func provider(_ id: String, _ secret: String, settings: [String: String] = [:])
        -> ProviderConfiguration
    {
        var provider = ProviderConfiguration()
        provider.clientID = id
        provider.clientSecret = Secret(secret)
        provider.settings = settings.mapValues { .init(value: Secret($0)) }
        return provider
    }

    private static let base: Configuration = {
        var configuration = Configuration()
        configuration.providers["a"] = provider("id", "old", settings: ["key": "one"])
        return configuration
    }()

    @Test("Each change is taken over or waits for a restart")
    func eachChangeIsTakenOverOrWaits() {
        let table: [(change: (inout Configuration) -> Void, reloaded: [String], waiting: [String])] = [
            ({ _ in }, [], []),
            ({ $0.logLevel = .debug }, ["logLevel"], []),
            ({ $0.allowedOrigins = ["https://a.example"] }, ["allowedOrigins"], []),
            ({ $0.rateLimits.sync = 3 }, ["rateLimits.sync"], []),
            ({ $0.rateLimits.address = 7 }, ["rateLimits.address"], []),
            ({ $0.limits.memoryMiB = 128 }, ["limits.memoryMiB"], []),
            ({ $0.limits.connections = 5 }, [], ["limits.connections"]),
            ({ $0.listen = "127.0.0.1:1" }, [], ["listen"]),
            ({ $0.trustedProxies = ["10.0.0.0/8"] }, [], ["trustedProxies"]),
            ({ $0.sessions.nextAuth = .init(secrets: [Secret("s")]) }, [], ["sessions.nextAuth.secrets"]),
            ({ $0.providers["a"]?.clientSecret = Secret("new") }, ["providers.a"], []),
            ({ $0.providers["a"]?.clientID = nil }, ["providers.a"], []),
            ({ $0.providers["a"]?.settings["key"] = .init(value: Secret("two")) }, ["providers.a"], []),
            ({ $0.providers["a"]?.settings["key"] = nil }, [], ["providers.a"]),
            ({ $0.providers["a"]?.settings["more"] = .init(value: Secret("x")) }, [], ["providers.a"]),
            ({ $0.providers["a"]?.endpoints["api"] = "https://b.example" }, [], ["providers.a"]),
            ({ $0.providers["a"]?.variants["v"] = .init() }, [], ["providers.a"]),
            ({ $0.providers["b"] = Self.provider("i", "s") }, ["providers.b"], []),
            ({ $0.providers["a"] = nil }, [], ["providers.a"]),
            (
                {
                    $0.logLevel = .error
                    $0.listen = "127.0.0.1:1"
                }, ["logLevel"], ["listen"]
            ),
        ]
        for (index, row) in table.enumerated() {
            var new = Self.base
            row.change(&new)
            let changes = ConfigurationChanges(from: Self.base, applied: Self.base, to: new)
            #expect(changes.reloaded == row.reloaded && changes.waiting == row.waiting, "row \(index): \(changes)")
            let merged = changes.merged(Self.base, with: new)
            let rest = ConfigurationChanges(from: Self.base, applied: merged, to: new)
            #expect(rest.reloaded == [] && rest.waiting == row.waiting, "row \(index): \(rest)")
            let untouched = ConfigurationChanges(from: merged, applied: merged, to: Self.base)
            #expect(untouched.waiting == [] || row.reloaded == ["providers.b"], "row \(index): \(untouched)")
        }
    }

    @Test("What waits for a restart is named until the start or until it is taken back")
    func whatWaitsIsNamedAgain() {
        var second = Self.base
        second.listen = "127.0.0.1:1"
        second.logLevel = .error
        let first = ConfigurationChanges(from: Self.base, applied: Self.base, to: second)
        let applied = first.merged(Self.base, with: second)
        #expect(applied.listen == Self.base.listen && applied.logLevel == .error)
        let again = ConfigurationChanges(from: Self.base, applied: applied, to: second)
        #expect(again.reloaded == [] && again.waiting == ["listen"])
        let back = ConfigurationChanges(from: Self.base, applied: applied, to: Self.base)
        #expect(back.reloaded == ["logLevel"] && back.waiting == [])
    }
}
