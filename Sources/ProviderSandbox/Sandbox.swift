// The sandbox: a server with a stand-in for every provider, each under its own path prefix. It knows the list of
// stand-ins and nothing of what they do.

import HTTPServer
import ProviderSDK
import Synchronization

/// Stand-ins of third-party providers on one origin: OAuth and data APIs in the providers' own shapes.
///
/// Nothing leaves the process and nothing is stored. A user allows or denies on each provider's authorization page. A script adds
/// `decision=allow` or `decision=deny` to its address, and `account=` with a number, an id, or `next` for the accounts in turn.
/// The control routes take and give JSON:
///
/// - `GET /_sandbox/providers`: settings, endpoints and data types of every provider.
/// - `GET /_sandbox/configuration`: `{"providers": …}`, as a host's configuration file takes it.
/// - `GET /_sandbox/state`: requests by route, kind and status, token calls, tokens issued, live and revoked, faults waiting.
/// - `POST /_sandbox/faults`: `provider` (`stripe`, `kai/flo`; all when absent), `match` (`token`, `authorize`, `revoke`, `api`,
///   or the beginning of a path after the provider's prefix), `count` (1), `skip` (0), `delay-ms`, and one of `status` (with
///   `headers`, `body`), `drop`, `drop-after-processing`, `truncate` (true, or bytes), `garbage`, `redirect` (an address),
///   `huge-body` (true, or bytes); `after-processing` lets a status strike after the request was carried out. A client that
///   reuses connections may repeat a dropped request by itself: give such a fault a `count` that outlasts it.
/// - `DELETE /_sandbox/faults`: forgets the faults that wait.
/// - `POST /_sandbox/clock`: `advanceSeconds`.
/// - `POST /_sandbox/data`: `provider`, `type`, `action` (`create`, `update`, `delete`), `id` or `ids` or `count`, `account` (0),
///   `set` (`status`, `currency`, `amount` in minor units, `owner`); answers `ids`.
/// - `GET /_sandbox/data/<provider>/<type>?account=0&ids=true`: count, sums by currency, counts by status and by kind.
/// - `POST /_sandbox/tokens`: `action` (`revoke`, `expire-access`, `expire-all`), `provider`, `account`.
/// - `POST /_sandbox/webhooks`: `provider`, `event` (`changed`, `deleted`, `revoked`, `verification`), `type`, `ids`, `account` (0),
///   `id`, `live` (false), `occurredSecondsAgo`, `signedSecondsAgo`; answers `headers` and `body` of a delivery, signed as the provider signs.
/// - `POST /_sandbox/subscriptions`: `provider`, `url`; from then on such deliveries are sent there by themselves when data is changed
///   or grants are revoked by a command. Without `url` no more. Without `provider` those of all providers are sent to `url` followed by
///   `/webhooks/` and the provider's name.
/// - `POST /_sandbox/limits`: `enforced`, `provider`, and `requests` in `seconds` to replace the documented limits.
public final class Sandbox: Sendable {
    private enum State {
        case new
        case starting
        case running(HTTPServer, origin: String, SandboxApplication)
        case ended
    }

    private let configuration: SandboxConfiguration
    private let state = Mutex(State.new)

    /// A sandbox that is not started yet.
    public init(_ configuration: SandboxConfiguration = SandboxConfiguration()) { self.configuration = configuration }

    /// Begins to serve and returns the origin under which clients reach it, such as `http://127.0.0.1:9090`.
    @discardableResult
    public func start() throws(SandboxError) -> String {
        let isNew = state.withLock { state in
            guard case .new = state else { return false }
            state = .starting
            return true
        }
        guard isNew else { throw .alreadyStarted }
        do throws(ServerError) {
            var server = ServerConfiguration(
                address: try SocketAddress(configuration.listen), loopCount: max(1, configuration.loopCount))
            server.limits.bodyBytesMax = SandboxLimits.bodyBytesMax
            server.limits.requestsPerConnectionMax = .max
            server.limits.handlerTimeout = .milliseconds(SandboxLimits.delayMillisecondsMax + 10_000)
            let application = SandboxApplication(SandboxEnvironment(configuration))
            let http = try HTTPServer(server, application: application)
            let address = try http.start()
            let origin = Self.withoutSlash(configuration.publicOrigin ?? "http://\(address)")
            application.opened(origin: origin, port: address.port)
            state.withLock { $0 = .running(http, origin: origin, application) }
            return origin
        } catch {
            state.withLock { $0 = .new }
            throw SandboxError(error)
        }
    }

    private static func withoutSlash(_ origin: String) -> String {
        origin.hasSuffix("/") ? String(origin.dropLast()) : origin
    }

    /// Stops serving; returns when every connection is closed.
    public func shutdown() async {
        let (server, application): (HTTPServer?, SandboxApplication?) = state.withLock { state in
            defer { state = .ended }
            if case .running(let server, _, let application) = state { return (server, application) }
            return (nil, nil)
        }
        await application?.courier.stop()
        await server?.shutdown(grace: .seconds(1))
    }

    /// The origin under which clients reach it; nil before `start()` and after `shutdown()`.
    public var origin: String? {
        state.withLock { state in
            if case .running(_, let origin, _) = state { origin } else { nil }
        }
    }

    /// Every provider with its endpoints under `origin` and its credentials.
    public func providers(origin: String) -> [SandboxProvider] {
        SandboxProvider.all(StandInList.all(SandboxEnvironment(configuration)), origin)
    }

    /// The endpoints of every provider under `origin`: name and absolute URL by provider id (`kai/flo` for a variant).
    public static func endpoints(origin: String) -> [String: [String: String]] {
        var endpoints: [String: [String: String]] = [:]
        for standIn in StandInList.all(SandboxEnvironment(SandboxConfiguration())) {
            endpoints[standIn.name] = standIn.core.endpoints(origin: origin)
        }
        return endpoints
    }
}
