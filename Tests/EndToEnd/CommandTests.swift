// The command line and the configuration as an operator meets them: exit codes, clear sentences, precedence.

import Foundation
import HostTesting
import ProviderSDK
import Testing

@Suite("Commands")
struct CommandTests {
    @Test(
        "usage errors exit with 2 and say what is wrong",
        arguments: [
            (["sevre"], "no command “sevre”"), (["serve", "--liste", "x"], "--listen"),
            (["serve", "extra"], "“extra” is not expected"),
            (["token"], "“--user” is needed"), (["token", "--user", "u", "--kind", "root"], "“--kind” must be"),
            (["token", "--user", "u", "--ttl", "+5"], "“--ttl” must be"),
            (["serve", "--data"], "“--data” needs a value"), ([], "Usage:"),
        ] as [([String], String)])
    func usage(arguments: [String], sentence: String) throws {
        let result = try HostProcess.run(arguments)
        #expect(result.code == 2)
        #expect(result.errors.contains(sentence), "\(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test("help and version work for every command", arguments: ["serve", "demo", "sandbox", "providers", "token"])
    func help(command: String) throws {
        let help = try HostProcess.run([command, "--help"])
        #expect(help.code == 0)
        #expect(help.output.contains("integration-host \(command)"))
        let version = try HostProcess.run([command, "--version"])
        #expect(version.code == 0)
        #expect(version.output.hasPrefix("integration-host "))
    }

    @Test(
        "mistakes in the configuration exit with 78 and name line and column",
        arguments: [
            ("{\n  \"lisen\": \"x\"\n}", ":2:", "no setting “lisen”"),
            ("{\"listen\": 5}", ":1:12", "“listen” must be a text"),
            ("{\"rateLimits\":\n{\"sync\": -1}}", ":2:10", "integer from 0"),
            ("{\"listen\": \"a\",}", ":1:16", "cannot stand here"),
            ("{\"listen\":\"a\",\"listen\":\"b\"}", ":1:15", "twice"),
            ("{\"allowPrivateAddresses\":\"yes\"}", ":1:26", "true or false"),
            ("{\"providers\":{\"stripe\":{\"colour\":\"red\"}}}", ":1:34", "Stripe has no setting “colour”"),
            ("{\"providers\":{\"stripe\":{\"variants\":{\"x\":{}}}}}", "providers.stripe", "no variant “x”"),
            ("{\"publicURL\":\"ftp://x\"}", "publicURL", "http or https"), ("[]", ":1:1", "must be an object"),
            ("{\"providers\":{\"stripe\":{\"clientSecretFile\":\"/nonexistent\"}}}", ":1:44", "cannot be read"),
        ])
    func configuration(text: String, place: String, sentence: String) throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("host.json", text)
        let result = try HostProcess.run(["providers", "--config", file, "--data", directory.path + "/data"])
        #expect(result.code == 78)
        #expect(result.errors.contains(place), "\(result.errors)")
        #expect(result.errors.contains(sentence), "\(result.errors)")
    }

    @Test("a secret in a broken configuration is not repeated in the error")
    func hidesSecrets() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("host.json", #"{"providers":{"stripe":{"clientSecret":["canary-secret"]}}}"#)
        let result = try HostProcess.run(["providers", "--config", file])
        #expect(result.code == 78)
        #expect(!result.errors.contains("canary"))
    }

    @Test("a flag goes before the environment, the environment before the file, the file before the default")
    func precedence() throws {
        let directory = try TemporaryDirectory()
        let taken = try HostProcess(["serve", "--listen", "127.0.0.1:0", "--data", directory.path + "/a"])
        let address = String(taken.url.dropFirst("http://".count))
        let file = try directory.write(
            "host.json", "{\"listen\":\"\(address)\",\"dataDirectory\":\"\(directory.path)/b\"}")
        // The file's address is taken, so a host that used it would not start.
        #expect(try HostProcess.run(["serve", "--config", file]).code == 1)
        let byEnvironment = try HostProcess(
            ["serve", "--config", file], environment: ["INTEGRATION_HOST_LISTEN": "127.0.0.1:0"])
        #expect(byEnvironment.terminate() == 0)
        let byFlag = try HostProcess(
            ["serve", "--config", file, "--listen", "127.0.0.1:0"], environment: ["INTEGRATION_HOST_LISTEN": address])
        #expect(byFlag.terminate() == 0)
    }

    @Test("a missing configuration file is a default install")
    func missingFile() throws {
        let directory = try TemporaryDirectory()
        let host = try HostProcess([
            "serve", "--config", directory.path + "/none.json", "--listen", "127.0.0.1:0", "--data",
            directory.path + "/data",
        ])
        #expect(host.log.contains("does not exist"))
    }

    @Test("a second host over the same data directory is refused and names the first")
    func locked() throws {
        let directory = try TemporaryDirectory()
        let first = try HostProcess(["serve", "--listen", "127.0.0.1:0", "--data", directory.path + "/data"])
        let second = try HostProcess.run(["serve", "--listen", "127.0.0.1:0", "--data", directory.path + "/data"])
        #expect(second.code == 1)
        #expect(second.errors.contains("\(first.identifier)"), "\(second.errors)")
        first.kill()
        let third = try HostProcess(["serve", "--listen", "127.0.0.1:0", "--data", directory.path + "/data"])
        #expect(third.terminate() == 0)
    }

    @Test("no file in the data directory is readable by others, and no token stands in one in plain text")
    func privateFiles() async throws {
        let installation = try TestInstallation()
        let client = try installation.client(user: "private")
        let id = try await installation.connect("stripe", client)
        _ = try await installation.sync(id, client, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
        let state = try await client.with(token: nil).get("\(installation.sandbox.url)/_sandbox/state").text
        for entry in FileManager.default.enumerator(atPath: installation.data) ?? .init() {
            let path = installation.data + "/" + (entry as? String ?? "")
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0o777
            #expect(mode & 0o077 == 0, "\(path) \(String(mode, radix: 8))")
            guard let bytes = FileManager.default.contents(atPath: path) else { continue }
            #expect(bytes.range(of: Data("sk_test_".utf8)) == nil, "\(path)")
            #expect(bytes.range(of: Data("rt_".utf8)) == nil || path.hasSuffix("key-ring"), "\(path)")
        }
        #expect(!state.isEmpty)
        #expect(!installation.host.log.contains("sk_test_"))
    }
}
