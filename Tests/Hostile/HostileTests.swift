// Every case of HostileCases against the real executable. scripts/attack runs the same cases against any host.

import Foundation
import HostTesting
import HostileCases
import ProviderSDK
import TestSupport
import Testing

@Suite("A hostile caller", .timeLimit(.minutes(5)))
struct HostileTests {
    private static let extra =
        #""rateLimits":{"connectionCreation":0,"sync":0,"oauth":0,"status":0},"connect":{"returnTo":["https://app.example.com/callback"]}"#

    /// A victim with everything that an attacker could have.
    private static func victim(_ installation: TestInstallation) async throws -> Victim {
        var victim = try #require(Victim(installation.host.url))
        victim.token = try await installation.token(user: "1")
        victim.otherToken = try await installation.token(user: "2")
        victim.redirectURI = "https://app.example.com/callback"
        let made = try await HostProcess.run(installation.command("app-key", "create", "back end"))
        victim.applicationKey = made.output.split(separator: "\n").map(String.init).first { $0.hasPrefix("ihs_") }
        #expect(victim.applicationKey != nil, "\(made.output) \(made.errors)")
        return victim
    }

    /// Tries all cases of a kind, some at a time, and records each that came through or could not be tried.
    private static func run(_ kind: Attack.Kind, _ victim: Victim) async {
        let attacks = Attack.all.filter { $0.kind == kind }
        await withTaskGroup(of: (Attack, Attack.Outcome).self) { group in
            for (index, attack) in attacks.enumerated() {
                if index >= 16 { note(await group.next()) }
                group.addTask { (attack, await attack.run(victim)) }
            }
            for await result in group { note(result) }
        }
        #expect(!attacks.isEmpty)
        let isAlive = (try? await victim.send("GET", "/healthz"))?.status == 200
        #expect(isAlive, "the host still answers")
    }

    private static func note(_ result: (Attack, Attack.Outcome)?) {
        guard let (attack, outcome) = result else { return }
        #expect(outcome == .refused, "\(attack)")
    }

    @Test("Nothing comes through", arguments: [Attack.Kind.smuggling, .refusal, .token, .redirect, .isolation])
    func nothing(kind: Attack.Kind) async throws {
        let installation = try await TestInstallation(extra: Self.extra)
        await Self.run(kind, try await Self.victim(installation))
    }

    @Test("No webhook URL leads into the host's own network")
    func urls() async throws {
        let installation = try await TestInstallation(startsHost: false)
        try await installation.restart(environment: ["INTEGRATION_HOST_ALLOW_PRIVATE_ADDRESSES": "false"])
        let victim = try await Self.victim(installation)
        await Self.run(.url, victim)
        // What is refused above is refused for what it is.
        let answer = try await victim.send(
            "PATCH", "/api/integrations/connections/\(try await victim.connectionID())",
            body: #"{"settings":{"webhookUrl":"https://api.example.com/hook"}}"#, token: victim.token)
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test("No value becomes a field, a line of the log or a control character")
    func injection() async throws {
        let installation = try await TestInstallation(logLevel: "info")
        await Self.run(.injection, try await Self.victim(installation))
        await installation.host.terminate()
        let lines = installation.host.log.split(separator: "\n")
        #expect(lines.count > 100)
        for line in lines {
            #expect((try? JSONValue.parse(Array(line.utf8)))?.members != nil, "\(line)")
            #expect(!line.unicodeScalars.contains(where: Attack.isHostile), "\(line)")
        }
    }

    @Test("Every case has a name of its own, and there are hundreds of them")
    func names() {
        #expect(Set(Attack.all.map(\.description)).count == Attack.all.count)
        #expect(Attack.all.count > 500)
        for kind in Attack.Kind.allCases { #expect(Attack.all.contains { $0.kind == kind }) }
    }

    @Test("A place is an IPv4 address and a port, and only 127.0.0.0/8 is this machine")
    func places() {
        for place in ["127.0.0.1:80", "http://127.0.0.1:80", "localhost:80", "127.255.0.1:65535"] {
            #expect(Victim(place)?.isLoopback == true, "\(place)")
        }
        for place in ["10.0.0.1:80", "128.0.0.1:80"] { #expect(Victim(place)?.isLoopback == false, "\(place)") }
        for place in [
            "", "127.0.0.1", "127.0.0.1:0", "a:80", "127.0.1:80", "::1:80", "https://127.0.0.1:1", "127.0.0.1:80/",
        ] {
            #expect(Victim(place) == nil, "\(place)")
        }
    }

    @Test("A token of another host, and one that has expired, are no sessions")
    func foreignTokens() async throws {
        let installation = try await TestInstallation()
        let victim = try await Self.victim(installation)
        let other = try TemporaryDirectory()
        let made = try await HostProcess.run(["token", "--data", other.path + "/data", "--user", "1"])
        let foreign = String(made.output.dropLast())
        #expect(foreign.split(separator: ".").count == 3)
        let path = "/api/integrations/connections"
        #expect(try await victim.send("GET", path, token: foreign).status == 401)
        let short = try await installation.token(user: "1", flags: ["--ttl", "1"])
        try await waitUntil("the end of the short session") {
            try await victim.send("GET", path, token: short).status == 401
        }
        #expect(try await victim.send("GET", path, token: victim.token).status == 200)
    }
}
