// A route family is one API document: a table of routes, and one place that renders errors in the document's format.

package import ConnectionModel
package import HTTPServer
import Observability
package import Users

/// Who may call a route.
///
/// The services decide what a caller may see.
package enum RouteAccess: Sendable {
    /// Any caller.
    case open
    /// Any signed-in caller.
    case signedIn
    /// Any signed-in user; a bot or a service is refused with `refusal`.
    case users(refusal: String)
    /// A sender that signs the body.
    ///
    /// The route ignores sessions and accepts bodies of any type; no browser page may read its answer.
    case signature

    /// Whether the route needs a session.
    package var needsSession: Bool {
        switch self {
        case .signedIn, .users: true
        case .open, .signature: false
        }
    }
}

/// The rate limit that counts a route, and its key.
package enum RouteLimit: Sendable {
    /// No limit.
    case unlimited
    /// Writes that no other limit counts, per user.
    case write
    /// Creations of connections, per user.
    case connectionCreation
    /// Syncs, per connection: the path parameter `id`.
    case sync
    /// OAuth flows, per user.
    case oauth
    /// Status reads, per user.
    case status
    /// Attempts to sign in to the dashboard, per client address.
    case signIn
}

/// The effect of a route, when its method does not imply it.
package enum RouteEffect: Sendable {
    /// The effect of the method: GET reads, every other method writes.
    case ofMethod
    /// A GET that begins something.
    ///
    /// With a cookie it is accepted only from the application's own pages; it never answers HEAD.
    case begins
    /// A GET that completes something, to which another site redirects the browser; it never answers HEAD.
    case completes
}

/// A caller whom a route knows by something other than a session of the host.
package enum OwnCaller: Sendable {
    /// The request carries nothing of that kind, so its session decides.
    case none
    case caller(Principal)
    case refused(ServiceError, FailureReason)
}

/// The type of the bodies that a route takes.
package enum RouteBody: Sendable {
    case json
    /// The form of a page: `application/x-www-form-urlencoded`.
    case form
    case any
}

/// A JSON object in memory up to its last member, the duration.
///
/// The event loop can send it.
package struct ReadyReply: Sendable {
    /// Everything before the number.
    package let bytes: [UInt8]
    package let facts: ReplyFacts

    package init(bytes: [UInt8], facts: ReplyFacts) {
        self.bytes = bytes
        self.facts = facts
    }

    func writeBody(durationMilliseconds: Int, to body: inout ByteBuffer) {
        body.append(bytes)
        body.append(decimal: durationMilliseconds)
        body.append(UInt8(ascii: "}"))
    }

    /// Returns the whole answer, for asynchronous handlers.
    package func reply(durationMilliseconds: Int) -> Reply {
        var buffer = ByteBuffer(capacity: bytes.count + 32)
        writeBody(durationMilliseconds: durationMilliseconds, to: &buffer)
        return Reply(status: 200, body: buffer.array, durationMilliseconds: durationMilliseconds, facts: facts)
    }
}

/// Numbers about an answer, for the request log and the metrics.
package struct ReplyFacts: Sendable, Equatable {
    /// The number of integrations in the answer.
    var integrationCount: Int?
    /// The number of expired integrations among them.
    var expiredCount: Int?

    package init(integrationCount: Int? = nil, expiredCount: Int? = nil) {
        self.integrationCount = integrationCount
        self.expiredCount = expiredCount
    }

    /// Adds the numbers to the metrics.
    package func count() {
        if let integrationCount { Metrics.integrationsReturned.add(integrationCount) }
        if let expiredCount, expiredCount > 0 { Metrics.expiredReturned.add(expiredCount) }
    }
}

/// One route of a family.
package struct RouteEntry: Sendable {
    /// Why a handler fails.
    package typealias Failure = ServiceError

    package let method: HTTPMethod
    package let template: String
    package private(set) var access: RouteAccess
    /// The scope with which an application key opens the route; nil keeps application keys out.
    package private(set) var scope: ApplicationScope?
    package let limit: RouteLimit
    /// The parameters, the body and the answers.
    package let declaration: RouteDeclaration
    package let effect: RouteEffect
    /// Header fields of every answer of the route, errors included.
    package let headers: [(name: String, value: String)]
    /// Whether its answers can be large, so that only a few are made at the same time.
    package let isLarge: Bool
    package let handle: @Sendable (RouteContext) async throws(ServiceError) -> Reply
    /// Finds a caller whom only this route knows, before sessions are looked at; nil for a route without such callers.
    package private(set) var ownCaller:
        (@Sendable (HTTPRequestSnapshot, _ parameters: [String: String]) async -> OwnCaller)?
    private var takes = RouteBody.json
    /// Returns the answer if it is available without waiting; after nil, ``handle`` answers.
    ///
    /// It must have no effects.
    package var immediate: (@Sendable (Principal) -> ReadyReply?)?

    /// - Parameter limit: the limit that counts the route; nil means none for a GET and ``RouteLimit/write`` for every
    ///   other method.
    package init(
        _ method: HTTPMethod, _ template: String, access: RouteAccess = .signedIn, scope: ApplicationScope? = nil,
        limit: RouteLimit? = nil, effect: RouteEffect = .ofMethod, headers: [(name: String, value: String)] = [],
        isLarge: Bool = false, immediate: (@Sendable (Principal) -> ReadyReply?)? = nil,
        _ declaration: RouteDeclaration,
        _ handle: @escaping @Sendable (RouteContext) async throws(ServiceError) -> Reply
    ) {
        self.method = method
        self.template = template
        self.access = access
        self.scope = scope
        self.limit = limit ?? (method == .get ? .unlimited : .write)
        self.declaration = declaration
        self.effect = effect
        self.headers = headers
        self.isLarge = isLarge
        self.immediate = immediate
        self.handle = handle
    }

    /// The same route for callers with `access`.
    package func with(_ access: RouteAccess) -> RouteEntry {
        var entry = self
        entry.access = access
        return entry
    }

    /// The same route, opened by `scope` where it names none itself.
    package func opened(by scope: ApplicationScope) -> RouteEntry {
        var entry = self
        entry.scope = self.scope ?? scope
        return entry
    }

    /// The same route for callers whom `find` finds, besides those with a session.
    package func knowing(
        _ find: @escaping @Sendable (HTTPRequestSnapshot, _ parameters: [String: String]) async -> OwnCaller
    ) -> RouteEntry {
        var entry = self
        entry.ownCaller = find
        return entry
    }

    /// The same route for bodies of another type than JSON.
    package func taking(_ body: RouteBody) -> RouteEntry {
        var entry = self
        entry.takes = body
        return entry
    }

    var body: RouteBody { isSigned ? .any : takes }

    /// Whether the body's signature identifies the sender.
    var isSigned: Bool {
        if case .signature = access { true } else { false }
    }
}

/// One API document.
package struct RouteFamily: Sendable {
    package let name: String
    /// The prefixes of all its paths.
    ///
    /// Unknown paths below a prefix get errors in its format; the longest prefix wins.
    package let prefixes: [String]
    package let routes: [RouteEntry]
    /// Whether every counted answer has the `X-RateLimit-` fields.
    package let reportsRateLimit: Bool
    /// The errors in the document's format.
    package let errors: ErrorDocument

    package init(
        name: String, prefixes: [String], routes: [RouteEntry], reportsRateLimit: Bool = false, errors: ErrorDocument
    ) {
        self.name = name
        self.prefixes = prefixes
        self.routes = routes
        self.reportsRateLimit = reportsRateLimit
        self.errors = errors
    }
}
