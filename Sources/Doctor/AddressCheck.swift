// Looks at the addresses of an installation: whether the host answers, whether its address is free, its public URL, and what stands
// in front of it.

package import Configuration
import HTTPClient
import HTTPServer

/// The checks of addresses.
package struct AddressCheck: Sendable {
    let configuration: Configuration
    let network: NetworkQuestion
    /// Whether a host works on the data directory.
    let hostRuns: Bool

    package init(_ configuration: Configuration, network: NetworkQuestion, hostRuns: Bool) {
        self.configuration = configuration
        self.network = network
        self.hostRuns = hostRuns
    }

    package func run() async -> [Finding] {
        [await listening(), await publicURL()].compactMap { $0 } + [proxies()].compactMap { $0 }
    }

    // MARK: Listening

    private func listening() async -> Finding {
        let address = configuration.listen
        if hostRuns { return await answering(address) }
        do throws(ServerError) {
            try ServerConfiguration.checkUnused(try SocketAddress(address))
            return .good("listen", "No host runs, and \(address) is free")
        } catch {
            return .problem(
                "listen", "\(error)", means: "A host with this configuration does not start.",
                do: "Stop the program that uses the address (ss -ltnp shows it), or change “listen”.")
        }
    }

    private func answering(_ address: String) async -> Finding {
        guard !address.hasSuffix(":0") else {
            return .skipped("listen", "The host runs on a port that the system chose")
        }
        let url = LocalAddress.url(of: address) + "/readyz?verbose"
        do throws(HTTPClientError) {
            let answer = try await network.ask(url, isDirect: true)
            guard answer.status != 200 else { return .good("listen", "The host answers at \(address) and is ready") }
            return .problem(
                "listen", "The host at \(address) is not ready: \(answer.text.prefix(200))",
                means: "A load balancer sends it no requests.", do: "See the reason; the log has the time it began.")
        } catch {
            return .problem(
                "listen", "A host runs on this data directory, and none answers at \(address) (\(error))",
                means: "It runs with another configuration, or it hangs.",
                do: "Compare “config show” with how the service is started; restart it when it hangs.")
        }
    }

    // MARK: The public URL

    private func publicURL() async -> Finding? {
        // Without it the host is for the address that it listens on, which is never all addresses.
        guard configuration.isPublicURLGiven else { return nil }
        let url = configuration.publicURL
        guard hostRuns else { return .skipped("public-url", "\(url) is asked when the host runs") }
        do throws(HTTPClientError) {
            let answer = try await network.ask(url + "/healthz")
            guard answer.status == 200, answer.text.contains("\"status\"") else {
                return .problem(
                    "public-url", "\(url) answers \(answer.status), and not as this host does",
                    means: "Callbacks of providers and webhooks do not arrive.",
                    do: "Let the proxy pass all paths below this URL to \(configuration.listen).")
            }
            return .good("public-url", "\(url) leads to a host")
        } catch {
            return .warning(
                "public-url", "\(url) cannot be reached from here (\(error))",
                means: "If browsers cannot reach it either, users cannot connect accounts.",
                do:
                    "Check the name, the certificate and the proxy. Some networks do not reach their own public address."
            )
        }
    }

    // MARK: In front

    private func proxies() -> Finding? {
        let isLocal = configuration.listen.hasPrefix("127.") || configuration.listen.hasPrefix("[::1]")
        guard configuration.isPublicURLGiven, configuration.publicURL.hasPrefix("https://"), !isLocal,
            configuration.trustedProxies.isEmpty
        else { return nil }
        return .warning(
            "proxies", "“publicURL” is https, and “trustedProxies” is empty",
            means:
                "Something ends TLS in front of the host. All clients have its address, so one exhausts the limits of all.",
            do: "Put the address of the proxy into “trustedProxies”.")
    }
}
