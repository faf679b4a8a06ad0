// The demo as a newcomer meets it: what it prints is pasted into a shell, more than once, and opened in a browser.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Demo", .timeLimit(.minutes(5)))
struct DemoTests {
    static let curl = "/usr/bin/curl"

    private func demo() async throws -> (host: HostProcess, guide: String, directory: TemporaryDirectory) {
        let directory = try TemporaryDirectory()
        let host = try await HostProcess(["demo", "--listen", "127.0.0.1:0", "--data", directory.path + "/data"])
        return (host, try await host.output(through: "Stop with Ctrl-C"), directory)
    }

    /// Runs `lines` in a shell.
    private func paste(_ lines: String) async throws -> String {
        try await onOwnThread { try ChildProcess.run(["/bin/sh", "-c", lines]).output }
    }

    @Test(
        "The demo's printed commands work, also when pasted twice",
        .enabled(if: FileManager.default.isExecutableFile(atPath: curl), "curl is not installed"))
    func pastedTwice() async throws {
        let (host, guide, directory) = try await demo()
        defer { withExtendedLifetime(directory) {} }
        let start = try #require(guide.range(of: "  HOST="))
        let end = try #require(guide.range(of: "Stop with Ctrl-C"))
        let lines = String(guide[start.lowerBound..<end.lowerBound])
        var identifiers: [String] = []
        for _ in 0..<2 {
            let answers = try await paste(lines).split(separator: "\n").map { try JSONValue.parse(Array($0.utf8)) }
            #expect(answers.count >= 6)
            for answer in answers { #expect(answer["success"] == true, "\(answer)") }
            guard answers.count >= 6 else { return }
            identifiers.append(answers[1]["connectionId"]?.string ?? "none")
            #expect(answers[2].at("connection.status") == "connected")
            #expect(answers[answers.count - 2].at("sync.status") == "completed")
            #expect(answers[answers.count - 1]["records"]?.array?.count == 3)
        }
        #expect(identifiers[0] == identifiers[1])
        #expect(await host.terminate() == 0)
    }

    @Test("The demo's link signs in one browser, once")
    func browser() async throws {
        let (host, guide, directory) = try await demo()
        defer { withExtendedLifetime(directory) {} }
        let browser = try TestClient(host.url)
        let link = try #require(guide.split(separator: "\n").first { $0.contains("/demo?code=") }).drop { $0 == " " }
        #expect(link.hasPrefix(host.url))
        // What previews a link does not use it up, and a wrong code opens nothing.
        #expect(try await browser.send("HEAD", String(link)).status == 204)
        #expect(try await browser.get(String(link) + "x").status == 403)
        #expect(try await browser.get("/demo").status == 403)

        let entered = try await browser.get(String(link))
        #expect(entered.status == 303)
        let cookie = try #require(entered.header("set-cookie"))
        for part in ["integration-host-session=", "; Path=/", "; HttpOnly", "; SameSite=Lax"] {
            #expect(cookie.contains(part))
        }
        let session = [("Cookie", String(cookie.prefix { $0 != ";" }))]
        let decided = try await browser.get(try #require(entered.header("location")) + "&decision=allow")
        let callback = try #require(decided.header("location"))
        #expect(try await browser.get(callback).status == 401)
        let connected = try await browser.send("GET", callback, headers: session)
        #expect(connected.status == 200, "\(connected.text)")
        #expect(connected.json["success"] == true)

        // Another browser gets nothing by the same link; the one that is signed in can go through it again.
        let again = try await browser.get(String(link))
        #expect(again.status == 403)
        #expect(again.header("set-cookie") == nil)
        #expect(try await browser.send("GET", String(link), headers: session).status == 303)
        let token = try #require(
            guide.split(separator: "\n").first { $0.contains("TOKEN=") }?.split(separator: "=").last)
        #expect(!link.contains(token))
        #expect(!host.log.contains(link.split(separator: "=").last ?? ""))
    }

    @Test("A host that is not a demo has no sign-in link")
    func noDemo() async throws {
        let directory = try TemporaryDirectory()
        let host = try await HostProcess(["serve", "--listen", "127.0.0.1:0", "--data", directory.path])
        let answer = try await TestClient(host.url).get("/demo?code=0000000000000000000000")
        #expect(answer.status == 404)
        #expect(answer.header("set-cookie") == nil)
    }
}
