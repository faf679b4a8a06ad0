// The command line and the configuration as an operator meets them: exit codes, clear sentences, precedence.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Commands", .timeLimit(.minutes(5)))
struct CommandTests {
    @Test(
        "Usage errors exit with 2 and say what is wrong",
        arguments: [
            (["sevre"], "no command “sevre”: did you mean “serve”?"),
            (["serve", "--liste", "x"], "did you mean “--listen”?"),
            (["keys", "rotat"], "did you mean “rotate”?"),
            (["serve", "extra"], "“extra” is not expected"),
            (["token"], "“--user” is needed"), (["token", "--user", "u", "--kind", "root"], "“--kind” must be"),
            (["token", "--user", "u", "--ttl", "+5"], "“--ttl” must be"),
            (["serve", "--data"], "“--data” needs a value"), ([], "Usage:"),
            (["token", "--user", "u", "--data", ""], "“--data” needs a value"),
            (["serve", "--listen="], "“--listen” needs a value"),
        ] as [([String], String)])
    func usage(arguments: [String], sentence: String) async throws {
        let result = try await HostProcess.run(arguments)
        #expect(result.code == 2)
        #expect(result.errors.contains(sentence), "\(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test("A named configuration file that does not exist is an error, by flag and by environment")
    func missingConfiguration() async throws {
        let missing = try TemporaryDirectory().path + "/none.json"
        let byFlag = try await HostProcess.run(["providers", "--config", missing])
        #expect(byFlag.code == 78)
        #expect(byFlag.errors.contains("none.json: the file cannot be read"), "\(byFlag.errors)")
        let byVariable = try await HostProcess.run(["providers"], environment: ["INTEGRATION_HOST_CONFIG": missing])
        #expect(byVariable.code == 78)
    }

    @Test("Relative paths in the configuration file begin at its folder, those of a flag at the working directory")
    func relativePaths() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("host.json", #"{"dataDirectory":"state"}"#)
        #expect(try await HostProcess.run(["token", "--user", "u", "--config", file]).code == 0)
        #expect(FileManager.default.fileExists(atPath: directory.path + "/state/keys"))
        let secret = try directory.write(
            "stripe.json", #"{"providers":{"stripe":{"clientId":"a","clientSecretFile":"stripe.secret"}}}"#)
        try directory.write("stripe.secret", "hidden")
        let result = try await HostProcess.run(["providers", "--config", secret, "--data", directory.path + "/other"])
        #expect(result.code == 0, "\(result.errors)")
    }

    @Test("With too few descriptors the host does not start, and says how many it needs", arguments: [16, 64, 128])
    func fewDescriptors(limit: Int) throws {
        let directory = try TemporaryDirectory()
        let serve = "ulimit -n \(limit) && exec \"$0\" serve --listen 127.0.0.1:0 --data \"$1\""
        let ended = try ChildProcess.run(
            ["/bin/sh", "-c", serve, HostProcess.executable.path, directory.path + "/data"], within: .seconds(20))
        #expect(ended.code == 1)
        #expect(ended.errors.contains("may open \(limit) files and sockets, and needs at least"), "\(ended.errors)")
    }

    @Test("A list of trusted proxies that holds anything but addresses and networks is refused")
    func trustedProxies() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("host.json", #"{"trustedProxies":["10.0.0.0/8","proxy"]}"#)
        let result = try await HostProcess.run(["token", "--user", "u", "--config", file])
        #expect(result.code == 78)
        #expect(result.errors.contains(":1:33: an entry of “trustedProxies” must be"), "\(result.errors)")
    }

    @Test("The help of the program names every command and every exit code")
    func programHelp() async throws {
        let help = try await HostProcess.run(["--help"]).output
        for word in ["serve", "config", "completions", "\n  78  ", "\n  2 "] { #expect(help.contains(word), "\(word)") }
    }

    @Test(
        "Help and version work for every command, and the help has the options with their defaults",
        arguments: ["serve", "demo", "sandbox", "providers", "token", "openapi", "config", "completions", "app-key"])
    func help(command: String) async throws {
        let asked = try await HostProcess.run(["help", command])
        #expect(asked.output.contains("Options:") && asked.output.contains("--data DIR"))
        let help = try await HostProcess.run([command, "--help"])
        #expect(help.code == 0)
        #expect(help.output.contains("integration-host \(command)"))
        let version = try await HostProcess.run([command, "--version"])
        #expect(version.code == 0)
        #expect(version.output.hasPrefix("integration-host "))
    }

    @Test(
        "Mistakes in the configuration exit with 78 and name line and column",
        arguments: [
            ("{\n  \"lisen\": \"x\"\n}", ":2:", "no setting “lisen” here: did you mean “listen”?"),
            ("{\"rateLimits\":{\"stauts\":5}}", ":1:25", "did you mean “status”?"),
            ("{\"providers\":{\"strip\":{\"clientId\":\"a\"}}}", ":1:23", "did you mean “stripe”?"),
            ("{\"providers\":{\"stripe\":{\"clientID\":\"a\"}}}", ":1:36", "did you mean “clientId”?"),
            ("{\"listen\": 5}", ":1:12", "“listen” must be a text"),
            ("{\"rateLimits\":\n{\"sync\": -1}}", ":2:10", "integer from 0"),
            ("{\"listen\": \"a\",}", ":1:16", "cannot stand here"),
            ("{\"listen\":\"a\",\"listen\":\"b\"}", ":1:15", "twice"),
            ("{\"allowPrivateAddresses\":\"yes\"}", ":1:26", "true or false"),
            ("{\"providers\":{\"stripe\":{\"colour\":\"red\"}}}", ":1:34", "Stripe has no setting “colour”"),
            ("{\"providers\":{\"stripe\":{\"variants\":{\"x\":{}}}}}", ":1:41", "no variant “x”"),
            ("{\"publicURL\":\"ftp://x\"}", ":1:14", "http or https"), ("[]", ":1:1", "must be an object"),
            ("{\"publicURL\":\"https://x/?a\"}", ":1:14", "without query and fragment"),
            ("{\"publicURL\":\"https://x#a\"}", ":1:14", "without query and fragment"),
            ("{\"listen\":\"localhost:80\"}", ":1:11", "an address and a port"),
            ("{\"listen\":\"127.0.0.1:99999\"}", ":1:11", "an address and a port"),
            ("{\"redirectURIs\":[\"https://a/b\",\n\"/c\"]}", ":2:1", "“redirectURIs” must be"),
            ("{\"redirectURIs\":[\"https://a/b#c\"]}", ":1:18", "“redirectURIs” must be"),
            ("{\"allowedOrigins\":[\"https://a/\"]}", ":1:20", "“allowedOrigins” must be"),
            ("{\"allowedOrigins\":[\"https://a\",\"https://b?c\"]}", ":1:32", "“allowedOrigins” must be"),
            ("{\"providers\":{\"strip\":{\"clientId\":\"x\"}}}", ":1:23", "no provider “strip”"),
            ("{\"providers\":{\"stripe\":{\"endpoints\":{\"apy\":\"https://x\"}}}}", ":1:44", "no endpoint “apy”"),
            ("{\"providers\":{\"stripe\":{\"endpoints\":{\"api\":\"x\"}}}}", ":1:44", "absolute http or https URL"),
            ("{\"providers\":{\"stripe\":{\"endpoints\":{\"api\":\"ftp://x\"}}}}", ":1:44", "absolute http"),
            ("{\"providers\":{\"stripe\":{\"endpoints\":{\"api\":\"https://u:p@x\"}}}}", ":1:44", "absolute http"),
            ("{\"providers\":{\"stripe\":{\"endpoints\":{\"api\":\"https://x?q\"}}}}", ":1:44", "without query"),
            ("{\"providers\":{\"stripe\":{\"endpoints\":{\"api\":\"https://x/#f\"}}}}", ":1:44", "and fragment"),
            (
                "{\"providers\":{\"kai\":{\"variants\":{\"flo\":{\"endpoints\":{\"api\":5}}}}}}", ":1:60",
                "must be a text"
            ),
            (
                "{\"providers\":{\"kai\":{\"variants\":{\"flo\":{\"endpoints\":{\"api\":\"x\"}}}}}}", ":1:60",
                "absolute http"
            ),
            ("{\"providers\":{\"stripe\":{\"requestsPerSecond\":0}}}", ":1:45", "integer from 1 to 1000000"),
            ("{\"providers\":{\"stripe\":{\"requestsPerSecond\":\"fast\"}}}", ":1:45", "integer from 1"),
            ("{\"webhookRetrySeconds\":5}", ":1:24", "an array of 1 to 20 integers"),
            ("{\"webhookRetrySeconds\":[]}", ":1:24", "an array of 1 to 20 integers"),
            ("{\"webhookRetrySeconds\":[5,0]}", ":1:27", "integer from 1 to 604800"),
            ("{\"sessions\":{\"rds\":{}}}", ":1:20", "needs “publicKeyFile”"),
            ("{\"sessions\":{\"discordBot\":{}}}", ":1:27", "needs “publicKeyFile”"),
            ("{\"sessions\":{\"rds\":{\"publicKeyFile\":\"/nonexistent\"}}}", ":1:37", "cannot be read"),
            ("{\"providers\":{\"stripe\":{\"clientSecretFile\":\"/nonexistent\"}}}", ":1:44", "cannot be read"),
        ])
    func configuration(text: String, place: String, sentence: String) async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("host.json", text)
        let result = try await HostProcess.run(["providers", "--config", file, "--data", directory.path + "/data"])
        #expect(result.code == 78)
        #expect(result.errors.contains(place), "\(result.errors)")
        #expect(result.errors.contains(sentence), "\(result.errors)")
    }

    @Test("Numbers among a provider's settings are written as numbers or as texts", arguments: ["25", "\"25\""])
    func numericSetting(value: String) async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("host.json", "{\"providers\":{\"stripe\":{\"requestsPerSecond\":\(value)}}}")
        let result = try await HostProcess.run(["providers", "--config", file, "--data", directory.path + "/data"])
        #expect(result.code == 0, "\(result.errors)")
    }

    @Test(
        "Mistakes in the environment and in flags exit with 78 and name the variable or the flag",
        arguments: [
            (["providers"], ["LISTEN": "8080"], "INTEGRATION_HOST_LISTEN: “listen” must be"),
            (["providers"], ["PUBLIC_URL": "x"], "INTEGRATION_HOST_PUBLIC_URL: “publicURL” must be"),
            (["providers"], ["REDIRECT_URIS": "https://a/b,c"], "INTEGRATION_HOST_REDIRECT_URIS: an entry"),
            (["providers"], ["RATE_LIMITS_SYNC": "1000001"], "INTEGRATION_HOST_RATE_LIMITS_SYNC: the value must be"),
            (
                ["providers"], ["SWEEP_SECONDS": "0"],
                "INTEGRATION_HOST_SWEEP_SECONDS: the value must be an integer from 1"
            ),
            (["providers"], ["SYNC_RETRY_SECONDS": "x"], "INTEGRATION_HOST_SYNC_RETRY_SECONDS: the value must be"),
            (
                ["providers"], ["WEBHOOK_RETRY_SECONDS": "5,+5"],
                "INTEGRATION_HOST_WEBHOOK_RETRY_SECONDS: the value must"
            ),
            (
                ["providers"], ["PROVIDERS_STRIP_CLIENT_ID": "x"],
                "PROVIDERS_STRIP_CLIENT_ID: there is no provider “strip”"
            ),
            (
                ["providers"], ["PROVIDERS_STRIPE_ENDPOINTS_API": "x"],
                "PROVIDERS_STRIPE_ENDPOINTS_API: the endpoint “api”"
            ),
            (["providers"], ["PROVIDERS_STRIPE_COLOUR": "x"], "PROVIDERS_STRIPE_COLOUR: Stripe has no setting"),
            (["providers"], ["PLUGINS": "/nonexistent"], "INTEGRATION_HOST_PLUGINS: the plugin folder"),
            (["serve", "--listen", "nowhere"], ["LISTEN": "127.0.0.1:0"], "--listen: “listen” must be"),
            (
                ["serve", "--listen", "0.0.0.0:0"], [:],
                "--listen: a host that listens on all addresses needs “publicURL”"
            ),
            (["serve", "--listen", "[::]:0"], [:], "--listen: a host that listens on all addresses needs “publicURL”"),
            (["sandbox", "--listen", "nowhere"], [:], "--listen: it must be an address and a port"),
        ] as [([String], [String: String], String)])
    func environment(arguments: [String], variables: [String: String], sentence: String) async throws {
        let directory = try TemporaryDirectory()
        let environment = Dictionary(uniqueKeysWithValues: variables.map { ("INTEGRATION_HOST_" + $0.key, $0.value) })
        let result = try await HostProcess.run(
            arguments + ["--data", directory.path + "/data"], environment: environment)
        #expect(result.code == 78)
        #expect(result.errors.contains(sentence), "\(result.errors)")
    }

    @Test("An empty environment variable counts as not set")
    func emptyVariables() async throws {
        let directory = try TemporaryDirectory()
        let names = [
            "CONFIG", "LISTEN", "PUBLIC_URL", "DATA", "KEYS_DIRECTORY", "PLUGINS", "LOG_LEVEL",
            "ALLOW_PRIVATE_ADDRESSES",
            "RATE_LIMITS_SYNC", "PROVIDERS_STRIPE_CLIENT_ID",
        ]
        let result = try await HostProcess.run(
            ["providers", "--json", "--data", directory.path],
            environment: Dictionary(uniqueKeysWithValues: names.map { ("INTEGRATION_HOST_" + $0, "") }))
        #expect(result.code == 0)
        #expect(result.errors.isEmpty, "\(result.errors)")
    }

    @Test("The times of background work can be set by variables")
    func timeVariables() async throws {
        let directory = try TemporaryDirectory()
        let times = ["SWEEP_SECONDS": "30", "SYNC_RETRY_SECONDS": "0", "WEBHOOK_RETRY_SECONDS": "1, 60,604800"]
        let result = try await HostProcess.run(
            ["providers", "--json", "--data", directory.path],
            environment: Dictionary(uniqueKeysWithValues: times.map { ("INTEGRATION_HOST_" + $0.key, $0.value) }))
        #expect(result.code == 0)
        #expect(result.errors.isEmpty, "\(result.errors)")
    }

    @Test("A host that listens on all addresses starts with a public URL")
    func allAddresses() async throws {
        let directory = try TemporaryDirectory()
        let host = try await HostProcess(
            ["serve", "--listen", "0.0.0.0:0", "--data", directory.path],
            environment: ["INTEGRATION_HOST_PUBLIC_URL": "https://integrations.example.com"])
        #expect(await host.terminate() == 0)
    }

    @Test("An unreadable configuration is reported with its cause and with its path once")
    func unreadable() async throws {
        let directory = try TemporaryDirectory()
        let result = try await HostProcess.run(["providers", "--config", directory.path])
        #expect(result.code == 78)
        #expect(
            result.errors
                == "integration-host: configuration: \(directory.path): the file cannot be read (Is a directory)\n")
        let broken = try directory.write("host.json", "{\"listen\": \"a\",}")
        let place = try await HostProcess.run(["providers", "--config", broken]).errors
        #expect(place == "integration-host: configuration: \(broken):1:16: this byte cannot stand here\n")
    }

    @Test("The token command says once when it made a new key ring")
    func newKeyRing() async throws {
        let directory = try TemporaryDirectory()
        let first = try await HostProcess.run(["token", "--user", "u", "--data", directory.path + "/typo"])
        #expect(first.code == 0)
        #expect(
            first.errors.contains("a new key ring was made, \(directory.path)/typo/keys/key-ring"), "\(first.errors)")
        #expect(first.errors.split(separator: "\n").count == 1)
        #expect(first.output.split(separator: "\n").count == 1)
        let second = try await HostProcess.run(["token", "--user", "u", "--data", directory.path + "/typo"])
        #expect(second.errors.isEmpty, "\(second.errors)")
    }

    @Test("A secret in a broken configuration is not repeated in the error")
    func hidesSecrets() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("host.json", #"{"providers":{"stripe":{"clientSecret":["canary-secret"]}}}"#)
        let result = try await HostProcess.run(["providers", "--config", file])
        #expect(result.code == 78)
        #expect(!result.errors.contains("canary"))
    }

    @Test("A flag goes before the environment, the environment before the file, the file before the default")
    func precedence() async throws {
        let directory = try TemporaryDirectory()
        let taken = try await HostProcess(["serve", "--listen", "127.0.0.1:0", "--data", directory.path + "/a"])
        let address = String(taken.url.dropFirst("http://".count))
        let file = try directory.write(
            "host.json", "{\"listen\":\"\(address)\",\"dataDirectory\":\"\(directory.path)/b\"}")
        // The file's address is taken, so a host that used it would not start.
        #expect(try await HostProcess.run(["serve", "--config", file]).code == 1)
        let byEnvironment = try await HostProcess(
            ["serve", "--config", file], environment: ["INTEGRATION_HOST_LISTEN": "127.0.0.1:0"])
        #expect(await byEnvironment.terminate() == 0)
        let byFlag = try await HostProcess(
            ["serve", "--config", file, "--listen", "127.0.0.1:0"], environment: ["INTEGRATION_HOST_LISTEN": address])
        #expect(await byFlag.terminate() == 0)
    }

    @Test(
        "The openapi command prints the routes of a host, with or without one running, and leaves no files")
    func openAPI() async throws {
        let directory = try TemporaryDirectory()
        let environment = ["TMPDIR": directory.path]
        let alone = try await HostProcess.run(["openapi"], environment: environment)
        #expect(alone.code == 0, "\(alone.errors)")
        #expect(alone.errors.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
        let data = directory.path + "/data"
        let host = try await HostProcess(["serve", "--listen", "127.0.0.1:0", "--data", data])
        let beside = try await HostProcess.run(["openapi", "--data", data], environment: environment)
        #expect(beside.output == alone.output)
        #expect(try await TestClient(host.url).get("/openapi.json").text + "\n" == alone.output)
        let wrong = try directory.write("host.json", "{")
        #expect(try await HostProcess.run(["openapi", "--config", wrong]).code == 78)
        let nowhere = try await HostProcess.run(["openapi"], environment: ["TMPDIR": directory.path + "/none"])
        #expect(nowhere.code == 1)
        #expect(nowhere.errors.contains("TMPDIR"), "\(nowhere.errors)")
    }

    @Test("A second host over the same data directory is refused and names the first")
    func locked() async throws {
        let directory = try TemporaryDirectory()
        let first = try await HostProcess(["serve", "--listen", "127.0.0.1:0", "--data", directory.path + "/data"])
        let second = try await HostProcess.run(["serve", "--listen", "127.0.0.1:0", "--data", directory.path + "/data"])
        #expect(second.code == 1)
        #expect(second.errors.contains("\(first.identifier)"), "\(second.errors)")
        first.kill()
        let third = try await HostProcess(["serve", "--listen", "127.0.0.1:0", "--data", directory.path + "/data"])
        #expect(await third.terminate() == 0)
    }

    @Test("No file in the data directory is readable by others, and no token stands in one in plain text")
    func privateFiles() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "private")
        let id = try await installation.connect("stripe", client)
        _ = try await installation.sync(id, client, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
        let state = try await client.with(token: nil).get("\(installation.sandbox.url)/_sandbox/state").text
        // Files that a running host makes and removes would come and go under the enumeration.
        installation.host.kill()
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
