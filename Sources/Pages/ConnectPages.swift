// The connect pages as routes: /connect. Each page is complete when it arrives, works without a script, and belongs to one connect session.

package import Configuration
import ConnectionModel
package import Connections
import HTTPServer
import Observability
import ProviderSDK
import Providers
package import Requests
package import Users

/// The pages on which people connect accounts.
package struct ConnectPages: Sendable {
    let flow: ConnectFlow
    let branding: Branding
    let address: PublicAddress
    let returnTo: [String]
    let frame: PageFrame
    let outcomes: OutcomeAddress

    var sessions: ConnectSessions { flow.sessions }
    var now: Timestamp { sessions.time.now }

    /// - Parameters:
    ///   - returnTo: the pages of the application; the first one is where a step outside of a session leads back to.
    ///   - ancestors: the origins whose pages may show these pages in a frame.
    package init(
        flow: ConnectFlow, branding: Branding, address: PublicAddress, returnTo: [String], ancestors: [String] = [],
        keys: any KeySource
    ) {
        self.flow = flow
        self.branding = branding
        self.address = address
        self.returnTo = returnTo
        frame = PageFrame(branding: branding, ancestors: ancestors) { address.host }
        outcomes = OutcomeAddress(keys: keys)
    }

    private typealias Declared = ConnectPageDeclarations

    package var family: RouteFamily {
        RouteFamily(
            name: "connect", prefixes: ["/connect"],
            routes: [
                RouteEntry(.get, "/connect", access: .open, effect: .completes, Declared.open, open),
                RouteEntry(.get, OutcomeAddress.path, access: .open, Declared.result, showOutcome),
                RouteEntry(.get, "/connect/state", access: .open, Declared.state, state),
                RouteEntry(.get, "/connect/icon.svg", access: .open, Declared.icon, icon),
                RouteEntry(.get, "/connect/logo", access: .open, Declared.logo, logo),
                RouteEntry(.get, "/connect.js", access: .open, Declared.script, script),
            ]
                + [
                    RouteEntry(.get, "/connect/{session}", access: .open, Declared.choose, choose),
                    RouteEntry(.get, "/connect/{session}/result", access: .open, Declared.sessionResult, showResult),
                    RouteEntry(
                        .get, "/connect/{session}/cancel", access: .open, effect: .completes, Declared.cancel, cancel),
                    RouteEntry(.get, "/connect/{session}/{service}", access: .open, Declared.ask, ask),
                    RouteEntry(
                        .post, "/connect/{session}/{service}", access: .open, limit: .oauth, Declared.proceed, proceed
                    ).taking(.form),
                ].map { $0.knowing(sessionOfPath) }, errors: errors)
    }

    // MARK: Sessions

    /// The browser that opened the session of the path is its caller.
    @Sendable private func sessionOfPath(
        _ request: HTTPRequestSnapshot, _ parameters: [String: String]
    ) async -> OwnCaller {
        guard let id = parameters["session"] else { return .none }
        do throws(ServiceError) {
            let session = try await sessions.session(id, cookies: request.cookies)
            // A session of the host is no caller here, so that no page shows one user what belongs to another.
            guard let session else {
                return .refused(.unauthenticated, .signInNeeded)
            }
            return .caller(session.principal)
        } catch {
            return .refused(error, FailureReason(error))
        }
    }

    /// The session of a request, with what its pages have in common.
    func context(_ context: RouteContext) async throws(ServiceError) -> PageContext {
        guard let session = try await sessions.session(of: try context.authenticated()) else {
            throw .unauthenticated
        }
        return PageContext(branding: branding, session: session)
    }

    // MARK: Failures

    private var errors: ErrorDocument {
        ErrorDocument(schema: nil) { [self] error, exchange in
            let reason = error.step?.reason ?? Self.reason(of: error)
            return frame.reply(
                failure(
                    reason, status: error.status, reference: exchange.correlationID,
                    retryAfterSeconds: error.retryAfterSeconds))
        }
    }

    private static func reason(of error: ErrorAnswer) -> FailureReason {
        switch error.kind {
        case .rateLimited: .tooMany
        case .unavailable, .damaged, .internalFault: .storeUnavailable
        case .unauthenticated: .signInNeeded
        default: .stateInvalid
        }
    }

    /// The page of a failure that belongs to no session.
    func failure(
        _ reason: FailureReason, status: Int, service: String = "", reference: String, note: String? = nil,
        retryAfterSeconds: Int? = nil
    ) -> Page {
        let outcome = ConnectSession.Outcome(
            service: service, reason: reason, status: status, note: note, reference: reference, at: now)
        return failure(
            reason, Result(provider: name(of: service), outcome: outcome, retryAfterSeconds: retryAfterSeconds))
    }

    /// The page of a failure.
    func failure(_ reason: FailureReason, _ result: Result) -> Page {
        let status = reason == .denied ? "denied" : "failed"
        let back = result.session?.returnAddress(status: status, service: result.outcome.service) ?? returnTo.first
        return FailedView(branding: branding, result: result, reason: reason, returnAddress: back, now: now).page
    }

    /// The name of a provider, with its id; nil for one that this host does not have.
    func name(of service: String) -> (name: String, id: String)? {
        flow.registry[service].map { ($0.manifest.name, $0.id) }
    }
}

extension PublicAddress {
    /// The host and port of the address, as people read it.
    fileprivate var host: String {
        let parts = url.split(separator: "/", omittingEmptySubsequences: true)
        return parts.count > 1 ? String(parts[1]) : url
    }

    var isSecure: Bool { url.hasPrefix("https:") }
}

extension HTTPRequestSnapshot {
    var cookies: [String] { headers("cookie").map { String(decoding: $0, as: UTF8.self) } }
}
