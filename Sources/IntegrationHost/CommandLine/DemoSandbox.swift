// The stand-in providers of a demo: a child process, controlled over its control routes. Knows no stand-in.

import Commands
import Configuration
import Credentials
import HTTPClient
import Processes
import ProviderSDK

/// The running sandbox of a demo.
struct DemoSandbox: Sendable {
    /// The process; the demo ends with it.
    let process: ChildProgram
    /// The URL of the stand-ins, such as `http://127.0.0.1:40123`.
    let origin: String
    private let client: HTTPClient

    /// Starts the sandbox on a free port and waits until it listens.
    init() throws {
        process = try ChildProgram(SandboxCommand.program, ["--listen", "127.0.0.1:0", "--end-with-input"])
        let greeting = "listening on "
        guard let line = process.readLine(), line.hasPrefix(greeting) else {
            throw HostStartError("the sandbox did not start.")
        }
        origin = String(line.dropFirst(greeting.count))
        var configuration = HTTPClient.Configuration()
        configuration.addressPolicy = .any
        client = try HTTPClient(configuration)
    }

    /// The settings that lead every provider to its stand-in, by provider id.
    func providers() throws -> [String: ProviderConfiguration] {
        let place = "\(origin)/_sandbox/configuration"
        var configuration = Configuration()
        try ConfigurationFile(path: place, bytes: try ask(.get, place)).apply(to: &configuration)
        return configuration.providers.mapValues { provider in
            var provider = provider
            // A demo without one of the plugins still shows the others.
            provider.isOptional = true
            return provider
        }
    }

    /// Lets the stand-ins deliver their webhooks to the host at `url` from now on.
    func deliverWebhooks(to url: String) throws {
        let body: JSONValue = ["url": .string(url)]
        _ = try ask(.post, "\(origin)/_sandbox/subscriptions", body: body.serialized)
    }

    private func ask(_ method: HTTPClient.Method, _ url: String, body: [UInt8]? = nil) throws -> [UInt8] {
        let response = try Blocking.run { [client] () async throws(HTTPClientError) in
            try await client.send(HTTPClient.Request(method: method, url: url, body: body))
        }
        guard response.status == 200 else {
            throw HostStartError(
                "the sandbox answered \(response.status): \(String(decoding: response.body, as: UTF8.self))")
        }
        return response.body
    }

    /// Ends the sandbox.
    func stop() async {
        await client.shutdown()
        process.stop()
    }
}
