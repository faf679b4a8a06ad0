// A route family is one API document: a table of routes, and one place that turns errors into the document's shape.

package import ConnectionModel
package import HTTPServer
import Observability

/// Who may call a route at all.
///
/// What they may see is decided by the services.
package enum RouteAccess: Sendable {
    /// Anybody.
    case open
    /// Anybody who is signed in.
    case signedIn
    /// Whoever signs the body: sessions are not looked at, bodies may be of any type, and no page of a browser reads the answer.
    case signature
}

/// Which of the host's rate limits counts a route, and per what.
package enum RouteLimit: Sendable {
    case none
    /// Creations of connections, per user.
    case connectionCreation
    /// Syncs, per connection: the path parameter `id`.
    case sync
    /// OAuth flows, per user.
    case oauth
    /// Status reads, per user.
    case status
}

/// What a route does besides answering, where its method does not say it.
package enum RouteEffect: Sendable {
    /// What its method says: GET reads, every other method writes.
    case ofMethod
    /// A GET that begins something: with a cookie it is taken from the application's own pages only, and never as HEAD.
    case begins
    /// A GET that ends what was begun, and to which a browser is sent from another site; never as HEAD.
    case completes
}

/// A JSON object that is in memory but for its last member, the duration, so that it can be sent from the event loop.
package struct ReadyReply: Sendable {
    /// Everything before the number.
    package let bytes: [UInt8]
    package let facts: ReplyFacts

    func writeBody(durationMilliseconds: Int, to body: inout ByteBuffer) {
        body.append(bytes)
        body.append(decimal: durationMilliseconds)
        body.append(UInt8(ascii: "}"))
    }

    /// The whole answer, for handlers that wait.
    package func reply(durationMilliseconds: Int) -> Reply {
        var buffer = ByteBuffer(capacity: bytes.count + 32)
        writeBody(durationMilliseconds: durationMilliseconds, to: &buffer)
        return Reply(status: 200, body: buffer.array, durationMilliseconds: durationMilliseconds, facts: facts)
    }
}

/// Numbers about an answer, for the request log and the metrics.
package struct ReplyFacts: Sendable, Equatable {
    /// How many integrations are in it.
    var integrationCount: Int?
    /// How many of them are expired.
    var expiredCount: Int?

    /// Adds the numbers to the metrics.
    package func count() {
        if let integrationCount { Metrics.integrationsReturned.add(integrationCount) }
        if let expiredCount, expiredCount > 0 { Metrics.expiredReturned.add(expiredCount) }
    }
}

/// One route of a family.
package struct RouteEntry: Sendable {
    package let method: HTTPMethod
    package let template: String
    package let access: RouteAccess
    package let limit: RouteLimit
    package let effect: RouteEffect
    /// Header fields of every answer of the route, errors included.
    package let headers: [(name: String, value: String)]
    package let handle: @Sendable (RouteContext) async throws(ServiceError) -> Reply
    /// The answer when it needs no waiting; nil when it does, and ``handle`` makes it.
    ///
    /// It must have no effects.
    package var immediate: (@Sendable (Principal) -> ReadyReply?)?

    package init(
        _ method: HTTPMethod, _ template: String, access: RouteAccess = .signedIn, limit: RouteLimit = .none,
        effect: RouteEffect = .ofMethod, headers: [(name: String, value: String)] = [],
        immediate: (@Sendable (Principal) -> ReadyReply?)? = nil,
        _ handle: @escaping @Sendable (RouteContext) async throws(ServiceError) -> Reply
    ) {
        self.method = method
        self.template = template
        self.access = access
        self.limit = limit
        self.effect = effect
        self.headers = headers
        self.immediate = immediate
        self.handle = handle
    }

    /// Whether the body's signature says who sends it.
    var isSigned: Bool {
        if case .signature = access { true } else { false }
    }
}

/// One API document.
package struct RouteFamily: Sendable {
    package let name: String
    /// The beginnings of all its paths; unknown paths below them are answered in its shape, the longest beginning first.
    package let prefixes: [String]
    package let routes: [RouteEntry]
    /// Whether every counted answer has the `X-RateLimit-` fields.
    package let tellsRateLimit: Bool
    /// Errors in the document's shape.
    package let errors: ErrorDocument

    package init(
        name: String, prefixes: [String], routes: [RouteEntry], tellsRateLimit: Bool = false, errors: ErrorDocument
    ) {
        self.name = name
        self.prefixes = prefixes
        self.routes = routes
        self.tellsRateLimit = tellsRateLimit
        self.errors = errors
    }
}
