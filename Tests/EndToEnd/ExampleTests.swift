// The examples of examples/ as a new user runs them: each prints a link, a browser follows it, and the example prints records.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Examples", .timeLimit(.minutes(5)))
struct ExampleTests {
    /// What an example printed behind its link.
    private struct Ended: Sendable {
        let code: Int32
        let output: String
        let errors: String
    }

    private static let folder = URL(fileURLWithPath: #filePath).appending(path: "../../../examples").standardized

    private static func isInstalled(_ program: String) -> Bool {
        (try? ChildProcess.run(["/usr/bin/env", program, "--version"]))?.code == 0
    }

    /// A port that was free a moment ago.
    private static func freePort() throws -> String {
        let server = SocketServer { _ in .status(404, [], "") }
        let port = try #require(server.url.split(separator: ":").last.map(String.init))
        server.stop()
        return port
    }

    /// Runs an example against a host, allows access at the stand-in as a person would, and returns what the example printed.
    private func output(of command: [String], decision: String) async throws -> Ended {
        let port = try Self.freePort()
        let page = "http://127.0.0.1:\(port)/connected"
        let installation = try await TestInstallation(extra: #""connect":{"returnTo":["\#(page)"]}"#)
        let made = try await HostProcess.run(installation.command("app-key", "create", "quickstart"))
        let key = String(made.output.dropLast())
        var environment = ProcessInfo.processInfo.environment
        environment["PORT"] = port
        let example = try ChildProcess(command + [installation.host.url, key], environment: environment)
        let printed = try await onOwnThread { try #require(example.output).lines(through: "Open this link") }
        let link = try #require(printed.split(separator: " ").last.map { String($0.prefix { $0 != "\n" }) })
        let returned = try await browse(link, installation, decision: decision)
        #expect(returned.hasPrefix(page), "\(returned)")
        #expect(try await TestClient(returned).get(returned).status == 200)
        return try await onOwnThread {
            let output = try #require(example.output).rest()
            let errors = try #require(example.errors).rest()
            return Ended(code: try example.wait(), output: output, errors: errors)
        }
    }

    /// Walks through the pages of a link as a browser does, and returns where the last one leads.
    private func browse(_ link: String, _ installation: TestInstallation, decision: String) async throws -> String {
        let browser = try await installation.client(user: nil).with(field: "Accept", "text/html")
        let origin = installation.host.url
        let opened = try await browser.get(String(link.dropFirst(origin.utf8.count)))
        let cookie = String(try #require(opened.header("Set-Cookie")).prefix { $0 != ";" })
        let visitor = browser.with(field: "Cookie", cookie)
        let first = try await visitor.get(try #require(opened.header("Location")))
        let asking = try #require(first.header("Location"))
        let question = try await visitor.get(asking + "?variant=connect")
        let form = question.text.matches(of: #/name="(form|variant)" value="([^"]*)"/#).map { "\($0.1)=\($0.2)" }
        let going = try await visitor.send(
            "POST", asking, body: form.joined(separator: "&"),
            headers: [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", origin)])
        let leaving = try #require(going.text.firstMatch(of: #/http-equiv="refresh" content="0;url=([^"]*)"/#)).1
        let consent = String(leaving).replacing("&amp;", with: "&") + "&decision=\(decision)"
        let callback = try #require(try await browser.unchecked.get(consent).header("Location"))
        let result = try #require(
            try await visitor.get(String(callback.dropFirst(origin.utf8.count))).header("Location"))
        let page = try await visitor.get(result).text
        let back = try #require(page.firstMatch(of: #/href="(http:[^"]*status=[^"]*)"/#)).1
        return String(back).replacing("&amp;", with: "&")
    }

    private static let commands = [("python3", "quickstart.py"), ("node", "quickstart.mjs")]

    @Test("An example of 60 lines goes from nothing to the first records", arguments: commands)
    func records(_ program: String, _ file: String) async throws {
        guard Self.isInstalled(program) else {
            print("\(program) is not installed, so \(file) did not run.")
            return
        }
        let path = Self.folder.appending(path: file).path
        #expect(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count <= 60)
        let ended = try await output(of: [program, path], decision: "allow")
        #expect(ended.code == 0, "\(ended.errors)")
        let lines = ended.output.split(separator: "\n")
        #expect(lines.count == 5 && lines[0].hasPrefix("Connected as "), "\(ended.output)")
        #expect(lines[1].contains("Sync completed: "))
        #expect(lines[2...].allSatisfy { $0.contains(#""sourceId""#) })
    }

    @Test("An example says why an account was not connected", arguments: commands)
    func refused(_ program: String, _ file: String) async throws {
        guard Self.isInstalled(program) else { return }
        let ended = try await output(of: [program, Self.folder.appending(path: file).path], decision: "deny")
        #expect(ended.code == 1 && ended.errors.contains("Not connected: denied"), "\(ended.output) \(ended.errors)")
    }
}
