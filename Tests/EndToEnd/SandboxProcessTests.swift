// The stand-ins as a program: the host starts it, and neither outlives the other.

import Foundation
import HostTesting
import TestSupport
import Testing

@Suite("Sandbox process", .timeLimit(.minutes(2)))
struct SandboxProcessTests {
    private struct Demo {
        let host: HostProcess
        let directory: TemporaryDirectory
        /// Where its stand-ins are.
        let sandbox: String

        init() async throws {
            directory = try TemporaryDirectory()
            host = try await HostProcess(["demo", "--listen", "127.0.0.1:0", "--data", directory.path + "/data"])
            let guide = try await host.output(through: "Stop with Ctrl-C")
            let address = try #require(guide.firstMatch(of: /stand-in providers are at (http:\/\/[0-9.:]+[0-9])/))
            sandbox = String(address.output.1)
        }

        /// The process ids of its children.
        var children: [Int32] {
            let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            return processes.compactMap { Int32($0) }.filter { process in
                let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
                return status?.contains("\nPPid:\t\(host.identifier)\n") == true
            }
        }

        /// Whether the sandbox answers.
        func answers() async -> Bool {
            let client = try? TestClient(sandbox)
            return (try? await client?.get("/_sandbox/state").status) == 200
        }

        /// Whether the sandbox stops to answer within ten seconds.
        func sandboxEnds() async throws -> Bool {
            for _ in 0..<200 {
                if await !answers() { return true }
                try await Task.sleep(for: .milliseconds(50))
            }
            return false
        }
    }

    @Test("A demo that is stopped stops its sandbox")
    func stopped() async throws {
        let demo = try await Demo()
        #expect(await demo.answers())
        #expect(demo.children.count == 1)
        #expect(await demo.host.terminate() == 0)
        #expect(await !demo.answers())
    }

    @Test("A demo that is killed leaves no sandbox behind")
    func killed() async throws {
        let demo = try await Demo()
        demo.host.kill()
        #expect(try await demo.sandboxEnds())
    }

    @Test("A demo whose sandbox is killed says so and exits 1")
    func sandboxKilled() async throws {
        let demo = try await Demo()
        let sandbox = try #require(demo.children.first)
        kill(sandbox, SIGKILL)
        #expect(await demo.host.waitForExit() == 1)
        #expect(demo.host.log.contains("the sandbox has ended"))
    }

    @Test("A sandbox drains when it is terminated, and gives its help")
    func terminated() async throws {
        let sandbox = try await HostProcess(["sandbox", "--listen", "127.0.0.1:0"])
        #expect(await sandbox.terminate() == 0)
        #expect(sandbox.remainingOutput.isEmpty)
        #expect(try await HostProcess.run(["sandbox", "--help"]).output.contains("--listen"))
    }

    @Test("The host contains no stand-in")
    func separate() throws {
        func holds(_ text: String, _ program: String) throws -> Bool {
            let file = HostProcess.executable.deletingLastPathComponent().appending(path: program)
            return try Data(contentsOf: file, options: .alwaysMapped).range(of: Data(text.utf8)) != nil
        }
        // The names of the module and of a protocol in it, as symbols and metadata spell them.
        for name in ["15ProviderSandbox", "7StandInP"] {
            #expect(try !holds(name, "integration-host"))
            #expect(try holds(name, "integration-host-sandbox"))
        }
    }
}
