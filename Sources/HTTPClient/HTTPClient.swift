// The module's front: outgoing HTTP and HTTPS over libcurl, with limits on time, size, concurrency and addresses. Knows no
// provider, no JSON and no retry policy.

/// An HTTP client for the calls that the host makes: provider APIs, token endpoints, key sets, webhooks.
///
/// One thread drives all transfers. Connections are kept and used again. Redirects are not followed, compression is not asked
/// for, cookies and `.netrc` are not used. Requests go through the proxies of the configuration, unless they are to go directly.
public final class HTTPClient: Sendable {
    /// The settings that apply to all requests of a client.
    public struct Configuration: Sendable {
        /// The `User-Agent` of requests that set none.
        public var userAgent = "integration-host"
        /// Which addresses may be connected to.
        public var addressPolicy = AddressPolicy.publicOnly
        /// The proxies that requests go through.
        ///
        /// A proxy looks names up itself, so the address policy then sees only what the URL says.
        public var proxies = ProxyRules()
        /// A PEM file of certificate authorities in place of the system's.
        public var certificateAuthoritiesFile: String?
        /// Whether HTTP/2 is offered to `https` servers.
        public var allowsHTTP2 = true
        /// The most requests under way at once.
        public var transfersMax = 1024
        /// The most requests under way at once to one scheme, host and port.
        public var transfersPerHostMax = 96
        /// The most requests that wait for a place.
        public var waitingMax = 10_000
        /// The most connections that are kept without being in use.
        public var idleConnectionsMax = 128
        /// The bytes of bodies larger than `HTTPClientLimits.smallBodyBytesMax` together.
        public var largeBodiesBytesMax = HTTPClientLimits.largeBodiesBytesMax

        /// Names whose addresses are fixed, as `name:port:address,address`, in place of what the resolver says.
        ///
        /// For tests of what happens when a name changes its addresses.
        var fixedNames: [String] = []

        /// The default configuration.
        public init() {}
    }

    private let worker: TransferLoop
    /// The settings of this client.
    public let configuration: Configuration

    /// A client with its thread running.
    ///
    /// - Throws: `.library` when the system has no memory or no thread to give.
    public init(_ configuration: Configuration = Configuration()) throws(HTTPClientError) {
        guard let worker = TransferLoop(configuration), worker.startThread() else {
            throw HTTPClientError(.library(code: 0), host: nil)
        }
        self.worker = worker
        self.configuration = configuration
    }

    deinit {
        worker.post(.stop)
    }

    /// Sends a request and returns the complete response, with any status.
    ///
    /// Cancelling the task ends the transfer and throws `.cancelled`.
    ///
    /// - Throws: `HTTPClientError`; its `mayHaveBeenSent` says whether the server may have acted.
    public func send(_ request: Request) async throws(HTTPClientError) -> Response {
        let target = try request.validated()
        let ticket = Ticket()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let transfer = Transfer(
                    request: request, target: target, policy: configuration.addressPolicy,
                    proxy: request.isDirect ? nil : configuration.proxies.proxy(for: target), memory: worker.memory,
                    continuation: continuation)
                ticket.issue(transfer, to: worker)
            }
        } onCancel: {
            ticket.cancel(at: worker)
        }
        return try outcome.get()
    }

    /// Ends all requests with `.shutdown` and waits until the thread has closed every connection.
    public func shutdown() async {
        await worker.stop()
    }

    /// The counts since the client was made, for metrics.
    public var counters: Counters {
        worker.currentCounters()
    }
}
