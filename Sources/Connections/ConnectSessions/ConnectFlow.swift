// The steps of a connect session at the provider: begin an authorization, and complete it. Does not depend on HTTP.

package import ConnectionModel
package import OAuth
package import ProviderSDK
package import Providers
package import Users

/// Connects accounts in connect sessions.
package struct ConnectFlow: Sendable {
    package let sessions: ConnectSessions
    package let registry: ProviderRegistry
    private let oauth: OAuthService
    private let connections: ConnectionService

    package init(
        sessions: ConnectSessions, registry: ProviderRegistry, oauth: OAuthService, connections: ConnectionService
    ) {
        self.sessions = sessions
        self.registry = registry
        self.oauth = oauth
        self.connections = connections
    }

    /// The providers that the session can connect here, in its order.
    package func providers(of session: ConnectSession) -> [ConfiguredProvider] {
        guard !session.services.isEmpty else { return registry.providers }
        return session.services.compactMap { registry[$0] }
    }

    /// What the session asks for at a provider: those of its permissions that the provider knows; none stand for the standard ones.
    package static func permissions(
        of session: ConnectSession, at provider: ConfiguredProvider, variant: String?
    ) -> [String] {
        provider.known(session.permissions, variant: provider.stored(variant))
    }

    /// Begins an authorization, and returns the address at the provider.
    ///
    /// - Parameter takesOther: whether any account may come out of it, also where the session connects one again.
    package func begin(
        _ provider: ConfiguredProvider, variant: String?, takesOther: Bool = false, in session: ConnectSession
    ) async throws(ServiceError) -> String {
        var request = OAuthService.Request(
            service: provider.id, variant: variant,
            permissions: Self.permissions(of: session, at: provider, variant: variant))
        request.reconnects = takesOther ? nil : session.reconnects
        let authorization = try await oauth.authorize(request, for: session.principal)
        try await sessions.began(
            .init(
                service: provider.id, variant: variant, connectionID: authorization.connectionID,
                at: sessions.time.now), in: session)
        return authorization.url
    }

    /// Connects a provider with what a person typed.
    ///
    /// - Returns: the id of the connection.
    package func connect(
        _ new: ConnectionService.NewConnection, in session: ConnectSession
    ) async throws(ServiceError) -> String {
        try await connections.create(new, for: session.principal).connectionID
    }

    // MARK: Callback

    /// Returns the session in which the browser that sent `cookies` began the authorization of a callback; nil without one.
    ///
    /// A callback without a state belongs to the newest authorization at the provider.
    package func session(
        ofCallback query: [NamedValue], service: String, cookies: [String]
    ) async throws(ServiceError) -> ConnectSession? {
        let state = query.first { $0.name == "state" }?.value
        let connectionID = state.flatMap(OAuthService.connectionID(ofState:))
        guard state == nil || connectionID != nil else { return nil }
        return try await sessions.sessions(cookies: cookies) { session in
            session.steps.contains { step in
                step.service.utf8.elementsEqual(service.utf8)
                    && (connectionID.map { step.connectionID.utf8.elementsEqual($0.utf8) } ?? true)
            }
        }.first
    }

    /// Completes the authorization that a callback belongs to.
    package func complete(
        service: String, query: [NamedValue], for principal: Principal
    ) async throws(CallbackFailure) -> OAuthService.Completion {
        if !query.contains(where: { $0.name == "state" }), let step = await lastStep(at: service, of: principal),
            let provider = registry[service], provider.oauth(provider.stored(step.variant))?.returnsState == false
        {
            let id = try await oauth.complete(
                service: service, variant: step.variant, query: query, for: principal)
            return OAuthService.Completion(connectionID: id)
        }
        return try await oauth.complete(service: service, query: query, for: principal)
    }

    private func lastStep(at service: String, of principal: Principal) async -> ConnectSession.Step? {
        let session = try? await sessions.session(of: principal)
        return session?.steps.last { $0.service.utf8.elementsEqual(service.utf8) }
    }

    /// Returns a connection of the session's user; nil without one.
    package func connection(_ id: String, of session: ConnectSession) async -> Connection? {
        try? await connections.connection(id, of: session.principal)
    }

    /// Returns the connections of the session's user.
    package func connections(of session: ConnectSession) async throws(ServiceError) -> [Connection] {
        try await connections.list(for: session.principal)
    }
}
