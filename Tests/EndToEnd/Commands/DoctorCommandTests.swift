// `doctor`: names the cause on installations that are broken in one way each, and finds nothing on healthy ones.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Doctor", .timeLimit(.minutes(8)))
struct DoctorCommandTests {
    /// The report of the doctor on an installation, by verdict.
    private struct Report {
        let code: Int32
        let findings: [JSONValue]

        init(_ installation: TestInstallation, _ more: String..., environment: [String: String] = [:]) async throws {
            let result = try await HostProcess.run(
                installation.command("doctor", "--json") + more, environment: environment)
            code = result.code
            let json = try JSONValue.parse(Array(result.output.utf8))
            findings = json["findings"]?.array ?? []
            for finding in findings where ["problem", "warning"].contains(finding["verdict"]?.string) {
                #expect(finding["meaning"]?.string?.isEmpty == false && finding["remedy"]?.string?.isEmpty == false)
            }
            #expect(json["healthy"]?.boolean == (code == 0), "\(result.output)\(result.errors)")
        }

        /// The text of the finding about `subject` with this verdict; nil without one.
        func text(_ verdict: String, _ subject: String) -> String? {
            findings.first { $0["verdict"]?.string == verdict && $0["subject"]?.string == subject }?["text"]?.string
        }

        /// The subjects of everything that is not good.
        var wrong: [String] {
            findings.filter { ["problem", "warning"].contains($0["verdict"]?.string) }.compactMap {
                $0["subject"]?.string
            }
        }
    }

    @Test("Nothing is found on healthy installations: new, running, with synced connections, stopped, behind a proxy")
    func healthy() async throws {
        let installation = try await TestInstallation(startsHost: false)
        try Self.protect(installation)
        #expect(try await Report(installation).wrong == [])
        try await installation.restart()
        #expect(try await Report(installation).wrong == [])
        let client = try await installation.client(user: "ada")
        let id = try await installation.connect("stripe", client)
        _ = try await installation.sync(id, client, body: #"{"syncType":"full"}"#)
        let running = try await Report(installation)
        #expect(running.wrong == [] && running.code == 0)
        #expect(running.text("ok", "provider-stripe-connect") ?? running.text("ok", "provider-stripe") != nil)
        await installation.host.terminate()
        #expect(try await Report(installation).wrong == [])
        let proxied = try await TestInstallation(
            extra: "\"publicURL\":\"https://app.example\",\"trustedProxies\":[\"10.0.0.1\"]", beside: installation,
            startsHost: false)
        try Self.protect(proxied)
        let report = try await Report(proxied)
        #expect(report.wrong == [] && report.code == 0)
        let text = try await HostProcess.run(proxied.command("doctor"))
        #expect(text.output.hasSuffix("Nothing is wrong.\n"), "\(text.output)")
    }

    /// Makes the configuration private to its owner, as an operator would.
    private static func protect(_ installation: TestInstallation) throws {
        let path = installation.directory.path + "/host.json"
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }

    @Test(
        "A mistake in the configuration is named, with what it means and what to do",
        arguments: [
            (#""lisen":"127.0.0.1:0""#, "did you mean “listen”?"),
            (#""sessions":{"clerk":{"publicKeyFile":"gone.pem"}}"#, "the file cannot be read"),
            (#""connect":{"branding":{"logoFile":"gone.png"}}"#, "logoFile"),
            (#""outgoingProxy":"ftp://proxy""#, "outgoingProxy"), (#""publicURL":"host.example""#, "publicURL"),
        ])
    func configuration(member: String, words: String) async throws {
        let installation = try await TestInstallation(extra: member, startsHost: false)
        let report = try await Report(installation)
        #expect(report.code == 1)
        #expect(report.text("problem", "configuration")?.contains(words) == true, "\(report.findings)")
    }

    @Test("A folder of plugins that does not exist, and a configuration file that does not, are named")
    func missingFiles() async throws {
        let installation = try await TestInstallation(startsHost: false)
        let plugins = try await Report(installation, "--plugins", installation.directory.path + "/gone")
        #expect(plugins.text("problem", "configuration")?.contains("does not exist") == true)
        let result = try await HostProcess.run(["doctor", "--config", installation.directory.path + "/gone.json"])
        #expect(result.code == 1 && result.output.contains("PROBLEM configuration") && result.output.contains("To do:"))
    }

    @Test("Providers: a wrong secret, a part that is missing, an address that nothing answers, a proxy that is gone")
    func providers() async throws {
        let standing = try await TestInstallation(startsHost: false)
        let sandbox = standing.sandbox.url
        func wrong(_ provider: JSONValue) async throws -> Report {
            let installation = try await TestInstallation(
                providers: ["discord": provider], beside: standing, startsHost: false)
            return try await Report(installation)
        }
        let configured = try JSONValue.parse(
            Array(
                try await TestClient(sandbox).get("/_sandbox/configuration").text.utf8))["providers"]?["discord"]
        var members = try #require(configured?.members)
        func replaced(_ key: String, _ value: JSONValue?) -> JSONValue {
            .object(members.compactMap { $0.key == key ? value.map { (key, $0) } : ($0.key, $0.value) })
        }
        let secret = try await wrong(replaced("clientSecret", "another"))
        #expect(secret.text("problem", "provider-discord")?.contains("does not accept") == true, "\(secret.findings)")
        #expect(secret.code == 1)
        let part = try await wrong(replaced("clientSecret", nil))
        #expect(part.text("problem", "provider-discord")?.contains("lacks clientSecret") == true)
        members = members.map { member in
            member.key == "endpoints"
                ? (
                    "endpoints",
                    .object(
                        (member.value.members ?? []).map {
                            (
                                $0.key,
                                .string(
                                    $0.value.string?.replacingOccurrences(of: sandbox, with: "http://127.0.0.1:1") ?? ""
                                )
                            )
                        })
                ) : member
        }
        let silent = try await wrong(.object(members))
        #expect(silent.text("problem", "provider-discord")?.contains("cannot be reached") == true)
        let proxied = try await TestInstallation(
            extra: #""outgoingProxy":"http://127.0.0.1:1""#, beside: standing, startsHost: false)
        #expect(try await Report(proxied).text("problem", "provider-discord")?.contains("cannot be reached") == true)
    }

    @Test("Keys: a ring that is missing, damaged, or open to others")
    func keys() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "ada")
        _ = try await installation.connect("stripe", client)
        await installation.host.terminate()
        let ring = installation.data + "/keys/key-ring"
        let content = try Data(contentsOf: URL(fileURLWithPath: ring))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: ring)
        #expect(try await Report(installation).text("problem", "keys-access")?.contains("open to other users") == true)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: ring)
        try content.dropLast(20).write(to: URL(fileURLWithPath: ring))
        #expect(try await Report(installation).text("problem", "keys")?.contains("key-ring") == true)
        try FileManager.default.removeItem(atPath: ring)
        let missing = try await Report(installation)
        #expect(missing.text("problem", "keys")?.contains("is missing") == true && missing.code == 1)
    }

    @Test("Data: a copy, a damaged document, a file in place of a directory, files from the future")
    func data() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "ada")
        _ = try await installation.connect("stripe", client)
        await installation.host.terminate()
        let copy = try await TestInstallation(beside: installation, startsHost: false)
        try FileManager.default.copyItem(atPath: installation.data, toPath: copy.data)
        #expect(try await Report(copy).text("problem", "background")?.contains("is a copy") == true)

        let future = Date.now.addingTimeInterval(86_400)
        for folder in ["journal", "users", "records"] {
            let path = copy.data + "/" + folder
            guard FileManager.default.fileExists(atPath: path) else { continue }
            try FileManager.default.setAttributes([.modificationDate: future], ofItemAtPath: path)
        }
        // Opening the data directory may touch a folder; one from the future remains.
        #expect(try await Report(copy).text("problem", "clock")?.contains("in the future") == true)

        let file = try await TestInstallation(beside: installation, startsHost: false)
        try Data("x".utf8).write(to: URL(fileURLWithPath: file.data))
        #expect(try await Report(file).code == 1)

        let users = try FileManager.default.subpathsOfDirectory(atPath: installation.data + "/users")
        let document = try #require(users.first { $0.hasSuffix(".json") })
        try Data("{".utf8).write(to: URL(fileURLWithPath: installation.data + "/users/" + document))
        let damaged = try await Report(installation)
        #expect(damaged.text("problem", "store")?.hasPrefix("1 users cannot be read") == true, "\(damaged.findings)")
    }

    @Test("Addresses: a port in use, a public URL that leads elsewhere, a public URL that is missing behind a proxy")
    func addresses() async throws {
        let installation = try await TestInstallation(extra: "")
        let busy = installation.host.url.replacingOccurrences(of: "http://", with: "")
        let second = try await TestInstallation(beside: installation, startsHost: false)
        let report = try await Report(second, "--listen", busy)
        #expect(report.text("problem", "listen")?.contains(busy) == true, "\(report.findings)")

        let elsewhere = try await TestInstallation(
            extra: "\"publicURL\":\"\(installation.sandbox.url)\"", beside: installation)
        #expect(try await Report(elsewhere).text("problem", "public-url")?.contains("not as this host does") == true)
        let open = try await Report(
            elsewhere, "--listen", "0.0.0.0:1",
            environment: ["INTEGRATION_HOST_PUBLIC_URL": "https://app.example"])
        #expect(open.text("warning", "proxies")?.contains("“trustedProxies” is empty") == true)
        #expect(open.text("problem", "listen")?.contains("none answers") == true)
    }

    @Test(
        "Access: a configuration that others can read, a plugin that is there twice, a folder of plugins that others can change"
    )
    func access() async throws {
        let installation = try await TestInstallation()
        let readable = try await Report(installation)
        #expect(readable.text("warning", "configuration-access")?.contains("other users") == true)

        let plugins = installation.data + "/plugins"
        try FileManager.default.createDirectory(atPath: plugins, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: HostProcess.executable.deletingLastPathComponent().path + "/libDiscord.so",
            toPath: plugins + "/libAnother.so")
        let twice = try await Report(installation)
        #expect(twice.text("problem", "plugin")?.contains("libAnother.so") == true, "\(twice.findings)")
        try FileManager.default.removeItem(atPath: plugins + "/libAnother.so")
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: plugins)
        #expect(try await Report(installation).text("problem", "plugins-access")?.contains("can write") == true)
        try FileManager.default.removeItem(atPath: plugins)
    }
}
