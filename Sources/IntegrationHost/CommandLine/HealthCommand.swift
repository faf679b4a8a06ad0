// `integration-host health`: asks a running host over HTTP whether it is ready, for the health checks of containers.

import Commands
import Configuration
import HTTPClient
import Processes

enum HealthCommand {
    /// The time for the whole question.
    private static let timeMax = Duration.seconds(4)

    /// Prints the answer of the host.
    ///
    /// - Throws: ``HealthError`` when the host is not ready or does not answer, so that the exit code is not 0.
    static func run(_ arguments: Arguments) throws {
        let url = try arguments["--url"] ?? LocalAddress.url(of: Configuration.load(arguments).listen)
        let (status, text) = try Blocking.run { () async throws(HealthError) in try await ask(url) }
        guard status == 200 else { throw HealthError("the host at \(url) is not ready: \(text)") }
        StandardOutput.line(text)
    }

    private static func ask(_ url: String) async throws(HealthError) -> (status: Int, text: String) {
        do throws(HTTPClientError) {
            var configuration = HTTPClient.Configuration()
            configuration.addressPolicy = .any
            let client = try HTTPClient(configuration)
            var request = HTTPClient.Request(
                url: url + "/readyz", timeouts: .init(connect: timeMax, firstByte: timeMax, total: timeMax),
                responseBodyBytesMax: 1 << 16)
            request.isDirect = true
            let response = try await client.send(request)
            await client.shutdown()
            return (response.status, String(decoding: response.body, as: UTF8.self))
        } catch {
            throw HealthError("no host answers at \(url) (\(error)): start it, or give its address with --url")
        }
    }
}

/// Why a host is not healthy.
struct HealthError: Error, CustomStringConvertible {
    /// The problem and what to do.
    let description: String

    init(_ description: String) { self.description = description }
}
