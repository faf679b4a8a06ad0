// Creates, opens, reads, revokes and erases connect sessions, over the document store. Does not depend on HTTP.

package import ConnectionModel
import Cryptography
package import DocumentStore
package import Observability
package import Primitives
import ProviderSDK
package import Providers
package import Users

/// The connect sessions of an installation.
package struct ConnectSessions: Sendable {
    private let lists: DocumentCollection<PlainForm<ConnectSessionList>>
    private let users: UserStore
    private let registry: ProviderRegistry
    private let returnTo: [String]
    package let time: TimeSource
    private let log: Log

    /// - Parameter returnTo: the URLs to which sessions may return.
    package init(
        _ documents: Documents, users: UserStore, registry: ProviderRegistry, returnTo: [String], time: TimeSource,
        log: Log
    ) {
        lists = DocumentCollection(documents, name: "connect", noun: "connect session")
        self.users = users
        self.registry = registry
        self.returnTo = returnTo
        self.time = time
        self.log = log
    }

    // MARK: The application

    /// Makes a session; it is durable.
    ///
    /// - Returns: the session and its token, which can be seen this one time.
    package func create(
        _ new: NewConnectSession
    ) async throws(ServiceError) -> (session: ConnectSession, token: ConnectToken) {
        let new = try await checked(new)
        let token: ConnectToken
        do throws(CryptographyError) { token = try ConnectToken(userID: new.userID) } catch {
            throw .internalFault("\(error)")
        }
        let now = time.now
        let session = ConnectSession(token, new, at: now)
        try await lists.update(Array(ConnectToken.document(of: new.userID).utf8)) { (stored) throws(ServiceError) in
            var list = stored ?? ConnectSessionList(userID: new.userID)
            guard list.userID.utf8.elementsEqual(new.userID.utf8) else {
                throw .internalFault("Two users have connect sessions under one name.")
            }
            try list.add(session, at: now)
            stored = list
        }
        return (session, token)
    }

    /// Checks the parameters of a session against providers, connections and settings.
    private func checked(_ new: NewConnectSession) async throws(ServiceError) -> NewConnectSession {
        var new = new
        guard !returnTo.isEmpty else {
            throw .invalid(field: "returnTo", message: "The setting connect.returnTo names no page to return to")
        }
        guard returnTo.contains(where: { $0.utf8.elementsEqual(new.returnTo.utf8) }) else {
            throw .invalid(
                field: "returnTo", message: "“returnTo” must be one of the URLs in the setting connect.returnTo")
        }
        if let id = new.reconnects {
            guard let connection = try await users.user(new.userID).connection(id) else {
                throw .invalid(field: "reconnect", message: "The user has no such connection")
            }
            guard new.services.isEmpty || new.services == [connection.service] else {
                throw .invalid(field: "services", message: "The connection to connect again is one to another provider")
            }
            new.services = [connection.service]
            new.variant = connection.variant ?? registry[connection.service]?.manifest.defaultVariant
        }
        for service in new.services {
            guard let provider = registry[service] else {
                throw .invalid(field: "services", message: "“services” names a provider that this host does not have")
            }
            guard provider.isAvailable else {
                throw .invalid(field: "services", message: "\(provider.manifest.name) is not configured on this host")
            }
        }
        guard let variant = new.variant else {
            try check(new.permissions, services: new.services)
            return new
        }
        guard new.services.count == 1, let provider = registry[new.services[0]] else {
            throw .invalid(field: "variant", message: "“variant” needs “services” with exactly one provider")
        }
        guard provider.hasVariant(variant) else {
            throw .invalid(field: "variant", message: "\(provider.manifest.name) has no such variant")
        }
        try provider.check(new.permissions, variant: provider.stored(variant))
        return new
    }

    /// Checks that each of `permissions` is one of a provider that the session may connect; no services stand for all.
    private func check(_ permissions: [String], services: [String]) throws(ServiceError) {
        let providers = services.isEmpty ? registry.providers : services.compactMap { registry[$0] }
        let known = providers.map { Set($0.known(permissions, variant: nil)) }
        guard let unknown = permissions.first(where: { name in !known.contains { $0.contains(name) } }) else { return }
        if providers.count == 1 { return try providers[0].check(permissions, variant: nil) }
        throw .invalid(
            field: "permissions", message: "“\(unknown)” is no permission of a provider that the session may connect")
    }

    /// Returns a session by its id; nil without one.
    package func session(_ id: String) async throws(ServiceError) -> ConnectSession? {
        guard let document = ConnectToken.document(ofSession: id) else { return nil }
        return try await lists.load(Array(document.utf8))?.value.session(id)
    }

    /// Returns the session of a token; nil without one.
    package func session(of text: String) async throws(ServiceError) -> ConnectSession? {
        guard let token = ConnectToken(text), let session = try await session(token.id), session.isTokenGood(token)
        else { return nil }
        return session
    }

    /// Ends a session: nothing can be begun or completed in it from now on.
    ///
    /// - Throws: ``ServiceError/notFound`` when it does not exist.
    package func revoke(_ id: String) async throws(ServiceError) { try await update(id) { $0.revoke() } }

    @discardableResult
    private func update<Result: Sendable>(
        _ id: String, _ change: (inout ConnectSession) -> Result
    ) async throws(ServiceError) -> Result {
        guard let document = ConnectToken.document(ofSession: id) else { throw .notFound }
        return try await lists.update(Array(document.utf8)) { (stored) throws(ServiceError) in
            guard var list = stored else { throw .notFound }
            let result = try list.update(id, change)
            stored = list
            return result
        }
    }

    // MARK: The browser

    /// What opening a link gave.
    package enum Opening: Sendable {
        /// The browser now has the session, with a secret for its cookie; nil when it had it before.
        case opened(ConnectSession, secret: String?)
        case refused(FailureReason, ConnectSession?)
    }

    /// Opens a link in the browser that sent `cookies`.
    package func open(_ text: String, cookies: [String]) async throws(ServiceError) -> Opening {
        guard let session = try await session(of: text) else { return .refused(.sessionExpired, nil) }
        let now = time.now
        if owns(session, cookies) { return .opened(session, secret: nil) }
        guard session.isLive(at: now) else { return .refused(.sessionExpired, session) }
        guard session.browserDigest == nil else { return .refused(.otherBrowser, session) }
        let secret: String
        do throws(CryptographyError) { secret = try SecureRandom.base64URL(byteCount: 32) } catch {
            throw .internalFault("\(error)")
        }
        // Of two browsers at the same time, one opens it.
        guard try await update(session.id, { $0.open(secret) }) else { return .refused(.otherBrowser, session) }
        return .opened(session, secret: secret)
    }

    private func owns(_ session: ConnectSession, _ cookies: [String]) -> Bool {
        ConnectCookie.all(in: cookies).contains {
            $0.id.utf8.elementsEqual(session.id.utf8) && session.isBrowser($0.secret)
        }
    }

    /// Returns the session `id` if the browser that sent `cookies` opened it; nil otherwise.
    package func session(_ id: String, cookies: [String]) async throws(ServiceError) -> ConnectSession? {
        guard let session = try await session(id), owns(session, cookies) else { return nil }
        return session
    }

    /// Returns the ids of cookies that are no use any more, but for that of `session`.
    package func endedCookies(_ cookies: [String], besides session: ConnectSession) async -> [String] {
        var ended: [String] = []
        for (id, _) in ConnectCookie.all(in: cookies) where !id.utf8.elementsEqual(session.id.utf8) {
            guard let found = try? await self.session(id), found.acceptsCallback(at: time.now) else {
                ended.append(id)
                continue
            }
        }
        return ended
    }

    /// Returns the sessions that the browser opened and that `isMeant` accepts, the newest step first.
    ///
    /// Of very many cookies, the newest are looked at.
    package func sessions(
        cookies: [String], where isMeant: (ConnectSession) -> Bool
    ) async throws(ServiceError) -> [ConnectSession] {
        var found: [ConnectSession] = []
        for (id, secret) in ConnectCookie.all(in: cookies).suffix(ConnectSessionLimits.cookiesMax) {
            if let session = try await session(id), session.isBrowser(secret), isMeant(session) {
                found.append(session)
            }
        }
        return found.sorted { ($0.steps.last?.at ?? $0.createdAt) > ($1.steps.last?.at ?? $1.createdAt) }
    }

    /// Returns the session that a principal stands for; nil when it stands for none.
    package func session(of principal: Principal) async throws(ServiceError) -> ConnectSession? {
        guard principal.kind == .connect else { return nil }
        return try await session(String(principal.sessionBinding.dropFirst("connect:".utf8.count)))
    }

    /// Records that an authorization was begun.
    package func began(_ step: ConnectSession.Step, in session: ConnectSession) async throws(ServiceError) {
        try await update(session.id) { $0.begin(step) }
    }

    /// Records what a step ended with.
    ///
    /// A failure is logged: the step itself is done.
    package func ended(_ outcome: ConnectSession.Outcome, for principal: Principal) async {
        do throws(ServiceError) {
            guard let session = try await session(of: principal), session.outcome != outcome else { return }
            try await update(session.id) { $0.end(outcome) }
        } catch {
            log.warning("The outcome of a connect session was not stored.", ["reason": .text("\(error)")])
        }
    }

    // MARK: Ends

    /// Removes all sessions of a user.
    package func erase(user userID: String) async throws(ServiceError) {
        _ = try await lists.remove(Array(ConnectToken.document(of: userID).utf8))
    }

    /// Removes the sessions that ended long ago.
    ///
    /// - Returns: the number of users whose sessions were removed.
    package func removeForgotten() async throws(ServiceError) -> Int {
        let now = time.now
        return try await lists.removeAll { $0.sessions.allSatisfy { $0.isForgotten(at: now) } }
    }
}
