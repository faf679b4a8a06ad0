// The results of steps: in a session, outside of one, and in place of the JSON of a callback that a person's browser brought.

import ConnectionModel
import Connections
import HTTPServer
import ProviderSDK
import Providers
package import Requests
import Users

extension ConnectPages: StepPages {
    private typealias Declared = ConnectPageDeclarations

    /// Leads a browser from the callback to an address without code and state.
    ///
    /// A browser without a session stays at the address: nothing was used up, and it works once the person is signed in.
    package func reply(to outcome: StepOutcome) async -> Reply {
        let note = outcome.reason == .wrongAccount ? outcome.message : nil
        if let principal = outcome.principal, principal.kind == .connect,
            let session = try? await sessions.session(of: principal)
        {
            return PageFrame.redirect(to: PageContext(branding: branding, session: session).result)
        }
        let ended = ConnectSession.Outcome(
            service: outcome.service, reason: outcome.reason, connectionID: outcome.connectionID,
            status: outcome.status,
            note: note, reference: outcome.reference, at: now)
        if outcome.reason != .signInNeeded,
            let address = outcomes.address(of: ended, retryAfterSeconds: outcome.retryAfterSeconds)
        {
            return PageFrame.redirect(to: address)
        }
        var page = failure(
            outcome.reason ?? .refused,
            Result(provider: name(of: outcome.service), outcome: ended, isAtCallback: true))
        // The address of this page has code and state.
        page.referrer = "no-referrer"
        return frame.reply(page)
    }

    /// The result of a session.
    @Sendable func showResult(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let page = try await self.context(context)
        guard let outcome = page.session.outcome else { return PageFrame.redirect(to: page.path) }
        let result = Result(provider: name(of: outcome.service), outcome: outcome, session: page)
        if let reason = outcome.reason { return frame.reply(failure(reason, result)) }
        let connection: Connection? =
            if let id = outcome.connectionID { await flow.connection(id, of: page.session) } else { nil }
        let provider = flow.registry[outcome.service]
        return frame.reply(
            ConnectedView(
                branding: branding, result: result, accountName: connection?.shownName,
                dataTypes: Self.dataTypes(provider, connection), leftOut: Self.leftOut(provider, connection),
                returnAddress: page.returnAddress(
                    status: "connected", connectionID: outcome.connectionID, service: outcome.service)
            ).page)
    }

    /// The result of a step outside of a session.
    @Sendable func showOutcome(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard let (outcome, seconds) = outcomes.outcome(of: try context[Declared.outcome] ?? "") else {
            return frame.reply(failure(.stateInvalid, status: 400, reference: context.exchange.correlationID))
        }
        let result = Result(provider: name(of: outcome.service), outcome: outcome, retryAfterSeconds: seconds)
        if let reason = outcome.reason { return frame.reply(failure(reason, result)) }
        return frame.reply(
            ConnectedView(
                branding: branding, result: result, accountName: nil,
                dataTypes: Self.dataTypes(flow.registry[outcome.service], nil), leftOut: [],
                returnAddress: returnTo.first
            ).page)
    }

    /// The data types of a connection as words.
    private static func dataTypes(_ provider: ConfiguredProvider?, _ connection: Connection?) -> [String] {
        guard let provider else { return [] }
        let types = provider.dataTypes(connection?.variant ?? provider.manifest.defaultVariant)
        let granted = connection?.grantedScopes
        return types.filter { type in
            granted.map { provider.scopes(connection?.variant).missing(type.scopes, granted: $0).isEmpty } ?? true
        }.map { Words.dataType($0.name) }
    }

    /// What was asked for and not granted, as the consent page named it.
    private static func leftOut(_ provider: ConfiguredProvider?, _ connection: Connection?) -> [String] {
        guard let provider, let connection, provider.usesOAuth else { return [] }
        let table = provider.scopes(connection.variant)
        let missing = Set(table.missing(connection.requestedScopes, granted: connection.grantedScopes))
        return table.documented.filter { scope in scope.grants.contains(where: missing.contains) }.map { scope in
            scope.meaning?.phrase ?? scope.name
        }
    }
}

extension Connection {
    /// The account's name; nil when it is only its id.
    fileprivate var shownName: String? {
        guard let name = accountName ?? accountID, !name.isEmpty else { return nil }
        return name
    }
}

extension RouteFailure {
    /// The text of a provider's refusal.
    var note: String? {
        guard case .service(.provider(let error)) = self else { return nil }
        return error.message
    }

    /// After how many seconds trying again makes sense.
    var seconds: Int? {
        switch self {
        case .service(.rateLimited(let seconds)), .service(.unavailable(_, let seconds)): seconds
        default: nil
        }
    }
}
