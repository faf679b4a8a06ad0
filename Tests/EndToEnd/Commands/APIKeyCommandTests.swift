// API keys as an operator meets them: commands beside a running host and without one, and what the host makes of them.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("API key command", .timeLimit(.minutes(5)))
struct APIKeyCommandTests {
    private static let path = "/api/integrations/connections"

    private static func run(_ arguments: String..., data: String) async throws -> ChildProcess.Ending {
        try await HostProcess.run(["api-key"] + arguments + ["--data", data])
    }

    @Test("An API key works from its creation to its revocation, whether the host runs or not")
    func life() async throws {
        let directory = try TemporaryDirectory()
        let data = directory.path + "/data"
        func serve() async throws -> HostProcess {
            try await HostProcess(["serve", "--data", data, "--listen", "127.0.0.1:0"])
        }

        // Without a host.
        let early = try await Self.run("create", "--user", "early", data: data)
        #expect(early.code == 0, "\(early.errors)")
        let earlyKey = String(early.output.dropLast())
        #expect(earlyKey.wholeMatch(of: /ihk_[0-9A-Za-z]{16}_[0-9A-Za-z_-]{43}/) != nil)

        // Beside a host.
        var host = try await serve()
        #expect(try await TestClient(host.url, token: earlyKey).get(Self.path).status == 200)
        let late = try await Self.run("create", "--user", "late", data: data)
        let lateKey = String(late.output.dropLast())
        let client = try TestClient(host.url, token: lateKey)
        #expect(try await client.get(Self.path).status == 200)
        let list = try await Self.run("list", data: data)
        #expect(list.output.split(separator: "\n").count == 2)
        #expect(!list.output.contains(lateKey.suffix(43)))
        let id = String(lateKey.dropFirst(4).prefix(16))
        #expect(list.output.contains("\(id)  ") && list.output.contains("  late\n"))

        // Seen at once, and by the whole request path: the same client has just been let in.
        #expect(try await Self.run("revoke", id, data: data).code == 0)
        let refused = try await client.get(Self.path)
        #expect(refused.status == 401)
        let unknown = try await client.with(token: "nonsense").get(Self.path)
        #expect(unknown.status == 401 && unknown.body.count == refused.body.count)
        #expect(try await Self.run("revoke", id, data: data).code == 1)
        #expect(!host.log.contains(lateKey) && !host.log.contains(lateKey.suffix(43)))
        #expect(await host.terminate() == 0)
        #expect(!FileManager.default.fileExists(atPath: data + "/.control"))

        // Killed: the socket it leaves keeps neither commands nor the next host from working.
        host = try await serve()
        host.kill()
        #expect(FileManager.default.fileExists(atPath: data + "/.control"))
        #expect(try await Self.run("list", data: data).output.split(separator: "\n").count == 1)
        host = try await serve()
        #expect(try await TestClient(host.url, token: earlyKey).get(Self.path).status == 200)
        #expect(try await Self.run("revoke", String(earlyKey.dropFirst(4).prefix(16)), data: data).code == 0)
        #expect(try await TestClient(host.url, token: earlyKey).get(Self.path).status == 401)
        #expect(await host.terminate() == 0)
    }

    @Test(
        "Usage errors exit with 2",
        arguments: [
            [], ["make"], ["create"], ["create", "x", "--user", "u"], ["create", "--user", "a\nb"], ["revoke"],
            ["list", "x"], ["list", "--user", "u"],
        ])
    func usage(arguments: [String]) async throws {
        #expect(try await HostProcess.run(["api-key"] + arguments).code == 2)
    }
}
