// `config` and `completions`: an operator checks and reads the configuration without starting a host.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Configuration commands", .timeLimit(.minutes(5)))
struct ConfigCommandTests {
    @Test("config show has every setting with its value and origin, and no secret")
    func show() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "host.json",
            """
            {"listen": "127.0.0.1:9000", "outgoingProxy": "http://user:hidden-password@proxy:3128",
             "cache": {"statusMiB": 5},
             "providers": {"stripe": {"clientId": "ca_1", "clientSecret": "hidden-secret", "webhookSecret": "hidden-hook"}}}
            """)
        let result = try await HostProcess.run(
            ["config", "show", "--config", file, "--json", "--data", directory.path + "/d"],
            environment: ["INTEGRATION_HOST_LOG_LEVEL": "debug"])
        #expect(result.code == 0, "\(result.errors)")
        let settings = try #require(try JSONValue.parse(Array(result.output.utf8))["settings"]?.array)
        func row(_ key: String) throws -> JSONValue { try #require(settings.first { $0["key"]?.string == key }) }
        #expect(try row("listen")["value"]?.string == "127.0.0.1:9000")
        #expect(try row("listen")["origin"]?.string == "\(file):1:12")
        #expect(try row("logLevel")["origin"]?.string == "INTEGRATION_HOST_LOG_LEVEL")
        #expect(try row("dataDirectory")["origin"]?.string == "--data")
        #expect(try row("cache.statusMiB")["value"]?.integer == 5)
        #expect(try row("cache.documentsMiB")["origin"]?.string == "default")
        #expect(try row("outgoingProxy.url")["secret"]?.boolean == true)
        #expect(try row("providers.stripe.clientId")["value"]?.string == "ca_1")
        #expect(try row("providers.stripe.clientSecret")["value"]?.isNull == true)
        let text = try await HostProcess.run(["config", "show", "--config", file])
        #expect(text.output.contains("providers.stripe.clientSecret") && text.output.contains("(hidden)"))
        for output in [result.output, text.output] { #expect(!output.contains("hidden-")) }
    }

    @Test("config check accepts what serve accepts, and makes no data directory")
    func accepted() async throws {
        let directory = try TemporaryDirectory()
        let data = directory.path + "/data"
        let result = try await HostProcess.run(["config", "check", "--data", data])
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.hasPrefix("The configuration is valid: "))
        #expect(!FileManager.default.fileExists(atPath: data))
    }

    @Test(
        "config check refuses what serve refuses, with the same sentence",
        arguments: [
            #"{"listen":"0.0.0.0:8080"}"#, #"{"connect":{"branding":{"logoFile":"missing.png"}}}"#,
            #"{"sessions":{"clerk":{"publicKeyFile":"missing.pem"}}}"#, #"{"outgoingProxy":"ftp://proxy"}"#,
            #"{"providers":{"nowhere":{"clientId":"a"}}}"#, #"{"trustedProxies":["x"]}"#,
            #"{"sessions":{"nextAuth":{"secrets":["a"],"version":6}}}"#,
        ])
    func refused(configuration: String) async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("host.json", configuration)
        let checked = try await HostProcess.run(
            ["config", "check", "--config", file, "--data", directory.path + "/d"])
        let served = try await HostProcess.run(["serve", "--config", file, "--data", directory.path + "/d"])
        #expect(checked.code == 78)
        #expect(checked.code == served.code && checked.errors == served.errors, "\(checked.errors)\n\(served.errors)")
    }

    @Test("config docs prints the table of settings, config schema a JSON Schema; a file may name its schema")
    func documentation() async throws {
        let docs = try await HostProcess.run(["config", "docs"]).output
        #expect(docs.contains("| `listen` |"))
        let schema = try JSONValue.parse(Array(try await HostProcess.run(["config", "schema"]).output.utf8))
        #expect(schema["properties"]?["listen"]?["type"]?.string == "string")
        #expect(schema["properties"]?["rateLimits"]?["properties"]?["sync"]?["maximum"]?.integer == 1_000_000)
        let directory = try TemporaryDirectory()
        let file = try directory.write("host.json", #"{"$schema":"configuration.schema.json"}"#)
        #expect(
            try await HostProcess.run(["config", "check", "--config", file, "--data", directory.path + "/d"]).code == 0)
    }

    @Test(
        "bash completes commands, actions, options and fixed values",
        arguments: [
            ("integration-host ser", "serve"), ("integration-host keys ro", "rotate"),
            ("integration-host token --ki", "--kind"), ("integration-host token --kind bo", "bot"),
        ])
    func bash(line: String, expected: String) async throws {
        let script = try await HostProcess.run(["completions", "bash"]).output
        let words = line.split(separator: " ").map { "'\($0)'" }.joined(separator: " ")
        let test = """
            \(script)
            COMP_WORDS=(\(words)); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _integration_host
            echo "${COMPREPLY[*]}"
            """
        let result = try ChildProcess.run(["/bin/bash", "-c", test], within: .seconds(20))
        #expect(result.output.split(separator: "\n").first.map(String.init) == expected, "\(result)")
    }

    @Test("The completions for zsh name every command and option")
    func zsh() async throws {
        let script = try await HostProcess.run(["completions", "zsh"]).output
        #expect(script.hasPrefix("#compdef integration-host\n"))
        for word in ["'serve:", "--listen", "(bash zsh)", "(session bot service)"] { #expect(script.contains(word)) }
    }
}
